//! Why a credential is not taken: for the log, never for the caller, who is told no more than that.

use super::claims::ClaimFault;
use super::signature::SignatureFault;
use crate::policy::certificate::CertificateFault;
use crate::policy::jwt::TokenFault;
use crate::policy::keys::KeyFault;
use crate::policy::passwords::PasswordFault;

/// Why a credential is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialFault {
    /// Of a scheme that nobody here reads.
    Scheme,
    /// An API key.
    Key(KeyFault),
    /// A name and a password.
    Password(PasswordFault),
    /// A signed token.
    Token(TokenFault),
    /// A token that its issuer calls not, or no more, good.
    Inactive,
    /// A token that nobody is asked about, or of which its issuer says what does not hold.
    Opaque(OpaqueFault),
    /// A signature over the request.
    Signature(SignatureFault),
    /// A client's certificate.
    Certificate(CertificateFault),
    /// A name that is not among those who may come.
    NotListed,
    /// What is claimed of the caller does not say who it is.
    Claims(ClaimFault),
}

/// Why a token that only its issuer understands is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpaqueFault {
    /// It is not written as one.
    Malformed,
    /// It is longer than `max_token`.
    TooLong,
    /// It is good no more.
    Expired,
    /// It is not good yet.
    NotYet,
    /// `exp` or `nbf` is no time.
    Time,
    /// It is for others.
    Audience,
    /// It is good only together with a proof.
    Bound,
    /// It is for getting tokens.
    NotAccess,
}

impl CredentialFault {
    /// As the log says it.
    pub const fn message(self) -> &'static str {
        match self {
            Self::Scheme => "a scheme that is not taken here",
            Self::Key(fault) => fault.message(),
            Self::Password(fault) => fault.message(),
            Self::Token(fault) => fault.message(),
            Self::Signature(fault) => fault.message(),
            Self::Certificate(fault) => fault.message(),
            Self::NotListed => "a principal that is not listed",
            Self::Inactive => "token not active",
            Self::Opaque(fault) => fault.message(),
            Self::Claims(fault) => fault.message(),
        }
    }

    /// Whether it is a bearer token's: RFC 6750 §3.1 has an error for these.
    pub(super) const fn is_of_token(self) -> bool {
        matches!(self, Self::Token(_) | Self::Inactive | Self::Opaque(_) | Self::Claims(_))
    }
}

impl OpaqueFault {
    /// As the log says it.
    pub const fn message(self) -> &'static str {
        match self {
            Self::Malformed => "no bearer token",
            Self::TooLong => "token longer than `max_token`",
            Self::Expired => "token expired",
            Self::NotYet => "token not good yet",
            Self::Time => "the token's times are none",
            Self::Audience => "token for another audience",
            Self::Bound => "token bound to a proof that is not looked at",
            Self::NotAccess => "no access token",
        }
    }
}

impl From<OpaqueFault> for CredentialFault {
    fn from(fault: OpaqueFault) -> Self {
        Self::Opaque(fault)
    }
}

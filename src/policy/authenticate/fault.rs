//! Why a credential is not taken: for the log, never for the caller, who is told no more than that.

use super::claims::ClaimFault;
use crate::policy::certificate::CertificateFault;
use crate::policy::jwt::TokenFault;
use crate::policy::keys::KeyFault;

/// Why a credential is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialFault {
    /// Of a scheme that nobody here reads.
    Scheme,
    /// An API key.
    Key(KeyFault),
    /// A signed token.
    Token(TokenFault),
    /// A client's certificate.
    Certificate(CertificateFault),
    /// A name that is not among those who may come.
    NotListed,
    /// What is claimed does not say who it is.
    Claims(ClaimFault),
}

impl CredentialFault {
    /// As the log says it.
    pub const fn message(self) -> &'static str {
        match self {
            Self::Scheme => "a scheme that is not taken here",
            Self::Key(fault) => fault.message(),
            Self::Token(fault) => fault.message(),
            Self::Certificate(fault) => fault.message(),
            Self::NotListed => "a principal that is not listed",
            Self::Claims(fault) => fault.message(),
        }
    }
}

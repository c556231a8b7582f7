//! Why a credential is not taken: for the log, never for the caller, who is told no more than that.

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
}

impl CredentialFault {
    /// As the log says it.
    pub const fn message(self) -> &'static str {
        match self {
            Self::Scheme => "a scheme that is not taken here",
            Self::Key(fault) => fault.message(),
            Self::Password(fault) => fault.message(),
        }
    }
}

//! Why a credential is not taken: for the log, never for the caller, who is told no more than that.

use super::signature::SignatureFault;
use crate::policy::keys::KeyFault;

/// Why a credential is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialFault {
    /// Of a scheme that nobody here reads.
    Scheme,
    /// An API key.
    Key(KeyFault),
    /// A signature over the request.
    Signature(SignatureFault),
}

impl CredentialFault {
    /// As the log says it.
    pub const fn message(self) -> &'static str {
        match self {
            Self::Scheme => "a scheme that is not taken here",
            Self::Key(fault) => fault.message(),
            Self::Signature(fault) => fault.message(),
        }
    }
}

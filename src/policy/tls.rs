//! How a listener is spoken to by TLS: who the gate is to its clients, and whom of them it believes.

use std::fmt;
use std::sync::Arc;

use rustls::server::danger::ClientCertVerifier;

use super::gateway::Hex;

/// How a listener is spoken to by TLS.
#[derive(Clone)]
pub struct ListenerTls {
    /// What a connection is made with.
    pub config: Arc<rustls::ServerConfig>,
    /// Whom clients are believed to be by; none where they are not asked for a certificate.
    pub clients: Option<ClientTrust>,
    /// SHA-256 over everything it was made of: two alike are one.
    pub fingerprint: [u8; 32],
}

/// Whom clients are believed to be by.
#[derive(Clone, Debug)]
pub struct ClientTrust {
    /// Judges the chain that a client has shown.
    pub verifier: Arc<dyn ClientCertVerifier>,
    /// Whether nobody comes in without a certificate that is believed.
    pub required: bool,
}

impl PartialEq for ListenerTls {
    fn eq(&self, other: &Self) -> bool {
        self.fingerprint == other.fingerprint
    }
}

impl Eq for ListenerTls {}

impl fmt::Debug for ListenerTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The configuration holds a private key.
        f.debug_struct("ListenerTls").field("fingerprint", &Hex(&self.fingerprint)).finish_non_exhaustive()
    }
}

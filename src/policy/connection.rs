//! What is known of the connection that a request came on.

use std::net::IpAddr;

use super::certificate::ClientCertificate;

/// What is known of the connection that a request came on.
#[derive(Clone, Copy, Debug)]
pub struct Connection<'c> {
    /// Index of the listener in the gateway.
    pub listener: usize,
    /// The address at the other end of the connection, which may be a trusted proxy's.
    pub peer: IpAddr,
    /// Whether it came by TLS.
    pub secure: bool,
    /// The certificate that the client has shown, good or not, where the listener asks for one.
    pub certificate: Option<&'c ClientCertificate>,
}

impl Connection<'_> {
    /// The scheme of what is asked for on it.
    pub const fn scheme(&self) -> &'static str {
        if self.secure { "https" } else { "http" }
    }
}

impl Connection<'static> {
    /// Without TLS.
    pub const fn plain(listener: usize, peer: IpAddr) -> Self {
        Self { listener, peer, secure: false, certificate: None }
    }
}

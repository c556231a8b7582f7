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
    /// The version of TLS that it came by, if by any.
    pub tls: Option<TlsVersion>,
    /// The certificate that the client has shown, good or not, where the listener asks for one.
    pub certificate: Option<&'c ClientCertificate>,
}

/// A version of TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TlsVersion {
    /// RFC 5246
    V1_2,
    /// RFC 8446
    V1_3,
}

impl TlsVersion {
    /// As the log says it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::V1_2 => "1.2",
            Self::V1_3 => "1.3",
        }
    }
}

impl Connection<'_> {
    /// The scheme of what is asked for on it.
    pub const fn scheme(&self) -> &'static str {
        if self.tls.is_some() { "https" } else { "http" }
    }
}

impl Connection<'static> {
    /// Without TLS.
    pub const fn plain(listener: usize, peer: IpAddr) -> Self {
        Self { listener, peer, tls: None, certificate: None }
    }
}

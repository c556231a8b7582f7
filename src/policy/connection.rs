//! What is known of the connection that a request came on.

use std::net::IpAddr;

/// What is known of the connection that a request came on.
#[derive(Clone, Copy, Debug)]
pub struct Connection {
    /// Index of the listener in the gateway.
    pub listener: usize,
    /// The address at the other end of the connection, which may be a trusted proxy's.
    pub peer: IpAddr,
}

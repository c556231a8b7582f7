//! Making a connection: TCP, and TLS where the peer is asked for by `https`, in one time for both.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;

use crate::policy::rejection::Rejection;
use crate::proxy::transport::Transport;

/// How the peers of one upstream are connected to.
#[derive(Clone)]
pub(super) struct Dialer {
    tls: Option<TlsConnector>,
    longest: Duration,
}

/// Why a connection does not stand.
#[derive(Debug)]
pub(super) enum Fault {
    /// It took too long, and in which phase.
    Timeout(&'static str),
    /// TCP failed.
    Connect(io::Error),
    /// The handshake did, or the certificate is not the peer's.
    Tls(io::Error),
    /// The system has no room for another connection; the peer is not to blame.
    Local(io::Error),
}

impl Dialer {
    pub(super) fn new(tls: Option<Arc<ClientConfig>>, longest: Duration) -> Self {
        Self { tls: tls.map(TlsConnector::from), longest }
    }

    /// Connects, within the time for it and until `deadline`.
    pub(super) async fn dial(
        &self,
        address: SocketAddr,
        server_name: Option<&ServerName<'static>>,
        deadline: Instant,
    ) -> Result<Transport, Fault> {
        let deadline = deadline.min(Instant::now() + self.longest);
        let connecting = timeout_at(deadline, TcpStream::connect(address));
        let socket = connecting.await.map_err(|_| Fault::Timeout("connect"))?.map_err(Fault::of)?;
        let Some(name) = server_name else { return Ok(Transport::plain(socket)) };
        let _ = socket.set_nodelay(true);
        let Some(tls) = &self.tls else {
            return Err(Fault::Tls(io::Error::other("no TLS was configured")));
        };
        let handshake = timeout_at(deadline, tls.connect(name.clone(), socket));
        let stream = handshake.await.map_err(|_| Fault::Timeout("tls handshake"))?.map_err(Fault::Tls)?;
        Ok(Transport::tls(stream.into()))
    }
}

impl Fault {
    fn of(error: io::Error) -> Self {
        // EMFILE, ENFILE and EADDRNOTAVAIL: descriptors or ports have run out here.
        match error.raw_os_error() {
            Some(23 | 24 | 99) => Self::Local(error),
            _ => Self::Connect(error),
        }
    }

    /// What the client is told, and with `peer` and `address` the log.
    pub(super) fn rejection(&self, peer: &str, address: SocketAddr) -> Rejection {
        match self {
            Self::Timeout(phase) => Rejection::UpstreamTimeout { phase },
            Self::Connect(_) | Self::Tls(_) | Self::Local(_) => {
                Rejection::UpstreamUnreachable { cause: format!("{peer} at {address}: {self}") }
            }
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Timeout(phase) => write!(f, "{phase} timed out"),
            Self::Connect(error) => write!(f, "connect: {error}"),
            Self::Tls(error) => write!(f, "TLS: {error}"),
            Self::Local(error) => write!(f, "no connection can be opened here: {error}"),
        }
    }
}

impl fmt::Debug for Dialer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dialer").field("tls", &self.tls.is_some()).field("longest", &self.longest).finish()
    }
}

//! A client that speaks TLS, and HTTP/1.1 in it.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use rustls::crypto::ring::default_provider;
use rustls::pki_types::ServerName;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::PATIENCE;
use super::authority::{Authority, Identity};
use super::message::{Body, Ended, Head, Incoming};

/// The name that the gate's certificates are for.
pub(crate) const NAME: &str = "gate.test";

/// What a client connects with: it believes `authority`, offers these protocols, and shows who it is.
pub(crate) fn config(authority: &Authority, protocols: &[&str], identity: Option<&Identity>) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(authority.der.clone()).expect("it is an authority");
    let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()));
    let builder = builder.with_safe_default_protocol_versions().expect("ring has them").with_root_certificates(roots);
    let mut config = match identity {
        None => builder.with_no_client_auth(),
        Some(identity) => {
            let key = default_provider().key_provider.load_private_key(identity.key.clone_key());
            // Whether the key is the certificate's is for the gate to find out.
            let certified = CertifiedKey::new(vec![identity.der.clone()], key.expect("it is a key"));
            builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(certified)))
        }
    };
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
    Arc::new(config)
}

/// Shakes hands.
pub(crate) async fn shake(address: SocketAddr, config: &Arc<ClientConfig>) -> io::Result<TlsStream<TcpStream>> {
    let socket = TcpStream::connect(address).await?;
    socket.set_nodelay(true)?;
    let name = ServerName::try_from(NAME).expect("it is a name");
    timeout(PATIENCE, TlsConnector::from(Arc::clone(config)).connect(name, socket)).await.expect("in time")
}

/// A connection that HTTP/1.1 is spoken on.
pub(crate) struct Secure {
    incoming: Incoming<ReadHalf<TlsStream<TcpStream>>>,
    outgoing: WriteHalf<TlsStream<TcpStream>>,
}

impl Secure {
    pub(crate) async fn connect(address: SocketAddr, config: &Arc<ClientConfig>) -> io::Result<Self> {
        Ok(Self::over(shake(address, config).await?))
    }

    pub(crate) fn over(stream: TlsStream<TcpStream>) -> Self {
        let (reader, outgoing) = tokio::io::split(stream);
        Self { incoming: Incoming::new(reader), outgoing }
    }

    /// Writes; a gate that has heard enough may have closed by now, which its answer will show.
    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.outgoing.write_all(bytes.as_ref()).await;
        let _ = self.outgoing.flush().await;
    }

    /// No more will be sent, and the gate is told.
    pub(crate) async fn half_close(&mut self) {
        let _ = self.outgoing.shutdown().await;
    }

    /// The next answer's head; `None` where the connection ended instead.
    pub(crate) async fn head(&mut self) -> Option<(u16, Head)> {
        let head = timeout(PATIENCE, self.incoming.head()).await.expect("in time").ok()??;
        let status = head.start.split(' ').nth(1).and_then(|status| status.parse().ok());
        Some((status.expect("a status"), head))
    }

    /// The next answer.
    pub(crate) async fn answer(&mut self) -> Option<(u16, Head, Vec<u8>, Ended)> {
        let (status, head) = self.head().await?;
        let read = timeout(PATIENCE, self.incoming.body(head.framing(Body::UntilClose))).await;
        let (body, ended) = read.expect("the answer's body comes in time");
        Some((status, head, body, ended))
    }

    /// Asks, and gets an answer.
    pub(crate) async fn ask(&mut self, request: impl AsRef<[u8]>) -> Option<(u16, Head, Vec<u8>, Ended)> {
        self.send(request).await;
        self.answer().await
    }

    /// Whatever comes next of a body, as it is.
    pub(crate) async fn some(&mut self) -> Vec<u8> {
        timeout(PATIENCE, self.incoming.some()).await.expect("in time").unwrap_or_default()
    }

    /// What is left until the connection ends, and how it does: in TLS an end that nobody announced is a reset.
    pub(crate) async fn end(&mut self) -> (Vec<u8>, Ended) {
        timeout(PATIENCE, self.incoming.end()).await.expect("the connection ends in time")
    }
}

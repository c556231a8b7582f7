//! A connection to a peer, plain or by TLS, as Pingora's sessions want one.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use async_trait::async_trait;
use pingora_core::protocols::raw_connect::ProxyDigest;
use pingora_core::protocols::{
    GetProxyDigest, GetSocketDigest, GetTimingDigest, Peek, Shutdown, SocketDigest, Ssl, TimingDigest, UniqueID,
    UniqueIDType,
};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

/// A connection to a peer.
#[derive(Debug)]
pub(super) enum PeerStream {
    Plain(TcpStream),
    /// Boxed: it is ten times as large.
    Tls(Box<TlsStream<TcpStream>>),
}

impl PeerStream {
    fn socket(&self) -> &TcpStream {
        match self {
            Self::Plain(socket) => socket,
            Self::Tls(stream) => stream.get_ref().0,
        }
    }

    /// Whether the peer has neither closed nor said anything: nobody asked it, so either makes the
    /// connection useless. The kernel is asked, for what the runtime knows may be a moment old.
    pub(super) fn is_quiet(&mut self) -> bool {
        let mut byte = [std::mem::MaybeUninit::uninit()];
        let waiting = socket2::SockRef::from(self.socket()).peek(&mut byte);
        match (waiting, self) {
            (Err(error), _) => error.kind() == io::ErrorKind::WouldBlock,
            // TLS speaks among itself: tickets for a resumption come when they come (RFC 8446 §4.6.1).
            (Ok(1..), Self::Tls(stream)) => {
                let mut byte = [0];
                let mut buffer = ReadBuf::new(&mut byte);
                let mut context = Context::from_waker(Waker::noop());
                Pin::new(stream).poll_read(&mut context, &mut buffer).is_pending()
            }
            (Ok(_), _) => false,
        }
    }
}

impl AsyncRead for PeerStream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_read(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for PeerStream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_write(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

#[async_trait]
impl Shutdown for PeerStream {
    async fn shutdown(&mut self) {
        // A peer that is gone already makes no difference.
        let _ = AsyncWriteExt::shutdown(self).await;
    }
}

impl UniqueID for PeerStream {
    fn id(&self) -> UniqueIDType {
        use std::os::fd::AsRawFd;
        self.socket().as_raw_fd()
    }
}

impl Ssl for PeerStream {}

impl GetTimingDigest for PeerStream {
    fn get_timing_digest(&self) -> Vec<Option<TimingDigest>> {
        Vec::new()
    }
}

impl GetProxyDigest for PeerStream {
    fn get_proxy_digest(&self) -> Option<Arc<ProxyDigest>> {
        None
    }
}

impl GetSocketDigest for PeerStream {
    fn get_socket_digest(&self) -> Option<Arc<SocketDigest>> {
        None
    }
}

impl Peek for PeerStream {}

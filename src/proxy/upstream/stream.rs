//! A connection to a peer, plain or by TLS, as Pingora's sessions want one.
//!
//! A session writes a request's head, flushes, and then writes the body: two packets, and two calls into the
//! kernel. So what is written first is held until more is written or an answer is read for, and goes with it.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

use async_trait::async_trait;
use pingora_core::protocols::raw_connect::ProxyDigest;
use pingora_core::protocols::{
    GetProxyDigest, GetSocketDigest, GetTimingDigest, Peek, Shutdown, SocketDigest, Ssl, TimingDigest, UniqueID,
    UniqueIDType,
};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

/// No more is held: a larger head is worth a call of its own.
const MOST_HELD: usize = 16 << 10;

/// A connection to a peer.
#[derive(Debug)]
pub(super) struct PeerStream {
    transport: Transport,
    /// The beginning of a request, which has not been sent as yet.
    held: Vec<u8>,
    /// What is written belongs to a request that has begun to go.
    begun: bool,
}

#[derive(Debug)]
enum Transport {
    Plain(TcpStream),
    /// Boxed: it is ten times as large.
    Tls(Box<TlsStream<TcpStream>>),
}

impl PeerStream {
    pub(super) fn plain(socket: TcpStream) -> Self {
        Self::over(Transport::Plain(socket))
    }

    pub(super) fn tls(stream: TlsStream<TcpStream>) -> Self {
        Self::over(Transport::Tls(Box::new(stream)))
    }

    fn over(transport: Transport) -> Self {
        Self { transport, held: Vec::new(), begun: false }
    }

    fn socket(&self) -> &TcpStream {
        match &self.transport {
            Transport::Plain(socket) => socket,
            Transport::Tls(stream) => stream.get_ref().0,
        }
    }

    /// Sends what is held, and with it as much of `more` as goes; how much that was.
    fn poll_send(&mut self, cx: &mut Context<'_>, more: &[u8]) -> Poll<io::Result<usize>> {
        while !self.held.is_empty() {
            let parts = [IoSlice::new(&self.held), IoSlice::new(more)];
            let sent = ready!(self.transport.poll_write_vectored(cx, &parts))?;
            if sent == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            let of_more = sent.saturating_sub(self.held.len());
            self.held.drain(..sent.min(self.held.len()));
            if of_more > 0 || self.held.is_empty() && more.is_empty() {
                return Poll::Ready(Ok(of_more));
            }
        }
        if more.is_empty() { Poll::Ready(Ok(0)) } else { self.transport.poll_write(cx, more) }
    }

    /// Whether the peer has neither closed nor said anything: nobody asked it, so either makes the
    /// connection useless. The kernel is asked, for what the runtime knows may be a moment old.
    pub(super) fn is_quiet(&mut self) -> bool {
        let mut byte = [std::mem::MaybeUninit::uninit()];
        let waiting = socket2::SockRef::from(self.socket()).peek(&mut byte);
        match (waiting, &mut self.transport) {
            (Err(error), _) => error.kind() == io::ErrorKind::WouldBlock,
            // TLS speaks among itself: tickets for a resumption come when they come (RFC 8446 §4.6.1).
            (Ok(1..), Transport::Tls(stream)) => {
                let mut byte = [0];
                let mut buffer = ReadBuf::new(&mut byte);
                let mut context = Context::from_waker(Waker::noop());
                Pin::new(stream).poll_read(&mut context, &mut buffer).is_pending()
            }
            (Ok(_), _) => false,
        }
    }
}

impl Transport {
    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Plain(socket) => Pin::new(socket).poll_read(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match self {
            Self::Plain(socket) => Pin::new(socket).poll_write(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }

    fn poll_write_vectored(&mut self, cx: &mut Context<'_>, parts: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        match self {
            Self::Plain(socket) => Pin::new(socket).poll_write_vectored(cx, parts),
            Self::Tls(stream) => Pin::new(stream).poll_write_vectored(cx, parts),
        }
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Plain(socket) => Pin::new(socket).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Plain(socket) => Pin::new(socket).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

impl AsyncRead for PeerStream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if !this.held.is_empty() {
            ready!(this.poll_send(cx, &[]))?;
            ready!(this.transport.poll_flush(cx))?;
        }
        this.begun = false;
        this.transport.poll_read(cx, buf)
    }
}

impl AsyncWrite for PeerStream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if !this.begun && buf.len() <= MOST_HELD {
            this.begun = true;
            this.held.extend_from_slice(buf);
            return Poll::Ready(Ok(buf.len()));
        }
        this.begun = true;
        this.poll_send(cx, buf)
    }

    /// What is held stays held.
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().transport.poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().transport.poll_shutdown(cx)
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

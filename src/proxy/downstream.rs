//! A client's connection, as Pingora's sessions want one: a socket with a small write buffer.
//!
//! Head and body of a small answer leave in one write; an idle connection holds no more than the
//! buffer.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use async_trait::async_trait;
use pingora_core::protocols::raw_connect::ProxyDigest;
use pingora_core::protocols::{
    GetProxyDigest, GetSocketDigest, GetTimingDigest, Peek, Shutdown, SocketDigest, Ssl, TimingDigest, UniqueID,
    UniqueIDType,
};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, BufWriter, ReadBuf};
use tokio::net::TcpStream;

/// Larger writes go straight to the socket.
const WRITE_BUFFER_BYTES: usize = 4096;

/// A client's connection.
#[derive(Debug)]
pub(super) struct Downstream {
    /// Locked only where a session holds the stream and shows it by reference; never for long, and never
    /// by two.
    socket: Mutex<BufWriter<TcpStream>>,
}

impl Downstream {
    pub(super) fn new(socket: TcpStream) -> Self {
        // Writes are whole messages already; Nagle would only delay their tails.
        let _ = socket.set_nodelay(true);
        Self { socket: Mutex::new(BufWriter::with_capacity(WRITE_BUFFER_BYTES, socket)) }
    }

    /// Sends what is in the write buffer, for who only has a reference.
    pub(super) async fn flush_written(&self) -> io::Result<()> {
        poll_fn(|cx| Pin::new(&mut *self.shared()).poll_flush(cx)).await
    }

    fn owned(&mut self) -> &mut BufWriter<TcpStream> {
        self.socket.get_mut().unwrap_or_else(PoisonError::into_inner)
    }

    fn shared(&self) -> MutexGuard<'_, BufWriter<TcpStream>> {
        self.socket.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the close that follows a reset: an answer without a length must not look whole.
    pub(super) fn reset_on_close(&self) {
        let _ = socket2::SockRef::from(self.shared().get_ref()).set_linger(Some(std::time::Duration::ZERO));
    }
}

impl AsyncRead for Downstream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(self.owned().get_mut()).poll_read(cx, buf)
    }
}

impl AsyncWrite for Downstream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(self.owned()).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(self.owned()).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(self.owned()).poll_shutdown(cx)
    }
}

#[async_trait]
impl Shutdown for Downstream {
    async fn shutdown(&mut self) {
        // A client that is gone already makes no difference.
        let _ = AsyncWriteExt::shutdown(self.owned()).await;
    }
}

impl UniqueID for Downstream {
    fn id(&self) -> UniqueIDType {
        use std::os::fd::AsRawFd;
        self.shared().get_ref().as_raw_fd()
    }
}

impl Ssl for Downstream {}

impl GetTimingDigest for Downstream {
    fn get_timing_digest(&self) -> Vec<Option<TimingDigest>> {
        Vec::new()
    }
}

impl GetProxyDigest for Downstream {
    fn get_proxy_digest(&self) -> Option<Arc<ProxyDigest>> {
        None
    }
}

impl GetSocketDigest for Downstream {
    fn get_socket_digest(&self) -> Option<Arc<SocketDigest>> {
        None
    }
}

impl Peek for Downstream {}

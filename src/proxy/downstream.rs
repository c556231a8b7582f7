//! A client's connection, as Pingora's sessions want one: a bare socket.
//!
//! Answers are written by us, through a shared reference and with one call for head and body, while a
//! session holds the socket to read the request. So nothing is buffered, and an idle connection holds
//! nothing.

use std::io::{self, IoSlice};
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use async_trait::async_trait;
use bytes::BytesMut;
use pingora_core::protocols::http::v1::server::HttpSession;
use pingora_core::protocols::raw_connect::ProxyDigest;
use pingora_core::protocols::{
    GetProxyDigest, GetSocketDigest, GetTimingDigest, Peek, Shutdown, SocketDigest, Ssl, Stream, TimingDigest,
    UniqueID, UniqueIDType,
};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;

/// A client's connection.
#[derive(Debug)]
pub(super) struct Downstream {
    socket: TcpStream,
    peer: IpAddr,
}

impl Downstream {
    pub(super) fn new(socket: TcpStream, peer: IpAddr) -> Self {
        // Writes are whole messages already; Nagle would only delay their tails.
        let _ = socket.set_nodelay(true);
        Self { socket, peer }
    }

    /// Who is at the other end.
    pub(super) fn peer(&self) -> IpAddr {
        self.peer
    }

    /// The connection behind a stream of Pingora's; every stream of a client is one of ours.
    pub(super) fn of(stream: &Stream) -> io::Result<&Self> {
        stream.as_any().downcast_ref().ok_or_else(|| io::Error::other("not a client's connection"))
    }

    /// The connection that a session reads its request from.
    pub(super) fn behind(session: &HttpSession) -> io::Result<&Self> {
        Self::of(session.stream())
    }

    /// Reads up to so many bytes into an empty buffer, which takes memory only once there is something to
    /// read. Zero is the connection's end.
    pub(super) async fn read_first(&self, buffer: &mut BytesMut, bytes: usize) -> io::Result<usize> {
        loop {
            *buffer = BytesMut::new();
            self.socket.readable().await?;
            buffer.reserve(bytes);
            match self.socket.try_read_buf(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                read => return read,
            }
        }
    }

    /// Writes all the parts, in as few calls as the socket takes.
    pub(super) async fn write_all(&self, parts: &[&[u8]]) -> io::Result<()> {
        let mut slices: Vec<IoSlice<'_>> = parts.iter().map(|part| IoSlice::new(part)).collect();
        let mut left = slices.as_mut_slice();
        IoSlice::advance_slices(&mut left, 0);
        while !left.is_empty() {
            match self.socket.try_write_vectored(left) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => IoSlice::advance_slices(&mut left, written),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.socket.writable().await?,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Makes the close that follows a reset: an answer without a length must not look whole.
    pub(super) fn reset_on_close(&self) {
        let _ = socket2::SockRef::from(&self.socket).set_linger(Some(Duration::ZERO));
    }
}

impl AsyncRead for Downstream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_read(cx, buf)
    }
}

impl AsyncWrite for Downstream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}

#[async_trait]
impl Shutdown for Downstream {
    async fn shutdown(&mut self) {
        // A client that is gone already makes no difference.
        let _ = AsyncWriteExt::shutdown(&mut self.socket).await;
    }
}

impl UniqueID for Downstream {
    fn id(&self) -> UniqueIDType {
        use std::os::fd::AsRawFd;
        self.socket.as_raw_fd()
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

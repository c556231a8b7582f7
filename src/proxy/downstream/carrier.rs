//! A client's connection as Pingora's HTTP/2 wants one.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use async_trait::async_trait;
use bytes::Buf;
use pingora_core::protocols::raw_connect::ProxyDigest;
use pingora_core::protocols::{
    GetProxyDigest, GetSocketDigest, GetTimingDigest, Peek, Shutdown, SocketDigest, Ssl, TimingDigest, UniqueID,
    UniqueIDType,
};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};

use crate::proxy::buffers::Buffer;
use crate::proxy::transport::Transport;

/// A connection, and what was read of it to find out what it speaks, if anything.
#[derive(Debug)]
pub(in crate::proxy) struct Carrier {
    transport: Transport,
    read: Option<Buffer>,
}

impl Carrier {
    pub(in crate::proxy) fn new(transport: Transport, read: Buffer) -> Self {
        // A read of nothing would be the end.
        let read = (!read.is_empty()).then_some(read);
        Self { transport, read }
    }
}

impl AsyncRead for Carrier {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let Some(read) = &mut self.read else { return Pin::new(&mut self.transport).poll_read(cx, buf) };
        let here = read.len().min(buf.remaining());
        buf.put_slice(&read[..here]);
        read.advance(here);
        if read.is_empty() {
            self.read = None;
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Carrier {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.transport).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.transport).poll_write_vectored(cx, parts)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.transport).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.transport).poll_shutdown(cx)
    }
}

#[async_trait]
impl Shutdown for Carrier {
    async fn shutdown(&mut self) {
        // A client that is gone already makes no difference.
        let _ = AsyncWriteExt::shutdown(self).await;
    }
}

impl UniqueID for Carrier {
    fn id(&self) -> UniqueIDType {
        self.transport.descriptor()
    }
}

impl Ssl for Carrier {}

impl GetTimingDigest for Carrier {
    fn get_timing_digest(&self) -> Vec<Option<TimingDigest>> {
        Vec::new()
    }
}

impl GetProxyDigest for Carrier {
    fn get_proxy_digest(&self) -> Option<Arc<ProxyDigest>> {
        None
    }
}

impl GetSocketDigest for Carrier {
    fn get_socket_digest(&self) -> Option<Arc<SocketDigest>> {
        None
    }
}

impl Peek for Carrier {}

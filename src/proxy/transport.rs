//! A connection's bytes, plain or by TLS, to a client or to a peer: one type for both sides, so that what
//! reads and writes messages need not know.

use std::io::{self, IoSlice};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncBufRead, AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsStream;

/// The most parts that are written with one call.
const MOST_PARTS: usize = 4;

/// A connection's bytes.
#[derive(Debug)]
pub(super) enum Transport {
    Plain(TcpStream),
    /// Boxed: it is ten times as large.
    Tls(Box<TlsStream<TcpStream>>),
}

impl Transport {
    pub(super) fn plain(socket: TcpStream) -> Self {
        // Writes are whole messages already; Nagle would only delay their tails.
        let _ = socket.set_nodelay(true);
        Self::Plain(socket)
    }

    pub(super) fn tls(stream: TlsStream<TcpStream>) -> Self {
        Self::Tls(Box::new(stream))
    }

    fn socket(&self) -> &TcpStream {
        match self {
            Self::Plain(socket) => socket,
            Self::Tls(stream) => stream.get_ref().0,
        }
    }

    /// What the system calls it by.
    pub(super) fn descriptor(&self) -> std::os::fd::RawFd {
        std::os::fd::AsRawFd::as_raw_fd(self.socket())
    }

    /// Whether there may be something to read, or the end; no buffer is needed, and what TLS has read for that stays
    /// in its own.
    pub(super) fn poll_readable(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Plain(socket) => socket.poll_read_ready(cx),
            Self::Tls(stream) => Pin::new(stream).poll_fill_buf(cx).map_ok(|_| ()),
        }
    }

    /// Reads into the room that the buffer has. Zero is the connection's end.
    pub(super) fn poll_fill(&mut self, cx: &mut Context<'_>, buffer: &mut BytesMut) -> Poll<io::Result<usize>> {
        debug_assert!(buffer.capacity() > buffer.len(), "there is room to read into");
        pin!(self.read_buf(buffer)).poll(cx)
    }

    /// Writes all the parts, in as few calls as the connection takes. `sent` counts the bytes that are gone, so
    /// that this can be polled again with the same parts.
    pub(super) fn poll_send(
        &mut self,
        cx: &mut Context<'_>,
        parts: &[&[u8]],
        sent: &mut usize,
    ) -> Poll<io::Result<()>> {
        loop {
            let mut slices: [IoSlice<'_>; MOST_PARTS] = std::array::from_fn(|_| IoSlice::new(&[]));
            let (mut skip, mut count) = (*sent, 0);
            for part in parts {
                let rest = part.get(skip..).unwrap_or_default();
                skip = skip.saturating_sub(part.len());
                if !rest.is_empty() {
                    slices[count] = IoSlice::new(rest);
                    count += 1;
                }
            }
            if count == 0 {
                return self.poll_flushed(cx);
            }
            match ready!(Pin::new(&mut *self).poll_write_vectored(cx, &slices[..count]))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                written => *sent += written,
            }
        }
    }

    /// Ends our side of the connection.
    pub(super) fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(self).poll_shutdown(cx)
    }

    /// Tells the other side that nothing more comes, as far as the connection takes it at once (RFC 8446 §6.1). For
    /// who is about to be left.
    pub(super) fn part(&mut self) {
        if let Self::Tls(_) = self {
            let _ = self.poll_end(&mut Context::from_waker(Waker::noop()));
        }
    }

    /// A socket holds nothing back.
    fn poll_flushed(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Plain(_) => Poll::Ready(Ok(())),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    /// Whether the other side has neither closed nor said anything. The kernel is asked, for what the runtime
    /// knows may be a moment old.
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

    /// The same, as far as the runtime knows: nothing is asked unless it has heard something.
    pub(super) fn seems_quiet(&mut self) -> bool {
        let mut context = Context::from_waker(Waker::noop());
        let unheard = matches!(self, Self::Plain(socket) if socket.poll_read_ready(&mut context).is_pending());
        unheard || self.is_quiet()
    }

    /// Makes the close that follows a reset: an answer without a length must not look whole.
    pub(super) fn reset_on_close(&self) {
        let _ = socket2::SockRef::from(self.socket()).set_linger(Some(Duration::ZERO));
    }
}

impl AsyncRead for Transport {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_read(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Transport {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_write(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(socket) if parts.len() == 1 => Pin::new(socket).poll_write(cx, &parts[0]),
            Self::Plain(socket) => Pin::new(socket).poll_write_vectored(cx, parts),
            Self::Tls(stream) => Pin::new(stream).poll_write_vectored(cx, parts),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().poll_flushed(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(socket) => Pin::new(socket).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::sync::Arc;

    use rustls::pki_types::ServerName;
    use rustls::{ClientConfig, RootCertStore, ServerConfig};
    use tokio::io::AsyncWriteExt;
    use tokio::net::TcpListener;
    use tokio_rustls::{TlsAcceptor, TlsConnector, client};

    use super::*;

    /// Both ends of a connection by TLS, whose tickets are still on their way to the client.
    async fn pair() -> (Transport, client::TlsStream<TcpStream>) {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let key = rcgen::KeyPair::generate().expect("there is randomness");
        let params = rcgen::CertificateParams::new(["a.test".to_owned()]).expect("it is a name");
        let certificate = params.self_signed(&key).expect("the parameters are sound").der().clone();
        let mut roots = RootCertStore::empty();
        roots.add(certificate.clone()).expect("it is a certificate");
        let server = ServerConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions();
        let server = server.expect("ring has them").with_no_client_auth();
        let server = server.with_single_cert(vec![certificate], key.into()).expect("the key is its own");
        let client = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let client = client.expect("ring has them").with_root_certificates(roots).with_no_client_auth();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port can be had");
        let socket = TcpStream::connect(listener.local_addr().expect("it is bound")).await.expect("it listens");
        let (other, _) = listener.accept().await.expect("somebody has connected");
        let name = ServerName::try_from("a.test").expect("it is a name");
        let connecting = TlsConnector::from(Arc::new(client)).connect(name, socket);
        let (server, client) = tokio::join!(TlsAcceptor::from(Arc::new(server)).accept(other), connecting);
        (Transport::tls(server.expect("terms").into()), client.expect("terms"))
    }

    #[tokio::test]
    async fn by_tls_too_nothing_is_readable_until_something_is_said() {
        let (mut server, mut client) = pair().await;
        let mut context = Context::from_waker(Waker::noop());
        assert!(server.poll_readable(&mut context).is_pending(), "who waits holds no buffer");
        assert!(server.is_quiet() && server.seems_quiet());
        client.write_all(b"hello").await.expect("it takes");
        poll_fn(|cx| server.poll_readable(cx)).await.expect("it is there");
        let mut buffer = BytesMut::with_capacity(16);
        let read = poll_fn(|cx| server.poll_fill(cx, &mut buffer)).await.expect("it is read");
        assert_eq!((read, &buffer[..]), (5, &b"hello"[..]));
        assert!(server.poll_readable(&mut context).is_pending());
        client.shutdown().await.expect("it takes");
        poll_fn(|cx| server.poll_readable(cx)).await.expect("the end is something, too");
        assert_eq!(poll_fn(|cx| server.poll_fill(cx, &mut buffer)).await.expect("it is said"), 0);
    }

    #[tokio::test]
    async fn what_was_sent_has_left_however_slowly_it_is_taken() {
        let (mut server, mut client) = pair().await;
        for socket in [server.socket(), client.get_ref().0] {
            let _ = socket2::SockRef::from(socket).set_send_buffer_size(8 << 10);
            let _ = socket2::SockRef::from(socket).set_recv_buffer_size(8 << 10);
        }
        let (piece, mut sent, mut taken) = (vec![b'a'; 160 << 10], 0, 0);
        let sending = async {
            poll_fn(|cx| server.poll_send(cx, &[b"head", &piece], &mut sent)).await.expect("it takes");
        };
        let taking = async {
            let mut little = [0; 1 << 10];
            while taken < 4 + piece.len() {
                taken += client.read(&mut little).await.expect("it comes");
                tokio::task::yield_now().await;
            }
        };
        let both = async { tokio::join!(sending, taking) };
        let whole = tokio::time::timeout(Duration::from_secs(10), both).await.is_ok();
        assert!(whole, "of {} bytes {taken} came", 4 + piece.len());
    }

    #[tokio::test]
    async fn tickets_are_nothing_that_was_said_and_an_end_that_nobody_announced_is_a_fault() {
        let (mut server, client) = pair().await;
        let mut client = Transport::tls(client.into());
        assert!(client.is_quiet() && client.seems_quiet(), "what TLS says to itself is not heard");
        server.part();
        poll_fn(|cx| client.poll_readable(cx)).await.expect("the end was announced");
        assert!(!client.is_quiet());
        let (mut server, mut client) = pair().await;
        client.get_mut().0.shutdown().await.expect("it takes");
        let mut buffer = BytesMut::with_capacity(16);
        let read = poll_fn(|cx| server.poll_fill(cx, &mut buffer)).await;
        assert_eq!(read.map_err(|error| error.kind()), Err(io::ErrorKind::UnexpectedEof));
    }
}

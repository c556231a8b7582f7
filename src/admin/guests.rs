//! How many may be connected to the admin listener, and for how long: with a token it may be where strangers
//! reach it, and nobody is to hold it open.

use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::serve::Listener;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Sleep, sleep};

/// Connections at once; more wait to be accepted.
const MOST: usize = 64;

/// A connection takes no further request after so long, nor the rest of one.
const LONGEST: Duration = Duration::from_secs(60);

/// The admin listener's socket.
pub(super) struct Guests {
    listener: TcpListener,
    places: Arc<Semaphore>,
}

/// One connection.
pub(super) struct Guest {
    stream: TcpStream,
    leaves: Pin<Box<Sleep>>,
    _place: OwnedSemaphorePermit,
}

impl Guests {
    pub(super) fn at(listener: TcpListener) -> Self {
        Self { listener, places: Arc::new(Semaphore::new(MOST)) }
    }
}

impl Listener for Guests {
    type Io = Guest;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Guest, SocketAddr) {
        loop {
            // Nobody closes it.
            let Ok(place) = Arc::clone(&self.places).acquire_owned().await else { std::future::pending().await };
            match self.listener.accept().await {
                Ok((stream, peer)) => return (Guest { stream, leaves: Box::pin(sleep(LONGEST)), _place: place }, peer),
                Err(error) => {
                    tracing::warn!(%error, "[admin] cannot accept");
                    sleep(Duration::from_millis(50)).await;
                }
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

impl AsyncRead for Guest {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.leaves.as_mut().poll(cx).is_ready() {
            // As if the other side had said its last.
            return Poll::Ready(Ok(()));
        }
        pin!(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Guest {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        pin!(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        pin!(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        pin!(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_guest_that_says_nothing_leaves_and_makes_place() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port can be had");
        let address = listener.local_addr().expect("it is bound");
        let mut guests = Guests::at(listener);
        let mut silent = Vec::new();
        let mut inside = Vec::new();
        for _ in 0..MOST {
            silent.push(TcpStream::connect(address).await.expect("it listens"));
            inside.push(guests.accept().await.0);
        }
        silent.push(TcpStream::connect(address).await.expect("the kernel keeps it waiting"));
        let late = tokio::time::timeout(Duration::from_secs(1), guests.accept()).await;
        assert!(late.is_err(), "there is no place");
        let mut first = inside.remove(0);
        assert_eq!(first.read(&mut [0; 8]).await.expect("no error"), 0, "its time is over");
        drop(first);
        assert!(tokio::time::timeout(Duration::from_secs(1), guests.accept()).await.is_ok());
    }
}

//! Listening, accepting, and the end of it.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::connection;
use super::gate::Gate;

/// Connections that may wait to be accepted.
const BACKLOG: u32 = 4096;

/// A gate with its listeners bound, not yet accepting.
#[derive(Debug)]
pub struct Server {
    gate: Arc<Gate>,
    listeners: Vec<TcpListener>,
    drain: watch::Sender<bool>,
}

/// How a server came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Every request in flight was finished.
    Drained,
    /// Time ran out, and so many connections were cut off.
    CutOff(usize),
}

impl Server {
    /// Binds every listener; a name or port that cannot be had is told with the listener's name.
    pub fn bind(gate: Gate) -> io::Result<Self> {
        let gateway = gate.gateway.load();
        let listeners = gateway.listeners.iter().map(|listener| {
            bind(listener.address).map_err(|error| {
                let text = format!("listener '{}' cannot bind {}: {error}", listener.name, listener.address);
                io::Error::new(error.kind(), text)
            })
        });
        let listeners = listeners.collect::<io::Result<Vec<_>>>()?;
        drop(gateway);
        Ok(Self { gate: Arc::new(gate), listeners, drain: watch::Sender::new(false) })
    }

    /// Where each listener is bound, in the order of the configuration.
    pub fn addresses(&self) -> io::Result<Vec<SocketAddr>> {
        self.listeners.iter().map(TcpListener::local_addr).collect()
    }

    /// Turns true once the server stops accepting.
    pub fn draining(&self) -> watch::Receiver<bool> {
        self.drain.subscribe()
    }

    /// Serves until `stop` is ready, then finishes what is in flight, for `drain` at most.
    pub async fn run(self, stop: impl Future<Output = ()>) -> Stop {
        let mut accepting = JoinSet::new();
        for (index, listener) in self.listeners.into_iter().enumerate() {
            accepting.spawn(accept(Arc::clone(&self.gate), listener, index, self.drain.subscribe()));
        }
        stop.await;
        accepting.shutdown().await;
        // The receivers in the connections see this at once.
        self.drain.send_replace(true);
        finished(&self.gate).await
    }
}

fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // A restart need not wait for the last connections' TIME_WAIT.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

async fn accept(gate: Arc<Gate>, listener: TcpListener, index: usize, draining: watch::Receiver<bool>) {
    loop {
        let Ok(permit) = Arc::clone(&gate.connections).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((socket, peer)) => {
                let serving = connection::serve(Arc::clone(&gate), socket, peer.ip(), index, draining.clone());
                tokio::spawn(async move {
                    serving.await;
                    drop(permit);
                });
            }
            Err(error) => {
                // Out of descriptors, most likely: what is open must end before more can come.
                tracing::warn!(%error, "cannot accept");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

/// Every connection holds a permit, so having all of them is being alone.
async fn finished(gate: &Gate) -> Stop {
    let limits = gate.gateway.load().limits;
    let all = limits.max_connections.min(tokio::sync::Semaphore::MAX_PERMITS);
    let all = u32::try_from(all).unwrap_or(u32::MAX);
    match tokio::time::timeout(limits.drain, gate.connections.acquire_many(all)).await {
        Ok(_) => Stop::Drained,
        Err(_) => Stop::CutOff(all as usize - gate.connections.available_permits()),
    }
}

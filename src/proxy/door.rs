//! The listeners as sockets: a door for each, which outlives the configuration that opened it for as long
//! as another one names the same address.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::watch;

use super::rules::Rules;
use crate::policy::gateway::Listener;

/// Connections that may wait to be accepted.
const BACKLOG: u32 = 4096;

/// A listening socket, and whoever came in by it.
#[derive(Debug)]
pub(super) struct Door {
    /// As configured; with port 0 the name of the listener tells it from others.
    configured: (SocketAddr, Option<String>),
    bound: SocketAddr,
    closing: watch::Sender<bool>,
    /// What the last ones in are judged by, where the rules that closed it do not know it.
    late: Mutex<Option<Arc<Rules>>>,
    connections: AtomicUsize,
}

/// A door that nobody accepts at yet.
pub(super) type Fresh = (Arc<Door>, TcpListener);

/// A door for each listener, in order: those of `earlier` where the address is the same, new ones for the
/// rest. Where one cannot be bound, none is.
pub(super) fn doors(listeners: &[Listener], earlier: &[Arc<Door>]) -> io::Result<(Vec<Arc<Door>>, Vec<Fresh>)> {
    let mut fresh = Vec::new();
    let door = |listener: &Listener| {
        if let Some(same) = earlier.iter().find(|door| door.configured == Door::configured(listener)) {
            return Ok(Arc::clone(same));
        }
        let (door, socket) = Door::open(listener).map_err(|error| {
            let text = format!("listener '{}' cannot bind {}: {error}", listener.name, listener.address);
            io::Error::new(error.kind(), text)
        })?;
        fresh.push((Arc::clone(&door), socket));
        Ok(door)
    };
    let doors = listeners.iter().map(door).collect::<io::Result<Vec<_>>>()?;
    Ok((doors, fresh))
}

impl Door {
    fn open(listener: &Listener) -> io::Result<Fresh> {
        let address = listener.address;
        let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        // A restart need not wait for the last connections' TIME_WAIT.
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        let socket = socket.listen(BACKLOG)?;
        let door = Self {
            configured: Self::configured(listener),
            bound: socket.local_addr()?,
            closing: watch::Sender::new(false),
            late: Mutex::default(),
            connections: AtomicUsize::new(0),
        };
        Ok((Arc::new(door), socket))
    }

    fn configured(listener: &Listener) -> (SocketAddr, Option<String>) {
        (listener.address, (listener.address.port() == 0).then(|| listener.name.clone()))
    }

    /// Where it is bound.
    pub(super) fn bound(&self) -> SocketAddr {
        self.bound
    }

    /// Lets nobody in any more; who is in may finish a request, and who knocked already may make one, by
    /// the rules that knew this door.
    pub(super) fn close(&self, rules: &Arc<Rules>) {
        *self.late.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(rules));
        self.closing.send_replace(true);
    }

    /// The rules that it was closed under. They hold this door, so whoever lets the last ones in takes
    /// them out of it.
    pub(super) fn take_late_rules(&self) -> Option<Arc<Rules>> {
        self.late.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Turns true once it is closed.
    pub(super) fn closing(&self) -> watch::Receiver<bool> {
        self.closing.subscribe()
    }

    /// Whether it is closed.
    pub(super) fn is_closing(&self) -> bool {
        *self.closing.borrow()
    }

    /// Connections that came in by it and are open.
    pub(super) fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    /// Counts one that came in, until what is returned is dropped.
    pub(super) fn enter(self: &Arc<Self>) -> impl Drop + use<> {
        struct Entered(Arc<Door>);
        impl Drop for Entered {
            fn drop(&mut self) {
                self.0.connections.fetch_sub(1, Ordering::Relaxed);
            }
        }
        self.connections.fetch_add(1, Ordering::Relaxed);
        Entered(Arc::clone(self))
    }
}

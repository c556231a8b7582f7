//! Listening and accepting, another configuration in the middle of it, and the end.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::connection;
use super::door::{Door, Fresh, doors};
use super::gate::Gate;
use super::rules::Rules;
use super::upstream::{Resolver, groups};
use super::workers::Workers;
use crate::identity::Identity;
use crate::policy::gateway::{Gateway, Listener};
use crate::telemetry::Telemetry;

/// A gate that serves.
#[derive(Debug)]
pub struct Server {
    gate: Arc<Gate>,
    resolver: Resolver,
    /// One task for each door; and the lock under which configurations take turns.
    accepting: Mutex<JoinSet<()>>,
    /// Ends what still runs when this is dropped.
    _workers: Workers,
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
    /// Binds every listener and begins to accept, within a runtime; connections are served by the workers.
    ///
    /// # Errors
    ///
    /// Where a listener cannot bind, with its name.
    pub fn start(gateway: Gateway, telemetry: Arc<Telemetry>, workers: Workers) -> io::Result<Self> {
        let resolver = Resolver::system();
        let (doors, fresh) = doors(&gateway.listeners, &[])?;
        let upstreams = groups(&gateway, &[], &resolver, &telemetry.metrics);
        tls_listeners(&gateway, &telemetry);
        let identity = Identity::counting(telemetry.metrics.questions());
        let keys = identity.follow(&gateway);
        let rules = Rules::new(gateway, upstreams, doors, keys);
        let gate = Arc::new(Gate::new(rules, identity, telemetry, workers.crew())?);
        let this = Self { gate, resolver, accepting: Mutex::default(), _workers: workers };
        this.accept_at(fresh, &mut this.accepting.lock().unwrap_or_else(PoisonError::into_inner));
        Ok(this)
    }

    /// The gate.
    pub fn gate(&self) -> &Arc<Gate> {
        &self.gate
    }

    /// Where each listener is bound, in the order of the configuration.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.gate.rules.load().doors.iter().map(|door| door.bound()).collect()
    }

    /// Puts another configuration in force, all of it or none. Listeners that are the same keep their
    /// connections, new ones open, those that are gone finish what runs. Requests in flight end under the
    /// rules they began with.
    ///
    /// # Errors
    ///
    /// Where a new listener cannot bind; the old configuration then stays.
    pub fn reload(&self, mut gateway: Gateway) -> io::Result<()> {
        let mut accepting = self.accepting.lock().unwrap_or_else(PoisonError::into_inner);
        if self.gate.draining.load(Ordering::Relaxed) {
            return Err(io::Error::other("the gate is coming to its end"));
        }
        let old = self.gate.rules.load_full();
        keep_same_tls(&mut gateway.listeners, &old.gateway.listeners);
        let (doors, fresh) = doors(&gateway.listeners, &old.doors)?;
        let upstreams = groups(&gateway, &old.upstreams, &self.resolver, &self.gate.telemetry.metrics);
        tls_listeners(&gateway, &self.gate.telemetry);
        let keys = self.gate.identity.follow(&gateway);
        self.gate.rules.store(Arc::new(Rules::new(gateway, upstreams, doors, keys)));
        self.gate.places.limit_changed();
        self.accept_at(fresh, &mut accepting);
        let rules = self.gate.rules.load();
        old.doors.iter().filter(|door| rules.listener_at(door).is_none()).for_each(|door| door.close(&old));
        Ok(())
    }

    /// Stops accepting, and finishes what is in flight, for `[limits] drain` at most.
    pub async fn stop(&self) -> Stop {
        let mut accepting = {
            let mut accepting = self.accepting.lock().unwrap_or_else(PoisonError::into_inner);
            self.gate.draining.store(true, Ordering::Relaxed);
            let rules = self.gate.rules.load_full();
            rules.doors.iter().for_each(|door| door.close(&rules));
            std::mem::take(&mut *accepting)
        };
        let finished = async {
            while accepting.join_next().await.is_some() {}
            self.gate.places.all_free().await;
        };
        let drain = self.gate.rules.load().gateway.limits.drain;
        match tokio::time::timeout(drain, finished).await {
            Ok(()) => Stop::Drained,
            Err(_) => Stop::CutOff(self.gate.places.open()),
        }
    }

    fn accept_at(&self, fresh: Vec<Fresh>, accepting: &mut JoinSet<()>) {
        for (door, socket) in fresh {
            accepting.spawn(accept(Arc::clone(&self.gate), door, socket));
        }
    }
}

/// What has never happened at a listener is zero and not absent.
fn tls_listeners(gateway: &Gateway, telemetry: &Telemetry) {
    let secure = gateway.listeners.iter().filter(|listener| listener.tls.is_some());
    secure.for_each(|listener| telemetry.metrics.tls_listener(&listener.name));
}

/// A listener whose TLS is made of the same keeps it, so that sessions are resumed, and certificates that were judged
/// need not be judged again.
fn keep_same_tls(listeners: &mut [Listener], earlier: &[Listener]) {
    for tls in listeners.iter_mut().filter_map(|listener| listener.tls.as_mut()) {
        let same = earlier.iter().filter_map(|listener| listener.tls.as_ref()).find(|known| *known == tls);
        if let Some(same) = same {
            *tls = same.clone();
        }
    }
}

/// Lets clients in until the door closes, and then those who were already waiting before it: the kernel
/// has told them that they are connected, and would reset them.
async fn accept(gate: Arc<Gate>, door: Arc<Door>, socket: TcpListener) {
    let mut closing = door.closing();
    loop {
        let next = async {
            gate.places.free(|| gate.rules.load().gateway.limits.max_connections).await;
            socket.accept().await
        };
        let accepted = tokio::select! {
            biased;
            _ = closing.wait_for(|closing| *closing) => break,
            accepted = next => accepted,
        };
        match accepted {
            Ok((client, peer)) => match client.into_std() {
                Ok(client) => let_in(&gate, &door, client, peer.ip(), None),
                Err(error) => tracing::warn!(%error, "a connection was lost"),
            },
            Err(error) => {
                // Out of descriptors, most likely: what is open must end before more can come.
                tracing::warn!(%error, "cannot accept");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    let late = door.take_late_rules();
    // The kernel is asked, for what the runtime knows may be a moment old.
    let Ok(socket) = socket.into_std() else { return };
    while let Ok((client, peer)) = socket.accept() {
        if client.set_nonblocking(true).is_ok() {
            let_in(&gate, &door, client, peer.ip(), late.clone());
        }
    }
}

fn let_in(gate: &Arc<Gate>, door: &Arc<Door>, client: std::net::TcpStream, peer: IpAddr, late: Option<Arc<Rules>>) {
    let counted = (gate.places.take(), door.enter());
    let (serving, door) = (Arc::clone(gate), Arc::clone(door));
    gate.crew.spawn(async move {
        // Events of a socket come to the thread that it is registered on.
        if let Ok(client) = TcpStream::from_std(client) {
            connection::serve(serving, door, client, peer, late).await;
        }
        drop(counted);
    });
}

//! Upstream groups at run time: which address is next, and a connection to it.
//!
//! The addresses of all peers take turns. One that takes no connection is left out for a while ([`address`])
//! and the next one is tried: no byte of the request was sent, so nothing is repeated. Names are resolved
//! in the background ([`peer`]). A connection is made here ([`dial`]) and not by Pingora's connector, which
//! builds a TLS configuration for each, knows no resumption under a CA of its own, and polls every idle
//! connection with a task; and [`connection`] reads the answers that come on it.

mod address;
mod connection;
mod dial;
mod peer;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use smallvec::SmallVec;
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::policy::gateway::{Gateway, Upstream};
use crate::policy::rejection::Rejection;
use crate::policy::stage::Stage;
use crate::proxy::transport::Transport;
use crate::telemetry::metrics::PeersStand;
use crate::telemetry::{Metrics, UpstreamMeters};
use address::Address;
pub(super) use connection::{PeerConnection, PeerFault};
use dial::Dialer;
use peer::Peer;
pub(super) use peer::Resolver;

/// Addresses of one upstream that are looked at without a list on the heap.
const INLINE: usize = 4;

/// Whether an upstream answers is believed for so long.
const ASKED_AGAIN: Duration = Duration::from_millis(500);

/// A group of servers that answer alike.
#[derive(Debug)]
pub(super) struct Group {
    upstream: Upstream,
    peers: Vec<Peer>,
    turn: AtomicUsize,
    dialer: Dialer,
    meters: UpstreamMeters,
    /// When somebody last asked whether it answers, and whether it did.
    asked: Mutex<Option<(Instant, bool)>>,
}

/// An exchange with a peer, for as long as it is held.
pub(super) struct Connected<'a> {
    pub(super) connection: PeerConnection,
    pub(super) reused: bool,
    /// The peer as `Host` names it.
    pub(super) authority: &'a str,
    pub(super) address: Arc<Address>,
    _exchange: Exchange<'a>,
}

/// Is counted as going on until it is dropped.
struct Exchange<'a>(&'a UpstreamMeters);

/// The addresses of a group in the order in which one request tries them.
pub(super) struct Turn<'a>(Candidates<'a>);

/// An address to try, and the peer whose it is.
type Candidates<'a> = SmallVec<[(&'a Peer, Arc<Address>); INLINE]>;

/// The groups of a gateway. Those that did not change are taken over, with their connections.
pub(super) fn groups(
    gateway: &Gateway,
    earlier: &[Arc<Group>],
    resolver: &Resolver,
    metrics: &Metrics,
) -> Vec<Arc<Group>> {
    let group = |upstream: &Upstream| match earlier.iter().find(|group| group.upstream == *upstream) {
        Some(group) => Arc::clone(group),
        None => Arc::new(Group::new(upstream, resolver, metrics)),
    };
    gateway.upstreams.iter().map(group).collect()
}

impl Group {
    fn new(upstream: &Upstream, resolver: &Resolver, metrics: &Metrics) -> Self {
        let config = upstream.tls.as_ref().map(|tls| Arc::clone(&tls.config));
        Self {
            peers: upstream.peers.iter().map(|peer| Peer::new(peer, upstream, resolver)).collect(),
            turn: AtomicUsize::new(0),
            dialer: Dialer::new(config, upstream.timeouts.connect),
            meters: metrics.upstream(&upstream.name),
            asked: Mutex::default(),
            upstream: upstream.clone(),
        }
    }

    /// Its name in the configuration.
    pub(super) fn name(&self) -> &str {
        &self.upstream.name
    }

    /// What is counted of it.
    pub(super) fn meters(&self) -> &UpstreamMeters {
        &self.meters
    }

    /// The whole budget of one exchange.
    pub(super) fn total(&self) -> Duration {
        self.upstream.timeouts.total
    }

    /// Counts an exchange that failed after it had a connection.
    pub(super) fn failed(&self, rejection: Rejection) -> Rejection {
        let wire = rejection.wire();
        // What the client did to its own request is not the upstream's.
        if wire.stage == Stage::Forward {
            self.meters.failed(wire.code);
        }
        rejection
    }

    /// A kept connection to the address whose turn it is; or else whose turn it is.
    pub(super) fn reuse(&self) -> Result<Connected<'_>, Turn<'_>> {
        let mut candidates = self.known();
        self.in_turn(&mut candidates);
        match candidates.first() {
            Some((peer, address)) => match address.take_idle(self.upstream.timeouts.idle) {
                Some(transport) => Ok(self.connected(peer, address, transport, true)),
                None => Err(Turn(candidates)),
            },
            None => Err(Turn(candidates)),
        }
    }

    /// A connection to the next address that takes one, until `deadline`.
    pub(super) async fn connect<'a>(&'a self, turn: Turn<'a>, deadline: Instant) -> Result<Connected<'a>, Rejection> {
        let (mut candidates, mut refusal) = (turn.0, None);
        if candidates.is_empty() {
            (candidates, refusal) = self.candidates(deadline).await;
            self.in_turn(&mut candidates);
        }
        for (peer, address) in &candidates {
            if let Some(transport) = address.take_idle(self.upstream.timeouts.idle) {
                return Ok(self.connected(peer, address, transport, true));
            }
            match self.dialer.dial(address.socket, peer.server_name(), deadline).await {
                Ok(transport) => {
                    address.is_up(self.name(), peer.authority());
                    return Ok(self.connected(peer, address, transport, false));
                }
                Err(fault) => {
                    let rejection = fault.rejection(peer.authority(), address.socket);
                    self.meters.failed(rejection.wire().code);
                    address.is_down(self.name(), peer.authority(), &fault);
                    refusal = Some(rejection);
                    if Instant::now() >= deadline {
                        break;
                    }
                }
            }
        }
        let nowhere = || Rejection::UpstreamUnreachable { cause: "its name leads nowhere".to_owned() };
        Err(refusal.unwrap_or_else(nowhere))
    }

    fn connected<'a>(
        &'a self,
        peer: &'a Peer,
        address: &Arc<Address>,
        transport: Transport,
        reused: bool,
    ) -> Connected<'a> {
        self.meters.begun(reused);
        let (connection, _exchange) = (PeerConnection::new(transport), Exchange(&self.meters));
        Connected { connection, reused, authority: peer.authority(), address: Arc::clone(address), _exchange }
    }

    /// All addresses that are known now, in the order of the configuration.
    fn known(&self) -> Candidates<'_> {
        let mut all = Candidates::new();
        for peer in &self.peers {
            all.extend(peer.known().addresses.iter().map(|address| (peer, Arc::clone(address))));
        }
        all
    }

    /// All addresses that are known, in the order of the configuration. Only where there are none is a name
    /// waited for; and then it may be known why there are none.
    async fn candidates(&self, deadline: Instant) -> (Candidates<'_>, Option<Rejection>) {
        let mut all = self.known();
        if !all.is_empty() {
            return (all, None);
        }
        let by = deadline.min(Instant::now() + self.upstream.timeouts.connect);
        let mut refusal = None;
        for peer in &self.peers {
            match peer.addresses(by).await {
                Ok(known) => all.extend(known.addresses.iter().map(|address| (peer, Arc::clone(address)))),
                Err(rejection) => refusal = Some(rejection),
            }
        }
        (all, refusal)
    }

    /// Begins with the one whose turn it is, and ends with those that are left out: with nobody else there,
    /// they are asked all the same.
    fn in_turn(&self, candidates: &mut Candidates<'_>) {
        if candidates.len() > 1 {
            let turn = self.turn.fetch_add(1, Ordering::Relaxed) % candidates.len();
            candidates.rotate_left(turn);
            if candidates.iter().any(|(_, address)| address.is_marked()) {
                // Stable, so that turns are kept; cached, because the question can be answered once only.
                candidates.sort_by_cached_key(|(_, address)| address.rank());
            }
        }
    }

    /// Whether a connection stands or can be made. However many want to know, it is asked once, and no more
    /// than once in a while: whoever can ask the gate is not to knock at the upstream through it.
    pub(super) async fn answers(&self) -> bool {
        let mut asked = self.asked.lock().await;
        match *asked {
            Some((at, answered)) if at.elapsed() < ASKED_AGAIN => answered,
            _ => {
                let answers = self.ask().await;
                *asked = Some((Instant::now(), answers));
                answers
            }
        }
    }

    /// Asks all addresses at once, where nothing was heard of late. What was opened for the question serves
    /// the next request.
    async fn ask(&self) -> bool {
        let deadline = Instant::now() + self.upstream.timeouts.connect;
        let (candidates, _) = self.candidates(deadline).await;
        if candidates.iter().any(|(_, address)| address.answered_lately()) {
            return true;
        }
        let mut dialing = JoinSet::new();
        for (index, (peer, address)) in candidates.iter().enumerate() {
            let (dialer, socket, name) = (self.dialer.clone(), address.socket, peer.server_name().cloned());
            dialing.spawn(async move { (index, dialer.dial(socket, name.as_ref(), deadline).await) });
        }
        while let Some(dialed) = dialing.join_next().await {
            let Ok((index, outcome)) = dialed else { continue };
            let (peer, address) = &candidates[index];
            match outcome {
                Ok(stream) => {
                    address.is_up(self.name(), peer.authority());
                    address.keep_the_only(stream);
                    return true;
                }
                Err(fault) => address.is_down(self.name(), peer.authority(), &fault),
            }
        }
        false
    }

    /// Whether any address took the last connection, or was not tried yet: what is known without asking.
    pub(super) fn stands(&self) -> bool {
        self.peers.iter().any(|peer| peer.known().addresses.iter().any(|address| !address.is_marked()))
    }

    /// How each peer stands.
    pub(super) fn standing(&self) -> impl Iterator<Item = PeersStand> {
        self.peers.iter().map(|peer| {
            let known = peer.known();
            let down = known.addresses.iter().filter(|address| address.is_marked()).count();
            let (upstream, up) = (self.name().to_owned(), known.addresses.len() - down);
            PeersStand { upstream, peer: peer.authority().to_owned(), up, down }
        })
    }
}

impl Connected<'_> {
    /// Gives the connection back, once its response was read to the end.
    pub(super) fn release(mut self) {
        self.address.heard();
        if self.connection.rests() {
            self.address.keep(self.connection.transport);
        }
    }
}

impl Drop for Exchange<'_> {
    fn drop(&mut self) {
        self.0.ended();
    }
}

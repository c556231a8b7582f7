//! Upstream groups at run time: which peer is next, where it is, and a connection to it.
//!
//! Names are resolved here, off Pingora's blocking resolver, and again when their time is over. A peer
//! that takes no connection is passed over for the next one: no byte was sent, so nothing is repeated.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use pingora_core::connectors::ConnectorOptions;
use pingora_core::connectors::http::v1::Connector;
use pingora_core::protocols::http::v1::client::HttpSession;
use pingora_core::upstreams::peer::HttpPeer;
use pingora_core::{Error, ErrorType};
use tokio::time::timeout;

use crate::policy::gateway::{Gateway, Peer, UpstreamTimeouts};
use crate::policy::rejection::Rejection;

/// Unused connections kept, of all upstreams.
const POOL_SIZE: usize = 1024;

/// How long the addresses of a name are believed.
const NAME_LIFETIME: Duration = Duration::from_secs(30);

/// Every upstream of the gate, and the connections to them.
pub(super) struct Upstreams {
    connector: Connector,
    groups: Vec<Group>,
}

impl std::fmt::Debug for Upstreams {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Upstreams").field("groups", &self.groups.len()).finish_non_exhaustive()
    }
}

struct Group {
    peers: Vec<Server>,
    next: AtomicUsize,
    timeouts: UpstreamTimeouts,
}

/// One peer, and where its name leads.
struct Server {
    peer: Peer,
    authority: String,
    resolved: ArcSwap<Resolved>,
}

struct Resolved {
    until: Option<Instant>,
    addresses: Vec<HttpPeer>,
}

/// A connection to a peer.
pub(super) struct Connected<'a> {
    pub(super) session: HttpSession,
    pub(super) reused: bool,
    /// The peer as `Host` names it.
    pub(super) authority: &'a str,
    address: HttpPeer,
    idle: Duration,
}

impl Upstreams {
    pub(super) fn new(gateway: &Gateway) -> Self {
        let groups = gateway.upstreams.iter().map(|upstream| Group {
            peers: upstream.peers.iter().map(|peer| Server::new(peer, &upstream.timeouts)).collect(),
            next: AtomicUsize::new(0),
            timeouts: upstream.timeouts,
        });
        Self { connector: Connector::new(Some(ConnectorOptions::new(POOL_SIZE))), groups: groups.collect() }
    }

    /// A connection to the next peer that takes one, pooled or new.
    pub(super) async fn connect(&self, upstream: usize) -> Result<Connected<'_>, Rejection> {
        let group = &self.groups[upstream];
        let turn = group.next.fetch_add(1, Ordering::Relaxed);
        let mut refusal = Rejection::UpstreamUnreachable { cause: "no peer".to_owned() };
        for offset in 0..group.peers.len() {
            let server = &group.peers[(turn + offset) % group.peers.len()];
            let addresses = match server.addresses(&group.timeouts).await {
                Ok(addresses) => addresses,
                Err(rejection) => {
                    refusal = rejection;
                    continue;
                }
            };
            for address in &addresses.addresses {
                match self.connector.get_http_session(address).await {
                    Ok((session, reused)) => {
                        let (authority, address) = (server.authority.as_str(), address.clone());
                        return Ok(Connected { session, reused, authority, address, idle: group.timeouts.idle });
                    }
                    Err(error) => {
                        tracing::warn!(peer = server.authority, %error, "peer takes no connection");
                        refusal = unreachable(&server.authority, &error);
                    }
                }
            }
        }
        Err(refusal)
    }

    /// The whole budget of one exchange.
    pub(super) fn total(&self, upstream: usize) -> Duration {
        self.groups[upstream].timeouts.total
    }

    /// Gives a connection back, once its response was read to the end.
    pub(super) async fn release(&self, connected: Connected<'_>) {
        self.connector.release_http_session(connected.session, &connected.address, Some(connected.idle)).await;
    }
}

fn unreachable(authority: &str, error: &Error) -> Rejection {
    match error.etype() {
        ErrorType::ConnectTimedout => Rejection::UpstreamTimeout { phase: "connect" },
        _ => Rejection::UpstreamUnreachable { cause: format!("{authority}: {error}") },
    }
}

impl Server {
    fn new(peer: &Peer, timeouts: &UpstreamTimeouts) -> Self {
        let authority = if peer.host.contains(':') {
            format!("[{}]:{}", peer.host, peer.port)
        } else if peer.port == 80 {
            peer.host.clone()
        } else {
            format!("{}:{}", peer.host, peer.port)
        };
        // An address is known for good; a name is looked up when it is first needed.
        let resolved = match peer.host.parse() {
            Ok(ip) => Resolved { until: None, addresses: vec![target(SocketAddr::new(ip, peer.port), timeouts)] },
            Err(_) => Resolved { until: Some(Instant::now()), addresses: Vec::new() },
        };
        Self { peer: peer.clone(), authority, resolved: ArcSwap::from_pointee(resolved) }
    }

    async fn addresses(&self, timeouts: &UpstreamTimeouts) -> Result<Arc<Resolved>, Rejection> {
        let known = self.resolved.load_full();
        if known.until.is_none_or(|until| Instant::now() < until) {
            return Ok(known);
        }
        let lookup = tokio::net::lookup_host((self.peer.host.as_str(), self.peer.port));
        let cause = match timeout(timeouts.connect, lookup).await {
            Ok(Ok(found)) => {
                let addresses: Vec<HttpPeer> = found.map(|address| target(address, timeouts)).collect();
                let fresh = Arc::new(Resolved { until: Some(Instant::now() + NAME_LIFETIME), addresses });
                self.resolved.store(Arc::clone(&fresh));
                return Ok(fresh);
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => "name resolution timed out".to_owned(),
        };
        tracing::warn!(peer = self.authority, cause, "name not resolved");
        // Addresses that were good a while ago are better than none.
        if known.addresses.is_empty() {
            return Err(Rejection::UpstreamUnreachable { cause: format!("{}: {cause}", self.authority) });
        }
        Ok(known)
    }
}

fn target(address: SocketAddr, timeouts: &UpstreamTimeouts) -> HttpPeer {
    let mut peer = HttpPeer::new(address, false, String::new());
    peer.options.connection_timeout = Some(timeouts.connect);
    peer.options.total_connection_timeout = Some(timeouts.connect);
    peer.options.idle_timeout = Some(timeouts.idle);
    peer
}

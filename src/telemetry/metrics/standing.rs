//! What stands at the moment of a scrape, asked from whoever knows.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

/// What stands now.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    /// Whether requests are wanted, as far as it is known without asking an upstream.
    pub ready: bool,
    /// Connections of clients, by listener.
    pub connections: Vec<(String, usize)>,
    /// Bodies that are held.
    pub buffered_bodies: u64,
    /// Their bytes, with what is reserved for them.
    pub buffered_bytes: u64,
    /// So many may be.
    pub buffer_limit_bytes: u64,
    /// Bytes of bodies that wait in files, with what is reserved for them.
    pub spooled_bytes: u64,
    /// So many may be.
    pub spool_limit_bytes: u64,
    /// The peers, and how many of their addresses take connections.
    pub peers: Vec<PeersStand>,
    /// The key sets that are fetched.
    pub key_sets: Vec<KeySetStands>,
    /// Lines written and lost, by log.
    pub lines: Vec<(&'static str, u64, u64)>,
    /// What came of checking passwords, by result.
    pub password_checks: Vec<(&'static str, u64)>,
}

/// One peer of an upstream.
#[derive(Clone, Debug)]
pub struct PeersStand {
    /// The upstream's name.
    pub upstream: String,
    /// The peer, as configured.
    pub peer: String,
    /// Addresses that took the last connection, or were not tried yet.
    pub up: usize,
    /// Addresses that did not.
    pub down: usize,
}

/// Keys of an issuer that publishes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeySetStands {
    /// The authenticator's name.
    pub authenticator: String,
    /// How many keys there are; none where none came yet.
    pub keys: usize,
    /// Since when they are known; none where they are not.
    pub age: Option<Duration>,
    /// Attempts that came to keys.
    pub fetched: u64,
    /// And those that did not.
    pub failed: u64,
    /// Whether the last one was one of these.
    pub failing: bool,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ListenerLabels {
    listener: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct PeerLabels {
    upstream: String,
    peer: String,
    state: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct LogLabels {
    log: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct AuthenticatorLabels {
    authenticator: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct FetchLabels {
    authenticator: String,
    result: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct CheckLabels {
    result: &'static str,
}

/// The gauges that tell it.
#[derive(Debug, Default)]
pub(super) struct Gauges {
    ready: Gauge,
    connections: Family<ListenerLabels, Gauge>,
    buffered_bodies: Gauge,
    buffered: Gauge,
    buffer_limit: Gauge,
    spooled: Gauge,
    spool_limit: Gauge,
    peer_addresses: Family<PeerLabels, Gauge>,
    key_set_keys: Family<AuthenticatorLabels, Gauge>,
    key_set_age: Family<AuthenticatorLabels, Gauge>,
    key_set_failing: Family<AuthenticatorLabels, Gauge>,
    key_set_fetches: Family<FetchLabels, Counter>,
    lines: Family<LogLabels, Counter>,
    lines_dropped: Family<LogLabels, Counter>,
    password_checks: Family<CheckLabels, Counter>,
}

impl Gauges {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let this = Self::default();
        registry.register(
            "ready",
            "1 while requests are wanted, as far as it is known without asking",
            this.ready.clone(),
        );
        registry.register("connections", "Connections of clients that are open", this.connections.clone());
        registry.register("buffered_bodies", "Bodies that are held", this.buffered_bodies.clone());
        registry.register_with_unit("buffered", "What bodies hold of the buffer", Unit::Bytes, this.buffered.clone());
        let limit = "What all bodies together may hold";
        registry.register_with_unit("buffer_limit", limit, Unit::Bytes, this.buffer_limit.clone());
        let spooled = "What bodies that wait in files take";
        registry.register_with_unit("spooled", spooled, Unit::Bytes, this.spooled.clone());
        let limit = "What all such bodies together may take";
        registry.register_with_unit("spool_limit", limit, Unit::Bytes, this.spool_limit.clone());
        let peers = "Addresses of a peer that take connections, or do not";
        registry.register("peer_addresses", peers, this.peer_addresses.clone());
        let keys = "Keys of an issuer that publishes them";
        registry.register("key_set_keys", keys, this.key_set_keys.clone());
        let age = "Since when they are known; absent where they are not";
        registry.register_with_unit("key_set_age", age, Unit::Seconds, this.key_set_age.clone());
        let failing = "1 where the last attempt to fetch them failed";
        registry.register("key_set_failing", failing, this.key_set_failing.clone());
        registry.register("key_set_fetches", "Attempts to fetch them", this.key_set_fetches.clone());
        registry.register("log_lines", "Lines that were written", this.lines.clone());
        registry.register("log_lines_dropped", "Lines that were lost", this.lines_dropped.clone());
        let checks = "Passwords that were checked, or were not";
        registry.register("password_checks", checks, this.password_checks.clone());
        this
    }

    pub(super) fn set(&self, standing: &Standing) {
        let number = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        self.ready.set(i64::from(standing.ready));
        self.buffered_bodies.set(number(standing.buffered_bodies));
        self.buffered.set(number(standing.buffered_bytes));
        self.buffer_limit.set(number(standing.buffer_limit_bytes));
        self.spooled.set(number(standing.spooled_bytes));
        self.spool_limit.set(number(standing.spool_limit_bytes));
        // What a reload took away is not told any more.
        self.connections.clear();
        for (listener, open) in &standing.connections {
            let labels = ListenerLabels { listener: listener.clone() };
            self.connections.get_or_create(&labels).inc_by(number(*open as u64));
        }
        self.peer_addresses.clear();
        for PeersStand { upstream, peer, up, down } in &standing.peers {
            for (state, addresses) in [("up", up), ("down", down)] {
                let labels = PeerLabels { upstream: upstream.clone(), peer: peer.clone(), state };
                self.peer_addresses.get_or_create(&labels).set(number(*addresses as u64));
            }
        }
        self.key_set_keys.clear();
        self.key_set_age.clear();
        self.key_set_failing.clear();
        for stands in &standing.key_sets {
            let authenticator = stands.authenticator.clone();
            for (result, count) in [("fetched", stands.fetched), ("failed", stands.failed)] {
                let labels = FetchLabels { authenticator: authenticator.clone(), result };
                raise(&self.key_set_fetches.get_or_create(&labels), count);
            }
            let labels = AuthenticatorLabels { authenticator };
            self.key_set_keys.get_or_create(&labels).set(number(stands.keys as u64));
            self.key_set_failing.get_or_create(&labels).set(i64::from(stands.failing));
            if let Some(age) = stands.age {
                self.key_set_age.get_or_create(&labels).set(number(age.as_secs()));
            }
        }
        for (log, written, dropped) in &standing.lines {
            raise(&self.lines.get_or_create(&LogLabels { log }), *written);
            raise(&self.lines_dropped.get_or_create(&LogLabels { log }), *dropped);
        }
        for (result, count) in &standing.password_checks {
            raise(&self.password_checks.get_or_create(&CheckLabels { result }), *count);
        }
    }
}

/// Counters that somebody else keeps never fall.
fn raise(counter: &Counter, to: u64) {
    counter.inc_by(to.saturating_sub(counter.get()));
}

//! One peer of an upstream: where its name leads. An address is known for good; a name is resolved in the
//! background, again and again, and requests take what was found last.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::{ArcSwap, Guard};
use rustls::pki_types::ServerName;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::{Instant, interval, sleep, timeout, timeout_at};

use super::address::Address;
use crate::policy::gateway::{self, Upstream};
use crate::policy::rejection::Rejection;

/// How long the addresses of a name are believed.
const NAME_LIFETIME: Duration = Duration::from_secs(30);

/// A name that could not be resolved is tried again after so long.
const NAME_RETRY: Duration = Duration::from_secs(1);

/// A resolver that says nothing for so long has failed.
const LOOKUP_TIME: Duration = Duration::from_secs(5);

/// Kept connections are looked after so often, or more often where they are kept less long.
const SWEEP: Duration = Duration::from_secs(5);

/// Finds the addresses of a name and port.
#[derive(Clone)]
pub(crate) struct Resolver(Arc<Lookup>);

type Lookup = dyn Fn(String, u16) -> Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>> + Send + Sync;

/// One peer.
#[derive(Debug)]
pub(super) struct Peer {
    authority: String,
    server_name: Option<ServerName<'static>>,
    place: Arc<Place>,
    /// What looks after it, for as long as it is.
    tending: Vec<JoinHandle<()>>,
}

/// Where a peer is, shared with what looks for it.
#[derive(Debug)]
struct Place {
    known: ArcSwap<Known>,
    /// Wakes those who wait for the first answer.
    found: Notify,
}

/// What was found last.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) addresses: Vec<Arc<Address>>,
    /// Why there are none, once that is known.
    fault: Option<String>,
}

impl Peer {
    pub(super) fn new(peer: &gateway::Peer, upstream: &Upstream, resolver: &Resolver) -> Self {
        let literal: Option<std::net::IpAddr> = peer.host.parse().ok();
        let addresses = literal.map(|ip| Arc::new(Address::new(SocketAddr::new(ip, peer.port)))).into_iter().collect();
        let place = Place { known: ArcSwap::from_pointee(Known { addresses, fault: None }), found: Notify::new() };
        let (place, authority) = (Arc::new(place), authority(peer));
        let mut tending = vec![tokio::spawn(sweep(Arc::clone(&place), upstream.timeouts.idle))];
        if literal.is_none() {
            let looking = look_for(Arc::clone(&place), resolver.clone(), peer.clone(), upstream.name.clone());
            tending.push(tokio::spawn(looking));
        }
        Self { authority, server_name: peer.server_name.clone(), place, tending }
    }

    /// As `Host` names it.
    pub(super) fn authority(&self) -> &str {
        &self.authority
    }

    /// Whose certificate it must have; none for plain HTTP.
    pub(super) fn server_name(&self) -> Option<&ServerName<'static>> {
        self.server_name.as_ref()
    }

    /// The addresses that are known now.
    pub(super) fn known(&self) -> Guard<Arc<Known>> {
        self.place.known.load()
    }

    /// Its addresses; where nothing was found as yet, what is found until `deadline`.
    pub(super) async fn addresses(&self, deadline: Instant) -> Result<Guard<Arc<Known>>, Rejection> {
        loop {
            // Registered before looking, so that no answer comes in between.
            let found = self.place.found.notified();
            let known = self.known();
            if !known.addresses.is_empty() {
                return Ok(known);
            }
            if let Some(fault) = &known.fault {
                return Err(Rejection::UpstreamUnreachable { cause: format!("{}: {fault}", self.authority) });
            }
            drop(known);
            if timeout_at(deadline, found).await.is_err() {
                return Err(Rejection::UpstreamTimeout { phase: "name resolution" });
            }
        }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.tending.iter().for_each(JoinHandle::abort);
    }
}

/// Resolves a name again and again. Addresses that were good a while ago are better than none.
async fn look_for(place: Arc<Place>, resolver: Resolver, peer: gateway::Peer, upstream: String) {
    let mut failing = false;
    loop {
        let looked = timeout(LOOKUP_TIME, (resolver.0)(peer.host.clone(), peer.port)).await;
        let fault = match looked {
            Ok(Ok(found)) if !found.is_empty() => {
                place.adopt(&found);
                None
            }
            Ok(Ok(_)) => Some("the name has no address".to_owned()),
            Ok(Err(error)) => Some(error.to_string()),
            Err(_) => Some("name resolution timed out".to_owned()),
        };
        match &fault {
            Some(cause) if !failing => tracing::warn!(upstream, peer = peer.host, cause, "name not resolved"),
            None if failing => tracing::info!(upstream, peer = peer.host, "name resolved again"),
            _ => {}
        }
        failing = fault.is_some();
        if let Some(fault) = fault {
            place.lacks(fault);
        }
        place.found.notify_waiters();
        sleep(if failing { NAME_RETRY } else { NAME_LIFETIME }).await;
    }
}

/// Closes kept connections whose time is over.
async fn sweep(place: Arc<Place>, longest: Duration) {
    let mut ticks = interval(SWEEP.min(longest));
    loop {
        ticks.tick().await;
        place.known.load().addresses.iter().for_each(|address| address.sweep(longest));
    }
}

impl Place {
    /// What was known of an address stays known, its connections too.
    fn adopt(&self, found: &[SocketAddr]) {
        let known = self.known.load();
        let mut addresses: Vec<Arc<Address>> = Vec::with_capacity(found.len());
        for socket in found {
            if addresses.iter().any(|address| address.socket == *socket) {
                continue;
            }
            let same = known.addresses.iter().find(|address| address.socket == *socket);
            addresses.push(same.cloned().unwrap_or_else(|| Arc::new(Address::new(*socket))));
        }
        self.known.store(Arc::new(Known { addresses, fault: None }));
    }

    fn lacks(&self, fault: String) {
        let addresses = self.known.load().addresses.clone();
        self.known.store(Arc::new(Known { addresses, fault: Some(fault) }));
    }
}

/// RFC 9110 §7.2: the port stands there unless it is the scheme's own.
fn authority(peer: &gateway::Peer) -> String {
    let default = if peer.server_name.is_some() { 443 } else { 80 };
    let host = if peer.host.contains(':') { format!("[{}]", peer.host) } else { peer.host.clone() };
    if peer.port == default { host } else { format!("{host}:{}", peer.port) }
}

impl Resolver {
    /// The system's, off the threads that serve.
    pub(crate) fn system() -> Self {
        Self::new(|host, port| async move { Ok(tokio::net::lookup_host((host, port)).await?.collect()) })
    }

    /// One that asks this.
    pub(crate) fn new<F>(lookup: impl Fn(String, u16) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = io::Result<Vec<SocketAddr>>> + Send + 'static,
    {
        Self(Arc::new(move |host, port| Box::pin(lookup(host, port))))
    }
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Resolver")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_is_named_with_the_port_that_is_not_its_schemes() {
        for (host, port, tls, expected) in [
            ("api.test", 80, false, "api.test"),
            ("api.test", 443, false, "api.test:443"),
            ("api.test", 443, true, "api.test"),
            ("api.test", 80, true, "api.test:80"),
            ("::1", 9001, false, "[::1]:9001"),
        ] {
            let server_name = tls.then(|| ServerName::try_from("api.test").expect("it is a name"));
            let peer = gateway::Peer { host: host.to_owned(), port, server_name };
            assert_eq!(authority(&peer), expected);
        }
    }
}

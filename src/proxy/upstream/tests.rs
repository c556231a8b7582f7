//! Groups against sockets of this machine, with names that lead where the test says.

use std::net::SocketAddr;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use tokio::net::TcpListener;

use super::address::Rank;
use super::*;
use crate::policy::gateway::{HostField, Peer, UpstreamTimeouts};

fn upstream(hosts: &[(&str, u16)]) -> Upstream {
    let second = Duration::from_secs(1);
    Upstream {
        name: "api".into(),
        peers: hosts.iter().map(|(host, port)| Peer { host: (*host).into(), port: *port, server_name: None }).collect(),
        host: HostField::Peer,
        timeouts: UpstreamTimeouts { connect: second, idle: second * 60, total: second * 30 },
        tls: None,
    }
}

fn group(hosts: &[(&str, u16)], resolver: &Resolver) -> Group {
    Group::new(&upstream(hosts), resolver, &Metrics::default())
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(10)
}

/// A resolver that gives these, one after the other and the last for good, and how often it was asked.
fn leading_to(answers: Vec<std::io::Result<Vec<SocketAddr>>>) -> (Resolver, Arc<AtomicU64>) {
    let asked = Arc::new(AtomicU64::new(0));
    let (count, answers) = (Arc::clone(&asked), std::sync::Mutex::new(answers));
    let resolver = Resolver::new(move |_, _| {
        count.fetch_add(1, Ordering::Relaxed);
        let mut answers = answers.lock().expect("no test panics with it");
        let next = match answers.len() {
            1 => match &answers[0] {
                Ok(found) => Ok(found.clone()),
                Err(error) => Err(error.kind().into()),
            },
            _ => answers.remove(0),
        };
        async move { next }
    });
    (resolver, asked)
}

/// Two sockets on one port of two addresses, as a name with two addresses leads to.
async fn twins() -> (TcpListener, TcpListener) {
    loop {
        let one = TcpListener::bind("127.0.0.1:0").await.expect("a port can be had");
        let port = one.local_addr().expect("it is bound").port();
        if let Ok(other) = TcpListener::bind(("127.0.0.2", port)).await {
            return (one, other);
        }
    }
}

/// A connection as an exchange gets one.
async fn connection(group: &Group) -> Result<Connected<'_>, Rejection> {
    match group.reuse() {
        Ok(connected) => Ok(connected),
        Err(turn) => group.connect(turn, soon()).await,
    }
}

async fn address_of(group: &Group) -> SocketAddr {
    connection(group).await.unwrap_or_else(|rejection| panic!("{rejection:?}")).address.socket
}

#[tokio::test]
async fn all_addresses_of_a_name_take_turns() {
    // Nobody accepts, and what waits in the kernel's queue is connected all the same.
    let sockets = twins().await;
    let (one, other) = (sockets.0.local_addr().expect("bound"), sockets.1.local_addr().expect("bound"));
    let (resolver, _) = leading_to(vec![Ok(vec![one, other])]);
    let group = group(&[("api.test", one.port())], &resolver);
    let mut seen = Vec::new();
    for _ in 0..4 {
        seen.push(address_of(&group).await);
    }
    seen.sort();
    assert_eq!(seen, [one, one, other, other]);
}

#[tokio::test]
async fn one_that_fails_is_left_out_and_asked_again_by_one_request() {
    let (one, other) = twins().await;
    let addresses = [one.local_addr().expect("bound"), other.local_addr().expect("bound")];
    drop(other);
    let (resolver, _) = leading_to(vec![Ok(addresses.to_vec())]);
    let group = group(&[("api.test", addresses[0].port())], &resolver);
    for _ in 0..6 {
        assert_eq!(address_of(&group).await, addresses[0], "no byte was sent, so the next one is tried");
    }
    let standing: Vec<_> = group.standing().collect();
    assert_eq!((standing[0].up, standing[0].down), (1, 1));
    let known = group.peers[0].known();
    assert_eq!(known.addresses[1].rank(), Rank::LeftOut);
    // Its time is over: of all that look now, one finds out.
    known.addresses[1].let_time_pass();
    assert_eq!([known.addresses[1].rank(), known.addresses[1].rank()], [Rank::Due, Rank::LeftOut]);
    known.addresses[1].let_time_pass();
    let back = TcpListener::bind(addresses[1]).await.expect("it is free again");
    assert_eq!(address_of(&group).await, addresses[1]);
    assert_eq!(group.standing().map(|it| it.down).sum::<usize>(), 0);
    drop(back);
}

#[tokio::test]
async fn where_all_have_failed_they_are_asked_all_the_same() {
    let (one, other) = twins().await;
    let addresses = [one.local_addr().expect("bound"), other.local_addr().expect("bound")];
    drop((one, other));
    let (resolver, _) = leading_to(vec![Ok(addresses.to_vec())]);
    let group = group(&[("api.test", addresses[0].port())], &resolver);
    assert!(matches!(connection(&group).await.err(), Some(Rejection::UpstreamUnreachable { .. })));
    assert!(!group.answers().await);
    group.asked.lock().await.take();
    let back = TcpListener::bind(addresses[0]).await.expect("it is free again");
    assert_eq!(address_of(&group).await, addresses[0]);
    assert!(group.answers().await);
    drop(back);
}

#[tokio::test(start_paused = true)]
async fn a_name_is_resolved_again_and_what_was_good_is_kept_while_it_is_not() {
    let address = |last| SocketAddr::from(([127, 0, 0, last], 80));
    let broken = || Err(std::io::ErrorKind::NotFound.into());
    let answers =
        vec![broken(), Ok(vec![address(1), address(1), address(2)]), broken(), Ok(vec![address(2), address(3)])];
    let (resolver, asked) = leading_to(answers);
    let group = group(&[("api.test", 80)], &resolver);
    let peer = &group.peers[0];
    let wait = async |times| {
        while asked.load(Ordering::Relaxed) < times {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
        peer.known()
    };
    let began = Instant::now();
    let sockets = |known: &super::peer::Known| known.addresses.iter().map(|it| it.socket).collect::<Vec<_>>();
    assert!(sockets(&*wait(1).await).is_empty());
    assert!(matches!(peer.addresses(soon()).await, Err(Rejection::UpstreamUnreachable { .. })), "it is not waited for");
    let first = wait(2).await;
    assert_eq!(sockets(&first), [address(1), address(2)], "each once");
    assert!(began.elapsed() < Duration::from_secs(2), "what failed is tried again soon");
    assert_eq!(sockets(&*wait(3).await), [address(1), address(2)], "good a while ago is better than none");
    assert!(began.elapsed() >= Duration::from_secs(30));
    let last = wait(4).await;
    assert_eq!(sockets(&last), [address(2), address(3)]);
    assert!(Arc::ptr_eq(&first.addresses[1], &last.addresses[0]), "what is known of an address stays known");
}

#[tokio::test(start_paused = true)]
async fn a_name_that_takes_long_is_waited_for_within_the_time_of_a_connection() {
    let resolver = Resolver::new(|_, _| std::future::pending::<std::io::Result<Vec<SocketAddr>>>());
    let group = group(&[("api.test", 80)], &resolver);
    let began = Instant::now();
    let refused = connection(&group).await.err();
    assert_eq!(refused, Some(Rejection::UpstreamTimeout { phase: "name resolution" }));
    assert_eq!(began.elapsed().as_secs(), 1);
}

#[tokio::test]
async fn a_name_that_takes_long_holds_up_nobody_while_another_peer_is_known() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port can be had");
    let address = listener.local_addr().expect("it is bound");
    let resolver = Resolver::new(|_, _| std::future::pending::<std::io::Result<Vec<SocketAddr>>>());
    let group = group(&[("api.test", 80), ("127.0.0.1", address.port())], &resolver);
    let began = Instant::now();
    assert_eq!(address_of(&group).await, address);
    assert!(began.elapsed() < group.upstream.timeouts.connect, "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_kept_connection_that_its_peer_has_closed_is_not_given_out() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port can be had");
    let address = Address::new(listener.local_addr().expect("it is bound"));
    let dialer = Dialer::new(None, Duration::from_secs(1));
    let dial = async || {
        let stream = dialer.dial(address.socket, None, soon()).await.expect("it listens");
        (stream, listener.accept().await.expect("somebody came").0)
    };
    let minute = Duration::from_secs(60);
    let (stream, peer) = dial().await;
    address.keep(stream);
    assert!(address.take_idle(minute).is_some(), "it is quiet");
    assert!(address.take_idle(minute).is_none(), "and was given out");
    for (speaks, fresh) in [(false, false), (false, true), (true, false), (true, true)] {
        let (mut stream, other) = dial().await;
        if speaks {
            other.writable().await.expect("it is connected");
            other.try_write(b"HTTP/1.1 408 Request Timeout\r\n\r\n").expect("there is room");
        } else {
            drop(other);
        }
        if fresh {
            // Of one that was just used, the runtime's word is enough, once it has heard.
            std::future::poll_fn(|cx| stream.poll_readable(cx)).await.expect("it is a socket");
            address.keep(stream);
        } else {
            // On loopback what was sent is there at once, and the kernel knows.
            address.keep(stream);
            address.let_idle_time_pass(Duration::from_secs(2));
        }
        assert!(address.take_idle(minute).is_none(), "speaks: {speaks}, fresh: {fresh}");
    }
    let (stream, _peer) = dial().await;
    address.keep(stream);
    address.sweep(Duration::ZERO);
    assert!(address.take_idle(minute).is_none(), "its time was over");
    drop(peer);
}

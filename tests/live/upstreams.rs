//! Groups of peers: turns, peers that are down, and connections that never stand.

use std::net::SocketAddr;

use socket2::{Domain, Socket, Type};

use crate::support::config::Written;
use crate::support::exposition::Exposition;
use crate::support::gate::LiveGate;
use crate::support::peer::Peer;
use crate::support::run;

const GET: &str = "GET /things HTTP/1.1\r\nHost: gate.test\r\n\r\n";
const POST: &str =
    "POST /things HTTP/1.1\r\nHost: gate.test\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello";

/// A gate before these peers, each written as a configuration names it.
fn gate(peers: &[String]) -> LiveGate {
    let written = Written::alone(&format!(
        r#"
        [listener.public]
        address = "127.0.0.1:0"

        [upstream.api]
        peers = {peers:?}
        timeouts = {{ connect = "500ms" }}

        [defaults]
        upstream = "api"
        quotas = []

        [endpoint."/things".GET]
        auth = "none"

        [endpoint."/things".POST]
        auth = "none"
        media_types = ["text/plain"]
        "#
    ));
    let nowhere = SocketAddr::from(([127, 0, 0, 1], 1));
    LiveGate::start(&written, nowhere).unwrap_or_else(|fault| panic!("{fault}"))
}

fn named(address: SocketAddr) -> String {
    format!("http://{address}")
}

#[test]
fn peers_take_turns() {
    run(async {
        let (one, other) = (Peer::start(vec![]).await, Peer::start(vec![]).await);
        let gate = gate(&[named(one.address), named(other.address)]);
        let mut client = gate.client().await;
        for _ in 0..6 {
            client.send(GET).await;
            assert_eq!(client.answer(false).await.map(|answer| answer.status), Some(200));
        }
        assert_eq!((one.requests().len(), other.requests().len()), (3, 3));
    });
}

#[test]
fn a_peer_that_takes_no_connection_is_passed_over() {
    run(async {
        let (down, _socket) = Peer::refusing();
        let up = Peer::start(vec![]).await;
        let gate = gate(&[named(down), named(up.address)]);
        let mut client = gate.client().await;
        // Nothing was sent to the one that is down, so a POST may go to the other.
        for _ in 0..4 {
            client.send(POST).await;
            assert_eq!(client.answer(false).await.map(|answer| answer.status), Some(200));
        }
        let bodies: Vec<_> = up.requests().into_iter().map(|seen| seen.body).collect();
        assert_eq!(bodies, vec![b"hello".to_vec(); 4]);
    });
}

#[test]
fn a_connection_that_never_stands_runs_out_of_time() {
    run(async {
        // A queue of one, and that one taken: the kernel answers no further connection.
        let full = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket can be had");
        full.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).expect("a port can be had");
        full.listen(0).expect("it listens");
        let address = full.local_addr().expect("it is bound").as_socket().expect("it is IPv4");
        let _first = tokio::net::TcpStream::connect(address).await.expect("there is room for one");
        let gate = gate(&[named(address)]);
        let mut client = gate.client().await;
        client.send(GET).await;
        let answer = client.answer(false).await.expect("it is answered");
        assert_eq!((answer.status, answer.code().as_deref()), (504, Some("upstream_timeout")));
    });
}

#[test]
fn a_name_is_resolved() {
    run(async {
        let peer = Peer::start(vec![]).await;
        let gate = gate(&[format!("http://localhost:{}", peer.address.port())]);
        let mut client = gate.client().await;
        client.send(GET).await;
        assert_eq!(client.answer(false).await.map(|answer| answer.status), Some(200));
        let host = peer.requests()[0].head.value("host");
        assert_eq!(host, Some(format!("localhost:{}", peer.address.port())));
    });
}

#[test]
fn an_upstream_that_disappears_and_returns_is_told_of_once_each_way() {
    run(async {
        let first = Peer::start(vec![]).await;
        let address = first.address;
        let gate = gate(&[named(address)]);
        let mut client = gate.client().await;
        client.send(POST).await;
        assert_eq!(client.answer(false).await.map(|answer| answer.status), Some(200));
        gate.lines(1).await;
        first.gone().await;
        for _ in 0..3 {
            client.send(POST).await;
            let answer = client.answer(false).await.expect("it is answered");
            // Nothing was sent: the connection that was kept is known to be closed.
            assert_eq!((answer.status, answer.code().as_deref()), (502, Some("upstream_unreachable")));
        }
        let down = |text: &str| {
            Exposition::parse(text).value(
                "portcullis_peer_addresses",
                &[("upstream", "api"), ("peer", &address.to_string()), ("state", "down")],
            )
        };
        assert_eq!(down(&gate.metrics()), 1.0);
        let again = Peer::start_at(address, vec![]).await;
        client.send(POST).await;
        assert_eq!(
            client.answer(false).await.map(|answer| answer.status),
            Some(200),
            "with nobody else, it is asked at once"
        );
        let bodies: Vec<_> = again.requests().into_iter().map(|seen| seen.body).collect();
        assert_eq!(bodies, [b"hello".to_vec()]);
        let metrics = gate.metrics();
        assert_eq!(down(&metrics), 0.0);
        let failures = Exposition::parse(&metrics)
            .value("portcullis_upstream_failures_total", &[("upstream", "api"), ("code", "upstream_unreachable")]);
        assert_eq!(failures, 3.0);
    });
}

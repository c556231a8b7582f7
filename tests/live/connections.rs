//! The life of a client's connection: what it survives, in which order it is answered, what ends it.

use super::{HeldPeer, gate, gate_and_peer};
use crate::support::client::Client;
use crate::support::message::Ended;
use crate::support::peer::{Script, Then};
use crate::support::run;

const GET: &str = "GET /things HTTP/1.1\r\nHost: gate.test\r\n\r\n";

fn saying(text: &str) -> Script {
    let length = text.len();
    Script::answering(&format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{text}"), Then::Keep)
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    run(async {
        let (gate, peer) = gate_and_peer("", vec![saying("one"), saying("three"), saying("four")]).await;
        let mut client = gate.client().await;
        let post =
            "POST /things HTTP/1.1\r\nHost: gate.test\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello";
        let unknown = "GET /nowhere HTTP/1.1\r\nHost: gate.test\r\n\r\n";
        client.send([GET, unknown, post, GET].concat()).await;
        for (status, body) in [(200, "one"), (404, ""), (200, "three"), (200, "four")] {
            let answer = client.answer(false).await.expect("every request is answered");
            assert_eq!(answer.status, status);
            assert!(answer.text().starts_with(body), "{body}: {}", answer.text());
        }
        let methods: Vec<_> = peer.requests().iter().map(|seen| seen.method().to_owned()).collect();
        assert_eq!(methods, ["GET", "POST", "GET"]);
    });
}

#[test]
fn the_body_of_a_refused_request_is_not_the_next_request() {
    run(async {
        let (gate, peer) = gate_and_peer("", vec![saying("good")]).await;
        let hidden = "DELETE /things HTTP/1.1\r\nHost: gate.test\r\n\r\n";
        let length = hidden.len();
        for head in [
            // Refused by its head, by its type, and by its path; each with a request for a body.
            format!("GET /a%00 HTTP/1.1\r\nHost: gate.test\r\nContent-Length: {length}\r\n\r\n{hidden}"),
            format!("POST /things HTTP/1.1\r\nHost: gate.test\r\nContent-Length: {length}\r\n\r\n{hidden}"),
            format!("POST /nowhere HTTP/1.1\r\nHost: gate.test\r\nContent-Length: {length}\r\n\r\n{hidden}"),
            format!(
                "POST /nowhere HTTP/1.1\r\nHost: gate.test\r\nTransfer-Encoding: chunked\r\n\r\n{length:x}\r\n{hidden}\r\n0\r\n\r\n"
            ),
        ] {
            let mut client = gate.client().await;
            client.send([&head, GET].concat()).await;
            let refusal = client.answer(false).await.expect("it is answered");
            assert!((400..500).contains(&refusal.status), "{head}: {}", refusal.status);
            let next = client.answer(false).await.expect("so is the next");
            assert_eq!((next.status, &*next.text()), (200, "good"), "{head}");
        }
        assert!(peer.requests().iter().all(|seen| seen.method() == "GET"));
    });
}

#[test]
fn nothing_is_answered_after_a_head_that_is_ambiguous() {
    run(async {
        let (gate, peer) = gate_and_peer("", vec![]).await;
        let mut client = gate.client().await;
        let both = "POST /things HTTP/1.1\r\nHost: gate.test\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
        client.send([both, GET].concat()).await;
        assert_eq!(client.answer(false).await.map(|answer| answer.status), Some(400));
        assert_eq!(client.end().await, (Vec::new(), Ended::ByClose));
        assert_eq!(peer.record(|record| record.connections), 0);
    });
}

#[test]
fn an_answer_is_read_even_where_the_client_still_sends() {
    run(async {
        let (gate, peer) = gate_and_peer("", vec![]).await;
        let mut client = gate.client().await;
        let head =
            "POST /things HTTP/1.1\r\nHost: gate.test\r\nContent-Type: text/plain\r\nContent-Length: 8388608\r\n\r\n";
        let request = [head.as_bytes(), &vec![b'a'; 8 << 20]].concat();
        let answer = client.exchange(&request, false).await.expect("the answer is not lost in a reset");
        assert_eq!((answer.status, answer.ended), (413, Ended::Whole));
        assert_eq!(answer.head.value("connection").as_deref(), Some("close"));
        assert_eq!(peer.record(|record| record.connections), 0);
    });
}

#[test]
fn upstream_connections_are_used_again() {
    run(async {
        let (gate, peer) = gate_and_peer("", vec![]).await;
        let (mut one, mut other) = (gate.client().await, gate.client().await);
        for (turn, client) in [&mut one, &mut other].into_iter().enumerate() {
            for _ in 0..3 {
                client.send(GET).await;
                assert_eq!(client.answer(false).await.map(|answer| answer.status), Some(200));
            }
            // An answer is there before its connection is given back; its line is behind both.
            gate.lines((turn + 1) * 3).await;
        }
        assert_eq!(peer.record(|record| (record.connections, record.requests.len())), (1, 6));
    });
}

#[test]
fn a_client_that_ends_its_side_still_gets_all_its_answers() {
    run(async {
        let (gate, _peer) = gate_and_peer("", vec![saying("one"), saying("two")]).await;
        let mut client = gate.client().await;
        client.send([GET, GET].concat()).await;
        client.half_close().await;
        for body in ["one", "two"] {
            assert_eq!(client.answer(false).await.map(|answer| answer.text()).as_deref(), Some(body));
        }
        assert_eq!(client.end().await, (Vec::new(), Ended::ByClose));
    });
}

#[test]
fn a_client_that_goes_away_takes_nothing_with_it() {
    run(async {
        let held = HeldPeer::start().await;
        let gate = gate("[limits]\nmax_connections = 1", held.address);
        let mut client = gate.client().await;
        client.send(GET).await;
        held.arrived.await.expect("the request is with the peer");
        drop(client);
        let _ = held.release.send(());
        // The place of the one that went is free: this one is served, by a peer that is gone by now.
        let mut next = gate.client().await;
        next.send("GET /nowhere HTTP/1.1\r\nHost: gate.test\r\n\r\n").await;
        assert_eq!(next.answer(false).await.map(|answer| answer.status), Some(404));
    });
}

#[test]
fn connections_beyond_the_limit_wait_for_a_place() {
    run(async {
        let (gate, _peer) = gate_and_peer("[limits]\nmax_connections = 1", vec![]).await;
        let mut first = gate.client().await;
        first.send(GET).await;
        assert_eq!(first.answer(false).await.map(|answer| answer.status), Some(200));
        let mut second = Client::connect(gate.addresses[0]).await;
        second.send(GET).await;
        // The first is still served, and alone.
        first.send(GET).await;
        assert_eq!(first.answer(false).await.map(|answer| answer.status), Some(200));
        drop(first);
        assert_eq!(second.answer(false).await.map(|answer| answer.status), Some(200));
    });
}

#[test]
fn an_upgrade_that_was_not_granted_opens_no_tunnel() {
    run(async {
        let (gate, peer) = gate_and_peer("", vec![saying("no"), saying("next")]).await;
        let mut client = gate.client().await;
        let upgrade = "GET /things HTTP/1.1\r\nHost: gate.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
        // What follows is judged as requests, whatever the client takes the connection for.
        client.send([upgrade, "DELETE /things HTTP/1.1\r\nHost: gate.test\r\n\r\n"].concat()).await;
        assert_eq!(client.answer(false).await.map(|answer| answer.status), Some(200));
        assert_eq!(client.answer(false).await.map(|answer| answer.status), Some(405));
        assert_eq!(peer.requests().len(), 1);
    });
}

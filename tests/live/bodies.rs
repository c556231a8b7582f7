//! Bodies on their way: what is held, what streams, and when the upstream first hears of a request.

use super::{HeldPeer, gate, gate_and_peer, written};
use crate::support::client::Client;
use crate::support::config::Written;
use crate::support::gate::LiveGate;
use crate::support::message::Ended;
use crate::support::peer::{Peer, Script, Then};
use crate::support::run;

fn post(path: &str, length: usize) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nHost: gate.test\r\nContent-Type: text/plain\r\nContent-Length: {length}\r\nExpect: 100-continue\r\n\r\n"
    )
}

/// A client whose body is permitted and expected, and which has sent none of it.
async fn permitted(gate: &LiveGate, length: usize) -> Client {
    let mut client = gate.client().await;
    client.send(post("/things", length)).await;
    let (status, _) = client.answer_head().await.expect("the gate asks for the body");
    assert_eq!(status, 100);
    client
}

#[test]
fn the_upstream_hears_nothing_before_the_last_byte_is_judged() {
    run(async {
        let (gate, peer) = gate_and_peer("", vec![]).await;
        let mut client = permitted(&gate, 10).await;
        client.send("123456789").await;
        // A second request, answered by the peer, shows that the gate had time for the first.
        let mut other = gate.client().await;
        other.send("GET /things HTTP/1.1\r\nHost: gate.test\r\n\r\n").await;
        assert_eq!(other.answer(false).await.map(|answer| answer.status), Some(200));
        assert_eq!(peer.record(|record| (record.connections, record.heads)), (1, 1));
        client.send("0").await;
        assert_eq!(client.answer(false).await.map(|answer| answer.status), Some(200));
        assert_eq!(peer.requests().last().map(|seen| seen.body.clone()).as_deref(), Some(&b"1234567890"[..]));
    });
}

#[test]
fn a_streamed_body_reaches_the_upstream_as_it_comes() {
    run(async {
        let held = HeldPeer::start().await;
        let gate = gate("", held.address);
        let mut client = gate.client().await;
        client
            .send("POST /stream HTTP/1.1\r\nHost: gate.test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
            .await;
        let head = held.arrived.await.expect("the upstream hears of it before its body ended");
        assert_eq!(head.value("transfer-encoding").as_deref(), Some("chunked"));
        client.send("0\r\n\r\n").await;
        let _ = held.release.send(());
        assert_eq!(client.answer(false).await.map(|answer| answer.text()).as_deref(), Some("held"));
    });
}

#[test]
fn an_answer_that_pauses_is_seen_as_far_as_it_came() {
    run(async {
        let framings =
            [("Content-Length: 10", "hello", "world"), ("Transfer-Encoding: chunked", "5\r\nhello\r\n", "0\r\n\r\n")];
        for (framing, first, rest) in framings {
            let before: &str = Box::leak(format!("HTTP/1.1 200 OK\r\n{framing}\r\n\r\n{first}").into_boxed_str());
            let held = HeldPeer::holding(before, rest).await;
            let gate = gate("", held.address);
            let mut client = gate.client().await;
            client.send("GET /things HTTP/1.1\r\nHost: gate.test\r\n\r\n").await;
            let (status, head) = client.answer_head().await.expect("the head does not wait for the end");
            let _ = held.release.send(());
            let answer = client.answer_after(status, head, false).await.expect("and then it goes on");
            assert!(answer.text().starts_with("hello"), "{framing}");
        }
    });
}

#[test]
fn a_full_budget_refuses_and_recovers() {
    run(async {
        let (gate, peer) = gate_and_peer("[limits]\nbuffered = \"1 MiB\"", vec![]).await;
        let mut holding = permitted(&gate, 700_000).await;
        let mut refused = gate.client().await;
        let head =
            "POST /things HTTP/1.1\r\nHost: gate.test\r\nContent-Type: text/plain\r\nContent-Length: 500000\r\n\r\n";
        let request = [head.as_bytes(), &[b'a'; 500_000]].concat();
        let answer = refused.exchange(&request, false).await.expect("it is answered");
        assert_eq!((answer.status, answer.code().as_deref()), (503, Some("buffers_full")));
        assert_eq!(answer.head.value("retry-after").as_deref(), Some("1"));
        assert_eq!(peer.record(|record| record.connections), 0);
        // Smaller ones still fit, and what was held is free once it is sent.
        permitted(&gate, 300_000).await;
        holding.send(vec![b'b'; 700_000]).await;
        assert_eq!(holding.answer(false).await.map(|answer| answer.status), Some(200));
        let mut again = gate.client().await;
        let answer = again.exchange(&request, false).await.expect("it is answered");
        assert_eq!(answer.status, 200);
    });
}

#[test]
fn a_client_that_goes_away_gives_its_share_back() {
    run(async {
        let (gate, _peer) = gate_and_peer("[limits]\nbuffered = \"1 MiB\"", vec![]).await;
        let mut going = permitted(&gate, 1_000_000).await;
        going.send(vec![b'a'; 500_000]).await;
        going.half_close().await;
        assert_eq!(going.answer(false).await.map(|answer| answer.status), Some(400));
        permitted(&gate, 1_000_000).await;
    });
}

#[test]
fn chunks_count_as_they_come() {
    run(async {
        let (gate, peer) = gate_and_peer("[limits]\nbuffered = \"1 MiB\"", vec![]).await;
        let _holding = permitted(&gate, 700_000).await;
        let mut client = gate.client().await;
        let head = "POST /things HTTP/1.1\r\nHost: gate.test\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n";
        let chunk = format!("2710\r\n{}\r\n", "c".repeat(10_000));
        let request = [head, &chunk.repeat(40), "0\r\n\r\n"].concat();
        let answer = client.exchange(request.as_bytes(), false).await.expect("it is answered");
        assert_eq!((answer.status, answer.code().as_deref()), (503, Some("buffers_full")));
        assert_eq!(peer.record(|record| record.connections), 0);
    });
}

#[test]
fn what_is_half_sent_is_not_answered_over() {
    run(async {
        // More than a socket holds for a client that reads nothing: it stops within an interim answer.
        let hint = format!("HTTP/1.1 103 Early Hints\r\nLink: {}\r\n\r\n", "a".repeat(60_000));
        let answer = [hint.repeat(16).as_str(), "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"].concat();
        let peer = Peer::start(vec![Script::answering(&answer, Then::Keep)]).await;
        let written = written("").config.replace("peers =", "timeouts = { total = \"500ms\" }\npeers =");
        let gate = LiveGate::start(&Written::alone(&written), peer.address).unwrap_or_else(|fault| panic!("{fault}"));
        let mut client = gate.client().await;
        client.send("GET /things HTTP/1.1\r\nHost: gate.test\r\n\r\n".repeat(40)).await;
        let mut lines = 1;
        while gate.lines(lines).await[lines - 1]["end"] == "passed" {
            lines += 1;
        }
        let (all, ended) = client.end().await;
        let text = String::from_utf8_lossy(&all);
        assert_eq!(ended, Ended::ByClose);
        assert!(!text.contains("504"), "behind {} bytes comes the refusal", text.find("504").unwrap_or_default());
        // Nothing follows what was half sent.
        let last = text.rsplit_once("HTTP/1.1 ").map_or("", |(_, last)| last);
        assert!(hint.contains(last) && last.len() < hint.len() - 20, "{} bytes: {:.40}", last.len(), last);
        assert_eq!(text.matches("200 OK").count(), lines - 1);
    });
}

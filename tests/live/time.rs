//! Deadlines: they hold from first to last byte, whatever drips in between.

use std::time::{Duration, Instant};

use super::gate_and_peer;
use crate::support::client::Client;
use crate::support::message::Ended;
use crate::support::run;

/// Sends a byte every 20 ms until it is answered; the status, and after how long.
async fn drip(client: &mut Client, byte: &str) -> (Option<u16>, Duration) {
    let began = Instant::now();
    let mut ticks = tokio::time::interval(Duration::from_millis(20));
    let mut drop_by_drop = client.split_off_writer();
    let dripping = async {
        loop {
            ticks.tick().await;
            drop_by_drop.send(byte).await;
        }
    };
    let status = tokio::select! {
        answer = client.answer(false) => answer.map(|answer| answer.status),
        () = dripping => None,
    };
    (status, began.elapsed())
}

#[test]
fn a_head_that_drips_runs_out_of_time() {
    run(async {
        let (gate, peer) = gate_and_peer("[limits]\nhead_timeout = \"300ms\"", vec![]).await;
        let mut client = gate.client().await;
        client.send("GET /things HTTP/1.1\r\nX-Slow: ").await;
        let (status, after) = drip(&mut client, "s").await;
        assert_eq!(status, Some(408));
        assert!((Duration::from_millis(250)..Duration::from_secs(8)).contains(&after), "{after:?}");
        assert_eq!(peer.record(|record| record.connections), 0);
    });
}

#[test]
fn a_body_that_drips_runs_out_of_time() {
    run(async {
        let (gate, peer) = gate_and_peer("[limits]\nbody_timeout = \"300ms\"", vec![]).await;
        let mut client = gate.client().await;
        let head =
            "POST /things HTTP/1.1\r\nHost: gate.test\r\nContent-Type: text/plain\r\nContent-Length: 5000\r\n\r\n";
        client.send(head).await;
        let (status, after) = drip(&mut client, "b").await;
        assert_eq!(status, Some(408));
        assert!((Duration::from_millis(250)..Duration::from_secs(8)).contains(&after), "{after:?}");
        assert_eq!(peer.record(|record| record.connections), 0);
    });
}

#[test]
fn a_streamed_body_that_drips_runs_out_of_time() {
    run(async {
        let (gate, _peer) = gate_and_peer("[limits]\nbody_timeout = \"300ms\"", vec![]).await;
        let mut client = gate.client().await;
        client.send("POST /stream HTTP/1.1\r\nHost: gate.test\r\nContent-Length: 5000\r\n\r\n").await;
        let (status, after) = drip(&mut client, "b").await;
        assert_eq!(status, Some(408));
        assert!((Duration::from_millis(250)..Duration::from_secs(8)).contains(&after), "{after:?}");
    });
}

#[test]
fn a_silent_connection_ends_without_a_word() {
    run(async {
        let (gate, _peer) = gate_and_peer("[limits]\nidle_timeout = \"200ms\"", vec![]).await;
        let mut never = gate.client().await;
        let mut once = gate.client().await;
        once.send("GET /things HTTP/1.1\r\nHost: gate.test\r\n\r\n").await;
        assert_eq!(once.answer(false).await.map(|answer| answer.status), Some(200));
        assert_eq!(never.end().await, (Vec::new(), Ended::ByClose));
        assert_eq!(once.end().await, (Vec::new(), Ended::ByClose));
    });
}

#[test]
fn the_idle_timeout_does_not_hurry_an_answer() {
    run(async {
        let held = super::HeldPeer::start().await;
        let gate = super::gate("[limits]\nidle_timeout = \"300ms\"\nhead_timeout = \"300ms\"", held.address);
        let mut client = gate.client().await;
        client.send("GET /things HTTP/1.1\r\nHost: gate.test\r\n\r\n").await;
        held.arrived.await.expect("it is with the peer");
        // Another connection that runs into the timeout shows that it is over.
        let mut other = gate.client().await;
        assert_eq!(other.end().await, (Vec::new(), Ended::ByClose));
        let _ = held.release.send(());
        assert_eq!(client.answer(false).await.map(|answer| answer.text()).as_deref(), Some("held"));
    });
}

//! The end: nothing that was accepted is lost, and nothing is waited for that is not needed.

use std::time::{Duration, Instant};

use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::{site, slow_peer};
use crate::support::client::Client;
use crate::support::message::Ended;
use crate::support::process::Process;
use crate::support::{eventually, run};

const THING: &str = "GET /thing HTTP/1.1\r\nHost: gate.test\r\n\r\n";

const LOG: &str = "to = \"access.log\"";

/// Waits until so many requests are with the upstream.
async fn in_flight(gate: &Process, requests: usize) {
    let active = |metrics: &crate::support::exposition::Exposition| {
        metrics.value("portcullis_upstream_active", &[("upstream", "api")])
    };
    let enough = || async { active(&super::admin::metrics(gate).await) >= requests as f64 };
    eventually("all requests are with the upstream", enough).await;
}

#[test]
fn a_hundred_ends_lose_no_request_of_three_seconds() {
    const ENDS: usize = 100;
    const AT_ONCE: usize = 25;
    run(async {
        let upstream = slow_peer(Duration::from_secs(3)).await;
        let mut ending = JoinSet::new();
        let mut slowest = Duration::ZERO;
        for _ in 0..ENDS {
            if ending.len() == AT_ONCE {
                slowest = slowest.max(ending.join_next().await.expect("there are some").expect("none panics"));
            }
            ending.spawn(async move {
                let site = site(upstream, LOG, "");
                let mut gate = Process::serve(&site).await;
                let address = gate.listener("public").await;
                let mut clients = Vec::new();
                for _ in 0..3 {
                    let mut client = Client::connect(address).await;
                    client.send(THING).await;
                    clients.push(client);
                }
                in_flight(&gate, clients.len()).await;
                gate.signal("TERM").await;
                gate.told("draining").await;
                // What is told comes a moment before the door is closed.
                eventually("nobody is let in any more", async || TcpStream::connect(address).await.is_err()).await;
                for client in &mut clients {
                    let answer = client.answer(false).await.expect("no request is lost");
                    assert_eq!((answer.status, answer.text().as_str(), answer.ended), (200, "done", Ended::Whole));
                    assert_eq!(answer.head.value("connection").as_deref(), None, "it was answered before the end");
                }
                let last = Instant::now();
                assert!(gate.ended().await.success());
                let lines = crate::support::gate::lines(&site.path("access.log"));
                let passed = lines.iter().filter(|line| line["end"] == "passed").count();
                assert_eq!(passed, clients.len(), "{lines:?}");
                last.elapsed()
            });
        }
        while let Some(ended) = ending.join_next().await {
            slowest = slowest.max(ended.expect("none panics"));
        }
        assert!(slowest < Duration::from_secs(1), "the slowest was gone {slowest:?} after its last answer");
    });
}

#[test]
fn readiness_fails_first_and_the_process_lives_until_its_last_answer() {
    run(async {
        let site = site(slow_peer(Duration::from_millis(700)).await, LOG, "");
        let mut gate = Process::serve(&site).await;
        let mut client = Client::connect(gate.listener("public").await).await;
        client.send(THING).await;
        in_flight(&gate, 1).await;
        assert_eq!(super::admin::get(&gate, "/readyz").await.0, 200);
        gate.signal("TERM").await;
        gate.told("draining").await;
        assert_eq!(super::admin::get(&gate, "/readyz").await, (503, "draining\n".to_owned()));
        assert_eq!(super::admin::get(&gate, "/livez").await.0, 200);
        assert_eq!(client.answer(false).await.map(|answer| answer.status), Some(200));
        assert!(gate.ended().await.success());
        gate.told("ended; nothing was cut off").await;
    });
}

#[test]
fn an_idle_gate_ends_at_once() {
    run(async {
        for signal in ["TERM", "INT"] {
            let site = site(slow_peer(Duration::ZERO).await, LOG, "");
            let mut gate = Process::serve(&site).await;
            let mut client = Client::connect(gate.listener("public").await).await;
            client.send(THING).await;
            assert_eq!(client.answer(false).await.map(|answer| answer.status), Some(200));
            let asked = Instant::now();
            gate.signal(signal).await;
            assert!(gate.ended().await.success(), "{signal}");
            assert!(asked.elapsed() < Duration::from_secs(2), "{signal}: {:?}", asked.elapsed());
            assert_eq!(client.end().await, (Vec::new(), Ended::ByClose));
        }
    });
}

#[test]
fn who_has_connected_before_the_end_may_say_what_it_came_for() {
    run(async {
        let site = site(slow_peer(Duration::ZERO).await, LOG, "[limits]\nmax_connections = 1");
        let mut gate = Process::serve(&site).await;
        let address = gate.listener("public").await;
        // The one that is let in keeps the other waiting, in the kernel's queue.
        let mut first = Client::connect(address).await;
        first.send(THING).await;
        assert_eq!(first.answer(false).await.map(|answer| answer.status), Some(200));
        let mut queued = Client::connect(address).await;
        queued.send(THING).await;
        gate.signal("TERM").await;
        let answer = queued.answer(false).await.expect("it is not reset");
        assert_eq!((answer.status, answer.head.value("connection").as_deref()), (200, Some("close")));
        assert!(gate.ended().await.success());
    });
}

#[test]
fn a_drain_that_runs_out_and_a_second_signal_end_with_one_and_tell_of_what_was_cut() {
    run(async {
        let upstream = slow_peer(Duration::from_secs(30)).await;
        for (more, signals) in [("[limits]\ndrain = \"300ms\"", 1), ("", 2)] {
            let site = site(upstream, LOG, more);
            let mut gate = Process::serve(&site).await;
            let mut client = Client::connect(gate.listener("public").await).await;
            client.send(THING).await;
            in_flight(&gate, 1).await;
            for _ in 0..signals {
                gate.signal("TERM").await;
                gate.told("draining").await;
            }
            assert_eq!(gate.ended().await.code(), Some(1));
            let lines = crate::support::gate::lines(&site.path("access.log"));
            assert_eq!((lines.len(), lines[0]["end"].as_str()), (1, Some("cut")), "{lines:?}");
        }
    });
}

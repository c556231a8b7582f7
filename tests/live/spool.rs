//! Large bodies that wait in files: what they take of memory and disk while they come, and what is left.

use std::time::Duration;

use crate::support::client::Client;
use crate::support::exposition::Exposition;
use crate::support::gate::LiveGate;
use crate::support::peer::Peer;
use crate::support::{eventually, run};

const MIB: usize = 1 << 20;

fn limits(more: &str) -> String {
    format!("[limits]\nspool_above = \"64 KiB\"\n{more}")
}

fn head(length: usize) -> String {
    format!("POST /things HTTP/1.1\r\nHost: gate.test\r\nContent-Type: text/plain\r\nContent-Length: {length}\r\n\r\n")
}

/// Bytes in memory, and in files.
fn held(gate: &LiveGate) -> (f64, f64) {
    let metrics = Exposition::parse(&gate.metrics());
    (metrics.value("portcullis_buffered_bytes", &[]), metrics.value("portcullis_spooled_bytes", &[]))
}

#[test]
fn a_large_body_waits_in_a_file_and_goes_as_it_came() {
    run(async {
        let folder = tempfile::tempdir().expect("a folder can be had");
        let peer = Peer::start(vec![]).await;
        let gate = super::gate(&limits(&format!("spool_folder = {:?}", folder.path())), peer.address);
        let body: String = (0..MIB / 8).map(|number| format!("{number:07} ")).collect();
        let mut client = gate.client().await;
        client.send(head(body.len())).await;
        client.send(&body[..MIB / 2]).await;
        eventually("half of it is in a file", async || held(&gate).1 >= (MIB / 2) as f64).await;
        assert!(held(&gate).0 <= 65_536.0, "memory holds no more than is above: {:?}", held(&gate));
        assert_eq!(folder.path().read_dir().expect("it is there").count(), 0, "a file without a name");
        assert_eq!(peer.record(|record| record.connections), 0, "nothing goes before all of it was judged");
        client.send(&body[MIB / 2..]).await;
        assert_eq!(client.answer(false).await.map(|answer| answer.status), Some(200));
        assert!(peer.requests()[0].body == body.as_bytes());
        eventually("all of it is given back", async || held(&gate) == (0.0, 0.0)).await;
        // The same in chunks, on a client that takes its time.
        client.send("POST /things HTTP/1.1\r\nHost: gate.test\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n").await;
        for piece in body.as_bytes().chunks(MIB / 4) {
            client.send([format!("{:x}\r\n", piece.len()).as_bytes(), piece, b"\r\n"].concat()).await;
        }
        client.send("0\r\n\r\n").await;
        assert_eq!(client.answer(false).await.map(|answer| answer.status), Some(200));
        assert!(peer.requests()[1].body == body.as_bytes());
    });
}

#[test]
fn what_does_not_fit_is_refused_and_what_is_cut_off_leaves_nothing() {
    run(async {
        let peer = Peer::start(vec![]).await;
        let gate = super::gate(&limits("spool = \"1 MiB\""), peer.address);
        let mut first = gate.client().await;
        first.send(head(MIB - 1000)).await;
        first.send("a".repeat(MIB / 2)).await;
        eventually("it has its place", async || held(&gate).1 >= (MIB - 1000) as f64).await;
        let mut second = gate.client().await;
        second.send(head(MIB / 2)).await;
        second.send("a".repeat(MIB / 2)).await;
        let refused = second.answer(false).await.expect("it is told");
        assert_eq!((refused.status, refused.code().as_deref()), (503, Some("buffers_full")));
        drop(first);
        eventually("its place is free again", async || held(&gate) == (0.0, 0.0)).await;
        let mut third = Client::connect(gate.addresses[0]).await;
        third.send(head(MIB / 2)).await;
        third.send("a".repeat(MIB / 2)).await;
        assert_eq!(third.answer(false).await.map(|answer| answer.status), Some(200));
        assert_eq!(peer.requests().len(), 1);
    });
}

#[test]
fn a_folder_that_cannot_be_written_to_is_told_of() {
    run(async {
        let peer = Peer::start(vec![]).await;
        let gate = super::gate(&limits("spool_folder = \"/nowhere/at/all\""), peer.address);
        let mut client = gate.client().await;
        client.send(head(MIB / 2)).await;
        client.send("a".repeat(MIB / 2)).await;
        let refused = client.answer(false).await.expect("it is told");
        assert_eq!((refused.status, refused.code().as_deref()), (503, Some("spool_failed")));
        let line = &gate.lines(1).await[0];
        assert!(line["cause"].as_str().is_some_and(|cause| cause.starts_with("spool: ")), "{line}");
        // What needs no file passes.
        let mut client = gate.client().await;
        client.send(head(5)).await;
        client.send("hello").await;
        assert_eq!(client.answer(false).await.map(|answer| answer.status), Some(200));
    });
}

#[test]
fn a_body_below_its_least_rate_ends_before_its_time() {
    run(async {
        let peer = Peer::start(vec![]).await;
        let gate = super::gate("[limits]\nmin_body_rate = \"1 MB/s\"\nbody_timeout = \"60s\"", peer.address);
        let began = std::time::Instant::now();
        let mut clients = Vec::new();
        for path in ["/things", "/stream"] {
            let mut client = gate.client().await;
            client.send(head(100_000).replace("/things", path)).await;
            client.send("a".repeat(50_000)).await;
            clients.push(client);
        }
        for client in &mut clients {
            assert_eq!(client.answer(false).await.map(|answer| answer.status), Some(408));
        }
        let waited = began.elapsed();
        assert!((Duration::from_secs(5)..Duration::from_secs(9)).contains(&waited), "{waited:?}");
    });
}

//! Two thousand clients who drip: each ends at its own deadline, costs little, and slows nobody else down.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::support::client::Client;
use crate::support::peer::Peer;
use crate::support::process::{Process, Site};
use crate::support::{eventually, run};

const DRIPPERS: usize = 2000;

/// Long enough for all of them to have begun, and for the others to be measured meanwhile.
const DEADLINE: Duration = Duration::from_secs(4);

/// A gate that is busy is late; one that forgot a deadline never comes.
const LATE: Duration = Duration::from_secs(5);

/// What a connection may take that waits for the rest of a head, or of a small body.
const MOST_BYTES_EACH: usize = 20 << 10;

const HALF_A_HEAD: &str = "GET /things HTTP/1.1\r\nHost: gate.test\r\nX-Slow: ";
const HALF_A_BODY: &str =
    "POST /things HTTP/1.1\r\nHost: gate.test\r\nContent-Type: text/plain\r\nContent-Length: 1000\r\n\r\n";

#[test]
fn two_thousand_drippers_end_in_time_and_hinder_nobody() {
    room_for_descriptors();
    run(async {
        let peer = Peer::start(vec![]).await;
        let written = super::written("head_timeout = \"4s\"\nbody_timeout = \"4s\"").config;
        let written = written.replace("head_timeout", "[limits]\nhead_timeout");
        // A process of its own, so that its memory is nobody else's.
        let gate = Process::serve(&Site::new(&written.replace("{upstream}", &peer.address.to_string()))).await;
        let address = gate.listener("public").await;
        let mut client = Client::connect(address).await;
        ask(&mut client).await;
        let (quiet, before) = (ask(&mut client).await, resident(&gate));
        let (dripping, ended) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let mut drippers = JoinSet::new();
        for index in 0..DRIPPERS {
            let (dripping, ended) = (Arc::clone(&dripping), Arc::clone(&ended));
            let mut stream = TcpStream::connect(address).await.expect("there is room for all of them");
            drippers.spawn(async move {
                let (half, code) = [(HALF_A_HEAD, "head_timeout"), (HALF_A_BODY, "body_timeout")][index % 2];
                stream.write_all(half.as_bytes()).await.expect("the gate takes it");
                dripping.fetch_add(1, Ordering::Relaxed);
                let outcome = drip(stream, Instant::now()).await;
                ended.fetch_add(1, Ordering::Relaxed);
                (code, outcome)
            });
        }
        eventually("all of them drip", || async { dripping.load(Ordering::Relaxed) == DRIPPERS }).await;
        let (busy, after) = (ask(&mut client).await, resident(&gate));
        let gone = ended.load(Ordering::Relaxed);
        for (code, (answer, took)) in drippers.join_all().await {
            assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains(code), "{code} after {took:?}: {answer}");
            assert!((DEADLINE - Duration::from_millis(50)..DEADLINE + LATE).contains(&took), "{code} after {took:?}");
        }
        assert_eq!(gone, 0, "they drip while the others are measured");
        let (quiet, busy) = (spread(quiet), spread(busy));
        let bound = 10 * quiet.0 + Duration::from_millis(30);
        assert!(busy.0 < bound && busy.1 < Duration::from_secs(1), "median and slowest: {quiet:?}, then {busy:?}");
        if let (Some(before), Some(after)) = (before, after) {
            let each = after.saturating_sub(before) / DRIPPERS;
            assert!(each < MOST_BYTES_EACH, "{each} bytes each");
        }
        // Each of them has let go of its place.
        ask(&mut client).await;
    });
}

/// A byte every half second, until the gate has had enough: what it said, and after how long.
async fn drip(mut stream: TcpStream, began: Instant) -> (String, Duration) {
    let (mut reader, mut writer) = stream.split();
    let mut ticks = tokio::time::interval(Duration::from_millis(500));
    let mut answer = Vec::new();
    let read = reader.read_to_end(&mut answer);
    let mut read = std::pin::pin!(read);
    let took = loop {
        tokio::select! {
            ended = &mut read => {
                ended.expect("no answer is lost in a reset");
                break began.elapsed();
            }
            _ = ticks.tick(), if began.elapsed() < DEADLINE => {
                let _ = writer.write_all(b"x").await;
            }
        }
    };
    (String::from_utf8_lossy(&answer).into_owned(), took)
}

/// How long each of fifty ordinary requests takes, one after the other.
async fn ask(client: &mut Client) -> Vec<Duration> {
    let mut took = Vec::new();
    for _ in 0..50 {
        let began = Instant::now();
        client.send("GET /things HTTP/1.1\r\nHost: gate.test\r\n\r\n").await;
        assert_eq!(client.answer(false).await.map(|answer| answer.status), Some(200));
        took.push(began.elapsed());
    }
    took
}

/// The median and the slowest.
fn spread(mut took: Vec<Duration>) -> (Duration, Duration) {
    took.sort();
    (took[took.len() / 2], took[took.len() - 1])
}

/// The gate's memory in bytes, where the system tells.
fn resident(gate: &Process) -> Option<usize> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", gate.id())).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.parse::<usize>().ok().map(|kilobytes| kilobytes << 10)
}

/// Two thousand sockets are more than some systems grant without being asked; the gate inherits it.
fn room_for_descriptors() {
    let limit = getrlimit(Resource::Nofile);
    let wanted = 3 * DRIPPERS as u64;
    if limit.current.is_some_and(|current| current < wanted) {
        let current = Some(limit.maximum.map_or(wanted, |maximum| maximum.min(wanted)));
        setrlimit(Resource::Nofile, Rlimit { current, ..limit }).expect("up to the maximum it may be raised");
    }
}

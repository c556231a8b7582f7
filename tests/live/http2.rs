//! HTTP/2 from clients, on a listener that takes it: the same judgement, several streams at once, and ends
//! that lose nothing.

use std::net::SocketAddr;

use bytes::Bytes;
use h2::client::SendRequest;
use http::{Request, StatusCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::client::Client;
use crate::support::exposition::Exposition;
use crate::support::gate::LiveGate;
use crate::support::peer::{Peer, Script, Then};
use crate::support::{eventually, run};

const PREFACE: &str = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

fn gate(more: &str, upstream: SocketAddr) -> LiveGate {
    let mut written = super::written(more);
    written.config = written.config.replace("[listener.public]", "[listener.public]\nhttp2 = true");
    written.config = written.config.replace("max_body = \"1 MiB\"", "max_body = \"8 MiB\"");
    LiveGate::start(&written, upstream).unwrap_or_else(|fault| panic!("{fault}"))
}

/// A connection, which goes on by itself.
async fn connect(gate: &LiveGate) -> SendRequest<Bytes> {
    let socket = TcpStream::connect(gate.addresses[0]).await.expect("it listens");
    let (client, connection) = h2::client::handshake(socket).await.expect("it speaks HTTP/2");
    tokio::spawn(connection);
    client.ready().await.expect("it takes streams")
}

/// What a stream comes to: its status, its fields, its body.
pub(super) async fn exchange(
    client: &mut SendRequest<Bytes>,
    request: Request<()>,
    body: &[u8],
) -> Result<(StatusCode, http::HeaderMap, Vec<u8>), h2::Error> {
    let (answer, mut sending) = client.send_request(request, body.is_empty())?;
    let mut rest = Bytes::copy_from_slice(body);
    while !rest.is_empty() {
        sending.reserve_capacity(rest.len());
        match std::future::poll_fn(|cx| sending.poll_capacity(cx)).await {
            Some(Ok(room)) => {
                let piece = rest.split_to(room.min(rest.len()));
                sending.send_data(piece, rest.is_empty())?;
            }
            // Nobody wants the rest.
            _ => break,
        }
    }
    let (head, mut received) = answer.await?.into_parts();
    let mut body = Vec::new();
    while let Some(data) = received.data().await {
        let data = data?;
        received.flow_control().release_capacity(data.len())?;
        body.extend_from_slice(&data);
    }
    Ok((head.status, head.headers, body))
}

pub(super) fn request(method: &str, path: &str, fields: &[(&str, &str)]) -> Request<()> {
    let mut request = Request::builder().method(method).uri(format!("http://gate.test{path}"));
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    request.body(()).expect("it is a request")
}

#[test]
fn a_stream_is_judged_and_forwarded_as_a_request_of_1_1() {
    run(async {
        let peer = Peer::start(vec![]).await;
        let gate = gate("", peer.address);
        let mut client = connect(&gate).await;
        let asked = request("GET", "/things?a=1", &[("cookie", "a=1"), ("cookie", "b=2"), ("te", "trailers")]);
        let (status, _, body) = exchange(&mut client, asked, b"").await.expect("it is answered");
        assert_eq!((status.as_u16(), &body[..]), (200, &b"ok"[..]));
        let seen = &peer.requests()[0];
        assert_eq!((seen.method(), seen.target()), ("GET", "/things?a=1"));
        assert_eq!(seen.head.value("x-forwarded-host").as_deref(), Some("gate.test"));
        assert_eq!(seen.head.value("via").as_deref(), Some("2.0 portcullis"));
        assert_eq!(seen.head.values("cookie").collect::<Vec<_>>(), ["a=1; b=2"]);
        assert_eq!((seen.head.value("te"), seen.head.value("transfer-encoding")), (None, None));
        let posted = request("POST", "/things", &[("content-type", "text/plain")]);
        let (status, _, _) = exchange(&mut client, posted, b"hello").await.expect("it is answered");
        assert_eq!((status.as_u16(), &peer.requests()[1].body[..]), (200, &b"hello"[..]));
        let refused = request("POST", "/things", &[("content-type", "text/html")]);
        let (status, fields, body) = exchange(&mut client, refused, b"hello").await.expect("it is answered");
        assert_eq!((status.as_u16(), fields["content-type"].to_str().ok()), (415, Some("application/problem+json")));
        assert!(String::from_utf8_lossy(&body).contains("unsupported_media_type"));
        assert_eq!(peer.requests().len(), 2, "what was refused went nowhere");
        let unknown = request("HEAD", "/nothing", &[]);
        let (status, fields, body) = exchange(&mut client, unknown, b"").await.expect("it is answered");
        assert_eq!((status.as_u16(), body.len()), (404, 0));
        assert!(fields.contains_key("content-length") && !fields.contains_key("connection"));
        assert_eq!(gate.lines(4).await.len(), 4, "each stream has a line");
    });
}

#[test]
fn what_has_no_place_in_http2_is_refused() {
    run(async {
        let peer = Peer::start(vec![]).await;
        let gate = gate("", peer.address);
        let mut client = connect(&gate).await;
        for (path, fields, expected) in [
            ("/things", &[("content_length", "5")][..], 400),
            ("/things", &[("expect", "everything")][..], 417),
            ("/a/../things", &[][..], 400),
            ("/%2e%2e/things", &[][..], 400),
            ("//things", &[][..], 400),
        ] {
            let (status, _, _) =
                exchange(&mut client, request("GET", path, fields), b"").await.expect("it is answered");
            assert_eq!(status.as_u16(), expected, "{path} {fields:?}");
        }
        let long = "a".repeat(70_000);
        let too_large = exchange(&mut client, request("GET", "/things", &[("x-long", &long)]), b"").await;
        assert!(too_large.is_err() || too_large.is_ok_and(|(status, ..)| status == 431));
        let mut client = connect(&gate).await;
        let lying = exchange(&mut client, request("POST", "/stream", &[("content-length", "3")]), b"hello").await;
        assert!(lying.is_err() || lying.is_ok_and(|(status, ..)| status == 400), "five bytes are not three");
        assert!(peer.requests().iter().all(|seen| seen.method() == "POST" && seen.body.len() < 5));
    });
}

#[test]
fn large_bodies_flow_both_ways_whatever_the_window() {
    run(async {
        let body = "b".repeat(3_000_000);
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        let chunked =
            format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
        let scripts = [&answer, &chunked].map(|answer| Script::answering(answer, Then::Keep));
        let peer = Peer::start(scripts.to_vec()).await;
        let gate = gate("[limits]\nspool_above = \"64 KiB\"", peer.address);
        let mut client = connect(&gate).await;
        for (turn, path) in ["/stream", "/things"].into_iter().enumerate() {
            let asked = request("POST", path, &[("content-type", "text/plain")]);
            let (status, _, received) = exchange(&mut client, asked, body.as_bytes()).await.expect("it is answered");
            assert_eq!((status.as_u16(), received.len()), (200, body.len()), "{path}");
            assert!(peer.requests()[turn].body == body.as_bytes(), "{path}");
        }
    });
}

#[test]
fn an_answer_that_is_cut_off_resets_its_stream_and_no_other() {
    run(async {
        let cut = Script::answering("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf", Then::Close);
        let peer = Peer::start(vec![cut, Script::default()]).await;
        let gate = gate("", peer.address);
        let mut client = connect(&gate).await;
        assert!(exchange(&mut client, request("GET", "/things", &[]), b"").await.is_err(), "half is not whole");
        let (status, ..) = exchange(&mut client, request("GET", "/things", &[]), b"").await.expect("it goes on");
        assert_eq!(status.as_u16(), 200);
        let lines = gate.lines(2).await;
        assert_eq!((&lines[0]["end"], &lines[1]["end"]), (&"cut".into(), &"passed".into()));
    });
}

#[test]
fn streams_run_side_by_side_and_end_with_the_gate() {
    run(async {
        let held = super::HeldPeer::start().await;
        let mut gate = gate("", held.address);
        let mut client = connect(&gate).await;
        let waiting = {
            let mut client = client.clone();
            tokio::spawn(async move { exchange(&mut client, request("GET", "/things", &[]), b"").await })
        };
        held.arrived.await.expect("it is with the peer");
        let (status, ..) = exchange(&mut client, request("GET", "/nothing", &[]), b"").await.expect("it overtakes");
        assert_eq!(status.as_u16(), 404);
        gate.ask_to_stop();
        let _ = held.release.send(());
        let (status, _, body) = waiting.await.expect("it does not panic").expect("nothing is lost");
        assert_eq!((status.as_u16(), &body[..]), (200, &b"held"[..]));
        drop(client);
        assert_eq!(gate.ended().await, portcullis::proxy::Stop::Drained);
    });
}

#[test]
fn who_resets_streams_and_opens_others_costs_the_upstream_no_more_than_twice_its_streams() {
    run(async {
        let peer = Peer::start(vec![Script { answer: vec![], then: Then::Hang, ..Script::default() }]).await;
        let gate = gate("", peer.address);
        let mut client = connect(&gate).await;
        let now = |name, label| Exposition::parse(&gate.metrics()).value(name, &[label]);
        let active = || now("portcullis_upstream_active", ("upstream", "api"));
        let gone = || now("portcullis_connections", ("listener", "public")) == 0.0;
        let mut opened = 0_u16;
        while !gone() {
            let (answer, mut sending) = client.send_request(request("GET", "/things", &[]), true).expect("it is taken");
            opened += 1;
            assert!(opened < 300, "so many exchanges run, of streams that nobody waits for");
            // What is reset before it has begun costs nothing, and is bounded elsewhere.
            eventually("it is with the upstream", async || active() >= f64::from(opened) || gone()).await;
            sending.send_reset(h2::Reason::CANCEL);
            drop(answer);
            client = match client.ready().await {
                Ok(ready) => ready,
                Err(_) => break,
            };
        }
        assert_eq!(opened, 201, "all but the last one were taken");
        eventually("nothing is left of them", async || active() == 0.0).await;
    });
}

#[test]
fn an_idle_connection_is_told_goodbye() {
    run(async {
        let peer = Peer::start(vec![]).await;
        let gate = gate("[limits]\nidle_timeout = \"200ms\"", peer.address);
        let socket = TcpStream::connect(gate.addresses[0]).await.expect("it listens");
        let (_client, connection) = h2::client::handshake(socket).await.expect("it speaks HTTP/2");
        let ended = tokio::time::timeout(crate::support::PATIENCE, connection).await.expect("it ends");
        assert!(ended.is_ok(), "in good order: {ended:?}");
    });
}

#[test]
fn who_does_not_answer_goodbye_is_left_all_the_same() {
    run(async {
        let peer = Peer::start(vec![]).await;
        let gate = gate("[limits]\nidle_timeout = \"200ms\"", peer.address);
        let mut socket = TcpStream::connect(gate.addresses[0]).await.expect("it listens");
        let settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
        socket.write_all(&[PREFACE.as_bytes(), &settings].concat()).await.expect("it takes");
        let mut heard = Vec::new();
        let ended = tokio::time::timeout(crate::support::PATIENCE, socket.read_to_end(&mut heard)).await;
        assert!(ended.is_ok(), "the connection is closed, though nobody answered: {heard:?}");
    });
}

#[test]
fn a_preface_in_pieces_is_one_and_elsewhere_it_is_a_version_nobody_speaks() {
    run(async {
        let peer = Peer::start(vec![]).await;
        let taking = gate("", peer.address);
        let mut socket = TcpStream::connect(taking.addresses[0]).await.expect("it listens");
        // The last piece is the frame SETTINGS, empty.
        for piece in [&b"PR"[..], b"I * HTTP/2.0\r\n", b"\r\nSM\r\n\r\n", &[0, 0, 0, 4, 0, 0, 0, 0, 0]] {
            socket.write_all(piece).await.expect("it takes");
            tokio::task::yield_now().await;
        }
        let mut begun = [0; 9];
        socket.read_exact(&mut begun).await.expect("it answers");
        assert_eq!(begun[3], 4, "the gate's SETTINGS come first: {begun:?}");
        // Three letters may begin a method.
        let mut client = Client::connect(taking.addresses[0]).await;
        client.send("PR").await;
        client.send("OPFIND /things HTTP/1.1\r\nHost: gate.test\r\n\r\n").await;
        assert_eq!(client.answer(false).await.map(|answer| answer.status), Some(405));
        let other = super::gate("", peer.address);
        let mut client = Client::connect(other.addresses[0]).await;
        client.send(PREFACE).await;
        assert_eq!(client.answer(false).await.map(|answer| answer.status), Some(505));
    });
}

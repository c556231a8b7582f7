//! Clients by TLS: what is spoken inside, what a handshake may cost, and that nothing else is different.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use h2::client::SendRequest;
use portcullis::proxy::Stop;
use rustls::{ClientConfig, HandshakeKind};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::HeldPeer;
use super::http2::{exchange, request};
use crate::support::authority::{Authority, Identity};
use crate::support::client::Client;
use crate::support::config::Written;
use crate::support::exposition::Exposition;
use crate::support::gate::LiveGate;
use crate::support::message::Ended;
use crate::support::peer::{Peer, Script, Then};
use crate::support::secure::{NAME, Secure, config, shake};
use crate::support::{PATIENCE, eventually, run};

const GET: &str = "GET /things HTTP/1.1\r\nHost: gate.test\r\n\r\n";

/// The API by TLS. `keys` are further ones of `[listener.public]`, in front of its address.
pub(super) fn written(keys: &str, limits: &str, identity: &Identity) -> Written {
    let mut written = super::written(limits);
    let tls = "tls = { certificate = \"cert.pem\", private_key = \"key.pem\" }";
    let keys = if keys.contains("tls = ") { keys.to_owned() } else { format!("{tls}\n{keys}") };
    written.config = written.config.replace("[listener.public]", &format!("[listener.public]\n{keys}"));
    written.config = written.config.replace("max_body = \"1 MiB\"", "max_body = \"8 MiB\"");
    written.files.insert("cert.pem".to_owned(), identity.pem.clone());
    written.files.insert("key.pem".to_owned(), identity.key_pem.clone());
    written
}

pub(super) fn start(written: &Written, upstream: SocketAddr) -> LiveGate {
    LiveGate::start(written, upstream).unwrap_or_else(|fault| panic!("{fault}"))
}

/// A gate by TLS, and who signed its certificate.
fn gate(keys: &str, limits: &str, upstream: SocketAddr) -> (LiveGate, Authority) {
    let authority = Authority::new();
    (start(&written(keys, limits, &authority.certify(NAME)), upstream), authority)
}

async fn connect(gate: &LiveGate, config: &Arc<ClientConfig>) -> Secure {
    Secure::connect(gate.addresses[0], config).await.expect("they come to terms")
}

async fn connect_h2(gate: &LiveGate, authority: &Authority) -> SendRequest<Bytes> {
    let stream = shake(gate.addresses[0], &config(authority, &["h2", "http/1.1"], None)).await.expect("terms");
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let (client, connection) = h2::client::handshake(stream).await.expect("it speaks HTTP/2");
    tokio::spawn(connection);
    client.ready().await.expect("it takes streams")
}

fn handshakes(gate: &LiveGate, result: &str) -> f64 {
    let labels = [("listener", "public"), ("result", result)];
    Exposition::parse(&gate.metrics()).value("portcullis_tls_handshakes_total", &labels)
}

#[test]
fn what_is_spoken_is_what_both_sides_offer() {
    run(async {
        let peer = Peer::start(vec![]).await;
        let (both, authority) = gate("", "", peer.address);
        let (old, old_authority) = gate("http2 = false", "", peer.address);
        for (gate, authority, offered, expected) in [
            (&both, &authority, &["h2", "http/1.1"][..], Some(&b"h2"[..])),
            (&both, &authority, &["http/1.1", "h2"], Some(b"h2")),
            (&both, &authority, &["http/1.1"], Some(b"http/1.1")),
            (&both, &authority, &[], None),
            (&old, &old_authority, &["h2", "http/1.1"], Some(b"http/1.1")),
        ] {
            let stream = shake(gate.addresses[0], &config(authority, offered, None)).await.expect("terms");
            assert_eq!(stream.get_ref().1.alpn_protocol(), expected, "{offered:?}");
            if expected != Some(b"h2") {
                let (status, ..) = Secure::over(stream).ask(GET).await.expect("it is answered");
                assert_eq!(status, 200, "{offered:?}");
            }
        }
        let mut client = connect_h2(&both, &authority).await;
        let (status, _, body) = exchange(&mut client, request("GET", "/things", &[]), b"").await.expect("an answer");
        assert_eq!((status.as_u16(), &body[..]), (200, &b"ok"[..]));
        for (gate, authority, offered) in [(&both, &authority, &["spdy/3"][..]), (&old, &old_authority, &["h2"])] {
            let error = shake(gate.addresses[0], &config(authority, offered, None)).await.expect_err("no terms");
            assert!(error.to_string().contains("NoApplicationProtocol"), "{error}");
            eventually("it is counted", async || handshakes(gate, "failed") == 1.0).await;
        }
        assert!(handshakes(&both, "ok") == 5.0 && handshakes(&both, "timeout") == 0.0);
    });
}

#[test]
fn both_versions_of_tls_are_spoken_and_the_preface_alone_is_not_http2() {
    run(async {
        let peer = Peer::start(vec![]).await;
        let (gate, authority) = gate("", "", peer.address);
        let http1 = config(&authority, &["http/1.1"], None);
        for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
            let mut roots = rustls::RootCertStore::empty();
            roots.add(authority.der.clone()).expect("it is an authority");
            let provider = Arc::new(rustls::crypto::ring::default_provider());
            let builder = ClientConfig::builder_with_provider(provider).with_protocol_versions(&[version]);
            let builder = builder.expect("ring has it").with_root_certificates(roots);
            let mut client = connect(&gate, &Arc::new(builder.with_no_client_auth())).await;
            assert_eq!(client.ask(GET).await.map(|(status, ..)| status), Some(200), "{version:?}");
        }
        // RFC 9113 §3.3: prior knowledge is for connections without TLS.
        let mut client = connect(&gate, &http1).await;
        let answer = client.ask("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.expect("it is answered");
        assert_eq!((answer.0, client.end().await.1), (505, Ended::ByClose));
    });
}

#[test]
fn the_upstream_learns_that_the_client_came_by_tls() {
    run(async {
        let peer = Peer::start(vec![]).await;
        let (gate, authority) = gate("", "", peer.address);
        let forged = "GET /things HTTP/1.1\r\nHost: gate.test\r\nX-Forwarded-Proto: http\r\n\r\n";
        connect(&gate, &config(&authority, &[], None)).await.ask(forged).await.expect("it is answered");
        let mut client = connect_h2(&gate, &authority).await;
        exchange(&mut client, request("GET", "/things", &[]), b"").await.expect("it is answered");
        let plain = super::gate("", peer.address);
        let mut client = plain.client().await;
        client.send(GET).await;
        client.answer(false).await.expect("it is answered");
        for (seen, scheme) in peer.requests().iter().zip(["https", "https", "http"]) {
            assert_eq!(seen.head.value("x-forwarded-proto").as_deref(), Some(scheme));
            let forwarded = seen.head.value("forwarded").unwrap_or_default();
            assert!(forwarded.ends_with(&format!(";proto={scheme}")), "{forwarded}");
        }
        assert_eq!(peer.requests().len(), 3);
    });
}

#[test]
fn large_bodies_go_both_ways_unchanged_in_both_versions() {
    run(async {
        let body: Vec<u8> = (0..3_000_000_u32).map(|at| b'a' + (at % 23) as u8).collect();
        let text = String::from_utf8(body.clone()).expect("it is ASCII");
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{text}", body.len());
        let peer = Peer::start(vec![Script::answering(&answer, Then::Keep)]).await;
        let (gate, authority) = gate("", "[limits]\nspool_above = \"1 MiB\"", peer.address);
        for path in ["/things", "/stream"] {
            let mut client = connect(&gate, &config(&authority, &[], None)).await;
            let head = format!(
                "POST {path} HTTP/1.1\r\nHost: gate.test\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n",
                body.len()
            );
            client.send([head.as_bytes(), &body].concat()).await;
            let (status, _, received, ended) = client.answer().await.expect("it is answered");
            assert_eq!((status, ended), (200, Ended::Whole));
            assert!(received == body, "{path}: {} bytes", received.len());
            let mut client = connect_h2(&gate, &authority).await;
            let asked = request("POST", path, &[("content-type", "text/plain")]);
            let (status, _, received) = exchange(&mut client, asked, &body).await.expect("it is answered");
            assert!(status == 200 && received == body, "{path}: {status}, {} bytes", received.len());
        }
        assert!(peer.requests().len() == 4 && peer.requests().iter().all(|seen| seen.body == body));
    });
}

#[test]
fn an_answer_streams_and_half_of_one_never_looks_whole() {
    run(async {
        let held = HeldPeer::holding("HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nfirst", "second").await;
        let (gate, authority) = gate("", "", held.address);
        let mut client = connect(&gate, &config(&authority, &[], None)).await;
        client.send(GET).await;
        assert_eq!(client.head().await.map(|(status, _)| status), Some(200));
        assert_eq!(client.some().await, b"first");
        held.release.send(()).expect("the peer waits");
        assert_eq!(client.some().await, b"second");
        // What ends with the connection has ended well only where TLS says so, too.
        let whole = Script::answering("HTTP/1.1 200 OK\r\n\r\nwhole", Then::Close);
        let cut = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n";
        let peer = Peer::start(vec![whole, Script::answering(cut, Then::Close)]).await;
        let (gate, authority) = self::gate("", "", peer.address);
        let old = "GET /things HTTP/1.0\r\nHost: gate.test\r\n\r\n";
        for (sent, expected) in [("whole", Ended::ByClose), ("hello", Ended::Reset)] {
            let mut client = connect(&gate, &config(&authority, &[], None)).await;
            let (_, _, body, ended) = client.ask(old).await.expect("its head comes");
            assert!(sent.as_bytes().starts_with(&body) && ended == expected, "{sent}: {body:?} {ended:?}");
        }
    });
}

#[test]
fn a_body_that_ends_with_the_connection_is_half_of_one() {
    run(async {
        let peer = Peer::start(vec![]).await;
        let (gate, authority) = gate("", "", peer.address);
        let begun = "POST /things HTTP/1.1\r\nHost: gate.test\r\nContent-Type: text/plain\r\n";
        for (turn, (framing, told)) in [
            ("Content-Length: 10\r\n\r\nhello", true),
            ("Content-Length: 10\r\n\r\nhello", false),
            ("Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", true),
            ("Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", false),
        ]
        .into_iter()
        .enumerate()
        {
            let mut stream = shake(gate.addresses[0], &config(&authority, &[], None)).await.expect("terms");
            stream.write_all(format!("{begun}{framing}").as_bytes()).await.expect("it takes");
            stream.flush().await.expect("it takes");
            match told {
                true => stream.shutdown().await.expect("it takes"),
                false => stream.get_mut().0.shutdown().await.expect("it takes"),
            }
            let lines = gate.lines(turn + 1).await;
            assert_eq!(lines[turn]["code"], "body_incomplete", "{framing:?} {told}: {}", lines[turn]);
        }
        assert_eq!(peer.requests().len(), 0);
    });
}

#[test]
fn who_has_said_all_is_answered_all_the_same() {
    run(async {
        let peer = Peer::start(vec![]).await;
        let (gate, authority) = gate("", "", peer.address);
        let mut client = connect(&gate, &config(&authority, &[], None)).await;
        client.send(GET).await;
        client.half_close().await;
        assert_eq!(client.answer().await.map(|(status, _, body, _)| (status, body)), Some((200, b"ok".to_vec())));
        assert_eq!(client.end().await, (Vec::new(), Ended::ByClose));
    });
}

#[test]
fn a_session_is_resumed_and_a_reload_that_changes_nothing_keeps_it() {
    run(async {
        let peer = Peer::start(vec![]).await;
        let authority = Authority::new();
        let written = written("", "", &authority.certify(NAME));
        let gate = start(&written, peer.address);
        let config = config(&authority, &["http/1.1"], None);
        let kind = async || {
            let stream = shake(gate.addresses[0], &config).await.expect("terms");
            let kind = stream.get_ref().1.handshake_kind();
            // Tickets come with the answer.
            assert!(Secure::over(stream).ask(GET).await.is_some_and(|(status, ..)| status == 200));
            kind
        };
        assert_eq!(kind().await, Some(HandshakeKind::Full));
        assert_eq!(kind().await, Some(HandshakeKind::Resumed));
        gate.server.reload(written.compile(&peer.address.to_string()).expect("it is sound")).expect("it binds");
        assert_eq!(kind().await, Some(HandshakeKind::Resumed));
    });
}

#[test]
fn a_renewed_certificate_is_shown_to_the_next_and_nobody_is_cut_off() {
    run(async {
        let peer = Peer::start(vec![]).await;
        let authority = Authority::new();
        let (first, second) = (authority.certify(NAME), authority.certify(NAME));
        let gate = start(&written("", "", &first), peer.address);
        let config = config(&authority, &[], None);
        let shown = async || {
            let stream = shake(gate.addresses[0], &config).await.expect("terms");
            stream.get_ref().1.peer_certificates().expect("it shows one")[0].clone()
        };
        let mut old = connect(&gate, &config).await;
        let mut old_h2 = connect_h2(&gate, &authority).await;
        assert_eq!(old.ask(GET).await.map(|(status, ..)| status), Some(200));
        assert_eq!(shown().await, first.der);
        let renewed = written("", "", &second).compile(&peer.address.to_string()).expect("it is sound");
        gate.server.reload(renewed).expect("it binds");
        assert_eq!(shown().await, second.der);
        assert_eq!(old.ask(GET).await.map(|(status, ..)| status), Some(200), "the old connection goes on");
        assert!(exchange(&mut old_h2, request("GET", "/things", &[]), b"").await.is_ok(), "and so does the other");
    });
}

#[test]
fn a_listener_that_turns_to_tls_keeps_its_door_and_its_connections() {
    run(async {
        let peer = Peer::start(vec![]).await;
        let gate = super::gate("", peer.address);
        let mut old = gate.client().await;
        old.send(GET).await;
        assert_eq!(old.answer(false).await.map(|answer| answer.status), Some(200));
        let authority = Authority::new();
        let secure = written("", "", &authority.certify(NAME)).compile(&peer.address.to_string()).expect("sound");
        gate.server.reload(secure).expect("it binds");
        let mut client = connect(&gate, &config(&authority, &[], None)).await;
        assert_eq!(client.ask(GET).await.map(|(status, ..)| status), Some(200));
        old.send(GET).await;
        assert_eq!(old.answer(false).await.map(|answer| answer.status), Some(200));
        gate.server.reload(super::written("").compile(&peer.address.to_string()).expect("sound")).expect("it binds");
        let mut back = gate.client().await;
        back.send(GET).await;
        assert_eq!(back.answer(false).await.map(|answer| answer.status), Some(200));
        assert_eq!(client.ask(GET).await.map(|(status, ..)| status), Some(200));
    });
}

#[test]
fn http_without_tls_is_told_so() {
    run(async {
        let peer = Peer::start(vec![]).await;
        let (gate, _) = gate("", "", peer.address);
        for asked in [GET, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "X"] {
            let mut client = Client::connect(gate.addresses[0]).await;
            client.send(asked).await;
            let answer = client.answer(false).await.expect("it is answered");
            assert_eq!((answer.status, answer.ended), (400, Ended::Whole));
            let problem: serde_json::Value = serde_json::from_slice(&answer.body).expect("it is JSON");
            assert_eq!(problem["detail"], "This port speaks TLS: ask https://");
            assert_eq!(client.end().await, (Vec::new(), Ended::ByClose));
        }
        assert!(handshakes(&gate, "failed") == 3.0 && handshakes(&gate, "ok") == 0.0);
        assert_eq!(peer.requests().len(), 0);
    });
}

#[test]
fn who_hangs_or_talks_nonsense_before_tls_stands_is_bounded_and_counted() {
    run(async {
        let peer = Peer::start(vec![]).await;
        let (gate, authority) = gate("", "[limits]\nhead_timeout = \"300ms\"\nmax_connections = 8", peer.address);
        let began = Instant::now();
        let hello = [&[22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3][..], &[0; 40]].concat();
        let mut hanging = Vec::new();
        for said in [&b""[..], &[22], &hello, b"", b"", b"", b"", b""] {
            let mut socket = TcpStream::connect(gate.addresses[0]).await.expect("it listens");
            socket.write_all(said).await.expect("it takes");
            hanging.push(socket);
        }
        // They hold all places that there are: who comes next comes in once they are gone.
        let mut client = connect(&gate, &config(&authority, &[], None)).await;
        assert_eq!(client.ask(GET).await.map(|answer| answer.0), Some(200));
        assert!((250..8000).contains(&began.elapsed().as_millis()), "{:?}", began.elapsed());
        drop(client);
        for mut socket in hanging {
            let mut heard = Vec::new();
            let ended = timeout(PATIENCE, socket.read_to_end(&mut heard)).await.expect("it ends");
            assert!(ended.is_err() || heard.is_empty(), "{heard:?}");
        }
        eventually("they ran out of time", async || handshakes(&gate, "timeout") == 8.0).await;
        // Garbage, and who goes in the middle of it.
        let mut socket = TcpStream::connect(gate.addresses[0]).await.expect("it listens");
        socket.write_all(&[7; 600]).await.expect("it takes");
        let mut heard = Vec::new();
        let _ = timeout(PATIENCE, socket.read_to_end(&mut heard)).await.expect("it ends");
        assert_eq!(heard.first(), Some(&21), "an alert: {heard:?}");
        drop(socket);
        let mut socket = TcpStream::connect(gate.addresses[0]).await.expect("it listens");
        socket.write_all(&hello).await.expect("it takes");
        drop(socket);
        drop(TcpStream::connect(gate.addresses[0]).await.expect("it listens"));
        eventually("both have failed", async || handshakes(&gate, "failed") == 2.0).await;
        let open = || Exposition::parse(&gate.metrics()).value("portcullis_connections", &[("listener", "public")]);
        eventually("nobody is left", async || open() == 0.0).await;
        assert_eq!(gate.lines(1).await.len(), 1, "none but one was a request");
    });
}

#[test]
fn a_gate_that_ends_says_so_to_who_idles_and_finishes_the_rest() {
    run(async {
        let held = HeldPeer::start().await;
        let (mut gate, authority) = gate("", "", held.address);
        let config = config(&authority, &[], None);
        let mut idle = connect(&gate, &config).await;
        assert_eq!(idle.ask("GET /no HTTP/1.1\r\nHost: gate.test\r\n\r\n").await.map(|answer| answer.0), Some(404));
        let mut idle_h2 = connect_h2(&gate, &authority).await;
        assert!(exchange(&mut idle_h2, request("GET", "/no", &[]), b"").await.is_ok());
        let mut busy = connect(&gate, &config).await;
        busy.send(GET).await;
        held.arrived.await.expect("it is with the peer");
        let mut undecided = TcpStream::connect(gate.addresses[0]).await.expect("it listens");
        undecided.write_all(&[22]).await.expect("it takes");
        gate.ask_to_stop();
        assert_eq!(idle.end().await, (Vec::new(), Ended::ByClose), "with a word of TLS");
        let _ = held.release.send(());
        let (status, _, body, ended) = busy.answer().await.expect("it is finished");
        assert_eq!((status, &body[..], ended), (200, &b"held"[..], Ended::Whole));
        assert_eq!(busy.end().await, (Vec::new(), Ended::ByClose));
        drop(idle_h2);
        assert_eq!(gate.ended().await, Stop::Drained);
    });
}

#[test]
fn an_idle_connection_is_told_goodbye() {
    run(async {
        let peer = Peer::start(vec![]).await;
        let (gate, authority) = gate("", "[limits]\nidle_timeout = \"200ms\"", peer.address);
        let mut client = connect(&gate, &config(&authority, &[], None)).await;
        assert_eq!(client.ask(GET).await.map(|answer| answer.0), Some(200));
        assert_eq!(client.end().await, (Vec::new(), Ended::ByClose));
        // Nobody has to say so to be let go.
        let mut client = connect(&gate, &config(&authority, &[], None)).await;
        client.half_close().await;
        let ended = timeout(Duration::from_secs(5), client.end()).await.expect("at once");
        assert_eq!(ended.0, Vec::<u8>::new());
    });
}

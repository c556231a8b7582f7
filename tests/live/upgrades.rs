//! Upgrades: a tunnel where an endpoint and the peer agree to one, and nowhere else.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::support::client::Client;
use crate::support::message::Ended;
use crate::support::peer::{Peer, Script, Then};
use crate::support::run;

const TUNNEL: &str = r#"
    [endpoint."/tunnel".GET]
    auth = "none"
    upgrade = ["websocket"]
"#;

const ASK: &str = "GET /tunnel HTTP/1.1\r\nHost: gate.test\r\nConnection: keep-alive, Upgrade\r\n\
                   Upgrade: WebSocket\r\nSec-WebSocket-Key: key\r\n\r\n";

const AGREE: &str = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                     Sec-WebSocket-Accept: accept\r\n\r\n";

/// A peer that agrees, says `welcome` at once and then everything it hears, in capitals.
async fn shouting() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port can be had");
    let address = listener.local_addr().expect("it is bound");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut heard, mut buffer) = (Vec::new(), vec![0; 65_536]);
                while !heard.ends_with(b"\r\n\r\n") {
                    heard.push(stream.read_u8().await.expect("a head comes"));
                }
                let head = String::from_utf8_lossy(&heard).to_lowercase();
                assert!(head.contains("connection: upgrade\r\n") && head.contains("upgrade: websocket\r\n"), "{head}");
                assert!(head.contains("sec-websocket-key: key\r\n"), "{head}");
                stream.write_all(format!("{AGREE}welcome").as_bytes()).await.expect("somebody listens");
                while let Ok(read @ 1..) = stream.read(&mut buffer).await {
                    buffer[..read].make_ascii_uppercase();
                    stream.write_all(&buffer[..read]).await.expect("somebody listens");
                }
            });
        }
    });
    address
}

#[test]
fn what_both_agree_to_passes_both_ways_unread() {
    run(async {
        let gate = super::gate(TUNNEL, shouting().await);
        let mut client = TcpStream::connect(gate.addresses[0]).await.expect("it listens");
        client.write_all(ASK.as_bytes()).await.expect("it takes");
        let mut heard = Vec::new();
        while !heard.ends_with(b"welcome") {
            heard.push(client.read_u8().await.expect("it goes on"));
        }
        let head = String::from_utf8_lossy(&heard).into_owned();
        assert!(head.starts_with("HTTP/1.1 101 ") && head.contains("\r\nSec-WebSocket-Accept: accept\r\n"), "{head}");
        assert!(head.contains("\r\nUpgrade: WebSocket\r\n") && head.contains("\r\nConnection: upgrade\r\n"), "{head}");
        // More than any buffer holds, said before anything is heard.
        let said = "\u{0}GET /things HTTP/1.1\r\n\r\n".repeat(200_000);
        let (mut hearing, mut saying) = client.into_split();
        let saying = tokio::spawn({
            let said = said.clone();
            async move {
                saying.write_all(said.as_bytes()).await.expect("it takes");
                saying.shutdown().await.expect("it takes an end");
            }
        });
        let mut heard = String::new();
        hearing.read_to_string(&mut heard).await.expect("it ends in good order");
        saying.await.expect("it does not panic");
        assert!(heard == said.to_uppercase(), "{} of {} bytes", heard.len(), said.len());
        let line = &gate.lines(1).await[0];
        assert_eq!((&line["end"], &line["status"]), (&"passed".into(), &101.into()), "{line}");
        let bytes = (line["request_bytes"].as_u64(), line["response_bytes"].as_u64());
        assert_eq!(bytes, (Some(said.len() as u64), Some(said.len() as u64 + 7)), "{line}");
    });
}

#[test]
fn a_request_with_a_body_asks_for_no_tunnel() {
    run(async {
        let peer =
            Peer::start(vec![Script::answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", Then::Keep)]).await;
        let gate = super::gate(&TUNNEL.replace("upgrade =", "body = \"any\"\n    upgrade ="), peer.address);
        for (field, body) in [("Content-Length: 5", "hello"), ("Transfer-Encoding: chunked", "5\r\nhello\r\n0\r\n\r\n")]
        {
            let mut client = gate.client().await;
            client.send(ASK.replace("\r\n\r\n", &format!("\r\n{field}\r\n\r\n{body}"))).await;
            assert_eq!(client.answer(false).await.map(|answer| answer.text()).as_deref(), Some("ok"));
        }
        for seen in peer.requests() {
            assert_eq!(
                (seen.head.value("upgrade"), seen.head.value("connection"), &seen.body[..]),
                (None, None, &b"hello"[..])
            );
        }
        assert_eq!(peer.requests().len(), 2);
    });
}

#[test]
fn a_tunnel_in_which_nothing_is_said_ends() {
    run(async {
        let gate = super::gate(&format!("{TUNNEL}\n[limits]\nidle_timeout = \"300ms\""), shouting().await);
        let mut client = Client::connect(gate.addresses[0]).await;
        client.send(ASK).await;
        let (heard, _) = client.end().await;
        assert!(heard.ends_with(b"welcome"));
        let line = &gate.lines(1).await[0];
        let cause = line["cause"].as_str().unwrap_or_default();
        assert_eq!((&line["end"], cause), (&"cut".into(), "nothing came through the tunnel for 300ms"), "{line}");
    });
}

#[test]
fn nothing_passes_that_was_not_asked_for_or_not_agreed_to() {
    run(async {
        let refusing = Script::answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno", Then::Keep);
        let other = Script::answering(&AGREE.replace("websocket", "other"), Then::Hang);
        let unasked = Script::answering(AGREE, Then::Hang);
        let peer = Peer::start(vec![refusing, other, unasked.clone(), unasked]).await;
        let gate = super::gate(TUNNEL, peer.address);
        // The peer may say no, and the connection goes on as one of HTTP.
        let mut client = gate.client().await;
        client.send(ASK).await;
        assert_eq!(client.answer(false).await.map(|answer| answer.text()).as_deref(), Some("no"));
        // It may not choose another protocol.
        client.send(ASK).await;
        assert_eq!(client.answer(false).await.map(|answer| answer.status), Some(502));
        // Nor agree to what nobody asked for: here the endpoint does not let it through,
        client.send(ASK.replace("/tunnel", "/things")).await;
        assert_eq!(client.answer(false).await.map(|answer| answer.status), Some(502));
        assert_eq!(peer.requests()[2].head.value("upgrade"), None);
        // and here the client did not say so to its own hop.
        client.send(ASK.replace(", Upgrade", "")).await;
        assert_eq!(client.answer(false).await.map(|answer| answer.status), Some(502));
        assert_eq!(peer.requests()[3].head.value("upgrade"), None);
        let (rest, ended) = {
            client.half_close().await;
            client.end().await
        };
        assert_eq!((rest.len(), ended), (0, Ended::ByClose));
    });
}

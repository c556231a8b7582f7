//! Signed requests on sockets: the same one from many sides at once, and bodies that are not those that were signed.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::task::JoinSet;

use super::http2::{exchange, request};
use crate::support::authority::Authority;
use crate::support::client::Client;
use crate::support::config::Written;
use crate::support::gate::LiveGate;
use crate::support::peer::Peer;
use crate::support::secure::{NAME, Secure, config, shake};
use crate::support::{run, signing};

const SECRET: &str = "a-secret-of-forty-characters-01234567890";
const CONFIG: &str = r#"
    [listener.public]
    address = "127.0.0.1:0"

    [upstream.api]
    peers = ["http://{upstream}"]

    [authenticator.machines]
    kind = "hmac"
    keys = "machines.toml"
    window = "1m"

    [guard]
    failures = "10000/s"
    burst = 10000

    [defaults]
    upstream = "api"
    auth = ["machines"]
    quotas = []
    max_body = "1 MiB"

    [limits]
    spool_above = "64 KiB"

    [endpoint."/things".GET]

    [endpoint."/things".POST]
    media_types = ["text/plain"]
"#;

fn written() -> Written {
    let principal = "[principal.acme]\nsecrets = { id = \"acme\", secret = \"${file:secret}\" }";
    let files = [("machines.toml", principal), ("secret", SECRET)].map(|(name, text)| (name.into(), text.into()));
    Written { config: CONFIG.to_owned(), files: BTreeMap::from(files) }
}

fn start(written: &Written, upstream: &Peer) -> LiveGate {
    LiveGate::start(written, upstream.address).unwrap_or_else(|fault| panic!("{fault}"))
}

fn gate(upstream: &Peer) -> LiveGate {
    start(&written(), upstream)
}

/// A signed head. `more` are further fields, each a line; the digest is of `body`.
fn head(method: &str, more: &str, body: Option<&[u8]>) -> String {
    let digest = body.map(signing::sha256_digest);
    let mut fields = vec![("Host", "gate.test")];
    fields.extend(digest.as_deref().map(|digest| ("Content-Digest", digest)));
    let covered = if body.is_some() { " \"content-digest\"" } else { "" };
    // Two requests that are alike within a second would have one signature.
    static NONCE: AtomicU64 = AtomicU64::new(0);
    let (now, nonce) = (signing::now(), NONCE.fetch_add(1, Ordering::Relaxed));
    let input =
        format!("(\"@method\" \"@authority\" \"@path\"{covered});created={now};keyid=\"acme\";nonce=\"{nonce}\"");
    let request = signing::Request { secure: false, method, target: "/things", fields: &fields };
    let signature = signing::signature(SECRET.as_bytes(), &signing::base(&request, &input));
    let lines: String = fields.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    format!(
        "{method} /things HTTP/1.1\r\n{lines}{more}Signature-Input: s={input}\r\nSignature: s=:{signature}:\r\n\r\n"
    )
}

#[test]
fn of_a_hundred_at_once_one_passes() {
    run(async {
        let peer = Peer::start(vec![]).await;
        let gate = gate(&peer);
        let request = head("GET", "", None);
        let mut asking = JoinSet::new();
        for _ in 0..100 {
            let (mut client, request) = (gate.client().await, request.clone());
            asking.spawn(async move {
                client.send(request).await;
                client.answer(false).await.map(|answer| answer.status)
            });
        }
        let mut answers = asking.join_all().await;
        answers.sort();
        assert_eq!(answers[0], Some(200));
        assert!(answers[1..].iter().all(|status| *status == Some(401)), "{answers:?}");
        assert_eq!(peer.requests().len(), 1);
        let lines = gate.lines(100).await;
        let replayed = lines.iter().filter(|line| line["cause"] == "signature: presented before").count();
        assert_eq!(replayed, 99);
    });
}

/// What comes of a body that is sent behind a head that was signed for another or the same.
async fn sent(client: &mut Client, head: &str, body: &[u8]) -> (u16, Option<String>) {
    client.send(head).await;
    if head.contains("Expect:") {
        let (status, _) = client.answer_head().await.expect("the body is asked for");
        assert_eq!(status, 100);
    }
    let answer = client.exchange(body, false).await.expect("it is answered");
    (answer.status, answer.code())
}

fn chunked(body: &[u8]) -> Vec<u8> {
    let mut framed: Vec<u8> = Vec::new();
    for chunk in body.chunks(10_000) {
        framed.extend([format!("{:x}\r\n", chunk.len()).as_bytes(), chunk, b"\r\n"].concat());
    }
    [framed, b"0\r\n\r\n".to_vec()].concat()
}

#[test]
fn another_body_never_reaches_the_upstream() {
    run(async {
        let peer = Peer::start(vec![]).await;
        let gate = gate(&peer);
        // In memory, and in a file.
        for size in [100, 300_000] {
            let signed: Vec<u8> = (0..size).map(|number| b'a' + (number % 26) as u8).collect();
            let mut other = signed.clone();
            *other.last_mut().expect("it has a last byte") ^= 1;
            let shorter = &signed[..size - 1];
            for body in [&other[..], shorter] {
                let length = format!("Content-Type: text/plain\r\nContent-Length: {}\r\n", body.len());
                let waits = format!("{length}Expect: 100-continue\r\n");
                let chunks = "Content-Type: text/plain\r\nTransfer-Encoding: chunked\r\n";
                for (fields, framed) in [(&*length, body.to_vec()), (&waits, body.to_vec()), (chunks, chunked(body))] {
                    let mut client = gate.client().await;
                    let answer = sent(&mut client, &head("POST", fields, Some(&signed)), &framed).await;
                    assert_eq!(answer, (400, Some("digest_mismatch".to_owned())), "{size} bytes, {fields}");
                }
            }
        }
        assert_eq!(peer.record(|record| (record.connections, record.heads)), (0, 0));
    });
}

#[test]
fn a_body_that_was_signed_goes_however_it_is_framed() {
    run(async {
        let peer = Peer::start(vec![]).await;
        let gate = gate(&peer);
        let mut client = gate.client().await;
        let mut expected = Vec::new();
        for size in [1, 2000, 300_000] {
            let body: Vec<u8> = (0..size).map(|number| b'a' + (number % 26) as u8).collect();
            let waits = format!("Content-Type: text/plain\r\nContent-Length: {size}\r\nExpect: 100-continue\r\n");
            let chunks = "Content-Type: text/plain\r\nTransfer-Encoding: chunked\r\n";
            for (fields, framed) in [(&*waits, body.clone()), (chunks, chunked(&body))] {
                let answer = sent(&mut client, &head("POST", fields, Some(&body)), &framed).await;
                assert_eq!(answer, (200, None), "{size} bytes, {fields}");
                expected.push(body.clone());
            }
        }
        let seen: Vec<Vec<u8>> = peer.requests().into_iter().map(|seen| seen.body).collect();
        assert!(seen == expected);
    });
}

#[test]
fn what_was_presented_outlives_a_connection_and_a_refusal() {
    run(async {
        let peer = Peer::start(vec![]).await;
        let gate = gate(&peer);
        // Refused by a later stage, and still presented.
        let head = head("POST", "Content-Type: image/png\r\nContent-Length: 2\r\n", Some(b"{}"));
        for (status, code) in [(415, "unsupported_media_type"), (401, "unauthenticated")] {
            let mut client = gate.client().await;
            assert_eq!(sent(&mut client, &head, b"{}").await, (status, Some(code.to_owned())));
        }
        assert_eq!(peer.requests().len(), 0);
    });
}

/// The fields of a signature that covers scheme, authority and target as one.
fn signed_target(secure: bool, nonce: u32) -> [(&'static str, String); 2] {
    let (now, covered) = (signing::now(), "(\"@method\" \"@authority\" \"@target-uri\")");
    let input = format!("{covered};created={now};keyid=\"acme\";nonce=\"{nonce}\"");
    let request = signing::Request { secure, method: "GET", target: "/things", fields: &[("host", NAME)] };
    let signature = signing::signature(SECRET.as_bytes(), &signing::base(&request, &input));
    [("signature-input", format!("s={input}")), ("signature", format!("s=:{signature}:"))]
}

#[test]
fn by_tls_a_target_is_signed_as_https_in_both_versions() {
    run(async {
        let peer = Peer::start(vec![]).await;
        let (authority, mut by_tls) = (Authority::new(), written());
        let identity = authority.certify(NAME);
        let tls = "[listener.public]\ntls = { certificate = \"cert.pem\", private_key = \"key.pem\" }";
        by_tls.config = by_tls.config.replace("[listener.public]", tls);
        by_tls.files.insert("cert.pem".to_owned(), identity.pem.clone());
        by_tls.files.insert("key.pem".to_owned(), identity.key_pem.clone());
        let gate = start(&by_tls, &peer);

        let one = config(&authority, &["http/1.1"], None);
        let mut client = Secure::connect(gate.addresses[0], &one).await.expect("they come to terms");
        for (secure, expected) in [(true, 200), (false, 401)] {
            let lines: String =
                signed_target(secure, 1).iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
            let request = format!("GET /things HTTP/1.1\r\nHost: {NAME}\r\n{lines}\r\n");
            let (status, ..) = client.ask(request).await.expect("it is answered");
            assert_eq!(status, expected, "signed as by TLS: {secure}");
        }

        let stream = shake(gate.addresses[0], &config(&authority, &["h2"], None)).await.expect("they come to terms");
        let (client, connection) = h2::client::handshake(stream).await.expect("it speaks HTTP/2");
        tokio::spawn(connection);
        let mut client = client.ready().await.expect("it takes streams");
        for (secure, expected) in [(true, 200), (false, 401)] {
            let fields = signed_target(secure, 2);
            let fields = fields.each_ref().map(|(name, value)| (*name, value.as_str()));
            let asked = request("GET", "/things", &fields);
            let (status, ..) = exchange(&mut client, asked, b"").await.expect("it is answered");
            assert_eq!(status.as_u16(), expected, "signed as by TLS: {secure}");
        }
    });
}

//! Requests that other implementations have signed, as they are and changed on their way, through the wire's reader
//! and `decide`: `generate/` tells where they come from.

use std::collections::BTreeMap;

use portcullis::http1::ParsedRequest;
use portcullis::limits::LocalLimits;
use portcullis::policy::connection::{Connection, TlsVersion};
use portcullis::policy::decide::decide;
use portcullis::policy::gateway::Gateway;
use portcullis::policy::rejection::Rejection;
use portcullis::policy::time::Timestamp;
use portcullis::policy::trail::Trail;
use serde::Deserialize;

use crate::support::config::Written;
use crate::support::corpus::hold;
use crate::support::signing::{self, Memory};

const CORPORA: [&str; 2] = [include_str!("python.json"), include_str!("node.json")];

const CONFIG: &str = r#"
[listener.public]
address = "127.0.0.1:0"

[upstream.api]
peers = ["http://127.0.0.1:9001"]

[authenticator.machines]
kind = "hmac"
keys = "machines.toml"

[defaults]
upstream = "api"
auth = ["machines"]
quotas = []

[endpoint."/things".GET]

[endpoint."/things".POST]
media_types = ["application/json"]

[endpoint."/thingz".GET]
"#;

const FILES: [(&str, &str); 4] = [
    (
        "machines.toml",
        r#"
        [principal.acme]
        secrets = [{ id = "acme-1", secret = "${file:1}" }, { id = "acme-2", secret = "${file:2}" }]
        [principal.globex]
        secrets = { id = "globex", secret = "${file:3}" }
        "#,
    ),
    ("1", "the-first-secret-of-acme-0123456789abcdef"),
    ("2", "base64:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="),
    ("3", "the-secret-of-globex-0123456789abcdefghi"),
];

#[derive(Deserialize)]
struct Corpus {
    /// Seconds since the epoch.
    now: u64,
    by: String,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    /// `pass`, a code, or a part of the cause; of the last time, where it is presented more often.
    verdict: String,
    /// Its bytes, each a character.
    request: String,
    times: Option<usize>,
}

fn gateway() -> Gateway {
    let files = FILES.map(|(name, text)| (name.to_owned(), text.to_owned()));
    let written = Written { config: CONFIG.to_owned(), files: BTreeMap::from(files) };
    written.compile("").unwrap_or_else(|faults| panic!("{faults}"))
}

#[test]
fn what_others_sign_is_judged_as_it_should_be() {
    let gateway = gateway();
    let mut cases = Vec::new();
    for corpus in CORPORA {
        let corpus: Corpus = serde_json::from_str(corpus).expect("a corpus is as it is generated");
        cases.extend(corpus.cases.into_iter().map(|case| (corpus.by.clone(), corpus.now, case)));
    }
    assert!(cases.len() >= 100, "{} cases are left", cases.len());
    let label = |(by, _, case): &(String, u64, Case)| format!("{by}: {}", case.name);
    hold(&cases, label, |(_, now, case)| judged(&gateway, case, Timestamp::from_seconds(*now)));
}

fn judged(gateway: &Gateway, case: &Case, now: Timestamp) -> Result<(), String> {
    let witness = Memory::default();
    let bytes: Vec<u8> = case.request.chars().map(|c| c as u8).collect();
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").expect("it has a head") + 4;
    let (head, body) = bytes.split_at(end);
    let times = case.times.unwrap_or(1);
    for time in 1..=times {
        let told = verdict(gateway, Connection::plain(0, [127, 0, 0, 1].into()), head, body, &witness, now);
        let expected = if time < times { "pass" } else { &case.verdict };
        if !told.contains(expected) || (told == "pass") != (expected == "pass") {
            return Err(format!("  expected {expected:?}, found {told:?}"));
        }
    }
    Ok(())
}

/// `pass`, or the code and the cause.
fn verdict(
    gateway: &Gateway,
    connection: Connection<'_>,
    head: &[u8],
    body: &[u8],
    witness: &Memory,
    now: Timestamp,
) -> String {
    let outcome = ParsedRequest::parse(head).map_err(Rejection::from).and_then(|parsed| {
        let (limits, mut trail) = (LocalLimits::default(), Trail::default());
        decide(gateway, connection, &parsed.view(), body, &limits, witness, now, &mut trail).map(|_| ())
    });
    match outcome {
        Ok(()) => "pass".to_owned(),
        Err(rejection) => format!("{}: {}", rejection.wire().code, rejection.internal().unwrap_or_default()),
    }
}

#[test]
fn what_is_signed_for_one_scheme_is_not_for_another() {
    let gateway = gateway();
    let plain = Connection::plain(0, [127, 0, 0, 1].into());
    let secure = Connection { tls: Some(TlsVersion::V1_3), ..plain };
    for (covered, host, by_scheme) in [
        ("\"@target-uri\"", "api.example.com", true),
        ("\"@path\" \"@scheme\"", "api.example.com", true),
        // Only one of the schemes has this port anyway.
        ("\"@path\"", "api.example.com:443", true),
        ("\"@path\"", "api.example.com:80", true),
        ("\"@path\"", "api.example.com:8443", false),
        ("\"@request-target\"", "api.example.com", false),
    ] {
        for signed_for in [plain, secure] {
            let head = signed(signed_for.tls.is_some(), covered, host);
            for connection in [plain, secure] {
                let holds = !by_scheme || connection.scheme() == signed_for.scheme();
                let expected = if holds { "pass" } else { "unauthenticated: signature: it does not verify" };
                let now = Timestamp::from_seconds(1_782_864_000);
                let found = verdict(&gateway, connection, head.as_bytes(), b"", &Memory::default(), now);
                let schemes = (signed_for.scheme(), connection.scheme());
                assert_eq!(found, expected, "{covered} of {host}, signed for and sent by {schemes:?}");
            }
        }
    }
}

fn signed(secure: bool, covered: &str, host: &str) -> String {
    let input = format!("(\"@method\" \"@authority\" {covered});created=1782864000;keyid=\"globex\"");
    let request = signing::Request { secure, method: "GET", target: "/things", fields: &[("Host", host)] };
    let signature = signing::signature(FILES[3].1.as_bytes(), &signing::base(&request, &input));
    format!("GET /things HTTP/1.1\r\nHost: {host}\r\nSignature-Input: s={input}\r\nSignature: s=:{signature}:\r\n\r\n")
}

//! Random and broken heads into the decision: it never panics, and what passes is one clean request.
//!
//! A short, deterministic version of the fuzz target of the head view.

use std::net::IpAddr;

use portcullis::http1::{Field, ParsedRequest, RequestHead, Version, is_token};
use portcullis::limits::LocalLimits;
use portcullis::policy::authenticate::NoWitness;
use portcullis::policy::connection::Connection;
use portcullis::policy::decide::decide;
use portcullis::policy::forward::{Forward, Hop};
use portcullis::policy::gateway::Gateway;
use portcullis::policy::time::Timestamp;
use portcullis::policy::trail::Trail;

use super::{KEY, written};
use crate::support::chance::Chance;

/// Enough for every branch to be met many times, within some seconds of an unoptimised build.
const HEADS: usize = 30_000;

#[test]
fn no_head_is_too_odd_to_judge() {
    let gateway = written().compile("127.0.0.1:9001").expect("it is sound");
    let limits = LocalLimits::default();
    let mut chance = Chance::seeded(11);
    let mut passed = 0;
    for turn in 0..HEADS {
        let bytes = mutated(&mut chance);
        let told = || format!("turn {turn}: {:?}", String::from_utf8_lossy(&bytes));
        // Later each time, so that the guard forgives.
        let now = Timestamp::from_seconds(60 * turn as u64);
        passed += usize::from(judged(&gateway, &limits, now, &bytes, &told));
    }
    assert!((HEADS / 50..HEADS / 2).contains(&passed), "{passed} of {HEADS} passed");
}

/// Judges the head that these bytes are, however badly; whether it passed.
fn judged(gateway: &Gateway, limits: &LocalLimits, now: Timestamp, bytes: &[u8], told: &dyn Fn() -> String) -> bool {
    let mut lines = bytes.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let mut words = lines.next().unwrap_or_default().splitn(3, |byte| *byte == b' ');
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let version = match words.next() {
        Some(b"HTTP/1.1") => Version::Http11,
        Some(b"HTTP/1.0") => Version::Http10,
        _ => Version::Other,
    };
    let fields: Vec<Field<'_>> = lines
        .filter(|line| !line.is_empty())
        .map(|line| {
            let colon = line.iter().position(|byte| *byte == b':').unwrap_or(line.len());
            Field { name: &line[..colon], value: line.get(colon + 1..).unwrap_or_default().trim_ascii() }
        })
        .collect();
    let request = RequestHead { method, target, version, fields: &fields, ended: false };
    let connection = Connection::plain(0, IpAddr::from([127, 0, 0, 1]));
    let mut trail = Trail::default();
    let decision = decide(gateway, connection, &request, b"", limits, &NoWitness, now, &mut trail);
    match decision {
        Ok(forward) => {
            one_clean_request(&forward, told);
            true
        }
        Err(rejection) => {
            let answer = gateway.face.answer(&rejection, "1");
            assert!((400..600).contains(&answer.status), "{}", told());
            for (name, value) in &answer.fields {
                let clean = is_token(name.as_bytes()) && !value.contains(['\r', '\n']);
                assert!(clean, "{name}: {value:?} {}", told());
            }
            false
        }
    }
}

/// Nothing that the upstream gets could be read as anything else.
fn one_clean_request(forward: &Forward<'_>, told: &dyn Fn() -> String) {
    let target = forward.target();
    let path = target.split('?').next().unwrap_or_default();
    let lower = path.to_ascii_lowercase();
    assert!(path.starts_with('/') && target.bytes().all(|byte| byte.is_ascii_graphic()), "{}", told());
    for hidden in ["//", ";", "\\", "#", "%2f", "%5c", "%00", "%2e", "%3b"] {
        assert!(!lower.contains(hidden), "{hidden} in {target}: {}", told());
    }
    assert!(path.split('/').all(|segment| segment != "." && segment != ".."), "{}", told());
    let hop = Hop {
        request_id: "1",
        trace: ("00000000000000000000000000000001", "0000000000000001"),
        peer_authority: "127.0.0.1:9001",
    };
    let mut head = bytes::BytesMut::new();
    forward.write_head(&hop, None, &mut head);
    let parsed = ParsedRequest::parse(&head).unwrap_or_else(|fault| panic!("{fault:?}: {}", told()));
    let fields = parsed.view().fields;
    for Field { name, value } in fields {
        let clean = value.iter().all(|byte| *byte == b'\t' || (*byte >= 0x20 && *byte != 0x7f));
        assert!(is_token(name) && clean, "{:?} {}", String::from_utf8_lossy(name), told());
        let plain = String::from_utf8_lossy(name).replace('_', "-").to_ascii_lowercase();
        let framing = ["content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer", "expect"];
        assert!(!framing.contains(&&*plain) && plain != "x-api-key", "{plain} {}", told());
    }
    for single in ["host", "x-forwarded-for", "x-forwarded-proto", "via", "forwarded", "x-request-id", "traceparent"] {
        let count = fields.iter().filter(|field| field.is(single)).count();
        assert_eq!(count, 1, "{single}: {}", told());
    }
}

const TARGETS: [&str; 8] = [
    "/customers",
    "/customers?limit=5",
    "/customers/12",
    "http://gate.test/customers/12?x",
    "/%63ustomers/%31",
    "/customers/./../%2e",
    "*",
    "/customers;a",
];

const LINES: [&str; 22] = [
    "Host: gate.test",
    KEY,
    "Content-Length: 0",
    "Content-Length: 5",
    "Transfer-Encoding: chunked",
    "Content-Type: application/json; charset=utf-8",
    "Content-Encoding: gzip",
    "Accept: application/json;q=0.5, */*;q=0",
    "Expect: 100-continue",
    "Connection: close, X-Hop, Via",
    "Connection: Host",
    "X-Forwarded-For: 1.2.3.4, [::1]:5",
    "Forwarded: for=\"[::1]\"",
    "Via: 1.1 a",
    "X-Request-Id: abc",
    "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    "X_Forwarded_For: 1.2.3.4",
    "Upgrade: h2c",
    "TE: trailers",
    "X-Very-Long-Name-Of-A-Field-That-Is-Longer-Than-Forty-Bytes: x",
    "Cookie: a=b; c=d",
    ": nameless",
];

/// A head put together by chance, and then damaged by chance, or not.
fn mutated(chance: &mut Chance) -> Vec<u8> {
    let method = chance.pick(&["GET", "GET", "GET", "HEAD", "DELETE", "OPTIONS", "get", "G(T"]);
    let version = chance.pick(&["HTTP/1.1", "HTTP/1.1", "HTTP/1.1", "HTTP/1.0", "HTTP/2.0", ""]);
    let mut head = format!("{method} {} {version}\r\nHost: gate.test\r\n{KEY}\r\n", chance.pick(&TARGETS));
    for _ in 0..chance.below(6) {
        head.push_str(chance.pick(&LINES));
        head.push_str("\r\n");
    }
    let mut bytes = head.into_bytes();
    for _ in 0..chance.below(4) {
        damage(&mut bytes, chance);
    }
    bytes
}

fn damage(bytes: &mut Vec<u8>, chance: &mut Chance) {
    let at = chance.below(bytes.len().max(1)).min(bytes.len());
    match chance.below(5) {
        0 => bytes.insert(at, chance.next() as u8),
        1 => {
            let odd = chance
                .pick(&["%2e", "%00", "%", ",", ";", "\t", " ", "\r", "\n", "\0", ":", "//", "_", "\"", "\u{e4}"]);
            bytes.splice(at..at, odd.bytes());
        }
        2 if at < bytes.len() => bytes[at] ^= 1 << chance.below(8),
        3 => bytes.truncate(at.max(1)),
        _ => {
            let end = (at + chance.below(20)).min(bytes.len());
            let again = bytes[at..end].to_vec();
            bytes.splice(at..at, again);
        }
    }
}

//! Any bytes as a request: a line with method, target and version, lines with a field each, an empty
//! line and the body. No rule of the wire's grammar is kept, so the stage `head` sees what a parser
//! would have caught, too. Whatever passes has one meaning for everybody behind the gate.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use portcullis::limits::LocalLimits;
use portcullis::policy::decide::decide;
use portcullis::policy::forward::{Forward, Hop};
use portcullis::policy::gateway::Gateway;
use portcullis::http1::{Field, ParsedRequest, RequestHead, Version};
use portcullis::policy::authenticate::NoWitness;
use portcullis::policy::connection::Connection;
use portcullis::policy::target::Target;
use portcullis::policy::time::Timestamp;
use portcullis::policy::trail::Trail;

static GATEWAY: LazyLock<Gateway> = LazyLock::new(portcullis_fuzz::small_gateway);

/// Fields that belong to one hop, or that only the gate may set.
const NEVER_FORWARDED: [&str; 9] = [
    "connection",
    "content-length",
    "transfer-encoding",
    "expect",
    "upgrade",
    "te",
    "x-api-key",
    "x-real-ip",
    "x-original-url",
];

fuzz_target!(|bytes: &[u8]| {
    let (head, body) = split_once(bytes, b"\n\n");
    let mut lines = head.split(|byte| *byte == b'\n');
    let mut words = lines.next().unwrap_or_default().split(|byte| *byte == b' ');
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let version = match words.next() {
        Some(b"HTTP/1.0") => Version::Http10,
        Some(b"HTTP/2") => Version::Http2,
        Some(b"HTTP/1.1") | None => Version::Http11,
        Some(_) => Version::Other,
    };
    let fields: Vec<Field<'_>> = lines
        .map(|line| {
            let (name, value) = split_once(line, b":");
            Field { name, value: value.trim_ascii() }
        })
        .collect();
    let request = RequestHead { method, target, version, fields: &fields, ended: false };
    let connection = Connection::plain(0, [127, 0, 0, 1].into());
    // A state of its own for each request: what passes must not depend on what came before.
    let (limits, mut trail) = (LocalLimits::new(64), Trail::default());
    match decide(&GATEWAY, connection, &request, body, &limits, &NoWitness, Timestamp::default(), &mut trail) {
        Ok(forward) => one_meaning(&forward),
        Err(rejection) => {
            let face = trail.endpoint.and_then(|endpoint| endpoint.face.as_deref()).unwrap_or(&GATEWAY.face);
            let answer = face.answer(&rejection, "fuzz");
            assert!((400..600).contains(&answer.status));
            for (name, value) in &answer.fields {
                assert!(value.bytes().all(|byte| byte >= 0x20 && byte != 0x7f), "{name} holds a control");
            }
            let _: serde_json::Value = serde_json::from_slice(&answer.body).expect("a problem is JSON");
        }
    }
});

fn one_meaning(forward: &Forward<'_>) {
    let target = forward.target();
    let again = Target::parse(target.as_bytes()).expect("what is forwarded would pass again");
    assert_eq!(again.origin_form(), target, "and is its own normal form");
    let hop = Hop { request_id: "fuzz", trace: ("00000000000000000000000000000001", "0000000000000001"), peer_authority: "127.0.0.1:9001" };
    let mut head = bytes::BytesMut::new();
    forward.write_head(&hop, None, &mut head);
    let parsed = ParsedRequest::parse(&head).expect("what is forwarded is a head");
    let fields = parsed.view().fields;
    let named = |name: &str| fields.iter().filter(|field| field.is(name)).count();
    assert_eq!(named("host"), 1);
    for name in NEVER_FORWARDED {
        assert_eq!(named(name), 0, "{name} is forwarded");
    }
    for Field { name, value } in fields {
        assert!(!name.is_empty() && name.iter().all(u8::is_ascii_graphic));
        assert!(value.iter().all(|byte| (*byte >= 0x20 || *byte == b'\t') && *byte != 0x7f));
    }
}

fn split_once<'a>(bytes: &'a [u8], at: &[u8]) -> (&'a [u8], &'a [u8]) {
    match bytes.windows(at.len()).position(|window| window == at) {
        Some(found) => (&bytes[..found], &bytes[found + at.len()..]),
        None => (bytes, b""),
    }
}

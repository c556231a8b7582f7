//! From a step to the bytes of its request.

use std::io::Write;

use super::case::{Sign, Step};
use crate::support::signing;
use crate::support::text::bytes;

/// The secret of most signatures.
const SECRET: &str = "the-first-secret-of-acme-0123456789abcdef";

/// A request as bytes, cut where its head ends.
#[derive(Clone, Debug)]
pub(super) struct Assembled {
    pub(super) method: String,
    pub(super) target: String,
    /// With its last empty line.
    pub(super) head: Vec<u8>,
    /// As framed on the wire.
    pub(super) tail: Vec<u8>,
    /// Without framing; none where the step is raw.
    pub(super) body: Option<Vec<u8>>,
    pub(super) expects_continue: bool,
}

/// Assembles a step's request. `now` is in seconds since the epoch.
pub(super) fn assemble(step: &Step, now: u64) -> Assembled {
    match (&step.raw, &step.request) {
        (Some(raw), None) => cut(bytes(raw)),
        (None, Some(line)) => structured(step, line, now),
        _ => panic!("a step has a request or raw bytes, one of them"),
    }
}

fn cut(raw: Vec<u8>) -> Assembled {
    let end = raw.windows(4).position(|window| window == b"\r\n\r\n").map_or(raw.len(), |at| at + 4);
    let (head, tail) = raw.split_at(end);
    let mut words = head.split(|byte| *byte == b' ' || *byte == b'\r');
    let mut word = || String::from_utf8_lossy(words.next().unwrap_or_default()).into_owned();
    let (method, target) = (word(), word());
    Assembled { method, target, head: head.to_vec(), tail: tail.to_vec(), body: None, expects_continue: false }
}

fn structured(step: &Step, line: &str, now: u64) -> Assembled {
    let line = String::from_utf8(bytes(line)).expect("odd bytes are for raw requests");
    let (method, rest) = line.split_once(' ').expect("METHOD TARGET");
    let (target, version) = match rest.rsplit_once(" HTTP/") {
        Some((target, version)) => (target, version),
        None => (rest, "1.1"),
    };
    let body = body(step);
    let mut head = format!("{method} {target} HTTP/{version}\r\n").into_bytes();
    let named = |name: &str| {
        step.headers.iter().any(|line| line.split(':').next().is_some_and(|known| known.eq_ignore_ascii_case(name)))
    };
    let mut field = |line: &[u8]| head.extend([line, b"\r\n"].concat());
    if !step.bare && !named("host") {
        field(b"Host: gate.test");
    }
    step.headers.iter().for_each(|line| field(&bytes(line)));
    if step.encode.is_some() && !named("content-encoding") {
        field(format!("Content-Encoding: {}", step.encode.as_deref().unwrap_or_default()).as_bytes());
    }
    match (step.chunked, named("content-length") || named("transfer-encoding")) {
        _ if step.bare => {}
        (_, true) => {}
        (Some(_), false) => field(b"Transfer-Encoding: chunked"),
        (None, false) if has_body(step) => field(format!("Content-Length: {}", body.len()).as_bytes()),
        (None, false) => {}
    }
    if let Some(sign) = &step.sign {
        signed(sign, method, target, &body, now, &mut head);
    }
    head.extend(b"\r\n");
    Assembled {
        method: method.to_owned(),
        target: target.to_owned(),
        head,
        tail: step.chunked.map_or_else(|| body.clone(), |most| chunks(&body, most)),
        body: Some(body),
        expects_continue: named("expect"),
    }
}

/// Adds the fields of a signature over what is there.
fn signed(sign: &Sign, method: &str, target: &str, body: &[u8], now: u64, head: &mut Vec<u8>) {
    if sign.digest {
        head.extend(format!("Content-Digest: {}\r\n", signing::sha256_digest(body)).into_bytes());
    }
    let text = String::from_utf8_lossy(head).into_owned();
    let fields: Vec<(&str, &str)> = text.lines().skip(1).filter_map(|line| line.split_once(':')).collect();
    let input = signing::with_time(&sign.input, now);
    let request = signing::Request { secure: false, method, target, fields: &fields };
    let mut base = signing::base(&request, &input);
    for line in &sign.instead {
        let (name, _) = line.split_once(": ").expect("\"NAME\": VALUE");
        let lines = base.lines().map(|own| if own.starts_with(&format!("{name}: ")) { line } else { own });
        base = lines.collect::<Vec<_>>().join("\n");
    }
    let (secret, label) = (sign.secret.as_deref().unwrap_or(SECRET), sign.label.as_deref().unwrap_or("sig1"));
    let signature = signing::signature(secret.as_bytes(), &base);
    head.extend(format!("Signature-Input: {label}={input}\r\nSignature: {label}=:{signature}:\r\n").into_bytes());
}

fn has_body(step: &Step) -> bool {
    step.body.is_some() || step.body_repeat.is_some()
}

fn body(step: &Step) -> Vec<u8> {
    let plain = match (&step.body, &step.body_repeat) {
        (Some(text), None) => bytes(text),
        (None, Some(repeat)) => bytes(&repeat.text).repeat(repeat.count),
        (None, None) => Vec::new(),
        (Some(_), Some(_)) => panic!("a step has one body"),
    };
    step.encode.as_deref().map_or(plain.clone(), |coding| encoded(&plain, coding))
}

/// The body in chunks of at most `most` bytes.
pub(super) fn chunks(body: &[u8], most: usize) -> Vec<u8> {
    let mut framed = Vec::new();
    for chunk in body.chunks(most.max(1)) {
        framed.extend(format!("{:x}\r\n", chunk.len()).into_bytes());
        framed.extend([chunk, b"\r\n"].concat());
    }
    framed.extend(b"0\r\n\r\n");
    framed
}

fn encoded(plain: &[u8], coding: &str) -> Vec<u8> {
    let written = match coding {
        "gzip" => {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
            encoder.write_all(plain).and_then(|()| encoder.finish())
        }
        "deflate" => {
            let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
            encoder.write_all(plain).and_then(|()| encoder.finish())
        }
        "br" => {
            let mut encoder = brotli::CompressorWriter::new(Vec::new(), 4096, 9, 22);
            encoder.write_all(plain).and_then(|()| encoder.flush()).map(|()| encoder.into_inner())
        }
        "zstd" => zstd::bulk::compress(plain, 3),
        other => panic!("no coding is called {other}"),
    };
    written.expect("memory takes all that is written")
}

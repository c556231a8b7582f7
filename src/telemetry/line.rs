//! A record as one line of JSON. The members and their meaning stand in docs/telemetry.md.
//!
//! Written by hand into a buffer that is at hand, because it happens once a request, and without `fmt`,
//! which would cost more than all the rest. Nothing of a body, of a query or of a credential is in it: of
//! what a client sent, the method, the path and the names in pointers.

use std::borrow::Cow;
use std::cell::RefCell;
use std::io::Write;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::record::{End, Record};
use crate::policy::rejection::Rejection;
use crate::policy::schema::Violation;
use crate::policy::stage::Stage;

/// No path is told at greater length.
const MAX_PATH: usize = 256;

/// A member's name as it stands behind another member: one copy, and of a length that the compiler knows.
macro_rules! key {
    ($name:literal) => {
        concat!(",\"", $name, "\":")
    };
}

/// The names of the stages' times, in their order.
const STAGES: [&str; Stage::ALL.len()] = [
    key!("head"),
    key!("route"),
    key!("access"),
    key!("guard"),
    key!("authenticate"),
    key!("rate_limit"),
    key!("authorize"),
    key!("media_type"),
    key!("params"),
    key!("body"),
    key!("schema"),
    key!("forward"),
];

thread_local! {
    /// The second that was told last, and its text.
    static SECOND: RefCell<(u64, String)> = const { RefCell::new((0, String::new())) };
}

/// Appends the line, with its end.
pub(super) fn write(line: &mut Vec<u8>, at: SystemTime, record: &Record<'_>) {
    let mut members = Object::open(line);
    members.moment(key!("time"), at);
    members.text(key!("id"), record.id);
    members.address(key!("client"), record.trail.client.unwrap_or(record.peer.to_canonical()));
    members.text(key!("listener"), record.listener);
    if let Some(version) = record.tls {
        members.text(key!("tls"), version.name());
    }
    if let Some(endpoint) = record.trail.endpoint {
        members.text(key!("endpoint"), &endpoint.template.text);
    }
    if !record.method.is_empty() {
        members.bytes(key!("method"), cut(record.method, 32));
        members.bytes(key!("path"), cut(path(record.target), MAX_PATH));
    }
    if let Some(caller) = &record.trail.caller {
        members.text(key!("principal"), caller.name());
        members.text(key!("by"), &caller.by().name);
    }
    members.text(key!("end"), record.end.name());
    if let Some(status) = record.end.status() {
        members.number(key!("status"), status.into());
    }
    match record.end {
        End::Passed { .. } => {}
        End::Refused { rejection, .. } => refusal(&mut members, rejection),
        End::Cut { cause, .. } => members.text(key!("cause"), cause),
    }
    quotas(&mut members, record);
    members.number(key!("request_bytes"), record.traffic.request_bytes);
    members.number(key!("response_bytes"), record.traffic.response_bytes);
    if let Some(upstream) = record.traffic.upstream {
        members.text(key!("upstream"), upstream);
    }
    if let Some(peer) = record.traffic.peer {
        members.socket(key!("peer"), peer);
    }
    times(&mut members, record);
    members.list(key!("would"), &record.trail.findings, refusal);
    members.close();
    line.push(b'\n');
}

/// Where it was refused, why, and what only an operator should read.
fn refusal(members: &mut Object<'_>, rejection: &Rejection) {
    let wire = rejection.wire();
    members.text(key!("stage"), wire.stage.name());
    members.text(key!("code"), wire.code);
    if let Some(cause) = rejection.internal() {
        members.text(key!("cause"), &cause);
    }
    members.list(key!("errors"), rejection.violations(), |members, violation: &Violation| {
        members.text(key!("pointer"), &violation.pointer);
        members.text(key!("keyword"), violation.keyword);
    });
}

fn quotas(members: &mut Object<'_>, record: &Record<'_>) {
    members.list(key!("quotas"), &record.trail.standings, |members, standing| {
        members.text(key!("policy"), &standing.rate.policy);
        members.number(key!("left"), standing.remaining);
    });
}

/// Microseconds, with one digit behind the point: most stages take less than one.
fn times(members: &mut Object<'_>, record: &Record<'_>) {
    members.object(key!("us"), |members| {
        members.time(key!("total"), record.total);
        members.time(key!("gate"), record.own());
        record.stages().for_each(|(stage, spent)| members.time(STAGES[stage as usize], spent));
        let traffic = record.traffic;
        let waits = [
            (key!("identify"), traffic.identifying),
            (key!("read"), traffic.reading),
            (key!("connect"), traffic.connecting),
            (key!("relay"), traffic.relaying),
        ];
        waits.into_iter().filter(|(_, spent)| !spent.is_zero()).for_each(|(key, spent)| members.time(key, spent));
    });
}

/// The path of a target, which need not be a good one. A query may hold what no log should, and so may a
/// fragment, and the authority of an absolute target (RFC 3986 §3.2.1: a password).
fn path(target: &[u8]) -> &[u8] {
    let target = target.split(|byte| matches!(byte, b'?' | b'#')).next().unwrap_or_default();
    let scheme = target.windows(3).position(|window| window == b"://");
    let behind = if target.starts_with(b"/") { target } else { &target[scheme.map_or(0, |at| at + 3)..] };
    behind.iter().position(|byte| *byte == b'/').map_or(&[], |slash| &behind[slash..])
}

fn cut(bytes: &[u8], most: usize) -> &[u8] {
    &bytes[..bytes.len().min(most)]
}

/// An object that is being written. Names are literals of ours and need no escaping.
struct Object<'a> {
    line: &'a mut Vec<u8>,
    empty: bool,
}

impl<'a> Object<'a> {
    fn open(line: &'a mut Vec<u8>) -> Self {
        line.push(b'{');
        Self { line, empty: true }
    }

    fn close(self) {
        self.line.push(b'}');
    }

    /// Begins a member. The first one has no comma before it.
    fn name(&mut self, key: &'static str) {
        let first = usize::from(std::mem::take(&mut self.empty));
        self.line.extend_from_slice(&key.as_bytes()[first..]);
    }

    fn text(&mut self, key: &'static str, text: &str) {
        self.name(key);
        // All of it is looked at, whatever is found: without a way out of the loop it is done by vectors.
        let plain = |byte: u8| (b' '..=b'~').contains(&byte) & (byte != b'"') & (byte != b'\\');
        if text.bytes().fold(true, |all, byte| all & plain(byte)) {
            self.line.push(b'"');
            self.line.extend_from_slice(text.as_bytes());
            self.line.push(b'"');
        } else {
            // Writing text to a vector does not fail.
            let _ = serde_json::to_writer(&mut *self.line, text);
        }
    }

    /// What a client sent, which may be no text.
    fn bytes(&mut self, key: &'static str, bytes: &[u8]) {
        let text: Cow<'_, str> = String::from_utf8_lossy(bytes);
        self.text(key, &text);
    }

    /// RFC 3339, in microseconds.
    fn moment(&mut self, key: &'static str, at: SystemTime) {
        self.name(key);
        let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
        self.line.push(b'"');
        SECOND.with_borrow_mut(|(second, text)| {
            if *second != since.as_secs() || text.is_empty() {
                let whole = UNIX_EPOCH + Duration::from_secs(since.as_secs());
                *second = since.as_secs();
                *text = humantime::format_rfc3339_seconds(whole).to_string();
            }
            self.line.extend_from_slice(text.trim_end_matches('Z').as_bytes());
        });
        // As many digits as behind every other point, whatever they are.
        let micros = 1_000_000 + since.subsec_micros();
        let point = self.line.len();
        self.digits(micros.into());
        self.line[point] = b'.';
        self.line.extend_from_slice(b"Z\"");
    }

    fn address(&mut self, key: &'static str, address: IpAddr) {
        self.name(key);
        self.line.push(b'"');
        self.push_address(address);
        self.line.push(b'"');
    }

    fn socket(&mut self, key: &'static str, socket: SocketAddr) {
        self.name(key);
        self.line.push(b'"');
        let bracket = socket.is_ipv6();
        self.line.extend_from_slice(if bracket { b"[" } else { b"" });
        self.push_address(socket.ip());
        self.line.extend_from_slice(if bracket { b"]:" } else { b":" });
        self.digits(socket.port().into());
        self.line.push(b'"');
    }

    fn push_address(&mut self, address: IpAddr) {
        match address {
            IpAddr::V4(address) => {
                let [first, rest @ ..] = address.octets();
                self.digits(first.into());
                for octet in rest {
                    self.line.push(b'.');
                    self.digits(octet.into());
                }
            }
            // RFC 5952 is better left to who knows it. Writing to a vector does not fail.
            IpAddr::V6(address) => drop(write!(self.line, "{address}")),
        }
    }

    fn number(&mut self, key: &'static str, value: u64) {
        self.name(key);
        self.digits(value);
    }

    fn digits(&mut self, value: u64) {
        self.line.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
    }

    fn time(&mut self, key: &'static str, time: Duration) {
        self.name(key);
        let tenths = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX) / 100;
        let mut digits = itoa::Buffer::new();
        let digits = digits.format(tenths).as_bytes();
        let (whole, tenth) = digits.split_at(digits.len() - 1);
        self.line.extend_from_slice(if whole.is_empty() { b"0" } else { whole });
        self.line.extend_from_slice(&[b'.', tenth[0]]);
    }

    fn object(&mut self, key: &'static str, fill: impl FnOnce(&mut Object<'_>)) {
        self.name(key);
        let mut inner = Object::open(self.line);
        fill(&mut inner);
        inner.close();
    }

    /// One object for each item; nothing where there are none.
    fn list<T>(&mut self, key: &'static str, items: &[T], fill: impl Fn(&mut Object<'_>, &T)) {
        if items.is_empty() {
            return;
        }
        self.name(key);
        self.line.push(b'[');
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                self.line.push(b',');
            }
            let mut object = Object::open(self.line);
            fill(&mut object, item);
            object.close();
        }
        self.line.push(b']');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Object<'_>)) -> String {
        let mut line = Vec::new();
        let mut members = Object::open(&mut line);
        write(&mut members);
        members.close();
        String::from_utf8(line).expect("it is JSON")
    }

    #[test]
    fn moments_have_six_digits_behind_the_point() {
        let at = |seconds, nanos| UNIX_EPOCH + Duration::new(seconds, nanos);
        for (moment, expected) in [
            (at(0, 0), "1970-01-01T00:00:00.000000Z"),
            (at(0, 999), "1970-01-01T00:00:00.000000Z"),
            (at(1_795_523_545, 7_000), "2026-11-24T12:32:25.000007Z"),
            (at(1_795_523_545, 999_999_999), "2026-11-24T12:32:25.999999Z"),
            (at(1_795_523_546, 120_000_000), "2026-11-24T12:32:26.120000Z"),
        ] {
            let line = written(|members| members.moment(key!("time"), moment));
            assert_eq!(line, format!("{{\"time\":\"{expected}\"}}"));
        }
    }

    #[test]
    fn addresses_and_times_read_as_everywhere() {
        for text in ["127.0.0.1:80", "[2001:db8::1]:443", "[::]:1"] {
            let socket: SocketAddr = text.parse().expect("an address");
            assert_eq!(written(|members| members.socket(key!("a"), socket)), format!("{{\"a\":\"{text}\"}}"));
            assert_eq!(
                written(|members| members.address(key!("a"), socket.ip())),
                format!("{{\"a\":\"{}\"}}", socket.ip())
            );
        }
        for (nanos, expected) in [(0, "0.0"), (99, "0.0"), (149, "0.1"), (12_345_678, "12345.6")] {
            let time = Duration::from_nanos(nanos);
            assert_eq!(written(|members| members.time(key!("a"), time)), format!("{{\"a\":{expected}}}"));
        }
    }

    #[test]
    fn what_a_client_sent_cannot_end_a_line_or_a_text() {
        let line = written(|members| members.bytes(key!("path"), b"/a\"},\n{\xff\x00"));
        let read: serde_json::Value = serde_json::from_str(&line).expect("it is JSON");
        assert_eq!(read["path"], "/a\"},\n{\u{fffd}\u{0}");
        assert!(!line.contains('\n'));
    }

    #[test]
    fn of_a_target_only_the_path_is_told() {
        for (target, told) in [
            ("/customers/17?key=secret", "/customers/17"),
            ("/a#secret?secret", "/a"),
            ("http://bob:secret@host/a?secret", "/a"),
            ("http://bob:secret@host?secret", ""),
            ("bob:secret@host:443", ""),
            ("//evil/a://b", "//evil/a://b"),
            ("*", ""),
            ("", ""),
        ] {
            assert_eq!(path(target.as_bytes()), told.as_bytes(), "{target}");
        }
    }

    #[test]
    fn each_stage_has_its_own_name() {
        for stage in Stage::ALL {
            assert_eq!(STAGES[stage as usize], format!(",\"{}\":", stage.name()));
        }
    }
}

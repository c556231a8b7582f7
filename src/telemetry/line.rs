//! A record as one line of JSON. The members and their meaning stand in docs/telemetry.md.
//!
//! Written by hand into a buffer that is at hand, because it happens once a request. Nothing of a body,
//! of a query or of a credential is in it: of what a client sent, the method, the path and the names in
//! pointers.

use std::borrow::Cow;
use std::fmt::Display;
use std::io::Write;
use std::time::{Duration, SystemTime};

use super::record::{End, Record};
use crate::policy::rejection::Rejection;
use crate::policy::schema::Violation;

/// No path is told at greater length.
const MAX_PATH: usize = 256;

/// Appends the line, with its end.
pub(super) fn write(line: &mut Vec<u8>, at: SystemTime, record: &Record<'_>) {
    let mut members = Object::open(line);
    members.text("time", &humantime::format_rfc3339_micros(at).to_string());
    members.text("id", record.id);
    members.plain("client", record.trail.client.unwrap_or(record.peer.to_canonical()));
    members.text("listener", record.listener);
    if let Some(endpoint) = record.trail.endpoint {
        members.text("endpoint", &endpoint.template.text);
    }
    if !record.method.is_empty() {
        members.bytes("method", cut(record.method, 32));
        members.bytes("path", cut(path(record.target), MAX_PATH));
    }
    if let Some(principal) = record.trail.principal {
        members.text("principal", &principal.name);
    }
    members.text("end", record.end.name());
    if let Some(status) = record.end.status() {
        members.number("status", status);
    }
    match record.end {
        End::Passed { .. } => {}
        End::Refused { rejection, .. } => refusal(&mut members, rejection),
        End::Cut { cause, .. } => members.text("cause", cause),
    }
    quotas(&mut members, record);
    members.number("request_bytes", record.traffic.request_bytes);
    members.number("response_bytes", record.traffic.response_bytes);
    if let Some((upstream, address)) = record.traffic.upstream {
        members.text("upstream", upstream);
        members.plain("peer", address);
    }
    times(&mut members, record);
    members.list("would", &record.trail.findings, refusal);
    members.close();
    line.push(b'\n');
}

/// Where it was refused, why, and what only an operator should read.
fn refusal(members: &mut Object<'_>, rejection: &Rejection) {
    let wire = rejection.wire();
    members.text("stage", wire.stage.name());
    members.text("code", wire.code);
    if let Some(cause) = rejection.internal() {
        members.text("cause", &cause);
    }
    members.list("errors", rejection.violations(), |members, violation: &Violation| {
        members.text("pointer", &violation.pointer);
        members.text("keyword", violation.keyword);
    });
}

fn quotas(members: &mut Object<'_>, record: &Record<'_>) {
    members.list("quotas", &record.trail.standings, |members, standing| {
        members.text("policy", &standing.rate.policy);
        members.number("left", standing.remaining);
    });
}

/// Microseconds, with one digit behind the point: most stages take less than one.
fn times(members: &mut Object<'_>, record: &Record<'_>) {
    members.object("us", |members| {
        members.time("total", record.total);
        members.time("gate", record.own());
        record.stages().for_each(|(stage, spent)| members.time(stage.name(), spent));
        let traffic = record.traffic;
        let waits = [("read", traffic.reading), ("connect", traffic.connecting), ("relay", traffic.relaying)];
        waits.into_iter().filter(|(_, spent)| !spent.is_zero()).for_each(|(name, spent)| members.time(name, spent));
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

    fn name(&mut self, name: &str) {
        if !std::mem::take(&mut self.empty) {
            self.line.push(b',');
        }
        self.line.push(b'"');
        self.line.extend_from_slice(name.as_bytes());
        self.line.extend_from_slice(b"\":");
    }

    fn text(&mut self, name: &str, text: &str) {
        self.name(name);
        if text.bytes().all(|byte| (b' '..=b'~').contains(&byte) && byte != b'"' && byte != b'\\') {
            self.line.push(b'"');
            self.line.extend_from_slice(text.as_bytes());
            self.line.push(b'"');
        } else {
            // Writing text to a vector does not fail.
            let _ = serde_json::to_writer(&mut *self.line, text);
        }
    }

    /// What a client sent, which may be no text.
    fn bytes(&mut self, name: &str, bytes: &[u8]) {
        let text: Cow<'_, str> = String::from_utf8_lossy(bytes);
        self.text(name, &text);
    }

    /// What never needs escaping, in quotes.
    fn plain(&mut self, name: &str, value: impl Display) {
        self.name(name);
        let _ = write!(self.line, "\"{value}\"");
    }

    fn number(&mut self, name: &str, value: impl Display) {
        self.name(name);
        let _ = write!(self.line, "{value}");
    }

    fn time(&mut self, name: &str, time: Duration) {
        self.name(name);
        let tenths = time.as_nanos() / 100;
        let _ = write!(self.line, "{}.{}", tenths / 10, tenths % 10);
    }

    fn object(&mut self, name: &str, fill: impl FnOnce(&mut Object<'_>)) {
        self.name(name);
        let mut inner = Object::open(self.line);
        fill(&mut inner);
        inner.close();
    }

    /// One object for each item; nothing where there are none.
    fn list<T>(&mut self, name: &str, items: &[T], fill: impl Fn(&mut Object<'_>, &T)) {
        if items.is_empty() {
            return;
        }
        self.name(name);
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
}

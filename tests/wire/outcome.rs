//! What came of some bytes, in the same words whichever runner fed them, and how that is held against a case.

use std::fmt;

use super::case::{End, Request, Response, Turn};
use super::rules::forwarded_head;
use crate::support::corpus::Differences;
use crate::support::text::bytes;

/// How a case's bytes are fed: cut at these places.
#[derive(Clone, Debug)]
pub(super) struct Pieces(Vec<usize>);

impl Pieces {
    pub(super) fn whole() -> Self {
        Self(Vec::new())
    }

    pub(super) fn two(cut: usize) -> Self {
        Self(vec![cut])
    }

    pub(super) fn bytewise(length: usize) -> Self {
        Self((1..length).collect())
    }

    pub(super) fn of<'r>(&self, raw: &'r [u8]) -> Vec<&'r [u8]> {
        let ends = self.0.iter().copied().chain([raw.len()]);
        let mut start = 0;
        ends.map(|end| &raw[std::mem::replace(&mut start, end)..end]).collect()
    }
}

impl fmt::Display for Pieces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0[..] {
            [] => f.write_str("in one piece"),
            [cut] => write!(f, "cut at {cut}"),
            _ => f.write_str("byte by byte"),
        }
    }
}

/// What came of one request.
#[derive(Clone, Debug)]
pub(super) enum Came {
    /// It was forwarded, so.
    Forwarded { head: Shown, body: Shown },
    /// It was refused.
    Refused {
        status: u16,
        /// None where the answer does not tell it.
        told: Option<(String, String)>,
    },
}

/// What came of all that a client sent.
#[derive(Clone, Debug)]
pub(super) struct Requests {
    pub(super) came: Vec<Came>,
    pub(super) end: End,
}

/// What came of all that a peer answered.
#[derive(Clone, Debug, Default)]
pub(super) struct Answered {
    pub(super) interim: Vec<u16>,
    pub(super) last: Last,
    /// Whether the peer is asked again on the same connection.
    pub(super) reused: bool,
}

#[derive(Clone, Debug)]
pub(super) enum Last {
    /// It was passed on.
    Passed {
        /// `STATUS REASON`.
        status: String,
        /// All of them; none where the runner does not know which go on.
        fields: Option<Vec<Shown>>,
        body: Shown,
    },
    /// Nothing was, for this cause.
    Broken(String),
    /// Part of it was.
    Aborted { cause: String, body: Shown },
}

impl Default for Last {
    fn default() -> Self {
        Self::Broken("nothing came".to_owned())
    }
}

/// Holds what came of a client's bytes against the case. `peer` is whom the gate asks.
pub(super) fn judge_requests(case: &Request, peer: &str, found: &Requests) -> Result<(), String> {
    let mut differences = Differences::default();
    for (index, turn) in case.turns.iter().enumerate() {
        match found.came.get(index) {
            Some(came) => judge_turn(turn, index, peer, came, &mut differences),
            None => differences.add(&format!("turn {}", index + 1), turn, "nothing came"),
        }
    }
    if let Some(beyond) = found.came.get(case.turns.len()..).filter(|beyond| !beyond.is_empty()) {
        differences.add("turns", case.turns.len(), beyond);
    }
    differences.equal("the connection", case.end, found.end);
    differences.told()
}

fn judge_turn(turn: &Turn, index: usize, peer: &str, came: &Came, differences: &mut Differences) {
    let of = |what: &str| format!("turn {}, {what}", index + 1);
    match (came, &turn.passes, &turn.refused) {
        (Came::Forwarded { head, body }, Some(passes), _) => {
            let expected = forwarded_head(turn, passes, peer);
            differences.equal(&of("the head forwarded"), &shown(&expected), head);
            differences.equal(&of("the body forwarded"), &shown(&bytes(&turn.body)), body);
        }
        (Came::Refused { status, told }, _, Some(refused)) => {
            let (code, detail) = refused.split_once(": ").unwrap_or_else(|| panic!("STATUS CODE: detail, {refused}"));
            let (wanted, code) = code.split_once(' ').unwrap_or_else(|| panic!("STATUS CODE: detail, {refused}"));
            differences.equal(&of("the status"), wanted, &status.to_string());
            let fits = told.as_ref().is_none_or(|told| told.0 == code && told.1.contains(detail));
            if !fits || (told.is_none() && !turn.is_to_head()) {
                differences.add(&of("the refusal"), refused, told);
            }
        }
        _ => differences.add(&of("the outcome"), turn, came),
    }
}

/// Holds what came of a peer's bytes against the case.
pub(super) fn judge_answer(case: &Response, found: &Answered) -> Result<(), String> {
    let (wanted, mut differences) = (&case.wanted, Differences::default());
    differences.equal("interim answers", &wanted.interim, &found.interim);
    let body = bytes(&wanted.body);
    let mut part = |cause: &Option<String>, found: &str| {
        if !cause.as_ref().is_some_and(|cause| found.contains(cause)) {
            differences.add("the cause", cause, found);
        }
    };
    match &found.last {
        Last::Broken(cause) if wanted.broken.is_some() => part(&wanted.broken, cause),
        Last::Aborted { cause, body: beginning } if wanted.aborted.is_some() => {
            part(&wanted.aborted, cause);
            let body = shown(&body);
            if !body.0.is_empty() && !body.0.starts_with(&beginning.0) {
                differences.add("the beginning of the body", &body, beginning);
            }
        }
        Last::Passed { status, fields, body: passed } if wanted.passes.is_some() => {
            differences.equal("the status", wanted.passes.as_ref(), Some(status));
            if let Some(fields) = fields {
                let expected = wanted.fields.iter().map(|field| shown(&bytes(field))).collect();
                differences.equal("the fields", &expected, fields);
            }
            differences.equal("the body", &shown(&body), passed);
            let reused = !wanted.not_reused && wanted.then == crate::support::peer::Then::Keep;
            differences.equal("whether the peer's connection is used again", reused, found.reused);
        }
        other => differences.add("the outcome", wanted, other),
    }
    if wanted.passes.is_none() {
        differences.equal("whether the peer's connection is used again", false, found.reused);
    }
    differences.told()
}

/// What is longer is not printed whole.
const LEGIBLE: usize = 1200;

/// Bytes as text in which each can be told, and which a failure prints as it is.
#[derive(Clone, PartialEq)]
pub(super) struct Shown(String);

pub(super) fn shown(bytes: &[u8]) -> Shown {
    Shown(bytes.escape_ascii().to_string())
}

impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.get(..LEGIBLE) {
            Some(beginning) => write!(f, "{beginning}… ({} in all)", self.0.len()),
            None => f.write_str(&self.0),
        }
    }
}

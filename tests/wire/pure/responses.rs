//! A peer's bytes, as an exchange takes them up to the end of its final answer; only the waiting is left out.

use portcullis::http1::{Body, Ending, HeadFault, HeadLimits, ResponseHead, Scan};

use super::Source;
use crate::support::peer::Then;
use crate::wire::case::{Asked, Wanted};
use crate::wire::outcome::{Answered, Last, shown};

/// What the head of an answer may take.
const LIMITS: HeadLimits = HeadLimits { bytes: 64 << 10, first_line_bytes: 8 << 10 };

/// Interim answers of one exchange.
const MAX_INTERIM: usize = 16;

/// As the log says it.
const CLOSED: &str = "the peer closed the connection before its time";

/// What comes of all that comes.
pub(super) fn answered(wanted: &Wanted, mut source: Source<'_>) -> Answered {
    let mut answered = Answered::default();
    for _ in 0..=MAX_INTERIM {
        let head = match head(&mut source) {
            Ok(head) => head,
            Err(cause) => return Answered { last: Last::Broken(cause), ..answered },
        };
        let head = match ResponseHead::parse(&head) {
            Ok(head) => head,
            Err(fault) => return Answered { last: Last::Broken(fault.to_string()), ..answered },
        };
        match head.status {
            100 => {}
            101 => return Answered { last: Last::Broken("an upgrade that nobody asked for".to_owned()), ..answered },
            // RFC 9110 §15.2: not to a client of 1.0.
            102..=199 if matches!(wanted.asked, Asked::Old | Asked::OldKept) => {}
            102..=199 => answered.interim.push(head.status),
            _ => return last(wanted, &head, source, answered),
        }
    }
    Answered { last: Last::Broken("interim answers without end".to_owned()), ..answered }
}

fn head(source: &mut Source<'_>) -> Result<Vec<u8>, String> {
    let mut scan = Scan::default();
    loop {
        // What speaks another protocol may never end a line.
        if !source.held.iter().zip(b"HTTP/").all(|(byte, expected)| byte == expected) {
            return Err(HeadFault::StartLine.message().to_owned());
        }
        match scan.head_end(&source.held, &LIMITS) {
            Ok(Some(end)) => return Ok(source.take(end)),
            Ok(None) if source.more() => {}
            Ok(None) => return Err(CLOSED.to_owned()),
            Err(portcullis::http1::RequestFault::Malformed(fault)) => return Err(fault.message().to_owned()),
            Err(portcullis::http1::RequestFault::TargetTooLong) => {
                return Err(HeadFault::StartLine.message().to_owned());
            }
            Err(_) => return Err(portcullis::http1::ResponseFault::TooLarge.to_string()),
        }
    }
}

fn last(wanted: &Wanted, head: &ResponseHead<'_>, mut source: Source<'_>, answered: Answered) -> Answered {
    let ending = match head.ending(wanted.asked == Asked::Head) {
        Ok(ending) => ending,
        Err(fault) => return Answered { last: Last::Broken(fault.message().to_owned()), ..answered },
    };
    let (mut reader, mut body) = (Body::of_response(ending), Vec::new());
    while !reader.is_done() {
        let step = match reader.decode(&mut source.held) {
            Ok(step) => step,
            Err(fault) => {
                return Answered { last: Last::Aborted { cause: fault.to_string(), body: shown(&body) }, ..answered };
            }
        };
        body.extend_from_slice(&source.take(step.taken)[..step.data]);
        // What is wrong behind the data shows with the next step.
        if !step.done && step.data == 0 && !source.more() {
            if wanted.then == Then::Close && reader.ends_with_connection() {
                break;
            }
            return Answered { last: Last::Aborted { cause: CLOSED.to_owned(), body: shown(&body) }, ..answered };
        }
    }
    let status = format!("{} {}", head.status, head.reason);
    let reused = head.persists() && ending != Ending::UntilClose && source.is_empty() && wanted.then == Then::Keep;
    Answered { last: Last::Passed { status, fields: None, body: shown(&body) }, reused, ..answered }
}

//! A peer's bytes on a socket, and what its client sees of them. Behind them the gate is asked once more, which
//! shows whether it uses the peer's connection on, and that nothing that came before is taken for the answer.

use std::fmt::Write as _;

use serde_json::Value;

use crate::support::client::{Answer, Client};
use crate::support::corpus::Differences;
use crate::support::eventually;
use crate::support::gate::LiveGate;
use crate::support::message::Ended;
use crate::support::peer::{Peer, Script, Then};
use crate::wire::case::{Asked, Response, Wanted};
use crate::wire::outcome::{Answered, Last, Pieces, judge_answer, shown};
use crate::wire::rules::written;

/// Ends its connection, so that each way begins with a fresh one.
const NEXT: &str = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 8\r\n\r\nthe next";

/// What only the gate sends.
const PROBLEM: &str = "application/problem+json";

/// Feeds a case in each of these ways to one gate.
pub(super) async fn run(case: &Response, ways: &[Pieces]) -> Result<(), String> {
    let both = |pieces: &Pieces| {
        let answer = pieces.of(&case.raw).into_iter().map(written_out).collect();
        let first = Script { answer, then: case.wanted.then, ..Script::default() };
        [first, Script::answering(NEXT, Then::Close)]
    };
    let peer = Peer::start(ways.iter().flat_map(both).collect()).await;
    let gate = LiveGate::start(&written(false), peer.address)?;
    let mut conversation = Conversation { case, peer: &peer, gate: &gate, told: 0 };
    for pieces in ways {
        conversation.take().await.map_err(|differences| format!("  on a socket, {pieces}\n{differences}"))?;
    }
    Ok(())
}

struct Conversation<'a> {
    case: &'a Response,
    peer: &'a Peer,
    gate: &'a LiveGate,
    /// Lines of the access log so far.
    told: usize,
}

impl Conversation<'_> {
    async fn take(&mut self) -> Result<(), String> {
        let Self { case, peer, gate, .. } = *self;
        let (answered, connections) = (peer.answered(), peer.record(|record| record.connections));
        let mut client = gate.client().await;
        client.send(request("/first", case.wanted.asked)).await;
        let answer = client.answer(case.wanted.asked == Asked::Head).await;
        if case.wanted.then == Then::Keep && case.wanted.passes.is_some() {
            // All of it, so that what comes behind the answer is there when the connection would be used on.
            eventually("the peer has answered", || async { peer.answered() > answered }).await;
        }
        let line = self.line().await;
        let (interim, last) = seen(&case.wanted, answer.as_ref(), line["cause"].as_str().unwrap_or_default());
        let mut differences = Differences::default();
        if connection(case, &last, answer.as_ref(), &mut client, &mut differences).await {
            self.line().await;
        }
        let mut other = gate.client().await;
        other.send(request("/next", Asked::Get)).await;
        let next = other.answer(false).await;
        differences.equal("the next answer", Some("the next".to_owned()), next.as_ref().map(Answer::text));
        self.line().await;
        let reused = peer.record(|record| record.connections) == connections + 1;
        judge_answer(case, &Answered { interim, last, reused })?;
        differences.told()
    }

    /// The next line of the access log.
    async fn line(&mut self) -> Value {
        self.told += 1;
        self.gate.lines(self.told).await.swap_remove(self.told - 1)
    }
}

/// Bytes as a script has them.
fn written_out(bytes: &[u8]) -> String {
    let mut digits = String::from("{x:");
    bytes.iter().for_each(|byte| write!(digits, "{byte:02x}").expect("a string takes all that is written"));
    digits + "}"
}

fn request(path: &str, asked: Asked) -> String {
    match asked {
        Asked::Get => format!("GET {path} HTTP/1.1\r\nHost: gate.test\r\n\r\n"),
        Asked::Head => format!("HEAD {path} HTTP/1.1\r\nHost: gate.test\r\n\r\n"),
        Asked::Old => format!("GET {path} HTTP/1.0\r\n\r\n"),
        Asked::OldKept => format!("GET {path} HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"),
    }
}

/// What the client sees.
fn seen(wanted: &Wanted, answer: Option<&Answer>, cause: &str) -> (Vec<u16>, Last) {
    let cause = cause.to_owned();
    let Some(answer) = answer else { return (Vec::new(), Last::Aborted { cause, body: shown(b"") }) };
    let body = shown(&answer.body);
    let last = match answer.ended {
        Ended::Cut | Ended::Reset => Last::Aborted { cause, body },
        // To HEAD, its type is all there is of the problem.
        Ended::Whole | Ended::ByClose if answer.head.value("content-type").as_deref() == Some(PROBLEM) => {
            Last::Broken(cause)
        }
        Ended::Whole | Ended::ByClose => {
            let status = answer.head.start.strip_prefix("HTTP/1.1 ").unwrap_or_default().to_owned();
            let line = |(name, value): &(String, Vec<u8>)| shown(&[name.as_bytes(), b": ", value].concat());
            // The gate gives a date to what has none.
            let dated = wanted.fields.iter().any(|field| field.starts_with("Date:"));
            let theirs = answer.head.fields.iter().filter(|(name, _)| dated || name != "Date");
            Last::Passed { status, fields: Some(theirs.map(line).collect()), body }
        }
    };
    (answer.interim.clone(), last)
}

/// The client's connection goes on, but for where its answer was cut off or it is of 1.0. Whether it was asked.
async fn connection(
    case: &Response,
    last: &Last,
    answer: Option<&Answer>,
    client: &mut Client,
    differences: &mut Differences,
) -> bool {
    let says_close = answer.and_then(|answer| answer.head.value("connection")).is_some_and(|value| value == "close");
    let expected = case.wanted.aborted.is_none() && !says_close;
    if matches!(last, Last::Aborted { .. }) || says_close {
        let (rest, _) = client.end().await;
        differences.equal("bytes behind the answer", 0, rest.len());
        return false;
    }
    client.send("PROBE /probe HTTP/1.1\r\nHost: gate.test\r\n\r\n").await;
    let goes_on = client.answer(false).await.is_some_and(|answer| answer.status == 405);
    differences.equal("whether the client's connection goes on", expected, goes_on);
    goes_on
}

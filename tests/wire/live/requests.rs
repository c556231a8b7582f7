//! A client's bytes on a socket. What the peer got is read off its wire by a reader of its own: whole messages,
//! and not a byte beside them.

use crate::support::client::{Answer, Client};
use crate::support::corpus::Differences;
use crate::support::gate::LiveGate;
use crate::support::message::Ended;
use crate::support::others_turn;
use crate::support::peer::{Peer, Script, Then};
use crate::wire::case::{End, Request};
use crate::wire::outcome::{Came, Pieces, Requests, judge_requests, shown};
use crate::wire::rules::{without_chance, written};

/// Is refused by its method, and keeps its connection.
const PROBE: &str = "PROBE /probe HTTP/1.1\r\nHost: gate.test\r\n\r\n";

/// More than any case has requests, in all ways that it is fed.
const ANSWERS: usize = 100;

/// Feeds a case in each of these ways to one gate.
pub(super) async fn run(case: &Request, ways: &[Pieces]) -> Result<(), String> {
    let peer = Peer::start((0..ANSWERS).map(numbered).collect()).await;
    let gate = LiveGate::start(&written(false), peer.address)?;
    let mut conversation = Conversation { case, peer: &peer, gate: &gate, forwarded: 0 };
    for pieces in ways {
        conversation.take(pieces).await.map_err(|differences| format!("  on a socket, {pieces}\n{differences}"))?;
    }
    Ok(())
}

/// The peer's answer to the request of this number, by which it can be told from all others.
fn numbered(number: usize) -> Script {
    let body = format!("answer {number}");
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    Script::answering(&answer, Then::Keep)
}

struct Conversation<'a> {
    case: &'a Request,
    peer: &'a Peer,
    gate: &'a LiveGate,
    /// Requests that the peer has got so far.
    forwarded: usize,
}

impl Conversation<'_> {
    async fn take(&mut self, pieces: &Pieces) -> Result<(), String> {
        let mut client = self.gate.client().await;
        for piece in pieces.of(&self.case.raw) {
            client.send(piece).await;
            others_turn().await;
        }
        let unfinished = matches!(self.case.end, End::WithinHead | End::WithinBody);
        if unfinished {
            client.half_close().await;
        }
        let mut answers = Vec::new();
        for turn in &self.case.turns {
            answers.extend(client.answer(turn.is_to_head()).await);
        }
        let end = self.end(&mut client, answers.last()).await?;
        let came = self.came(&answers)?;
        judge_requests(self.case, &self.peer.address.to_string(), &Requests { came, end })
    }

    /// Where the connection stands.
    async fn end(&self, client: &mut Client, last: Option<&Answer>) -> Result<End, String> {
        let end = match self.case.end {
            End::Kept => {
                client.send(PROBE).await;
                let answered = client.answer(false).await.is_some_and(|answer| answer.status == 405);
                if answered { End::Kept } else { End::Closed }
            }
            End::WithinBody => match client.answer(false).await {
                Some(answer) if answer.code().as_deref() == Some("body_incomplete") => End::WithinBody,
                other => return Err(format!("    within a body, {other:?}")),
            },
            End::Closed | End::WithinHead => match client.end().await {
                (rest, Ended::ByClose) if rest.is_empty() => self.case.end,
                other => return Err(format!("    behind the last answer, {other:?}")),
            },
        };
        let says_close = last.is_some_and(|last| last.head.value("connection").as_deref() == Some("close"));
        let mut differences = Differences::default();
        differences.equal("whether the last answer says that it is the last", end == End::Closed, says_close);
        differences.told().map(|()| end)
    }

    /// What came of each request, from what it was answered and what the peer got.
    fn came(&mut self, answers: &[Answer]) -> Result<Vec<Came>, String> {
        let mut differences = Differences::default();
        let (connections, wire) = self.peer.record(|record| (record.connections, record.wire.clone()));
        let touches = self.case.turns.iter().any(|turn| turn.passes.is_some() || turn.touches);
        // A request that streams begins before its end is known.
        let cut_off = self.case.end == End::WithinBody || self.case.turns.iter().any(|turn| turn.touches);
        if !touches && !cut_off {
            differences.equal("connections to the upstream", 0, connections);
        }
        let messages = wire.iter().map(|bytes| messages(bytes, cut_off)).collect::<Result<Vec<_>, _>>()?.concat();
        let mut forwarded = messages.into_iter().skip(self.forwarded);
        let mut came = Vec::new();
        for (answer, turn) in answers.iter().zip(&self.case.turns) {
            self.interim(answer, &mut differences);
            came.push(if answer.status == 200 {
                let expected = if turn.is_to_head() { String::new() } else { format!("answer {}", self.forwarded) };
                differences.equal("the answer that came back", expected, answer.text());
                self.forwarded += 1;
                let (head, body) = forwarded.next().ok_or("    an answer without a whole request")?;
                Came::Forwarded { head: shown(&without_chance(&head)), body: shown(&body) }
            } else {
                Came::Refused { status: answer.status, told: told(answer) }
            });
        }
        let beyond = forwarded.count();
        differences.equal("requests at the upstream beyond those that passed", 0, beyond);
        differences.told().map(|()| came)
    }

    /// Whoever asks to be invited may be; nobody else.
    fn interim(&self, answer: &Answer, differences: &mut Differences) {
        let asks = String::from_utf8_lossy(&self.case.raw).to_ascii_lowercase().contains("100-continue");
        if !(answer.interim.is_empty() || asks && answer.interim == [100]) {
            differences.add("interim answers", asks, &answer.interim);
        }
    }
}

/// Code and detail of a refusal.
fn told(answer: &Answer) -> Option<(String, String)> {
    let problem: serde_json::Value = serde_json::from_slice(&answer.body).ok()?;
    Some((answer.code()?, problem["detail"].as_str()?.to_owned()))
}

/// A message in two parts.
type HeadAndBody = (Vec<u8>, Vec<u8>);

/// The whole requests that these bytes are, heads as they stand there; what else there is, is told. Only where
/// one is `cut_off` may the last of them be half a one.
fn messages(bytes: &[u8], cut_off: bool) -> Result<Vec<HeadAndBody>, String> {
    let (mut messages, mut rest) = (Vec::new(), bytes);
    while !rest.is_empty() {
        match message(rest) {
            Some((head, body, length)) => {
                messages.push((head.to_vec(), body));
                rest = &rest[length..];
            }
            None if cut_off => break,
            None => return Err(format!("    at the upstream, no request: {}", rest.escape_ascii())),
        }
    }
    Ok(messages)
}

/// The request at the beginning: its head, its body, and its length.
fn message(bytes: &[u8]) -> Option<(&[u8], Vec<u8>, usize)> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let (head, rest) = bytes.split_at(end);
    let text = String::from_utf8_lossy(head);
    let value = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    if value("Transfer-Encoding") == Some("chunked") {
        let (body, length) = unchunked(rest)?;
        return Some((head, body, end + length));
    }
    let length = value("Content-Length").map_or(Some(0), |length| length.parse().ok())?;
    Some((head, rest.get(..length)?.to_vec(), end + length))
}

/// A body in chunks of the plainest form, and its length on the wire.
fn unchunked(bytes: &[u8]) -> Option<(Vec<u8>, usize)> {
    let (mut body, mut at) = (Vec::new(), 0);
    loop {
        let line = bytes[at..].windows(2).position(|window| window == b"\r\n")?;
        let size = usize::from_str_radix(std::str::from_utf8(&bytes[at..at + line]).ok()?, 16).ok()?;
        at += line + 2;
        body.extend_from_slice(bytes.get(at..at + size)?);
        at += size + 2;
        bytes.get(at - 2..at).filter(|end| *end == b"\r\n")?;
        if size == 0 {
            return Some((body, at));
        }
    }
}

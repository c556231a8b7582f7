//! The first runner: `decide`, with local limits on a clock that the case sets.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use portcullis::http1::{Field, RequestHead, Version};
use portcullis::identity::passwords::verify;
use portcullis::limits::LocalLimits;
use portcullis::policy::authenticate::{Authenticator, Finding, Need, NoWitness, Published, Question, Witness};
use portcullis::policy::connection::Connection;
use portcullis::policy::decide::decide;
use portcullis::policy::forward::{Forward, Hop};
use portcullis::policy::gateway::Gateway;
use portcullis::policy::jwt::KeySet;
use portcullis::policy::rate_limit;
use portcullis::policy::rejection::Rejection;
use portcullis::policy::time::Timestamp;
use portcullis::policy::trail::Trail;

use super::assemble::{Assembled, assemble};
use super::case::{Case, CaseFile, Step};
use super::judge::judge;
use super::outcome::{Forwarded, Outcome};
use crate::support::config::Written;
use crate::support::message::{Body, Head, Incoming};
use crate::support::signing::Memory;

/// 2026-07-01, early in a minute.
const BEGIN: Timestamp = Timestamp::from_seconds(1_782_864_000);

/// Runs a case, and tells the differences.
pub(super) fn run(file: &CaseFile, case: &Case) -> Result<(), String> {
    let written = Written { config: format!("{}\n{}", file.config, case.config), files: file.files.clone() };
    let gateway = written.compile("127.0.0.1:9001")?;
    let limits = LocalLimits::default();
    let witness = AtOnce::default();
    let mut now = BEGIN;
    for (index, step) in case.steps.iter().enumerate() {
        now = now + step.after.as_deref().map_or(Duration::ZERO, duration);
        let sent = assemble(step, now.seconds());
        for turn in 0..step.repeat.unwrap_or(1) {
            let outcome = decided(&gateway, step, &sent, &limits, &witness, now)?;
            let told = |text| format!("  decide, step {}, turn {}\n{text}", index + 1, turn + 1);
            judge(step, &sent, &outcome).map_err(told)?;
        }
    }
    Ok(())
}

/// `250ms`, `1s`, `2h`, `1d`.
fn duration(text: &str) -> Duration {
    let digits = text.find(|c: char| !c.is_ascii_digit()).expect("a unit");
    let number: u64 = text[..digits].parse().expect("a number");
    match &text[digits..] {
        "ms" => Duration::from_millis(number),
        "s" => Duration::from_secs(number),
        "min" => Duration::from_secs(number * 60),
        "h" => Duration::from_secs(number * 3600),
        "d" => Duration::from_secs(number * 86_400),
        unit => panic!("no unit is called {unit}"),
    }
}

/// Answers at once what the live gate finds out in time.
#[derive(Default)]
struct AtOnce {
    presented: Memory,
}

impl Witness for AtOnce {
    fn keys(&self, _: &Authenticator, _: &Published) -> Option<Arc<KeySet>> {
        None
    }

    fn testify(&self, need: &Need<'_>) -> Finding {
        match &need.question {
            Question::Password { hash, password, .. } => Finding::Password(verify(hash, password)),
            Question::Once { .. } => self.presented.testify(need),
            Question::Keys | Question::Token(_) | Question::Request => NoWitness.testify(need),
        }
    }
}

fn decided(
    gateway: &Gateway,
    step: &Step,
    sent: &Assembled,
    limits: &LocalLimits,
    witness: &impl Witness,
    now: Timestamp,
) -> Result<Outcome, String> {
    let unsplit = || "  decide: the head does not split into lines; say only = \"live\"".to_owned();
    let head = sent.head.strip_suffix(b"\r\n\r\n").ok_or_else(unsplit)?;
    let head = Head::split(head).ok_or_else(unsplit)?;
    let body = match &sent.body {
        Some(body) => body.clone(),
        None => unframed(&head, &sent.tail)?,
    };
    let start: Vec<u8> = head.start.chars().map(|c| c as u8).collect();
    let mut words = start.split(|byte| *byte == b' ');
    let (Some(method), Some(target), Some(version), None) = (words.next(), words.next(), words.next(), words.next())
    else {
        return Err(unsplit());
    };
    let version = match version {
        b"HTTP/1.1" => Version::Http11,
        b"HTTP/1.0" => Version::Http10,
        _ => Version::Other,
    };
    let fields: Vec<Field<'_>> =
        head.fields.iter().map(|(name, value)| Field { name: name.as_bytes(), value }).collect();
    let request = RequestHead { method, target, version, fields: &fields, ended: false };
    let peer = step.client.unwrap_or(IpAddr::from([127, 0, 0, 1]));
    let connection = Connection::plain(step.listener, peer);
    let mut trail = Trail::default();
    let decision = decide(gateway, connection, &request, &body, limits, witness, now, &mut trail);
    Ok(outcome(gateway, decision, &trail, &body))
}

/// The body of a raw request; whether it is framed well on the wire is for a live case.
fn unframed(head: &Head, tail: &[u8]) -> Result<Vec<u8>, String> {
    let framing = head.framing(Body::Length(0));
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime can be had");
    let (body, ended) = runtime.block_on(Incoming::new(tail).body(framing));
    match ended {
        crate::support::message::Ended::Whole => Ok(body),
        _ => Ok(Vec::new()),
    }
}

fn outcome(gateway: &Gateway, decision: Result<Forward<'_>, Rejection>, trail: &Trail<'_>, body: &[u8]) -> Outcome {
    let standings = rate_limit::fields(&trail.standings);
    let findings = Some(trail.findings.iter().map(|finding| finding.wire().code.to_owned()).collect());
    let named = |fields: Vec<(&'static str, String)>| -> Vec<(String, String)> {
        fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    };
    match decision {
        Ok(forward) => Outcome {
            status: None,
            code: None,
            stage: None,
            fields: named(standings),
            body: Vec::new(),
            interim: None,
            forwarded: vec![forwarded(&forward, body)],
            findings,
            wire: None,
            line: None,
        },
        Err(rejection) => {
            let wire = rejection.wire();
            let face = trail.endpoint.and_then(|endpoint| endpoint.face.as_deref()).unwrap_or(&gateway.face);
            let mut answer = face.answer(&rejection, "request-1");
            answer.fields.extend(standings);
            Outcome {
                status: Some(answer.status),
                code: Some(wire.code.to_owned()),
                stage: Some(wire.stage.name().to_owned()),
                fields: named(answer.fields),
                body: answer.body,
                interim: None,
                forwarded: Vec::new(),
                findings,
                wire: None,
                line: None,
            }
        }
    }
}

fn forwarded(forward: &Forward<'_>, body: &[u8]) -> Forwarded {
    let hop = Hop {
        request_id: "request-1",
        trace: ("00000000000000000000000000000001", "0000000000000001"),
        peer_authority: "127.0.0.1:9001",
    };
    let mut head = bytes::BytesMut::new();
    forward.write_head(&hop, None, &mut head);
    let head = Head::split(&head[..head.len() - 4]).expect("what is forwarded is a head");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Forwarded {
        method: forward.method().to_owned(),
        target: forward.target().into_owned(),
        fields: head.fields.iter().map(|(name, value)| (name.clone(), text(value))).collect(),
        body: Some(body.to_vec()),
    }
}

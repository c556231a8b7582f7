//! The second runner: a gate on a real socket, between a raw client and a recording peer.
//!
//! Every case has a gate and a peer of its own, so nothing leaks from one to another. Its steps share a
//! client connection while that lives; after a step that shall keep it, the next one, or a probe at the
//! end, shows that it did.

use std::net::IpAddr;

use serde_json::Value;

use super::assemble::{Assembled, assemble};
use super::case::{Case, CaseFile, PeerScript, Step};
use super::expect::Connection;
use super::judge::judge;
use super::outcome::{Forwarded, Outcome, Wire};
use super::told;
use crate::support::client::{Answer, Client};
use crate::support::config::Written;
use crate::support::gate::LiveGate;
use crate::support::message::Ended;
use crate::support::peer::{Peer, Seen};
use crate::support::signing;

/// Known by no configuration; a gate that still serves the connection answers it, however.
const PROBE: &str = "GET /is-this-connection-alive HTTP/1.1\r\nHost: gate.test\r\n\r\n";

/// Runs a case, and tells the differences.
pub(super) async fn run(file: &CaseFile, case: &Case) -> Result<(), String> {
    if let Some(step) = case.steps.iter().find(|step| needs_decide(step)) {
        return Err(format!("  live: {:?} cannot wait or come from there; say only = \"decide\"", step.after));
    }
    let scripts = match &case.peer {
        PeerScript::Default | PeerScript::Absent(_) => Vec::new(),
        PeerScript::One(script) => vec![script.clone()],
        PeerScript::Several(scripts) => scripts.clone(),
    };
    let peer = Peer::start(scripts).await;
    let absent = matches!(case.peer, PeerScript::Absent(_)).then(Peer::refusing);
    let upstream = absent.as_ref().map_or(peer.address, |(address, _)| *address);
    let written = Written { config: format!("{}\n{}", file.config, case.config), files: file.files.clone() };
    let gate = LiveGate::start(&written, upstream)?;
    let now = signing::now();
    let mut conversation = Conversation { gate: &gate, peer: &peer, open: None, told: 0 };
    for (index, step) in case.steps.iter().enumerate() {
        let sent = assemble(step, now);
        for turn in 0..step.repeat.unwrap_or(1) {
            let outcome = conversation.take(step, &sent).await;
            let told = |text| format!("  live, step {}, turn {}\n{text}", index + 1, turn + 1);
            judge(step, &sent, &outcome).map_err(told)?;
        }
    }
    conversation.probe().await.map_err(|text| format!("  live, at the end\n    {text}"))?;
    let lines = gate.lines(conversation.told).await;
    told::metrics(&lines, &gate.metrics()).map_err(|text| format!("  live, at the end\n{text}"))
}

fn needs_decide(step: &Step) -> bool {
    step.after.is_some() || step.client.is_some_and(|client| !client.is_loopback() || client.is_ipv6())
}

struct Conversation<'a> {
    gate: &'a LiveGate,
    peer: &'a Peer,
    open: Option<Open>,
    /// Lines of the access log that were awaited so far.
    told: usize,
}

/// A connection that is expected to live, and whose it is.
struct Open {
    client: Client,
    listener: usize,
    from: Option<IpAddr>,
}

impl Conversation<'_> {
    async fn take(&mut self, step: &Step, sent: &Assembled) -> Outcome {
        let before = self.peer.record(|record| (record.connections, record.requests.len()));
        let reusable = self.open.take().filter(|it| (it.listener, it.from) == (step.listener, step.client));
        let mut open = match reusable {
            Some(open) => open,
            None => {
                let client = Client::connect_from(self.gate.addresses[step.listener], step.client).await;
                Open { client, listener: step.listener, from: step.client }
            }
        };
        let answer = ask(&mut open.client, step, sent).await;
        let ended = match (&answer, step.connection) {
            (Some(answer), Connection::Closed) if answer.ended == Ended::Whole => {
                let (rest, ended) = open.client.end().await;
                if rest.is_empty() { ended } else { Ended::Cut }
            }
            (Some(answer), _) => answer.ended,
            (None, _) => Ended::Cut,
        };
        let (connections, requests) =
            self.peer.record(|record| (record.connections - before.0, record.requests[before.1..].to_vec()));
        if step.connection == Connection::Kept && ended == Ended::Whole {
            self.open = Some(open);
        }
        let line = match &answer {
            Some(_) => Some(self.next_line().await),
            None => None,
        };
        outcome(answer, requests, Wire { ended, connections }, line)
    }

    async fn next_line(&mut self) -> Value {
        self.told += 1;
        self.gate.lines(self.told).await.swap_remove(self.told - 1)
    }

    async fn probe(&mut self) -> Result<(), String> {
        let Some(mut open) = self.open.take() else { return Ok(()) };
        open.client.send(PROBE).await;
        match open.client.answer(false).await {
            Some(_) => {
                self.next_line().await;
                Ok(())
            }
            None => Err("the connection should serve a further request, and does not".to_owned()),
        }
    }
}

async fn ask(client: &mut Client, step: &Step, sent: &Assembled) -> Option<Answer> {
    let to_head = sent.method == "HEAD";
    if sent.expects_continue && !sent.tail.is_empty() {
        client.send(&sent.head).await;
        let (status, head) = client.answer_head().await?;
        if status != 100 {
            return client.answer_after(status, head, to_head).await;
        }
        let mut answer = client.exchange(&sent.tail, to_head).await?;
        answer.interim.insert(0, 100);
        return Some(answer);
    }
    let bytes = [&*sent.head, &*sent.tail].concat();
    if step.half_close {
        client.send(&bytes).await;
        client.half_close().await;
        return client.answer(to_head).await;
    }
    client.exchange(&bytes, to_head).await
}

fn codes_of_findings(line: &Value) -> Vec<String> {
    let findings = line["would"].as_array().into_iter().flatten();
    findings.map(|finding| finding["code"].as_str().unwrap_or_default().to_owned()).collect()
}

fn outcome(answer: Option<Answer>, requests: Vec<Seen>, wire: Wire, line: Option<Value>) -> Outcome {
    let text = |fields: &[(String, Vec<u8>)]| -> Vec<(String, String)> {
        fields.iter().map(|(name, value)| (name.clone(), String::from_utf8_lossy(value).into_owned())).collect()
    };
    let forwarded = requests.iter().map(|seen| Forwarded {
        method: seen.method().to_owned(),
        target: seen.target().to_owned(),
        fields: text(&seen.head.fields),
        body: (seen.ended == Ended::Whole).then(|| seen.body.clone()),
    });
    Outcome {
        status: answer.as_ref().map(|answer| answer.status),
        code: answer.as_ref().and_then(Answer::code),
        stage: None,
        fields: answer.as_ref().map(|answer| text(&answer.head.fields)).unwrap_or_default(),
        interim: answer.as_ref().map(|answer| answer.interim.clone()),
        body: answer.map(|answer| answer.body).unwrap_or_default(),
        forwarded: forwarded.collect(),
        findings: line.as_ref().map(codes_of_findings),
        wire: Some(wire),
        line,
    }
}

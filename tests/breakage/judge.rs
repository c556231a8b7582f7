//! Holds what came of a case against what it expects, and tells every difference.

use serde_json::Value;

use super::case::{Case, Connection};
use super::client::Client;
use super::peer::Seen;
use crate::support::message::Ended;

/// Differences, one a line.
#[derive(Debug, Default)]
pub(super) struct Differences(Vec<String>);

impl Differences {
    pub(super) fn say(&mut self, text: String) {
        self.0.push(format!("    {text}"));
    }

    pub(super) fn equal<T: PartialEq + std::fmt::Debug>(&mut self, what: &str, expected: T, found: T) {
        if expected != found {
            self.say(format!("{what}\n      expected {expected:?}\n      found    {found:?}"));
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Fails where there are any; with what the peer could not do.
    pub(super) fn none(&self, faults: &[String]) -> Result<(), String> {
        if self.0.is_empty() && faults.is_empty() {
            return Ok(());
        }
        let faults = faults.iter().map(|fault| format!("    the peer, {fault}"));
        Err(self.0.iter().cloned().chain(faults).collect::<Vec<_>>().join("\n"))
    }
}

/// What the client saw, and whether its connection still stands.
pub(super) async fn judge_client(case: &Case, client: &mut Client, differences: &mut Differences) {
    let finals = case.sees.iter().filter(|seen| !seen.starts_with('1')).count();
    let awaited = match case.connection {
        Connection::Lives => client.until("its answers", |heard| heard.bodies.len() >= finals).await,
        _ => client.until("the end", |heard| heard.end.is_some()).await,
    };
    if let Err(fault) = awaited {
        differences.say(format!("the client: {fault}"));
    }
    let heard = client.heard();
    let same = case.sees.len() == heard.sees.len();
    if !(same && case.sees.iter().zip(&heard.sees).all(|(expected, found)| alike(expected, found))) {
        differences.equal("what the client sees", &case.sees, &heard.sees);
    }
    let last = heard.bodies.last().map(Vec::as_slice).unwrap_or_default();
    if let Some(body) = case.body.as_deref().filter(|body| *body != last) {
        differences.equal("the body", shown(body), shown(last));
    }
    let fits = match (case.connection, heard.end) {
        (Connection::Lives, None) | (Connection::Gone, _) => true,
        (Connection::Closed, Some(ended)) => matches!(ended, Ended::ByClose | Ended::Cut),
        (Connection::Reset, Some(ended)) => ended == Ended::Reset,
        (Connection::Ended, Some(_)) => true,
        _ => false,
    };
    if !fits {
        differences.say(format!(
            "the client's connection\n      expected {:?}\n      found    {:?}",
            case.connection, heard.end
        ));
    }
}

/// Word by word; `*` is any, and `broken` is cut or reset.
fn alike(expected: &str, found: &str) -> bool {
    let fits = |(expected, found): (&str, &str)| match expected {
        "*" => true,
        "broken" => matches!(found, "cut" | "reset"),
        word => word == found,
    };
    expected.split(' ').count() == found.split(' ').count() && expected.split(' ').zip(found.split(' ')).all(fits)
}

/// The access log, line by line.
pub(super) fn judge_log(expected: &[String], lines: &[Value], differences: &mut Differences) {
    let found: Vec<_> = lines.iter().map(told).collect();
    let same = expected.len() == found.len()
        && expected.iter().zip(&found).all(|(expected, (found, cause))| {
            let (start, fragment) = expected.split_once(": ").unwrap_or((expected, ""));
            alike(start, found) && cause.contains(fragment) && cause.is_empty() == fragment.is_empty()
        });
    if !same {
        let found: Vec<_> = found.iter().map(|(start, cause)| format!("{start}: {cause}")).collect();
        differences.say(format!("the access log\n      expected {expected:?}\n      found    {found:?}"));
    }
}

/// A line as cases write it, and its cause.
fn told(line: &Value) -> (String, &str) {
    let status = line["status"].as_u64().map(|status| status.to_string());
    let text = |name: &str| line[name].as_str().map(str::to_owned);
    let words: Vec<_> = [text("end"), status, text("code")].into_iter().flatten().collect();
    (words.join(" "), line["cause"].as_str().unwrap_or_default())
}

/// Which connections the upstream saw, and what on each of them.
pub(super) fn judge_upstream(case: &Case, probes: usize, seen: &[Seen], differences: &mut Differences) {
    let mut expected = case.upstream.clone();
    match expected.last_mut().filter(|_| case.kept) {
        Some(last) => *last += probes,
        None => expected.push(probes),
    }
    let found: Vec<_> = seen.iter().map(|seen| seen.heads.len()).collect();
    if expected != found {
        let heads: Vec<_> = seen.iter().map(|seen| &seen.heads).collect();
        differences.say(format!(
            "requests on each connection of the upstream\n      expected {expected:?}\n      found    {found:?}: {heads:?}"
        ));
    }
    if let Some(got) = &case.got {
        let probed = |body: &&String| *body != "whole 0";
        let found: Vec<_> = seen.iter().flat_map(|seen| &seen.bodies).filter(probed).cloned().collect();
        if got.len() != found.len() || !got.iter().zip(&found).all(|(expected, found)| alike(expected, found)) {
            differences.equal("bodies that the upstream got", got, &found);
        }
    }
}

fn shown(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(200)]);
    format!("{} bytes: {text}", bytes.len())
}

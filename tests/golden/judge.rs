//! Holds an outcome against what its case expects, and tells every difference.
//!
//! Beside what the case says, what holds of every refusal and every pass: a refusal is a problem
//! document with what its status owes (RFC 9110), and no upstream was touched; a pass reached the peer
//! once, with the method, target and body of the request.

use super::assemble::Assembled;
use super::case::Step;
use super::expect::{AnswerExpect, Connection, ForwardedExpect};
use super::outcome::{Forwarded, Outcome};
use super::told;
use crate::support::corpus::Differences;
use crate::support::message::Ended;

/// All differences, as text.
pub(super) fn judge(step: &Step, sent: &Assembled, outcome: &Outcome) -> Result<(), String> {
    let mut differences = Differences::default();
    match &step.refused {
        Some(refused) => refusal(step, refused, sent, outcome, &mut differences),
        None => pass(step, sent, outcome, &mut differences),
    }
    answer(&step.answer, outcome, &mut differences);
    if let Some(findings) = &outcome.findings {
        differences.equal("findings", &step.findings, findings);
    }
    connection(step, outcome, &mut differences);
    told::line(step, sent, outcome, &mut differences);
    if differences.0.is_empty() {
        return Ok(());
    }
    let body = String::from_utf8_lossy(&outcome.body[..outcome.body.len().min(600)]);
    let status = outcome.status.map_or("none".to_owned(), |status| status.to_string());
    Err(format!("{}\n    the answer: {status} {:?}\n      {body}", differences.0.join("\n"), outcome.fields))
}

fn refusal(step: &Step, refused: &str, sent: &Assembled, outcome: &Outcome, differences: &mut Differences) {
    let mut words = refused.split(' ');
    let mut word = || words.next().unwrap_or_else(|| panic!("STATUS STAGE CODE: {refused:?}"));
    let (status, stage, code) = (word(), word(), word());
    let shown = step.answer.status.unwrap_or_else(|| status.parse().expect("a status"));
    differences.equal("status", Some(shown), outcome.status);
    if let Some(found) = &outcome.stage {
        differences.equal("stage", stage, found);
    }
    // To HEAD, and in old clothes, an answer does not tell its code.
    let told = outcome.code.as_deref();
    let problem = step.answer.fields.iter().all(|line| !line.starts_with("Content-Type:"));
    if told.is_some() || (problem && sent.method != "HEAD") {
        differences.equal("code", Some(code), told);
    }
    owed(outcome, status, problem && sent.method != "HEAD", differences);
    if let Some(wire) = &outcome.wire
        && !step.touches
    {
        differences.equal("connections to the upstream", 0, wire.connections);
        differences.equal("requests at the upstream", 0, outcome.forwarded.len());
    }
    forwarded(&step.forwarded, outcome, step.touches, differences);
}

/// What every refusal owes its client.
fn owed(outcome: &Outcome, status: &str, problem: bool, differences: &mut Differences) {
    let field = |name: &str| value(&outcome.fields, name);
    differences.equal("Cache-Control", Some("no-store"), field("cache-control"));
    let whole_seconds = field("retry-after").is_some_and(|wait| wait.parse::<u64>().is_ok_and(|wait| wait >= 1));
    let owed = match status {
        "401" => field("www-authenticate").is_some(),
        "405" => field("allow").is_some(),
        "429" | "503" => whole_seconds,
        _ => true,
    };
    if !owed {
        differences.add("fields that the status owes", status, &outcome.fields);
    }
    if !problem {
        return;
    }
    differences.equal("Content-Type", Some("application/problem+json"), field("content-type"));
    let Ok(document) = serde_json::from_slice::<serde_json::Value>(&outcome.body) else {
        return differences.add("a problem document", "JSON", String::from_utf8_lossy(&outcome.body));
    };
    differences.equal("the document's status", outcome.status.map(u64::from), document["status"].as_u64());
    for name in ["type", "title", "detail", "instance"] {
        if document[name].as_str().is_none_or(str::is_empty) {
            differences.add("a member of the problem", name, &document);
        }
    }
    if (status == "422") != document["errors"].as_array().is_some_and(|errors| (1..=20).contains(&errors.len())) {
        differences.add("errors, of a 422 and only there", "1 to 20", &document["errors"]);
    }
}

fn pass(step: &Step, sent: &Assembled, outcome: &Outcome, differences: &mut Differences) {
    if step.connection != Connection::Silent {
        let expected = step.answer.status.unwrap_or(200);
        // An answer that is cut off may be so before its first byte.
        let aborted = step.connection == Connection::Aborted && outcome.status.is_none();
        if outcome.status != Some(expected) && !aborted && (outcome.wire.is_some() || outcome.status.is_some()) {
            differences.add("status", expected, outcome.status);
        }
        let times = step.forwarded.times.unwrap_or(1);
        differences.equal("requests at the upstream", times, outcome.forwarded.len());
    }
    forwarded(&step.forwarded, outcome, true, differences);
    for seen in &outcome.forwarded {
        let method = step.forwarded.method.as_deref().unwrap_or(&sent.method);
        let target = step.forwarded.target.as_deref().unwrap_or(&sent.target);
        differences.equal("the method forwarded", method, &seen.method);
        differences.equal("the target forwarded", target, &seen.target);
        let expected = step.forwarded.body.as_deref().map(crate::support::text::bytes).or(sent.body.clone());
        if let (Some(expected), Some(body)) = (expected, &seen.body)
            && expected != *body
        {
            differences.add("the body forwarded", shown(&expected), shown(body));
        }
    }
}

fn forwarded(expected: &ForwardedExpect, outcome: &Outcome, touched: bool, differences: &mut Differences) {
    let Some(Forwarded { fields, .. }) = outcome.forwarded.first() else {
        let nothing = expected.fields.is_empty() && expected.holds.is_empty() && expected.lacks.is_empty();
        if !(nothing || touched && outcome.wire.is_none()) {
            differences.add("what the peer sees", expected, "nothing was forwarded");
        }
        return;
    };
    lines("the peer's field", &expected.fields, &expected.holds, &expected.lacks, fields, differences);
}

fn answer(expected: &AnswerExpect, outcome: &Outcome, differences: &mut Differences) {
    // What the decision lets pass is answered by the peer, but for where its quotas stand.
    let ours = |line: &&String| outcome.status.is_some() || line.to_ascii_lowercase().starts_with("ratelimit");
    let only = |list: &[String]| list.iter().filter(ours).cloned().collect::<Vec<_>>();
    let (fields, holds) = (only(&expected.fields), only(&expected.holds));
    lines("field", &fields, &holds, &expected.lacks, &outcome.fields, differences);
    let body = String::from_utf8_lossy(&outcome.body);
    if outcome.status.is_some() {
        if let Some(expected) = &expected.body {
            let expected = crate::support::text::bytes(expected);
            if expected != outcome.body {
                differences.add("body", shown(&expected), shown(&outcome.body));
            }
        }
        for text in expected.says.iter().filter(|text| !body.contains(text.as_str())) {
            differences.add("the body holds", text, "it does not");
        }
    }
    let everywhere = format!("{body}{:?}", outcome.fields);
    for text in expected.hides.iter().filter(|text| everywhere.contains(text.as_str())) {
        differences.add("the answer does not hold", text, "it does");
    }
    if let Some(errors) = &expected.errors {
        differences.equal("errors", errors, &errors_of(&outcome.body));
    }
    if let Some(interim) = &outcome.interim {
        differences.equal("interim answers", &expected.interim, interim);
    }
}

fn errors_of(body: &[u8]) -> Vec<String> {
    let document: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let errors = document["errors"].as_array().cloned().unwrap_or_default();
    let told = |error: &serde_json::Value, key: &str| error[key].as_str().unwrap_or_default().to_owned();
    errors.iter().map(|error| format!("{} {}", told(error, "pointer"), told(error, "keyword"))).collect()
}

fn lines(
    what: &str,
    exact: &[String],
    holds: &[String],
    lacks: &[String],
    fields: &[(String, String)],
    differences: &mut Differences,
) {
    let values = |name: &str| -> Vec<&str> {
        fields.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str()).collect()
    };
    let split = |line: &'_ str| {
        let (name, value) = line.split_once(':').unwrap_or_else(|| panic!("Name: value, not {line:?}"));
        (name.to_owned(), value.trim().to_owned())
    };
    for line in exact {
        let (name, value) = split(line);
        differences.equal(&format!("{what} {name}"), vec![value.as_str()], values(&name));
    }
    for line in holds {
        let (name, text) = split(line);
        if !values(&name).iter().any(|value| value.contains(&text)) {
            differences.add(&format!("{what} {name} holds"), text, values(&name));
        }
    }
    for name in lacks {
        differences.equal(&format!("{what} {name}"), Vec::new(), values(name));
    }
}

fn connection(step: &Step, outcome: &Outcome, differences: &mut Differences) {
    let Some(wire) = &outcome.wire else { return };
    let says_close = value(&outcome.fields, "connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
    let whole = matches!(wire.ended, Ended::Whole | Ended::ByClose);
    let fits = match step.connection {
        Connection::Kept => wire.ended == Ended::Whole && !says_close,
        Connection::Closed => whole,
        Connection::Aborted => !whole,
        Connection::Silent => outcome.status.is_none(),
    };
    if !fits {
        differences.add("connection", step.connection, (wire.ended, &outcome.fields));
    }
}

fn value<'a>(fields: &'a [(String, String)], name: &str) -> Option<&'a str> {
    fields.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

/// Short enough to read.
fn shown(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(200)]);
    format!("{} bytes: {text}", bytes.len())
}

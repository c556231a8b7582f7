//! Holds what the gate tells of itself against what was done to it: the access log's line of each step
//! against the step and its answer, and at the end of a case the metrics against its lines.
//!
//! No case says anything for this: what a line must say follows from what came of the step.

use std::collections::BTreeMap;

use serde_json::Value;

use super::assemble::Assembled;
use super::case::Step;
use super::expect::Connection;
use super::outcome::Outcome;
use crate::support::corpus::Differences;
use crate::support::exposition::{Exposition, Sample};
use crate::support::message::Ended;

/// The line of a step.
pub(super) fn line(step: &Step, sent: &Assembled, outcome: &Outcome, differences: &mut Differences) {
    let Some(line) = &outcome.line else { return };
    let text = |name: &str| line[name].as_str();
    differences.equal("the line's status", outcome.status, line["status"].as_u64().map(|status| status as u16));
    let aborted = step.connection == Connection::Aborted;
    let (end, stage, code) = match &step.refused {
        Some(refused) => {
            let mut words = refused.split(' ').skip(1);
            ("refused", words.next(), words.next())
        }
        None => (if aborted { "cut" } else { "passed" }, None, None),
    };
    differences.equal("how the line says it ended", Some(end), text("end"));
    differences.equal("the line's stage", stage, text("stage"));
    differences.equal("the line's code", code, text("code"));
    let told = text("cause");
    match &step.cause {
        Some(cause) if told.is_some_and(|told| told.contains(cause)) => {}
        // What the upstream did, or what ended half-way, is of no use without its reason.
        None if stage != Some("forward") && end != "cut" => {}
        cause => differences.add("the line's cause", cause, told),
    }
    // What never became a head has none.
    if let Some(method) = text("method").filter(|_| step.raw.is_none()) {
        differences.equal("the line's method", &sent.method[..method.len().min(sent.method.len())], method);
    }
    let upstream = outcome.forwarded.first().map(|_| "a connection to the upstream");
    differences.equal(
        "the line's upstream",
        upstream,
        text("peer").filter(|_| upstream.is_some()).map(|_| "a connection to the upstream"),
    );
    if !aborted && outcome.wire.is_some_and(|wire| wire.ended != Ended::Cut) {
        differences.equal(
            "the line's response_bytes",
            Some(outcome.body.len() as u64),
            line["response_bytes"].as_u64(),
        );
    }
    // An answer may come before the peer has the whole body.
    let whole = outcome.forwarded.last().and_then(|seen| seen.body.as_ref());
    if let Some(body) = whole.filter(|_| end == "passed") {
        differences.equal("the line's request_bytes", Some(body.len() as u64), line["request_bytes"].as_u64());
    }
    differences.equal("what the line says is left", left_by_fields(outcome), left_by_line(line));
    let errors = line["errors"].as_array().into_iter().flatten();
    let errors: Vec<String> = errors.map(|error| pair(error, "pointer", "keyword")).collect();
    if let Some(expected) = &step.answer.errors {
        differences.equal("the line's errors", expected, &errors);
    }
    times(line, differences);
    secrets(step, sent, line, differences);
}

/// `policy left`, of each policy in turn.
fn left_by_line(line: &Value) -> Vec<String> {
    let quotas = line["quotas"].as_array().into_iter().flatten();
    quotas.map(|quota| format!("{} {}", quota["policy"].as_str().unwrap_or_default(), quota["left"])).collect()
}

/// The same from `RateLimit: "policy";r=1;t=2, …`.
fn left_by_fields(outcome: &Outcome) -> Vec<String> {
    let field = outcome.fields.iter().find(|(name, _)| name.eq_ignore_ascii_case("ratelimit"));
    let policies = field.map(|(_, value)| value.split(", ")).into_iter().flatten();
    let one = |policy: &str| {
        let mut parts = policy.split(';');
        let name = parts.next().unwrap_or_default().trim_matches('"').to_owned();
        format!("{name} {}", parts.next().and_then(|left| left.strip_prefix("r=")).unwrap_or_default())
    };
    policies.map(one).collect()
}

fn pair(value: &Value, one: &str, other: &str) -> String {
    format!("{} {}", value[one].as_str().unwrap_or_default(), value[other].as_str().unwrap_or_default())
}

/// The parts of the time are no more than the whole, and the gate's share is what is left of it.
fn times(line: &Value, differences: &mut Differences) {
    let us = |name: &str| line["us"][name].as_f64().unwrap_or_default();
    let waited: f64 = ["identify", "read", "connect", "relay"].into_iter().map(us).sum();
    let stages: f64 = line["us"].as_object().into_iter().flatten().filter_map(|(_, time)| time.as_f64()).sum::<f64>()
        - us("total")
        - us("gate")
        - waited;
    // Each is cut to a tenth of a microsecond.
    if (us("total") - us("gate") - waited).abs() > 1.0 || stages > us("gate") + 1.0 || us("total") <= 0.0 {
        differences.add(
            "times that add up",
            "total = gate + identify + read + connect + relay, and stages within gate",
            &line["us"],
        );
    }
}

/// Nothing of a query, a body or a credential is in a line.
fn secrets(step: &Step, sent: &Assembled, line: &Value, differences: &mut Differences) {
    let whole = line.to_string();
    let mut hidden: Vec<String> = Vec::new();
    hidden.extend(sent.target.split_once('?').map(|(_, query)| query.to_owned()));
    hidden.extend(step.body.clone().filter(|body| body.len() > 8));
    let credential =
        |line: &&String| ["x-api-key:", "authorization:"].iter().any(|name| line.to_lowercase().starts_with(name));
    hidden.extend(
        step.headers.iter().filter(credential).filter_map(|line| Some(line.split_once(':')?.1.trim().to_owned())),
    );
    for text in hidden.iter().filter(|text| text.len() > 5 && whole.contains(text.as_str())) {
        differences.add("the line does not hold", text, &whole);
    }
}

/// All lines of a case, against what was counted.
pub(super) fn metrics(lines: &[Value], exposition: &str) -> Result<(), String> {
    let exposition = Exposition::parse(exposition);
    let mut differences = Differences::default();
    let mut expected: BTreeMap<Sample, u64> = BTreeMap::new();
    for line in lines {
        let text = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
        // A method is a label where an endpoint has it, and from there only.
        let endpoint = text("endpoint");
        let method = endpoint_method(line, &endpoint);
        let class = line["status"].as_u64().map_or("none".to_owned(), |status| format!("{}xx", status / 100));
        let mut count = |name: &str, more: &[(&str, String)]| {
            let base = [("endpoint", endpoint.clone()), ("method", method.clone())];
            *expected.entry(Sample::new(name, base.iter().chain(more))).or_default() += 1;
        };
        count("portcullis_requests_total", &[("status", class)]);
        count("portcullis_request_duration_seconds_count", &[]);
        count("portcullis_gate_duration_seconds_count", &[]);
        if line["end"] == "refused" {
            count("portcullis_refusals_total", &[("stage", text("stage")), ("code", text("code"))]);
        }
        for finding in line["would"].as_array().into_iter().flatten() {
            let told = |name: &str| finding[name].as_str().unwrap_or_default().to_owned();
            count("portcullis_would_refuse_total", &[("stage", told("stage")), ("code", told("code"))]);
        }
    }
    let names = [
        "portcullis_requests_total",
        "portcullis_request_duration_seconds_count",
        "portcullis_gate_duration_seconds_count",
        "portcullis_refusals_total",
        "portcullis_would_refuse_total",
    ];
    let found: BTreeMap<Sample, u64> = exposition
        .samples
        .iter()
        .filter(|(sample, _)| names.contains(&sample.name.as_str()))
        .map(|(sample, value)| (sample.clone(), *value as u64))
        .collect();
    differences.equal("what was counted", expected, found);
    differences.told()
}

/// HEAD follows GET, and is counted there where it has no table of its own.
fn endpoint_method(line: &Value, endpoint: &str) -> String {
    match line["method"].as_str().unwrap_or_default() {
        _ if endpoint.is_empty() => String::new(),
        "HEAD" => "GET".to_owned(),
        method => method.to_owned(),
    }
}

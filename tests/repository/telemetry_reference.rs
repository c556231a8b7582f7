//! docs/telemetry.md against the code: every member of a line of the access log and every metric with its type
//! and labels stands there, and nothing else does. The alerts name only metrics that exist, and the runbook
//! knows each of them.
//!
//! The members are read off the source, because a line has only those that a request gave reason for.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZeroU64;
use std::time::Duration;

use portcullis::policy::quota::{Rate, Standing as RateStanding};
use portcullis::policy::rejection::Rejection;
use portcullis::policy::stage::Stage;
use portcullis::policy::trail::Trail;
use portcullis::telemetry::metrics::{Form, KeySetStands, PeersStand};
use portcullis::telemetry::{End, Metrics, Record, Standing, Telemetry, Traffic};

use crate::support::exposition::Exposition;

const REFERENCE: &str = include_str!("../../docs/telemetry.md");
const RUNBOOK: &str = include_str!("../../docs/runbook.md");
const ALERTS: &str = include_str!("../../deploy/prometheus-alerts.yml");
const LINE: &str = include_str!("../../src/telemetry/line.rs");
const METRICS: &str = concat!(
    include_str!("../../src/telemetry/metrics/mod.rs"),
    include_str!("../../src/telemetry/metrics/standing.rs")
);

/// Type and labels.
type Family = (String, BTreeSet<String>);

#[test]
fn the_reference_has_every_member_of_a_line_and_no_other() {
    let (code, _) = LINE.split_once("\n/// An object that is being written").expect("members come before it");
    let mut written: BTreeSet<&str> = Stage::ALL.map(Stage::name).into();
    written.extend(literals(code, "key!(\""));
    assert!(written.contains("would") && written.contains("relay") && written.len() > 30, "{written:?}");

    let told: BTreeSet<&str> = rows(section("The access log")).flat_map(|cells| quoted(cells[0])).collect();
    assert_eq!(written, told, "src/telemetry/line.rs and docs/telemetry.md differ");
}

#[test]
fn the_reference_has_every_metric_and_no_other() {
    let (exist, told) = (exist(), told());
    for (name, family) in &exist {
        assert_eq!(Some(family), told.get(name), "{name}, in the code and in docs/telemetry.md");
    }
    let stale: Vec<_> = told.keys().filter(|name| !exist.contains_key(*name)).collect();
    assert!(stale.is_empty(), "docs/telemetry.md tells of {stale:?}");

    // What was registered and is not among them was given no series above.
    let source: String = METRICS.split_whitespace().collect::<Vec<_>>().join(" ").replace("( ", "(");
    let registered = ["add(to, \"", "add_seconds(to, \"", "register(\"", "register_with_unit(\""];
    let names: Vec<&str> = registered.into_iter().flat_map(|call| literals(&source, call)).collect();
    assert!(names.len() >= 20, "{names:?}");
    for name in names {
        let begins = |known: &String| known.starts_with(&format!("portcullis_{name}"));
        assert!(exist.keys().any(begins), "{name} has no series: have this test make one");
    }
}

#[test]
fn alerts_name_what_exists_and_the_runbook_knows_them() {
    let exist = exist();
    let name = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let mut asked = 0;
    for (at, _) in ALERTS.match_indices("portcullis_") {
        let series = name(&ALERTS[at..]);
        let family = ["_bucket", "_sum", "_count"].iter().find_map(|end| series.strip_suffix(end)).unwrap_or(&series);
        assert!(exist.contains_key(family), "{series} is no metric");
        asked += 1;
    }
    assert!(asked > 5, "no metric was found in {ALERTS}");
    let alerts: BTreeSet<&str> = ALERTS.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect();
    let known: BTreeSet<&str> = RUNBOOK.lines().filter_map(|line| line.strip_prefix("### Portcullis")).collect();
    let known: BTreeSet<String> = known.into_iter().map(|name| format!("Portcullis{name}")).collect();
    assert_eq!(alerts, known.iter().map(String::as_str).collect(), "deploy/prometheus-alerts.yml and docs/runbook.md");
}

/// Everything that can be told, after something of each kind has happened.
fn exist() -> BTreeMap<String, Family> {
    let telemetry = Telemetry::default();
    let metrics = &telemetry.metrics;
    refused_request(&telemetry);
    metrics.configuration("0f", std::time::SystemTime::UNIX_EPOCH);
    metrics.upstream("api").failed("upstream_timeout");
    metrics.tls_listener("public");
    metrics.questions().count("sso", portcullis::telemetry::metrics::QuestionResult::Ok);
    let standing = Standing {
        connections: vec![("public".to_owned(), 1)],
        peers: vec![PeersStand { upstream: "api".to_owned(), peer: "127.0.0.1".to_owned(), up: 1, down: 0 }],
        key_sets: vec![KeySetStands {
            authenticator: "staff".to_owned(),
            keys: 1,
            age: Some(std::time::Duration::from_secs(1)),
            fetched: 1,
            failed: 0,
            failing: false,
        }],
        lines: vec![("access", 1, 0)],
        password_checks: vec![("good", 1)],
        ..Standing::default()
    };
    families(metrics, &standing)
}

/// One that breaks a rule and a rate, and would break another.
fn refused_request(telemetry: &Telemetry) {
    let one = NonZeroU64::MIN;
    let rate = Rate { policy: "per_partner".to_owned(), count: one, window: Duration::from_secs(1), burst: one };
    let standing = RateStanding { rate: &rate, remaining: 0, resets_in: Duration::ZERO, exceeded: true };
    let trail = Trail { standings: vec![standing], findings: vec![Rejection::RepeatedContentType], ..Trail::default() };
    let record = Record {
        id: "0f",
        listener: "public",
        peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
        tls: None,
        method: b"GET",
        target: b"/",
        trail: &trail,
        end: &End::Refused { status: 404, rejection: Rejection::UnknownPath },
        traffic: &Traffic::default(),
        total: Duration::ZERO,
    };
    telemetry.tell(&record, &telemetry.metrics.endpoint(None));
}

/// By the names that are asked for: a counter's ends with `_total`.
fn families(metrics: &Metrics, standing: &Standing) -> BTreeMap<String, Family> {
    let exposition = Exposition::parse(&metrics.exposition(standing, Form::Open));
    let family = |(name, kind): (&String, &String)| {
        let series = if kind == "counter" { format!("{name}_total") } else { name.clone() };
        let of_it = |sample: &str| sample == series || (kind == "histogram" && sample == format!("{name}_bucket"));
        let samples = exposition.samples.keys().filter(|sample| of_it(&sample.name));
        let labels = samples.flat_map(|sample| sample.labels.keys()).filter(|label| *label != "le").cloned();
        (series.clone(), (kind.clone(), labels.collect()))
    };
    exposition.families.iter().map(family).collect()
}

/// From rows as ``| `portcullis_ready` | gauge | | …``.
fn told() -> BTreeMap<String, Family> {
    let family = |cells: Vec<&str>| {
        let name = quoted(cells[0]).next()?.to_owned();
        Some((name, (cells[1].to_owned(), quoted(cells[2]).map(str::to_owned).collect())))
    };
    rows(section("Metrics")).filter_map(family).collect()
}

fn section(heading: &str) -> &'static str {
    let (_, rest) = REFERENCE.split_once(&format!("\n## {heading}\n")).expect("the reference has the section");
    rest.split("\n## ").next().unwrap_or_default()
}

/// The cells of all rows whose first cell is a name.
fn rows(text: &str) -> impl Iterator<Item = Vec<&str>> {
    let rows = text.lines().filter(|line| line.starts_with("| `"));
    rows.map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
}

/// What stands between backquotes.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// The rest of every string literal that begins like this.
fn literals<'a>(code: &'a str, begin: &str) -> impl Iterator<Item = &'a str> {
    let begin = begin.to_owned();
    let at: Vec<usize> = code.match_indices(&begin).map(|(at, begin)| at + begin.len()).collect();
    at.into_iter().filter_map(move |at| code[at..].split('"').next())
}

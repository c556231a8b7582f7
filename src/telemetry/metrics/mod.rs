//! The metrics, in Prometheus' text form: what was counted, and what stands now.
//!
//! What happens is counted through handles that are made once ([`EndpointMeters`], [`UpstreamMeters`]), so a
//! request looks nothing up. What stands now ([`Standing`]) is asked for when somebody scrapes. Label values
//! are names of the configuration, stages and codes; nothing that a client sends makes a series. Every
//! metric stands in docs/telemetry.md, and a test holds the two together.

mod meters;
mod plain;
mod questions;
mod standing;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Metric, Registry, Unit};

pub use meters::{EndpointMeters, UpstreamMeters};
pub use questions::{QuestionResult, Questions};
pub use standing::{KeySetStands, PeersStand, Standing};

/// The forms in which metrics can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// OpenMetrics 1.0.
    Open,
    /// Prometheus' older text form, 0.0.4.
    Plain,
}

/// Upper bounds in seconds, as OpenTelemetry's semantic conventions advise for HTTP durations.
const HTTP_BUCKETS: [f64; 14] = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];

/// The same, and below them what the gate takes for itself, which is microseconds.
const OWN_BUCKETS: [f64; 20] = [
    0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5,
    0.75, 1.0, 2.5, 5.0, 10.0,
];

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct EndpointLabels {
    endpoint: String,
    method: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OutcomeLabels {
    endpoint: String,
    method: String,
    status: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RefusalLabels {
    endpoint: String,
    method: String,
    stage: &'static str,
    code: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct UpstreamLabels {
    upstream: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct FailureLabels {
    upstream: String,
    code: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct HandshakeLabels {
    listener: String,
    result: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct PolicyLabels {
    policy: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ResultLabels {
    result: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ConfigurationLabels {
    digest: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct BuildLabels {
    version: &'static str,
}

type Seconds = Family<EndpointLabels, Histogram, fn() -> Histogram>;

/// What came of a client's handshake by TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HandshakeResult {
    /// The connection stands.
    Ok,
    /// The client spoke something else, was not believed, or went.
    Failed,
    /// It took too long.
    Timeout,
}

/// What came of looking for another configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReloadResult {
    /// Another one is in force.
    Applied,
    /// It was the same.
    Unchanged,
    /// It cannot serve, and the old one is kept.
    Failed,
}

/// Everything that is counted.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    requests: Family<OutcomeLabels, Counter>,
    refusals: Family<RefusalLabels, Counter>,
    would_refuse: Family<RefusalLabels, Counter>,
    request_seconds: Seconds,
    gate_seconds: Seconds,
    upstream_seconds: Family<UpstreamLabels, Histogram, fn() -> Histogram>,
    quota_refusals: Family<PolicyLabels, Counter>,
    upstream_connections: Family<UpstreamLabels, Counter>,
    upstream_reuses: Family<UpstreamLabels, Counter>,
    upstream_active: Family<UpstreamLabels, Gauge>,
    upstream_failures: Family<FailureLabels, Counter>,
    tls_handshakes: Family<HandshakeLabels, Counter>,
    questions: Questions,
    reloads: Family<ResultLabels, Counter>,
    reload_failing: Gauge,
    configuration: Family<ConfigurationLabels, Gauge>,
    configuration_version: Gauge,
    configuration_since: Gauge,
    standing: standing::Gauges,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("portcullis");
        let http: fn() -> Histogram = || Histogram::new(HTTP_BUCKETS);
        let own: fn() -> Histogram = || Histogram::new(OWN_BUCKETS);
        let to = &mut registry;
        let requests = "Requests that ended, by the class of the status that the client got";
        let failing = "1 where the files cannot serve and an older configuration is in force";
        let this = Self {
            requests: add(to, "requests", requests, Family::default()),
            refusals: add(to, "refusals", "Requests that the gate answered itself", Family::default()),
            would_refuse: add(to, "would_refuse", "What stages that only report would have refused", Family::default()),
            request_seconds: add_seconds(to, "request", "From a head's last byte to the answer's last byte", http),
            gate_seconds: add_seconds(to, "gate", "The same without waiting for client or upstream", own),
            upstream_seconds: add_seconds(to, "upstream", "From connecting to the answer's last byte", http),
            quota_refusals: add(to, "quota_refusals", "Requests for which a rate had nothing left", Family::default()),
            upstream_connections: add(to, "upstream_connections", "Connections that were opened", Family::default()),
            upstream_reuses: add(to, "upstream_reuses", "Exchanges on a connection that was kept", Family::default()),
            upstream_active: add(to, "upstream_active", "Exchanges that are going on", Family::default()),
            upstream_failures: add(to, "upstream_failures", "Exchanges and connections that failed", Family::default()),
            tls_handshakes: add(to, "tls_handshakes", "Handshakes by TLS with clients", Family::default()),
            questions: Questions(add(to, "questions", "What other services were asked", Family::default())),
            reloads: add(to, "reloads", "What came of looking for another configuration", Family::default()),
            reload_failing: add(to, "reload_failing", failing, Gauge::default()),
            configuration: add(to, "configuration", "1 for what is in force, by its hash", Family::default()),
            configuration_version: add(to, "configuration_version", "How many were in force so far", Gauge::default()),
            configuration_since: add(
                to,
                "configuration_since_timestamp_seconds",
                "Since when it is in force",
                Gauge::default(),
            ),
            standing: standing::Gauges::register(to),
            registry: Registry::default(),
        };
        let build = add(to, "build", "1 for the build that runs", Family::<BuildLabels, Gauge>::default());
        build.get_or_create(&BuildLabels { version: env!("CARGO_PKG_VERSION") }).set(1);
        // What has never happened is zero and not absent, so that an alert on it can be tried.
        for result in [ReloadResult::Applied, ReloadResult::Unchanged, ReloadResult::Failed] {
            let _ = this.reloads.get_or_create(&ResultLabels { result: result.name() });
        }
        Self { registry, ..this }
    }
}

fn add<M: Metric + Clone>(registry: &mut Registry, name: &str, help: &str, metric: M) -> M {
    registry.register(name, help, metric.clone());
    metric
}

fn add_seconds<L>(
    registry: &mut Registry,
    of: &str,
    help: &str,
    histogram: fn() -> Histogram,
) -> Family<L, Histogram, fn() -> Histogram>
where
    Family<L, Histogram, fn() -> Histogram>: Metric,
    L: Clone + Eq + std::hash::Hash,
{
    let family = Family::new_with_constructor(histogram);
    registry.register_with_unit(format!("{of}_duration"), help, Unit::Seconds, family.clone());
    family
}

impl Metrics {
    /// A configuration came into force.
    pub fn configuration(&self, digest: &str, since: std::time::SystemTime) {
        self.configuration.clear();
        self.configuration.get_or_create(&ConfigurationLabels { digest: digest.to_owned() }).set(1);
        self.configuration_version.inc();
        let since = since.duration_since(std::time::SystemTime::UNIX_EPOCH).unwrap_or_default();
        self.configuration_since.set(i64::try_from(since.as_secs()).unwrap_or(i64::MAX));
    }

    /// A listener speaks TLS.
    pub fn tls_listener(&self, listener: &str) {
        for result in [HandshakeResult::Ok, HandshakeResult::Failed, HandshakeResult::Timeout] {
            let _ = self.tls_handshakes.get_or_create(&HandshakeLabels::new(listener, result));
        }
    }

    /// A client of its began a handshake, which has ended.
    pub fn tls_handshake(&self, listener: &str, result: HandshakeResult) {
        self.tls_handshakes.get_or_create(&HandshakeLabels::new(listener, result)).inc();
    }

    /// Where to count what other services are asked.
    pub fn questions(&self) -> Questions {
        self.questions.clone()
    }

    /// Somebody looked for another one.
    pub fn reload(&self, result: ReloadResult) {
        self.reloads.get_or_create(&ResultLabels { result: result.name() }).inc();
        self.reload_failing.set(i64::from(result == ReloadResult::Failed));
    }

    /// Everything, with what stands now.
    pub fn exposition(&self, standing: &Standing, form: Form) -> String {
        self.standing.set(standing);
        let mut text = String::new();
        // Writing to a String does not fail.
        let _ = encode(&mut text, &self.registry);
        match form {
            Form::Open => text,
            Form::Plain => plain::plain(&text),
        }
    }
}

impl Form {
    /// What somebody wants who accepts this; the older form, unless the other is named.
    pub fn accepted(accept: &str) -> Self {
        if accept.contains("application/openmetrics-text") { Self::Open } else { Self::Plain }
    }

    /// Its content type.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Open => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Plain => plain::CONTENT_TYPE,
        }
    }
}

impl HandshakeLabels {
    fn new(listener: &str, result: HandshakeResult) -> Self {
        let result = match result {
            HandshakeResult::Ok => "ok",
            HandshakeResult::Failed => "failed",
            HandshakeResult::Timeout => "timeout",
        };
        Self { listener: listener.to_owned(), result }
    }
}

impl ReloadResult {
    /// As metrics and the log call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Unchanged => "unchanged",
            Self::Failed => "failed",
        }
    }
}

//! Handles on the counters of one endpoint and of one upstream: made once, so that counting is an
//! addition and not a look-up.

use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;

use super::{EndpointLabels, FailureLabels, Metrics, OutcomeLabels, PolicyLabels, RefusalLabels, UpstreamLabels};
use crate::policy::gateway::Endpoint;
use crate::policy::rejection::Rejection;
use crate::telemetry::record::{End, Record};

/// What is counted of one endpoint, or of requests that came to none.
#[derive(Debug)]
pub struct EndpointMeters {
    labels: EndpointLabels,
    /// By the class of the status; the last for those without.
    requests: [OnceLock<Counter>; CLASSES.len()],
    request_seconds: Histogram,
    gate_seconds: Histogram,
    refusals: Codes,
    would_refuse: Codes,
}

/// Classes of statuses, and the word for an answer that never began.
const CLASSES: [&str; 6] = ["none", "1xx", "2xx", "3xx", "4xx", "5xx"];

/// Counters by code. There are few at one endpoint, so a list is looked through.
#[derive(Debug, Default)]
struct Codes(Mutex<Vec<(&'static str, Counter)>>);

impl Metrics {
    /// The handles of an endpoint; none for requests that came to none. The same labels share their counters,
    /// whichever configuration they stand in.
    pub fn endpoint(&self, endpoint: Option<&Endpoint>) -> EndpointMeters {
        let labels = EndpointLabels {
            endpoint: endpoint.map(|endpoint| endpoint.template.text.clone()).unwrap_or_default(),
            method: endpoint.map(|endpoint| endpoint.method.clone()).unwrap_or_default(),
        };
        EndpointMeters {
            requests: Default::default(),
            request_seconds: self.request_seconds.get_or_create_owned(&labels),
            gate_seconds: self.gate_seconds.get_or_create_owned(&labels),
            refusals: Codes::default(),
            would_refuse: Codes::default(),
            labels,
        }
    }

    /// The handles of an upstream.
    pub fn upstream(&self, upstream: &str) -> UpstreamMeters {
        let labels = UpstreamLabels { upstream: upstream.to_owned() };
        UpstreamMeters {
            opened: self.upstream_connections.get_or_create_owned(&labels),
            reused: self.upstream_reuses.get_or_create_owned(&labels),
            active: self.upstream_active.get_or_create_owned(&labels),
            seconds: self.upstream_seconds.get_or_create_owned(&labels),
            failures: self.upstream_failures.clone(),
            name: labels.upstream,
        }
    }

    /// Counts a request that has ended.
    pub(in crate::telemetry) fn count(&self, record: &Record<'_>, meters: &EndpointMeters) {
        let EndpointLabels { endpoint, method } = &meters.labels;
        let class = record.end.status().map_or(0, |status| usize::from(status / 100).min(CLASSES.len() - 1));
        let requests = meters.requests[class].get_or_init(|| {
            let (endpoint, method) = (endpoint.clone(), method.clone());
            self.requests.get_or_create_owned(&OutcomeLabels { endpoint, method, status: CLASSES[class] })
        });
        requests.inc();
        meters.request_seconds.observe(record.total.as_secs_f64());
        meters.gate_seconds.observe(record.own().as_secs_f64());
        if let End::Refused { rejection, .. } = record.end {
            meters.refusals.count(&self.refusals, &meters.labels, rejection);
        }
        for finding in &record.trail.findings {
            meters.would_refuse.count(&self.would_refuse, &meters.labels, finding);
        }
        for standing in record.trail.standings.iter().filter(|standing| standing.exceeded) {
            let policy = standing.rate.policy.clone();
            self.quota_refusals.get_or_create(&PolicyLabels { policy }).inc();
        }
    }
}

impl Codes {
    fn count(&self, family: &Family<RefusalLabels, Counter>, labels: &EndpointLabels, rejection: &Rejection) {
        let wire = rejection.wire();
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, counter)) = known.iter().find(|(code, _)| *code == wire.code) {
            counter.inc();
            return;
        }
        let EndpointLabels { endpoint, method } = labels.clone();
        let labels = RefusalLabels { endpoint, method, stage: wire.stage.name(), code: wire.code };
        let counter = family.get_or_create_owned(&labels);
        counter.inc();
        known.push((wire.code, counter));
    }
}

/// What is counted of one upstream.
#[derive(Debug)]
pub struct UpstreamMeters {
    name: String,
    opened: Counter,
    reused: Counter,
    active: Gauge,
    seconds: Histogram,
    failures: Family<FailureLabels, Counter>,
}

impl UpstreamMeters {
    /// An exchange begins, on a connection that was kept or on a new one.
    pub fn begun(&self, reused: bool) {
        if reused { &self.reused } else { &self.opened }.inc();
        self.active.inc();
    }

    /// And ends, well or badly.
    pub fn ended(&self) {
        self.active.dec();
    }

    /// It took so long in all, however it ended.
    pub fn took(&self, time: Duration) {
        self.seconds.observe(time.as_secs_f64());
    }

    /// It failed, or a connection did not stand.
    pub fn failed(&self, code: &'static str) {
        self.failures.get_or_create(&FailureLabels { upstream: self.name.clone(), code }).inc();
    }
}

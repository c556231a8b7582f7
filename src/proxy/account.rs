//! What one request came to, as it becomes known, and told once: when this is dropped, however the
//! request ended. So none is forgotten, also not one whose client went or that the end of the gate cut off.

use std::borrow::Cow;
use std::time::Duration;

use super::gate::Gate;
use super::rules::Rules;
use crate::http1::RequestHead;
use crate::policy::connection::Connection;
use crate::policy::problem::Answer;
use crate::policy::rate_limit;
use crate::policy::rejection::Rejection;
use crate::policy::trail::Trail;
use crate::telemetry::{End, Record, Traffic};

/// What one request came to.
pub(super) struct Account<'a> {
    gate: &'a Gate,
    rules: &'a Rules,
    connection: Connection<'a>,
    id: &'a str,
    request: Option<RequestHead<'a>>,
    /// What the stages find out.
    pub(super) trail: Trail<'a>,
    /// What is sent where.
    pub(super) traffic: Traffic<'a>,
    end: End,
}

impl<'a> Account<'a> {
    /// Begins with a head that is there; or with none, where none came.
    pub(super) fn open(
        gate: &'a Gate,
        rules: &'a Rules,
        connection: Connection<'a>,
        id: &'a str,
        request: Option<RequestHead<'a>>,
    ) -> Self {
        let end = End::Cut { status: None, cause: Cow::Borrowed("the connection ended, or the gate did") };
        let (trail, traffic) = (Trail::watched(&gate.clock), Traffic::default());
        Self { gate, rules, connection, id, request, trail, traffic, end }
    }

    /// The answer to a refused request, in the clothes that its endpoint wears.
    pub(super) fn refuse(&mut self, rejection: Rejection) -> Answer {
        let face = self.trail.endpoint.and_then(|endpoint| endpoint.face.as_deref());
        let mut answer = face.unwrap_or(&self.rules.gateway.face).answer(&rejection, self.id);
        answer.fields.extend(rate_limit::fields(&self.trail.standings));
        self.trail.laps.end(rejection.wire().stage);
        let head_only = self.request.is_some_and(|request| request.method == b"HEAD");
        self.traffic.response_bytes = if head_only { 0 } else { answer.body.len() as u64 };
        self.end = End::Refused { status: answer.status, rejection };
        answer
    }

    /// How long a connection may say nothing, by the rules of this request.
    pub(super) fn idle_timeout(&self) -> Duration {
        self.rules.gateway.limits.idle_timeout
    }

    /// An answer of the upstream's begins.
    pub(super) fn answering(&mut self, status: u16) {
        self.end = End::Cut { status: Some(status), cause: Cow::Borrowed("the connection ended, or the gate did") };
    }

    /// And has gone out whole.
    pub(super) fn passed(&mut self) {
        if let End::Cut { status: Some(status), .. } = self.end {
            self.end = End::Passed { status };
        }
    }

    /// Or was cut off.
    pub(super) fn cut(&mut self, cause: String) {
        self.end = End::Cut { status: self.end.status(), cause: Cow::Owned(cause) };
    }
}

impl Drop for Account<'_> {
    fn drop(&mut self) {
        let record = Record {
            id: self.id,
            listener: &self.rules.gateway.listeners[self.connection.listener].name,
            peer: self.connection.peer,
            tls: self.connection.tls,
            method: self.request.map_or(b"", |request| request.method),
            target: self.request.map_or(b"", |request| request.target),
            trail: &self.trail,
            end: &self.end,
            traffic: &self.traffic,
            total: self.trail.laps.total(),
        };
        let telemetry = &self.gate.telemetry;
        telemetry.tell(&record, self.rules.meters(self.trail.endpoint, &telemetry.metrics));
    }
}

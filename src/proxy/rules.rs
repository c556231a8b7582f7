//! One configuration in force: the compiled rules, and what belongs to them at run time. A request keeps
//! one from head to log line, so a reload never changes the rules in the middle of it.

use std::sync::{Arc, OnceLock};

use super::door::Door;
use super::upstream::Group;
use crate::identity::InUse;
use crate::policy::gateway::{Endpoint, Gateway};
use crate::telemetry::{EndpointMeters, Metrics};

/// One configuration in force.
#[derive(Debug)]
pub(super) struct Rules {
    pub(super) gateway: Gateway,
    /// In the order of the gateway's.
    pub(super) upstreams: Vec<Arc<Group>>,
    /// In the order of its listeners.
    pub(super) doors: Vec<Arc<Door>>,
    /// What its authenticators' tokens are checked with, for as long as requests end by these rules.
    _keys: InUse,
    /// In the order of its endpoints, and one more for requests that came to none.
    meters: Vec<OnceLock<EndpointMeters>>,
}

impl Rules {
    pub(super) fn new(gateway: Gateway, upstreams: Vec<Arc<Group>>, doors: Vec<Arc<Door>>, keys: InUse) -> Self {
        let meters = std::iter::repeat_with(OnceLock::new).take(gateway.endpoints.len() + 1).collect();
        Self { gateway, upstreams, doors, _keys: keys, meters }
    }

    /// The listener that is served at a door; none where the configuration has it no more.
    pub(super) fn listener_at(&self, door: &Arc<Door>) -> Option<usize> {
        self.doors.iter().position(|known| Arc::ptr_eq(known, door))
    }

    /// What is counted of one of the gateway's endpoints, or of requests that came to none.
    pub(super) fn meters(&self, endpoint: Option<&Endpoint>, metrics: &Metrics) -> &EndpointMeters {
        let index = endpoint.and_then(|endpoint| self.gateway.endpoints.element_offset(endpoint));
        let meters = &self.meters[index.unwrap_or(self.gateway.endpoints.len())];
        meters.get_or_init(|| metrics.endpoint(endpoint))
    }
}

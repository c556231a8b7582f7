//! What all connections share: the rules in force, and the state that outlives them.

use std::io;
use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::sync::Semaphore;

use super::budget::Budget;
use super::clock::{Clock, Ids};
use super::upstream::Upstreams;
use crate::limits::LocalLimits;
use crate::policy::gateway::Gateway;

/// The gate of one process.
#[derive(Debug)]
pub struct Gate {
    pub(super) gateway: ArcSwap<Gateway>,
    pub(super) limits: LocalLimits,
    pub(super) budget: Arc<Budget>,
    pub(super) upstreams: Upstreams,
    pub(super) connections: Arc<Semaphore>,
    pub(super) clock: Clock,
    pub(super) ids: Ids,
}

impl Gate {
    /// A gate that judges by these rules.
    pub fn new(gateway: Gateway) -> io::Result<Self> {
        Ok(Self {
            limits: LocalLimits::default(),
            budget: Budget::new(gateway.limits.buffered_bytes),
            upstreams: Upstreams::new(&gateway),
            connections: Arc::new(Semaphore::new(gateway.limits.max_connections.min(Semaphore::MAX_PERMITS))),
            clock: Clock::start(),
            ids: Ids::seeded()?,
            gateway: ArcSwap::from_pointee(gateway),
        })
    }
}

//! What all connections share: the rules in force, and the state that outlives them.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::ArcSwap;
use tokio::task::JoinSet;

use super::budget::Budget;
use super::clock::{Clock, Ids};
use super::places::Places;
use super::rules::Rules;
use super::workers::Crew;
use crate::identity::Identity;
use crate::limits::LocalLimits;
use crate::policy::gateway::{Gateway, ReadyWhen};
use crate::telemetry::{Standing, Telemetry};

/// The gate of one process.
#[derive(Debug)]
pub struct Gate {
    pub(super) rules: ArcSwap<Rules>,
    pub(super) limits: LocalLimits,
    pub(super) identity: Identity,
    pub(super) budget: Arc<Budget>,
    /// The same for those that wait in files.
    pub(super) spooled: Arc<Budget>,
    pub(super) places: Arc<Places>,
    pub(super) clock: Clock,
    pub(super) ids: Ids,
    pub(super) telemetry: Arc<Telemetry>,
    pub(super) draining: AtomicBool,
    pub(super) crew: Arc<Crew>,
}

/// Whether requests are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// They are.
    Ready,
    /// The gate is coming to its end.
    Draining,
    /// They would come to nothing: these upstreams take no connection.
    Unanswered(Vec<String>),
}

impl Gate {
    pub(super) fn new(
        rules: Rules,
        identity: Identity,
        telemetry: Arc<Telemetry>,
        crew: Arc<Crew>,
    ) -> io::Result<Self> {
        Ok(Self {
            limits: LocalLimits::default(),
            identity,
            budget: Budget::new(),
            spooled: Budget::new(),
            places: Places::new(),
            clock: Clock::start(),
            ids: Ids::seeded()?,
            telemetry,
            draining: AtomicBool::new(false),
            crew,
            rules: ArcSwap::from_pointee(rules),
        })
    }

    /// Looks at the configuration in force.
    pub fn look<T>(&self, at: impl FnOnce(&Gateway) -> T) -> T {
        at(&self.rules.load().gateway)
    }

    /// What is counted and told.
    pub fn telemetry(&self) -> &Telemetry {
        &self.telemetry
    }

    /// Whether requests are wanted, as `[admin] ready` states it. Upstreams of which nothing was heard of
    /// late are connected to.
    pub async fn readiness(&self) -> Readiness {
        if self.draining.load(Ordering::Relaxed) {
            return Readiness::Draining;
        }
        let rules = self.rules.load_full();
        let when = rules.gateway.admin.as_ref().map(|admin| admin.ready).unwrap_or_default();
        if when == ReadyWhen::Serving {
            return Readiness::Ready;
        }
        let mut asking = JoinSet::new();
        for (index, group) in rules.upstreams.iter().enumerate() {
            let group = Arc::clone(group);
            asking.spawn(async move { (index, group.answers().await) });
        }
        let mut answered = vec![false; rules.upstreams.len()];
        while let Some(asked) = asking.join_next().await {
            let Ok((index, true)) = asked else { continue };
            if when == ReadyWhen::AnyUpstream {
                return Readiness::Ready;
            }
            answered[index] = true;
        }
        let silent = rules.upstreams.iter().zip(answered).filter(|(_, answered)| !answered);
        let silent: Vec<String> = silent.map(|(group, _)| group.name().to_owned()).collect();
        if silent.is_empty() { Readiness::Ready } else { Readiness::Unanswered(silent) }
    }

    /// The same as far as it is known without asking anybody.
    fn seems_ready(&self, rules: &Rules) -> bool {
        let when = rules.gateway.admin.as_ref().map(|admin| admin.ready).unwrap_or_default();
        let mut standing = rules.upstreams.iter().map(|group| group.stands());
        !self.draining.load(Ordering::Relaxed)
            && match when {
                ReadyWhen::Serving => true,
                ReadyWhen::AnyUpstream => standing.any(|stands| stands),
                ReadyWhen::AllUpstreams => standing.all(|stands| stands),
            }
    }

    /// What stands now, for a scrape.
    pub fn standing(&self) -> Standing {
        let rules = self.rules.load_full();
        let listeners = rules.gateway.listeners.iter().zip(&rules.doors);
        let (buffered_bodies, buffered_bytes) = self.budget.held();
        Standing {
            ready: self.seems_ready(&rules),
            connections: listeners.map(|(listener, door)| (listener.name.clone(), door.connections())).collect(),
            buffered_bodies,
            buffered_bytes,
            buffer_limit_bytes: rules.gateway.limits.buffered_bytes,
            spooled_bytes: self.spooled.held().1,
            spool_limit_bytes: rules.gateway.limits.spool_bytes,
            key_sets: self.identity.key_sets(),
            peers: rules.upstreams.iter().flat_map(|group| group.standing()).collect(),
            lines: self.telemetry.lines(),
            password_checks: self.identity.password_checks(),
        }
    }
}

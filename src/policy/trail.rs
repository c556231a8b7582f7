//! What became known of a request on its way, whatever the end: telemetry and the answer read it.
//!
//! It also says how long each stage took, where the caller brings a watch: the core has no clock. A
//! stage's time ends with its outcome, good or bad (`Trail::timed`).

use std::fmt::Debug;
use std::net::IpAddr;
use std::time::Duration;

use super::authenticate::Caller;
use super::gateway::Endpoint;
use super::quota::Standing;
use super::rejection::Rejection;
use super::stage::Stage;

/// What became known on the way.
#[derive(Debug, Default)]
pub struct Trail<'a> {
    /// The endpoint, once routed.
    pub endpoint: Option<&'a Endpoint>,
    /// The client's address, once known.
    pub client: Option<IpAddr>,
    /// The caller, once known; none for strangers.
    pub caller: Option<Caller<'a>>,
    /// Where the charged rates stand.
    pub standings: Vec<Standing<'a>>,
    /// What stages that only report would have refused.
    pub findings: Vec<Rejection>,
    /// How long each stage took.
    pub laps: Laps<'a>,
}

impl<'a> Trail<'a> {
    /// A trail whose stages are timed.
    pub fn watched(watch: &'a dyn Watch) -> Self {
        Self { laps: Laps::started(watch), ..Self::default() }
    }

    /// Passes a stage's outcome on, and takes its time.
    pub(super) fn timed<T>(&mut self, stage: Stage, outcome: T) -> T {
        self.laps.end(stage);
        outcome
    }
}

/// Where time comes from, for a core that has none.
pub trait Watch: Debug + Sync {
    /// Nanoseconds since some moment; never fewer than before.
    fn nanos(&self) -> u64;
}

/// The time spent in each stage; zero throughout where there is no watch.
#[derive(Debug, Default)]
pub struct Laps<'a> {
    watch: Option<&'a dyn Watch>,
    began: u64,
    last: u64,
    spent: [u64; Stage::ALL.len()],
}

impl<'a> Laps<'a> {
    fn started(watch: &'a dyn Watch) -> Self {
        let now = watch.nanos();
        Self { watch: Some(watch), began: now, last: now, spent: [0; Stage::ALL.len()] }
    }

    /// The time since the last lap was that stage's.
    pub fn end(&mut self, stage: Stage) {
        let lap = self.lap();
        self.spent[stage as usize] += u64::try_from(lap.as_nanos()).unwrap_or(u64::MAX);
    }

    /// The time since the last lap, which was no stage's: spent on somebody else.
    pub fn lap(&mut self) -> Duration {
        let Some(watch) = self.watch else { return Duration::ZERO };
        let now = watch.nanos();
        Duration::from_nanos(now.saturating_sub(std::mem::replace(&mut self.last, now)))
    }

    /// What a stage took, in all.
    pub fn of(&self, stage: Stage) -> Duration {
        Duration::from_nanos(self.spent[stage as usize])
    }

    /// From the start until now.
    pub fn total(&self) -> Duration {
        self.watch.map_or(Duration::ZERO, |watch| Duration::from_nanos(watch.nanos().saturating_sub(self.began)))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    /// Every look at it takes ten nanoseconds.
    #[derive(Debug, Default)]
    struct Slow(AtomicU64);

    impl Watch for Slow {
        fn nanos(&self) -> u64 {
            self.0.fetch_add(10, Ordering::Relaxed)
        }
    }

    #[test]
    fn each_stage_has_its_time_and_waiting_is_nobodys() {
        let watch = Slow::default();
        let mut trail = Trail::watched(&watch);
        assert_eq!(trail.timed(Stage::Head, 7), 7);
        assert_eq!(trail.laps.lap(), Duration::from_nanos(10));
        trail.laps.end(Stage::Body);
        trail.laps.end(Stage::Body);
        let times = [Stage::Head, Stage::Body, Stage::Schema].map(|stage| trail.laps.of(stage).as_nanos());
        assert_eq!((times, trail.laps.total().as_nanos()), ([10, 20, 0], 50));
    }

    #[test]
    fn without_a_watch_nothing_takes_time() {
        let mut trail = Trail::default();
        trail.timed(Stage::Head, ());
        assert_eq!((trail.laps.of(Stage::Head), trail.laps.total()), (Duration::ZERO, Duration::ZERO));
    }
}

//! Rates under an hour: GCRA with a burst. The arithmetic is governor's.
//!
//! Governor's own stores write as they ask, and so cannot charge several quotas all or none. Here its
//! limiter works on a [`Proposal`] instead: it reads what was, and leaves what would be. Whether that
//! becomes the state is decided elsewhere, when all rates have agreed.
//!
//! A limiter is made for each question, which costs a multiplication. Its clock stands still at zero,
//! the moment of the question, and states are told relative to that; what is kept are absolute
//! nanoseconds, which have nothing to do with any limiter and so survive a reload.

use std::cell::Cell;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::Clock;
use governor::middleware::StateInformationMiddleware;
use governor::nanos::Nanos;
use governor::state::{NotKeyed, StateStore};
use governor::{Quota, RateLimiter};

use super::counter::{Level, Trial};
use crate::policy::quota::Rate;

/// Full bursts may take so long to replenish, 146 years; more is cut, so that no sum can overflow.
const LONGEST_REFILL: u64 = 1 << 62;

/// What a counter whose theoretical arrival time is `tat` says to a request at `now`.
pub(super) fn trial(rate: &Rate, tat: u64, now: u64) -> Trial {
    let quota = quota(rate);
    let proposal = Proposal { before: (tat > now).then(|| Nanos::new(tat - now)), after: Cell::default() };
    let limiter = RateLimiter::<_, _, _, StateInformationMiddleware>::new(quota, proposal, Still);
    match limiter.check() {
        Ok(snapshot) => {
            let ahead = limiter.into_state_store().after.get().as_u64();
            let (before, after) = levels(quota, snapshot.remaining_burst_capacity(), ahead);
            Trial::Pass { before, after, live_until: now.saturating_add(ahead) }
        }
        Err(refusal) => Trial::Refuse { wait: Nanos::from(refusal.wait_time_from(Still.now())).as_u64() },
    }
}

/// Where the rate stands before and after a request that left `remaining`, and the theoretical arrival
/// time so far `ahead`.
fn levels(quota: Quota, remaining: u32, ahead: u64) -> (Level, Level) {
    let burst = quota.burst_size().get();
    let interval = Nanos::from(quota.replenish_interval()).as_u64();
    // One more passes as soon as no more than the others that are spent lie ahead.
    let others = u64::from(burst.saturating_sub(remaining).saturating_sub(1));
    let grows_in = ahead.saturating_sub(others * interval);
    let untouched = ahead <= interval;
    let before = Level { remaining: u64::from(remaining) + 1, grows_in: if untouched { 0 } else { grows_in } };
    let after = Level { remaining: u64::from(remaining), grows_in };
    (before, after)
}

/// The rate as governor has it.
fn quota(rate: &Rate) -> Quota {
    let window = u64::try_from(rate.window.as_nanos()).unwrap_or(u64::MAX);
    // Rounded up: over any length of time rather a request too few than one too many.
    let interval = window.div_ceil(rate.count.get()).clamp(1, LONGEST_REFILL);
    let most = u32::try_from(LONGEST_REFILL / interval).unwrap_or(u32::MAX);
    let burst = u32::try_from(rate.burst.get()).unwrap_or(u32::MAX).min(most);
    Quota::with_period(Duration::from_nanos(interval))
        .expect("the interval is at least 1 ns")
        .allow_burst(NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN))
}

/// A store of one state, which never replaces it.
struct Proposal {
    before: Option<Nanos>,
    after: Cell<Nanos>,
}

impl StateStore for Proposal {
    type Key = NotKeyed;

    fn measure_and_replace<T, F, E>(&self, _: &NotKeyed, ask: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        ask(self.before).map(|(outcome, after)| {
            self.after.set(after);
            outcome
        })
    }
}

/// The moment of the question.
struct Still;

impl Clock for Still {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        Nanos::new(0)
    }
}

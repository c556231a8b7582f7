//! One counter, of either sort, and what it says to one more request.
//!
//! Between [`super::shards`], which keeps counters, and [`super::gcra`] and [`super::sliding`], which
//! know the rules. Asking changes nothing: that is left to [`Counter::take`], once all have agreed.

use super::gcra;
use super::sliding::Sliding;
use crate::policy::quota::Rate;

/// What one rate says to one more request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trial {
    /// It would pass.
    Pass {
        /// Where the rate stands if nothing is taken.
        before: Level,
        /// Where it stands once the request is taken.
        after: Level,
        /// [`Counter`]'s next `live_until`.
        live_until: u64,
    },
    /// It would not; so many nanoseconds later it would.
    Refuse { wait: u64 },
}

/// How much is left, and for how long no more than that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Level {
    /// Requests that would pass at once.
    pub(super) remaining: u64,
    /// Nanoseconds until more will; zero where nothing is spent.
    pub(super) grows_in: u64,
}

/// What has been taken of one rate by one key.
#[derive(Clone, Debug, Default)]
pub(super) struct Counter {
    /// From this moment, in nanoseconds since the epoch, it is as good as never used. For GCRA this is
    /// the theoretical arrival time and the whole state.
    live_until: u64,
    /// Behind a pointer, so that the many GCRA counters stay small.
    sliding: Option<Box<Sliding>>,
}

impl Counter {
    /// One never used.
    pub(super) const UNUSED: Self = Self { live_until: 0, sliding: None };

    pub(super) fn is_live(&self, now: u64) -> bool {
        now < self.live_until
    }

    /// What would this counter say? Nothing is taken.
    pub(super) fn trial(&self, rate: &Rate, now: u64) -> Trial {
        if rate.is_sliding() {
            self.sliding.as_deref().unwrap_or(&Sliding::UNUSED).trial(rate, now)
        } else {
            gcra::trial(rate, self.live_until, now)
        }
    }

    /// Takes one request that a [`Trial::Pass`] of this rate, at this moment, with this `live_until`
    /// has agreed to.
    pub(super) fn take(&mut self, rate: &Rate, now: u64, live_until: u64) {
        self.live_until = live_until;
        if rate.is_sliding() {
            self.sliding.get_or_insert_default().take(rate, now);
        }
    }

    /// Bytes on the heap.
    #[cfg(test)]
    pub(super) fn heap(&self) -> usize {
        self.sliding.as_deref().map_or(0, Sliding::size)
    }
}

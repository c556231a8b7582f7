//! The one named state of the gate: what is left of every quota, for the life of the process.
//!
//! In the flow this stands behind [`Limits`], the one door through which the guard and the rate limit
//! reach it. It outlives every reload: a counter is found by the quota's name, the rate's numbers and
//! the caller's key, so what a reload did not change goes on counting, and what it changed starts anew.
//!
//! - Rates under an hour are `gcra`, by the crate `governor`; longer ones are `sliding` counters.
//! - A charge is all or nothing. It locks the `shards` of all its counters in ascending order, asks
//!   every rate, and only where all agree takes from all. One call takes at most one from any counter,
//!   even where two of its charges name the same.
//! - Memory is bounded. Counters that are as good as unused are swept away a few at a time. Where a
//!   shard is full of others, a new key makes no new counter and evicts none: it is charged to one
//!   that all such keys share, per shard and rate. So a flood of made-up keys fails closed, for keys
//!   not yet seen, and those already counted do not notice. A key that gets a counter of its own while
//!   the shared one is in use starts with a copy of it, because part of that use was its own.
//!
//! Not here: a clock (time is an argument), which quotas apply to a request (`policy`), the header
//! fields that tell of them (`proxy`), and counters shared between machines.

mod answer;
mod counter;
mod gcra;
mod key;
mod shards;
mod sliding;

#[cfg(test)]
mod tests;

use std::time::Duration;

use smallvec::SmallVec;

use crate::policy::quota::{Charge, Exceeded, Limits, Standing};
use crate::policy::time::Timestamp;
use answer::Answers;
use key::{Id, Keys};
use shards::Shards;

/// So many rates in one call are decided without a list on the heap.
const INLINE: usize = 8;

/// Quotas counted in this process.
#[derive(Debug)]
pub struct LocalLimits {
    keys: Keys,
    shards: Shards,
}

impl LocalLimits {
    /// What [`LocalLimits::default`] holds: some 70 MB where a million are in use. A sliding counter
    /// takes 64 bytes more, and up to 544 where it is busy all its window.
    pub const DEFAULT_MAX_KEYS: usize = 1_000_000;

    /// State for at most `max_keys` counters, one for each rate of a quota and key. Memory is taken as
    /// they come. They are spread over up to 256 shards, each with its equal part of `max_keys`.
    pub fn new(max_keys: usize) -> Self {
        Self { keys: Keys::random(), shards: Shards::new(max_keys) }
    }

    /// Asks every rate of every charge, in order, and takes from all where `taking` and all agree.
    fn ask<'q>(&self, charges: &[Charge<'q, '_>], now: Timestamp, taking: bool) -> Answers<'q> {
        let now = now.nanos();
        let ids: SmallVec<[Id; INLINE]> = charges.iter().flat_map(|charge| self.keys.own(charge)).collect();
        let mut locked = self.shards.lock(&ids);
        let mut answers = Answers::default();
        let rates = charges.iter().flat_map(|it| it.quota.rates.iter().map(|rate| (it.quota, rate)));
        for ((quota, rate), &id) in rates.zip(&ids) {
            let index = self.shards.index(id);
            let shard = locked.shard(index);
            let twin = ids.iter().position(|&other| other == id);
            let seat = match twin.and_then(|twin| answers.seat(twin)) {
                Some(seat) => seat,
                None => {
                    let promised = answers.fresh_in(index);
                    shard.seat(id, now, promised, &ids, || self.keys.shared(quota, rate))
                }
            };
            let trial = shard.trial(seat, rate, now);
            answers.push(rate, index, seat, trial);
        }
        if taking && answers.wait().is_none() {
            answers.take(&mut locked, now);
        }
        answers
    }
}

impl Default for LocalLimits {
    fn default() -> Self {
        Self::new(Self::DEFAULT_MAX_KEYS)
    }
}

impl Limits for LocalLimits {
    fn peek(&self, charge: &Charge<'_, '_>, now: Timestamp) -> Result<(), Duration> {
        let answers = self.ask(std::slice::from_ref(charge), now, false);
        answers.wait().map_or(Ok(()), Err)
    }

    fn charge<'q>(&self, charges: &[Charge<'q, '_>], now: Timestamp) -> Result<Vec<Standing<'q>>, Exceeded<'q>> {
        let answers = self.ask(charges, now, true);
        match answers.wait() {
            None => Ok(answers.standings(true)),
            Some(retry_after) => Err(Exceeded { standings: answers.standings(false), retry_after }),
        }
    }
}

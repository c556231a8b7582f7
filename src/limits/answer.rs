//! What all rates of one charge answered, and what the caller is told of it.
//!
//! Last step of a charge, after [`super::shards`] has seated and asked each counter. The answers are
//! one decision: a single refusal is the whole charge's.

use std::time::Duration;

use smallvec::SmallVec;

use super::INLINE;
use super::counter::{Level, Trial};
use super::shards::{Locked, Seat};
use crate::policy::quota::{Rate, Standing};

/// One for each rate, in the order of the charges.
#[derive(Debug, Default)]
pub(super) struct Answers<'a>(SmallVec<[Answer<'a>; INLINE]>);

#[derive(Debug)]
struct Answer<'a> {
    rate: &'a Rate,
    /// The index of the shard that the counter is in.
    shard: usize,
    seat: Seat,
    trial: Trial,
    /// An earlier one is of the same counter, from which one request takes only once.
    repeats: bool,
}

impl<'a> Answers<'a> {
    pub(super) fn push(&mut self, rate: &'a Rate, shard: usize, seat: Seat, trial: Trial) {
        // Shared counters have the same name in every shard.
        let same = |it: &Answer<'_>| it.shard == shard && it.seat.id() == seat.id();
        let repeats = self.0.iter().any(same);
        self.0.push(Answer { rate, shard, seat, trial, repeats });
    }

    /// Where the counter of an answer already given is.
    pub(super) fn seat(&self, position: usize) -> Option<Seat> {
        self.0.get(position).map(|answer| answer.seat)
    }

    /// How many counters this charge would add to a shard, so far.
    pub(super) fn fresh_in(&self, shard: usize) -> usize {
        let fresh = |it: &&Answer<'_>| it.shard == shard && !it.repeats && matches!(it.seat, Seat::Fresh { .. });
        self.0.iter().filter(fresh).count()
    }

    /// None where all agree, else how long until the last of those that refused would.
    pub(super) fn wait(&self) -> Option<Duration> {
        let refused = self.0.iter().filter_map(|it| match it.trial {
            Trial::Pass { .. } => None,
            Trial::Refuse { wait } => Some(wait),
        });
        refused.max().map(Duration::from_nanos)
    }

    /// Takes one request from every counter that would pass it.
    pub(super) fn take(&self, locked: &mut Locked<'_>, now: u64) {
        for answer in self.0.iter().filter(|it| !it.repeats) {
            if let Trial::Pass { live_until, .. } = answer.trial {
                let shard = locked.shard(answer.shard);
                shard.take(answer.seat, answer.rate, now, live_until);
            }
        }
    }

    /// Where every rate stands, now that the request was taken or was not.
    pub(super) fn standings(&self, taken: bool) -> Vec<Standing<'a>> {
        let standing = |it: &Answer<'a>| {
            let (level, exceeded) = match it.trial {
                Trial::Pass { after, .. } if taken => (after, false),
                Trial::Pass { before, .. } => (before, false),
                Trial::Refuse { wait } => {
                    let nothing = Level { remaining: 0, grows_in: wait };
                    (nothing, true)
                }
            };
            Standing {
                rate: it.rate,
                remaining: level.remaining,
                resets_in: Duration::from_nanos(level.grows_in),
                exceeded,
            }
        };
        self.0.iter().map(standing).collect()
    }
}

//! Rates of an hour and longer: counts by parts of the window, which never admit over the count in any
//! window of that length, wherever it begins.
//!
//! A window is cut into [`PARTS`]; requests are counted by the part they fell into, and a part counts
//! whole until the last request it can hold is a full window old. So what a client has spent comes back
//! up to a sixtieth of the window late: a minute for an hour, 24 minutes for a day. Only parts with
//! requests in them are kept, 8 bytes each: a key with one request costs one, a busy one 61.

use super::counter::{Level, Trial};
use crate::policy::quota::Rate;

/// Parts of a window. The current one stands beside so many before it, as it is not over.
const PARTS: u64 = 60;

/// What one key has spent lately of one rate.
#[derive(Clone, Debug, Default)]
pub(super) struct Sliding {
    /// The sum of all parts, ended ones too while they are still there.
    total: u64,
    /// Oldest first.
    parts: Vec<Part>,
}

#[derive(Clone, Copy, Debug)]
struct Part {
    /// How many parts' lengths after the epoch it began.
    index: u32,
    /// Where this would overflow, the part goes on in another of the same index.
    requests: u32,
}

impl Sliding {
    /// One never used.
    pub(super) const UNUSED: Self = Self { total: 0, parts: Vec::new() };

    /// What this counter says to a request at `now`. Nothing is taken.
    pub(super) fn trial(&self, rate: &Rate, now: u64) -> Trial {
        let length = length(rate);
        let live = &self.parts[self.ended(length, now)..];
        let ended = &self.parts[..self.parts.len() - live.len()];
        let spent = self.total - sum(ended);
        let Some(remaining) = rate.count.get().checked_sub(spent).filter(|&left| left > 0) else {
            let owed = spent - rate.count.get() + 1;
            let wait = return_of(owed, live, length).saturating_sub(now);
            return Trial::Refuse { wait };
        };
        let returns = end(self.current(length, now), length);
        let oldest = live.first().map(|part| end(part.index, length));
        let grows_at = |end: u64| end.saturating_sub(now);
        Trial::Pass {
            before: Level { remaining, grows_in: oldest.map_or(0, grows_at) },
            after: Level { remaining: remaining - 1, grows_in: grows_at(oldest.unwrap_or(returns)) },
            live_until: returns,
        }
    }

    /// Counts a request at `now`, and forgets the parts that have ended.
    pub(super) fn take(&mut self, rate: &Rate, now: u64) {
        let length = length(rate);
        let ended = self.ended(length, now);
        self.total -= sum(&self.parts[..ended]);
        self.parts.drain(..ended);
        let index = self.current(length, now);
        self.total += 1;
        match self.parts.last_mut() {
            Some(part) if part.index == index && part.requests < u32::MAX => part.requests += 1,
            _ => self.parts.push(Part { index, requests: 1 }),
        }
    }

    /// The part that `now` is in. Never before the last, should readings of the clock cross.
    fn current(&self, length: u64, now: u64) -> u32 {
        let index = u32::try_from(now / length).unwrap_or(u32::MAX);
        self.parts.last().map_or(index, |last| last.index.max(index))
    }

    /// How many parts have ended.
    fn ended(&self, length: u64, now: u64) -> usize {
        let ended = |part: &&Part| end(part.index, length) <= now;
        self.parts.iter().take_while(ended).count()
    }

    /// Bytes on the heap.
    #[cfg(test)]
    pub(super) fn size(&self) -> usize {
        size_of::<Self>() + self.parts.capacity() * size_of::<Part>()
    }
}

/// The length of a part, rounded up so that `PARTS` of them are no less than the window.
fn length(rate: &Rate) -> u64 {
    let length = rate.window.as_nanos().div_ceil(u128::from(PARTS));
    u64::try_from(length).unwrap_or(u64::MAX).max(1)
}

/// When the requests of a part are all a full window old: `PARTS` after the part itself is over.
fn end(index: u32, length: u64) -> u64 {
    (u64::from(index) + 1 + PARTS).saturating_mul(length)
}

fn sum(parts: &[Part]) -> u64 {
    parts.iter().map(|part| u64::from(part.requests)).sum()
}

/// When `owed` requests of these parts have come back.
fn return_of(owed: u64, live: &[Part], length: u64) -> u64 {
    let mut back = 0;
    let enough = live.iter().find(|part| {
        back += u64::from(part.requests);
        back >= owed
    });
    enough.map_or(u64::MAX, |part| end(part.index, length))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::tests::sliding;

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn a_part_that_is_full_goes_on_in_another() {
        let rate = sliding(u64::MAX, 1);
        let mut counter = Sliding { total: u64::from(u32::MAX), parts: vec![Part { index: 0, requests: u32::MAX }] };
        counter.take(&rate, SECOND);
        assert_eq!((counter.total, counter.parts.len()), (1 << 32, 2));
        assert_eq!(sum(&counter.parts), counter.total);
        counter.take(&rate, 3660 * SECOND);
        assert_eq!((counter.total, counter.parts.len()), (1, 1));
    }

    #[test]
    fn a_busy_key_keeps_61_parts() {
        let rate = sliding(1000, 1);
        let mut counter = Sliding::default();
        for quarter in 0..4 * 60 * 5 {
            counter.take(&rate, quarter * 15 * SECOND);
            assert!(counter.parts.len() <= 61);
        }
        assert_eq!(counter.total, 4 * 61);
        assert!(counter.size() <= size_of::<Sliding>() + 64 * 8);
    }

    #[test]
    fn a_reading_that_comes_late_counts_into_the_last_part() {
        let rate = sliding(2, 1);
        let mut counter = Sliding::default();
        counter.take(&rate, 60 * SECOND);
        counter.take(&rate, 60 * SECOND - 1);
        assert_eq!(counter.parts.len(), 1);
        let end = (1 + 61) * 60 * SECOND;
        let refused = Trial::Refuse { wait: 1 };
        assert_eq!(counter.trial(&rate, end - 1), refused);
        assert!(matches!(counter.trial(&rate, end), Trial::Pass { .. }));
    }
}

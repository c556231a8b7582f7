//! What may be presented once, and was: signatures, until they are good no more.
//!
//! All of it is in memory, so a restart forgets it: for the time of a window, what was presented before the restart can
//! be presented once more. A reload forgets nothing. Nobody waits here: an answer is a look at a table.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use hashbrown::HashSet;

use crate::policy::authenticate::{Finding, Unavailable};
use crate::policy::time::Timestamp;

/// So many are remembered at once. Each takes some 20 to 40 bytes, so all of them at most 40 MB; none before it
/// is presented.
const CAPACITY: usize = 1_000_000;
/// Locks, each on its part, so that threads seldom meet.
const SHARDS: usize = 16;
/// What ends within the same minute is forgotten at once, at its end.
const MINUTE: u64 = 60;

/// What was presented.
#[derive(Debug)]
pub(super) struct Replays {
    shards: [Mutex<Shard>; SHARDS],
    capacity: usize,
    /// When it was last told that it is full, in seconds since the epoch.
    told: AtomicU64,
}

/// By the minute in which it ends. Half of a SHA-256 tells as much apart as all of it, to whoever cannot choose it.
#[derive(Debug, Default)]
struct Shard {
    minutes: BTreeMap<u64, HashSet<u128>>,
}

impl Default for Replays {
    fn default() -> Self {
        Self::of(CAPACITY)
    }
}

impl Replays {
    fn of(capacity: usize) -> Self {
        Self { shards: std::array::from_fn(|_| Mutex::default()), capacity, told: AtomicU64::new(0) }
    }

    /// Whether this comes for the first time; from now on it does not. `until` is the last moment at which it is
    /// good. Where there is no room, nobody can tell.
    pub(super) fn first(&self, digest: [u8; 32], until: Timestamp, now: Timestamp) -> Finding {
        let [shard, rest @ ..] = digest;
        let id = rest.first_chunk().map_or(0, |bytes| u128::from_le_bytes(*bytes));
        let shard = &self.shards[usize::from(shard) % SHARDS];
        // A set that somebody left in a panic is a set.
        let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
        match shard.first(id, until, now, self.capacity / SHARDS) {
            Some(first) => Finding::First(first),
            None => {
                drop(shard);
                self.tell(now);
                Finding::Unavailable(Unavailable("no more signatures can be remembered".to_owned()))
            }
        }
    }

    /// Once a minute.
    fn tell(&self, now: Timestamp) {
        let last = self.told.load(Ordering::Relaxed);
        let due = now.seconds() >= last.saturating_add(MINUTE);
        if due && self.told.compare_exchange(last, now.seconds(), Ordering::Relaxed, Ordering::Relaxed).is_ok() {
            tracing::error!(
                capacity = self.capacity,
                "signed requests are refused: no more signatures can be remembered; a shorter `window` makes room"
            );
        }
    }
}

impl Shard {
    /// `None` where there is no room.
    fn first(&mut self, id: u128, until: Timestamp, now: Timestamp, capacity: usize) -> Option<bool> {
        // What ends in this minute may still be good.
        let current = now.seconds() / MINUTE;
        while let Some(oldest) = self.minutes.first_entry().filter(|oldest| *oldest.key() < current) {
            oldest.remove();
        }
        // In all of them: another configuration may have given it another end.
        if self.minutes.values().any(|ids| ids.contains(&id)) {
            return Some(false);
        }
        if self.minutes.values().map(HashSet::len).sum::<usize>() >= capacity {
            return None;
        }
        self.minutes.entry(until.seconds() / MINUTE).or_default().insert(id);
        Some(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(number: u64) -> [u8; 32] {
        use sha2::{Digest as _, Sha256};
        Sha256::digest(number.to_be_bytes()).into()
    }

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    fn first(replays: &Replays, number: u64, until: u64, now: u64) -> Option<bool> {
        match replays.first(digest(number), at(until), at(now)) {
            Finding::First(first) => Some(first),
            _ => None,
        }
    }

    #[test]
    fn a_thing_is_new_once() {
        let replays = Replays::default();
        assert_eq!(first(&replays, 1, 1300, 1000), Some(true));
        assert_eq!(first(&replays, 1, 1300, 1000), Some(false));
        assert_eq!(first(&replays, 2, 1300, 1000), Some(true));
        // Until its last moment, and with whatever end it comes again.
        assert_eq!(first(&replays, 1, 1300, 1300), Some(false));
        assert_eq!(first(&replays, 2, 4000, 1300), Some(false));
        assert_eq!(first(&replays, 1, 9999, 1380), Some(true));
    }

    #[test]
    fn where_it_is_full_nobody_can_tell_until_time_makes_room() {
        let replays = Replays::of(SHARDS * 4);
        let found: Vec<Option<bool>> = (0..1000).map(|number| first(&replays, number, 1060, 1000)).collect();
        assert_eq!(found.iter().filter(|first| **first == Some(true)).count(), SHARDS * 4);
        assert_eq!(found.iter().filter(|first| first.is_none()).count(), 1000 - SHARDS * 4);
        // What is remembered is still known.
        let known = (0..1000).filter(|number| first(&replays, *number, 1060, 1001) == Some(false)).count();
        assert_eq!(known, SHARDS * 4);
        assert_eq!(first(&replays, 5000, 2000, 1140), Some(true));
        let left: usize = replays.shards.iter().map(|shard| shard.lock().map_or(0, |it| it.minutes.len())).sum();
        assert!(left <= SHARDS, "what has ended goes when something comes: {left}");
    }

    #[test]
    fn of_many_threads_one_is_first() {
        let replays = Replays::default();
        let firsts = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| (0..2000).filter(|n| first(&replays, *n, 1300, 1000) == Some(true)).count()))
                .collect();
            threads.into_iter().map(|thread| thread.join().expect("none panics")).sum::<usize>()
        });
        assert_eq!(firsts, 2000);
    }
}

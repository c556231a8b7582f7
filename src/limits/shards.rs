//! Where the counters are kept: tables of a fixed greatest size, each behind a lock of its own.
//!
//! Under the charge in [`super`]: it locks the shards it needs, seats every counter, asks, and takes.
//! Nothing here decides whether a request passes, and nothing here runs by itself: tables are swept,
//! and shrink after a flood, as new keys come.

use std::sync::{Mutex, MutexGuard, PoisonError};

use hashbrown::HashTable;
use smallvec::SmallVec;

use super::INLINE;
use super::counter::{Counter, Trial};
use super::key::Id;
use crate::policy::quota::Rate;

/// With more, an empty gate grows; with fewer, threads meet.
const MOST_SHARDS: usize = 256;
/// Smaller shards would be full by chance long before the others.
const FEWEST_KEYS_PER_SHARD: usize = 64;
/// Smaller tables are not worth shrinking.
const SMALL: usize = 32;
/// Buckets looked at for each new key, so that a table is swept in the time it takes to fill.
const SWEEP: usize = 8;
/// The same where the shard is full: 4 kB to read, however many strangers knock.
const SWEEP_FULL: usize = 128;

/// All counters, spread by one half of their names.
#[derive(Debug)]
pub(super) struct Shards {
    /// A power of two.
    all: Box<[Mutex<Shard>]>,
}

impl Shards {
    pub(super) fn new(max_keys: usize) -> Self {
        let wanted = (max_keys / FEWEST_KEYS_PER_SHARD).clamp(1, MOST_SHARDS);
        let shards = (wanted + 1).next_power_of_two() / 2;
        let shard = || Mutex::new(Shard::new(max_keys / shards));
        Self { all: std::iter::repeat_with(shard).take(shards).collect() }
    }

    /// Locks the shards that these counters are in, in ascending order, so that no two charges wait
    /// for each other.
    pub(super) fn lock(&self, ids: &[Id]) -> Locked<'_> {
        let mut indices: SmallVec<[usize; INLINE]> = ids.iter().map(|id| self.index(*id)).collect();
        indices.sort_unstable();
        indices.dedup();
        // Nothing panics while it holds a lock; were it to, what it left would still be counters.
        let lock = |&index: &usize| self.all[index].lock().unwrap_or_else(PoisonError::into_inner);
        Locked { guards: indices.iter().map(lock).collect(), indices }
    }

    pub(super) fn index(&self, id: Id) -> usize {
        let mask = self.all.len() as u64 - 1;
        (id.shard & mask) as usize
    }

    /// Counters held, and the bytes that they and the tables take.
    #[cfg(test)]
    pub(super) fn footprint(&self) -> (usize, usize) {
        let held = |shard: &Mutex<Shard>| {
            let shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            let heap = shard.table.iter().map(|entry| entry.counter.heap()).sum::<usize>();
            (shard.table.len(), heap + shard.table.allocation_size())
        };
        let add = |a: (usize, usize), b: (usize, usize)| (a.0 + b.0, a.1 + b.1);
        self.all.iter().map(held).fold((0, 0), add)
    }
}

/// The shards of one charge, for as long as it takes.
pub(super) struct Locked<'a> {
    indices: SmallVec<[usize; INLINE]>,
    guards: SmallVec<[MutexGuard<'a, Shard>; INLINE]>,
}

impl Locked<'_> {
    /// A shard that was locked, by its index.
    pub(super) fn shard(&mut self, index: usize) -> &mut Shard {
        let position = self.indices.iter().position(|&it| it == index);
        &mut self.guards[position.expect("the shards of all counters were locked together")]
    }
}

/// Where a counter is, or would be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seat {
    /// In the table.
    Known(Id),
    /// Nowhere yet, and there is room for it.
    Fresh {
        /// Its name.
        id: Id,
        /// The counter it would have been charged to until now, if that is in use.
        heir_of: Option<Id>,
    },
    /// Nowhere, and there is no room: the one that all such keys share.
    Shared(Id),
}

impl Seat {
    /// The name of the counter, which is not the asked one where it is shared.
    pub(super) fn id(self) -> Id {
        match self {
            Self::Known(id) | Self::Fresh { id, .. } | Self::Shared(id) => id,
        }
    }
}

/// One table.
#[derive(Debug)]
pub(super) struct Shard {
    table: HashTable<Entry>,
    /// The table never holds more.
    most: usize,
    /// The bucket that was swept last.
    broom: usize,
    /// What is charged to while the table is full: one for each rate of the configuration at most.
    shared: HashTable<Entry>,
}

#[derive(Debug)]
struct Entry {
    id: Id,
    counter: Counter,
}

impl Shard {
    fn new(most: usize) -> Self {
        Self { table: HashTable::new(), most, broom: 0, shared: HashTable::new() }
    }

    /// Finds a counter or a place for it. `promised` more will be put here by the same charge, `kept`
    /// are those it asks for; `shared` is the name to use where there is no room.
    pub(super) fn seat(&mut self, id: Id, now: u64, promised: usize, kept: &[Id], shared: impl FnOnce() -> Id) -> Seat {
        if find(&self.table, id).is_some() {
            return Seat::Known(id);
        }
        let full = |shard: &Self| shard.table.len() + promised >= shard.most;
        self.sweep(now, if full(self) { SWEEP_FULL } else { SWEEP }, kept);
        if full(self) {
            return Seat::Shared(shared());
        }
        let heir_of = (!self.shared.is_empty()).then(shared);
        let heir_of = heir_of.filter(|id| find(&self.shared, *id).is_some_and(|counter| counter.is_live(now)));
        Seat::Fresh { id, heir_of }
    }

    /// What the counter says. Nothing is taken.
    pub(super) fn trial(&self, seat: Seat, rate: &Rate, now: u64) -> Trial {
        let counter = match seat {
            Seat::Known(id) => find(&self.table, id),
            Seat::Fresh { heir_of, .. } => heir_of.and_then(|id| find(&self.shared, id)),
            Seat::Shared(id) => find(&self.shared, id),
        };
        counter.unwrap_or(&Counter::UNUSED).trial(rate, now)
    }

    /// Takes what the trial has agreed to.
    pub(super) fn take(&mut self, seat: Seat, rate: &Rate, now: u64, live_until: u64) {
        let counter = match seat {
            Seat::Known(id) => find_or_insert(&mut self.table, id, Counter::default),
            Seat::Fresh { id, heir_of } => {
                let shared = heir_of.and_then(|id| find(&self.shared, id));
                find_or_insert(&mut self.table, id, || shared.cloned().unwrap_or_default())
            }
            Seat::Shared(id) => {
                // What an earlier configuration left behind goes when something new comes.
                if find(&self.shared, id).is_none() {
                    self.shared.retain(|entry| entry.counter.is_live(now));
                }
                find_or_insert(&mut self.shared, id, Counter::default)
            }
        };
        counter.take(rate, now, live_until);
    }

    /// Removes what has ended from the next few buckets, except those that are `kept`.
    fn sweep(&mut self, now: u64, buckets: usize, kept: &[Id]) {
        let all = self.table.num_buckets();
        let mut wrapped = false;
        for _ in 0..buckets.min(all) {
            self.broom = if self.broom + 1 < all { self.broom + 1 } else { 0 };
            wrapped |= self.broom == 0;
            if let Ok(entry) = self.table.get_bucket_entry(self.broom)
                && !entry.get().counter.is_live(now)
                && !kept.contains(&entry.get().id)
            {
                entry.remove();
            }
        }
        if wrapped && self.table.capacity() > SMALL.max(8 * self.table.len()) {
            self.table.shrink_to(SMALL.max(2 * self.table.len()), |entry| entry.id.slot);
        }
    }
}

fn find(table: &HashTable<Entry>, id: Id) -> Option<&Counter> {
    let entry = table.find(id.slot, |entry| entry.id == id)?;
    Some(&entry.counter)
}

fn find_or_insert(table: &mut HashTable<Entry>, id: Id, counter: impl FnOnce() -> Counter) -> &mut Counter {
    let entry = table.entry(id.slot, |entry| entry.id == id, |entry| entry.id.slot);
    let entry = entry.or_insert_with(|| Entry { id, counter: counter() });
    &mut entry.into_mut().counter
}

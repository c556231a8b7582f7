//! Builds a set of keys: takes principals in any order, and lays their keys out once all are there.

use std::sync::Arc;

use hashbrown::{HashMap, HashSet};

use super::{Entry, Grant, KeyHash, KeySet, Principal, Validity, place, words};

/// Principals and keys that are to be a [`KeySet`].
#[derive(Default)]
pub struct KeySetBuilder {
    keyless: Vec<Principal>,
    grants: HashSet<Arc<Grant>>,
    entries: Vec<Entry>,
    validities: HashMap<Validity, u32>,
}

/// Two keys with the same hash, by their numbers in the order in which they were added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Twin {
    /// The first key with this hash.
    pub first: usize,
    /// A later one.
    pub again: usize,
}

impl KeySetBuilder {
    /// Adds a principal with all of its keys.
    pub fn add(&mut self, name: &str, grant: &Grant, keys: impl IntoIterator<Item = (KeyHash, Validity)>) {
        let grant = self.grants.get_or_insert_with(grant, |grant| Arc::new(grant.clone()));
        let principal = || Principal::new(name, Arc::clone(grant));
        let before = self.entries.len();
        for (hash, validity) in keys {
            let next = index(self.validities.len());
            let validity = *self.validities.entry(validity).or_insert(next);
            let number = index(self.entries.len());
            self.entries.push(Entry { hash: words(&hash), principal: principal(), validity, number });
        }
        if self.entries.len() == before {
            self.keyless.push(principal());
        }
    }

    /// The set.
    ///
    /// # Errors
    ///
    /// Every key whose hash an earlier one has.
    pub fn finish(self) -> Result<KeySet, Vec<Twin>> {
        let mut entries = self.entries;
        entries.sort_unstable_by(|a, b| a.hash.cmp(&b.hash).then(a.number.cmp(&b.number)));
        let twins = twins(&entries);
        if !twins.is_empty() {
            return Err(twins);
        }
        let places = entries.len().div_ceil(4) * 5;
        let mut validities = vec![Validity::default(); self.validities.len()];
        for (validity, index) in self.validities {
            validities[index as usize] = validity;
        }
        Ok(KeySet {
            keyless: self.keyless.into(),
            grants: self.grants.into_iter().collect(),
            entries: spread(entries, places),
            places,
            validities: validities.into(),
        })
    }
}

/// An index in as many bytes as a file of a few hundred megabytes can need. What is past that leads nowhere.
fn index(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

fn twins(sorted: &[Entry]) -> Vec<Twin> {
    let same = sorted.chunk_by(|a, b| a.hash == b.hash);
    let twins = same.flat_map(|same| {
        let number = |entry: &Entry| entry.number as usize;
        same[1..].iter().map(move |again| Twin { first: number(&same[0]), again: number(again) })
    });
    twins.collect()
}

/// Each of the sorted entries in its place, or in the next one that is free.
fn spread(sorted: Vec<Entry>, places: usize) -> Box<[Option<Entry>]> {
    // More than hashes have ever run over by; if they do, this grows.
    let mut spread = Vec::with_capacity(places + 64);
    for entry in sorted {
        let free = spread.len().max(place(&entry.hash, places));
        spread.resize_with(free, || None);
        spread.push(Some(entry));
    }
    spread.into()
}

//! API keys, as hashes: who holds one, and until when.
//!
//! A key is 128 random bits or more, so one round of SHA-256 is enough to store it by; passwords need
//! more and are not kept here. A lookup tells nothing of how much of a guess was right: what is
//! compared is the hash of it, and in constant time.
//!
//! A set is built once ([`KeySetBuilder`]) and then only read. Its entries are sorted by hash in an array of which
//! a fifth is empty, each where its first bits say that it should be, or in the next place behind that is free: as
//! hashes are random, two places further on. An entry holds hash, principal and when the key is good, and fills
//! one line of the cache. So a lookup waits for memory once; a second wait would cost as much as all else. What
//! many keys have in common stands once: scopes and plan (a [`Grant`]), and dates.
//!
//! A million keys, each of a principal of its own, take 110 MiB: 80 B for each, and the name on the heap. A
//! lookup among them takes 0.4 µs where memory takes 0.2, and 0.08 µs among so few that the cache holds them; of
//! both, SHA-256 is 0.06 (`benches/authenticate`).

mod builder;
mod principal;

use std::fmt::{self, Write as _};
use std::sync::Arc;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::time::Timestamp;

pub use builder::{KeySetBuilder, Twin};
pub use principal::{Grant, Principal};

/// SHA-256 of a key.
pub type KeyHash = [u8; 32];

/// A hash as key files, metrics and people write it: two lower-case hexadecimal digits a byte.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing to a String does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Longer values are not hashed at all: no key is.
pub const MAX_KEY_BYTES: usize = 512;

/// The keys of one file.
#[derive(Default)]
pub struct KeySet {
    /// Principals that have no key.
    keyless: Box<[Principal]>,
    grants: Box<[Arc<Grant>]>,
    /// Sorted by hash; none stands before its [`place`], and none is empty from there to where it stands.
    entries: Box<[Option<Entry>]>,
    /// So many places hashes are spread over. There may be a few more, behind the last.
    places: usize,
    validities: Box<[Validity]>,
}

/// One key, in one line of the cache.
#[repr(align(64))]
struct Entry {
    hash: Words,
    principal: Principal,
    /// Index of when it is good.
    validity: u32,
    /// In the order in which keys were added.
    number: u32,
}

/// A hash as the processor compares it, first bytes first.
type Words = [u64; 4];

/// When a key is good.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Validity {
    /// From when on it is good.
    pub not_before: Option<Timestamp>,
    /// From when on it is good no more.
    pub expires: Option<Timestamp>,
    /// Taken out of use by hand.
    pub disabled: bool,
}

impl Validity {
    /// Whether a key of this validity is good at this time.
    pub fn check(&self, now: Timestamp) -> Result<(), KeyFault> {
        if self.disabled {
            Err(KeyFault::Disabled)
        } else if self.not_before.is_some_and(|from| now < from) {
            Err(KeyFault::NotYet)
        } else if self.expires.is_some_and(|until| now >= until) {
            Err(KeyFault::Expired)
        } else {
            Ok(())
        }
    }
}

/// Why a key that was presented is not taken; for the log, never for the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyFault {
    /// No such key.
    Unknown,
    /// Good later.
    NotYet,
    /// Good no more.
    Expired,
    /// Taken out of use.
    Disabled,
}

impl KeyFault {
    /// As the log says it.
    pub const fn message(self) -> &'static str {
        match self {
            Self::Unknown => "unknown key",
            Self::NotYet => "key not good yet",
            Self::Expired => "key expired",
            Self::Disabled => "key disabled",
        }
    }
}

impl KeySet {
    /// Who presents this key?
    pub fn lookup(&self, presented: &[u8], now: Timestamp) -> Result<&Principal, KeyFault> {
        if presented.len() > MAX_KEY_BYTES {
            return Err(KeyFault::Unknown);
        }
        let entry = self.entry(&words(&Sha256::digest(presented).into())).ok_or(KeyFault::Unknown)?;
        self.validities.get(entry.validity as usize).ok_or(KeyFault::Unknown)?.check(now)?;
        Ok(&entry.principal)
    }

    fn entry(&self, hash: &Words) -> Option<&Entry> {
        let from_place = self.entries.get(place(hash, self.places)..)?;
        from_place.iter().map_while(Option::as_ref).find(|entry| bool::from(entry.hash.ct_eq(hash)))
    }

    fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().flatten()
    }

    /// Whether there is nobody in it, not even without a key.
    pub fn is_empty(&self) -> bool {
        self.entries().next().is_none() && self.keyless.is_empty()
    }

    /// The principals, by name.
    pub fn principals(&self) -> Vec<&Principal> {
        let all = self.entries().map(|entry| &entry.principal).chain(&self.keyless);
        let mut all: Vec<_> = all.collect();
        all.sort_unstable_by_key(|principal| principal.name());
        all.dedup_by_key(|principal| principal.name());
        all
    }

    /// What principals may do, each combination once.
    pub fn grants(&self) -> impl Iterator<Item = &Grant> {
        self.grants.iter().map(|grant| &**grant)
    }
}

fn words(hash: &KeyHash) -> Words {
    let (words, _) = hash.as_chunks();
    std::array::from_fn(|index| u64::from_be_bytes(words[index]))
}

/// Where a hash should stand among so many places: as far along as it is among all hashes.
fn place(hash: &Words, places: usize) -> usize {
    let place = (u128::from(hash[0]) * places as u128) >> 64;
    place as usize
}

/// Hashes are no secrets, but there is no reason to print them either.
impl fmt::Debug for KeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeySet").field("keys", &self.entries().count()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;

//! From a charge to the names of its counters: 128 bits each, so that whole keys need not be kept.
//!
//! First step of every charge. The bits come from SipHash under a key drawn for this process, so nobody
//! outside can aim made-up keys at one shard or one bucket, and two keys that meet are a matter of
//! chance: about one in 10^27 for a million counters. It does not know what a counter holds.

use std::hash::{BuildHasher, DefaultHasher, Hasher, RandomState};
use std::net::IpAddr;

use smallvec::SmallVec;

use crate::policy::quota::{Charge, ChargeKey, Quota, Rate};

/// The name of one counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Id {
    /// Says which shard it is in. The same for all rates of a quota and key: one lock for all.
    pub(super) shard: u64,
    /// Says where in that shard's table.
    pub(super) slot: u64,
}

/// The secret that names are made with.
#[derive(Debug)]
pub(super) struct Keys(RandomState);

impl Keys {
    pub(super) fn random() -> Self {
        Self(RandomState::new())
    }

    /// The names of a charge's own counters, one for each rate in order.
    pub(super) fn own<'q>(&self, charge: &Charge<'q, '_>) -> impl Iterator<Item = Id> + use<'q> {
        let (quota, named) = (charge.quota, self.named(charge.quota, Some(charge.key)));
        quota.rates.iter().map(move |rate| named.id(rate))
    }

    /// The name of the counter for all whom a full shard has no room for.
    pub(super) fn shared(&self, quota: &Quota, rate: &Rate) -> Id {
        self.named(quota, None).id(rate)
    }

    fn named(&self, quota: &Quota, key: Option<ChargeKey<'_>>) -> Named {
        let spelling = spell(quota, key);
        // One keyed function over two inputs that differ in their first byte is as good as two
        // functions with keys of their own. Two `RandomState`s of one thread would have related keys.
        let half = |first: u8| {
            let mut hasher = self.0.build_hasher();
            hasher.write_u8(first);
            hasher.write(&spelling);
            hasher
        };
        Named { shard: half(0).finish(), slot: half(1) }
    }
}

/// A quota and key as bytes, in one piece because the hasher is slow with many; no two are alike. All
/// strings but the last have their length before them.
fn spell(quota: &Quota, key: Option<ChargeKey<'_>>) -> SmallVec<[u8; 128]> {
    let mut spelling = SmallVec::new();
    let mut push = |bytes: &[u8]| spelling.extend_from_slice(bytes);
    push(&quota.name.len().to_le_bytes());
    push(quota.name.as_bytes());
    let (v4, v6);
    let (kind, key, rest): (u8, &[u8], &[u8]) = match &key {
        None => (0, &[], &[]),
        Some(ChargeKey::Principal(name)) => (1, name.as_bytes(), &[]),
        Some(ChargeKey::Address(IpAddr::V4(address))) => {
            v4 = address.octets();
            (2, &v4, &[])
        }
        Some(ChargeKey::Address(IpAddr::V6(address))) => {
            v6 = address.octets();
            (3, &v6, &[])
        }
        Some(ChargeKey::Header(value)) => (4, value, &[]),
        Some(ChargeKey::Endpoint(method, template)) => (5, method.as_bytes(), template.as_bytes()),
        Some(ChargeKey::Listener(name)) => (6, name.as_bytes(), &[]),
        Some(ChargeKey::Claim(text)) => (7, text.as_bytes(), &[]),
    };
    push(&[kind]);
    push(&key.len().to_le_bytes());
    push(key);
    push(rest);
    spelling
}

/// A quota and key, hashed; what is missing is the rate.
struct Named {
    shard: u64,
    slot: DefaultHasher,
}

impl Named {
    /// A rate is its numbers and not its place in the list: one that a reload changed counts anew.
    fn id(&self, rate: &Rate) -> Id {
        let burst = if rate.is_sliding() { 0 } else { rate.burst.get() };
        let numbers = [rate.window.as_nanos(), u128::from(rate.count.get()) << 64 | u128::from(burst)];
        let mut slot = self.slot.clone();
        slot.write(numbers.map(u128::to_le_bytes).as_flattened());
        Id { shard: self.shard, slot: slot.finish() }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::limits::tests::{gcra, quota, sliding};

    fn ids(keys: &Keys, quota: &Quota, key: ChargeKey<'_>) -> Vec<(u64, u64)> {
        let ids = keys.own(&Charge { quota, key });
        ids.map(|id| (id.shard, id.slot)).collect()
    }

    #[test]
    fn everything_that_tells_counters_apart_is_in_the_name() {
        let keys = Keys::random();
        let quotas = [
            quota("a", vec![gcra(1, 1, 1)]),
            quota("b", vec![gcra(1, 1, 1)]),
            quota("a", vec![gcra(2, 1, 1)]),
            quota("a", vec![gcra(1, 2, 1)]),
            quota("a", vec![gcra(1, 1, 2)]),
        ];
        let address = IpAddr::from([97, 98, 99, 100]);
        let subjects = [
            ChargeKey::Principal("abcd"),
            ChargeKey::Address(address),
            ChargeKey::Header(b"abcd"),
            ChargeKey::Endpoint("ab", "cd"),
            ChargeKey::Endpoint("abc", "d"),
            ChargeKey::Listener("abcd"),
            ChargeKey::Claim("abcd"),
        ];
        let mut seen = HashSet::new();
        for quota in &quotas {
            for key in subjects {
                let ids = ids(&keys, quota, key);
                assert!(seen.insert(ids), "{quota:?} {key:?}");
            }
            let shared = keys.shared(quota, &quota.rates[0]);
            assert!(seen.insert(vec![(shared.shard, shared.slot)]), "{quota:?}");
        }
    }

    #[test]
    fn what_does_not_count_is_not_in_the_name() {
        let keys = Keys::random();
        let key = ChargeKey::Principal("acme");
        let mut day = quota("q", vec![sliding(10, 24)]);
        let before = ids(&keys, &day, key);
        // The burst belongs to the shortest rate, the policy is only what the wire calls it.
        day.rates[0].burst = std::num::NonZeroU64::MAX;
        day.rates[0].policy = "q.other".into();
        assert_eq!(ids(&keys, &day, key), before);
        assert_ne!(ids(&Keys::random(), &day, key), before);
    }
}

//! From a charge to the names of its counters: 128 bits each, so that whole keys need not be kept.
//!
//! First step of every charge. The bits come from SipHash under a key drawn for this process, so nobody
//! outside can aim made-up keys at one shard or one bucket, and two keys that meet are a matter of
//! chance: about one in 10^27 for a million counters. It does not know what a counter holds.

use std::hash::{BuildHasher, DefaultHasher, Hash, Hasher, RandomState};

use crate::policy::quota::{Charge, ChargeKey, Quota, Rate};

/// The name of one counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Id {
    /// Says which shard it is in.
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
    pub(super) fn own<'a>(&self, charge: &Charge<'a>) -> impl Iterator<Item = Id> + use<'a> {
        let named = self.named(charge.quota, Some(charge.key));
        charge.quota.rates.iter().map(move |rate| named.id(rate))
    }

    /// The name of the counter for all whom a full shard has no room for.
    pub(super) fn shared(&self, quota: &Quota, rate: &Rate) -> Id {
        self.named(quota, None).id(rate)
    }

    fn named(&self, quota: &Quota, key: Option<ChargeKey<'_>>) -> Named {
        // One keyed function over two inputs that differ in their first byte is as good as two
        // functions with keys of their own. Two `RandomState`s of one thread would have related keys.
        let half = |first: u8| {
            let mut hasher = self.0.build_hasher();
            hasher.write_u8(first);
            (&quota.name, key).hash(&mut hasher);
            hasher
        };
        Named { shard: half(0), slot: half(1) }
    }
}

/// A quota and key, hashed; what is missing is the rate.
struct Named {
    shard: DefaultHasher,
    slot: DefaultHasher,
}

impl Named {
    /// A rate is its numbers and not its place in the list: one that a reload changed counts anew.
    fn id(&self, rate: &Rate) -> Id {
        let burst = (!rate.is_sliding()).then_some(rate.burst);
        let finish = |half: &DefaultHasher| {
            let mut hasher = half.clone();
            (rate.count, rate.window, burst).hash(&mut hasher);
            hasher.finish()
        };
        Id { shard: finish(&self.shard), slot: finish(&self.slot) }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::net::IpAddr;

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
        ];
        let mut seen = HashSet::new();
        for quota in &quotas {
            for key in subjects {
                assert!(seen.insert(ids(&keys, quota, key)), "{quota:?} {key:?}");
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

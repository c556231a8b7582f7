//! A set against a map of the same keys, and what its hashes and validities may be.

use std::collections::HashMap;

use proptest::prelude::*;

use super::*;

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_seconds(seconds)
}

fn hash(key: &[u8]) -> KeyHash {
    Sha256::digest(key).into()
}

#[test]
fn a_key_is_good_only_in_its_time() {
    let mut building = KeySetBuilder::default();
    let validity = Validity { not_before: Some(at(10)), expires: Some(at(20)), disabled: false };
    let keys = [(hash(b"k1"), validity), (hash(b"k2"), Validity { disabled: true, ..validity })];
    building.add("acme", &Grant::default(), keys);
    let set = building.finish().expect("no hash twice");
    assert_eq!(set.lookup(b"k1", at(9)), Err(KeyFault::NotYet));
    assert_eq!(set.lookup(b"k1", at(10)).map(Principal::name), Ok("acme"));
    assert_eq!(set.lookup(b"k1", at(20)), Err(KeyFault::Expired));
    assert_eq!(set.lookup(b"k2", at(15)), Err(KeyFault::Disabled));
    assert_eq!(set.lookup(b"k3", at(15)), Err(KeyFault::Unknown));
    assert_eq!(set.lookup(&[b'k'; 600], at(15)), Err(KeyFault::Unknown));
    assert_eq!(KeySet::default().lookup(b"k1", at(15)), Err(KeyFault::Unknown));
}

#[test]
fn every_hash_that_comes_again_is_told_with_the_first() {
    let mut building = KeySetBuilder::default();
    let keys = [b"a", b"b", b"a", b"c", b"a", b"b"].map(|key| (hash(key), Validity::default()));
    for keys in keys.chunks(2) {
        building.add("acme", &Grant::default(), keys.iter().copied());
    }
    let mut twins = building.finish().expect_err("two hashes come again");
    twins.sort_unstable_by_key(|twin| twin.again);
    let expected = [(0, 2), (0, 4), (1, 5)].map(|(first, again)| Twin { first, again });
    assert_eq!(twins, expected);
}

#[test]
fn principals_with_the_same_grant_share_it() {
    let mut building = KeySetBuilder::default();
    assert!(KeySet::default().is_empty());
    let reader = Grant { scopes: vec!["read".into()], plan: Some("gold".into()) };
    for (name, grant, keys) in [("c", &reader, 2), ("b", &Grant::default(), 0), ("a", &reader, 1)] {
        building.add(name, grant, (0..keys).map(|key| (hash(&[name.as_bytes()[0], key]), Validity::default())));
    }
    let set = building.finish().expect("no key comes twice");
    assert_eq!(set.grants().count(), 2);
    let principals = set.principals();
    let told: Vec<_> = principals.iter().map(|it| (it.name(), it.scopes().len(), it.plan())).collect();
    assert_eq!(told, [("a", 1, Some("gold")), ("b", 0, None), ("c", 1, Some("gold"))]);
    assert!(!set.is_empty());
}

#[test]
fn an_entry_fills_a_line_of_the_cache() {
    assert_eq!(size_of::<Option<Entry>>(), 64);
}

fn validities() -> impl Strategy<Value = Validity> {
    let moment = || proptest::option::of((0..4_u64).prop_map(at));
    (moment(), moment(), any::<bool>()).prop_map(|(not_before, expires, disabled)| Validity {
        not_before,
        expires,
        disabled,
    })
}

proptest! {
    /// Keys are short, so that some come twice and questions are about keys that are there. The first
    /// bits of hashes are the same in some runs, as of those that a person made up: all have one place.
    #[test]
    fn a_set_answers_as_a_map_does(
        keys in proptest::collection::vec((0..600_u16, 0..5_usize, validities()), 0..400),
        questions in proptest::collection::vec((0..600_u16, 0..4_u64), 50),
        same_place in any::<bool>(),
    ) {
        let hash_of = |key: u16| {
            let mut hash = hash(&key.to_be_bytes());
            if same_place {
                hash[..8].fill(0xff);
            }
            hash
        };
        let mut building = KeySetBuilder::default();
        let names = ["a", "b", "c", "d", "e"];
        let mut model = HashMap::new();
        for (key, principal, validity) in keys {
            // The first word on a key counts.
            model.entry(key).or_insert_with(|| {
                building.add(names[principal], &Grant::default(), [(hash_of(key), validity)]);
                (names[principal], validity)
            });
        }
        let set = building.finish().expect("each key was added once");
        for (key, now) in questions {
            let entry = set.entry(&words(&hash_of(key)));
            let found = entry.map(|it| (it.principal.name(), set.validities[it.validity as usize]));
            prop_assert_eq!(found, model.get(&key).copied());
            if !same_place {
                let expected = match model.get(&key) {
                    None => Err(KeyFault::Unknown),
                    Some((name, validity)) => validity.check(at(now)).map(|()| *name),
                };
                prop_assert_eq!(set.lookup(&key.to_be_bytes(), at(now)).map(Principal::name), expected);
            }
        }
    }
}

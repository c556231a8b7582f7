//! What strangers can do to the memory and to the counters of others: little.

use super::*;

fn names(prefix: &str, count: usize) -> Vec<String> {
    (0..count).map(|n| format!("{prefix} {n}")).collect()
}

/// Charges every name once, and says how many passed.
fn passed(limits: &LocalLimits, quota: &Quota, names: &[String], now: Timestamp) -> usize {
    let pass = |name: &&String| limits.charge(&[of(quota, name)], now).is_ok();
    names.iter().filter(pass).count()
}

#[test]
fn a_key_is_some_dozens_of_bytes() {
    let names = names("caller", 100_000);
    for (rate, most) in [(gcra(10, 60, 10), 75), (sliding(10, 24), 140)] {
        let limits = LocalLimits::default();
        let quota = quota("q", vec![rate]);
        assert_eq!(passed(&limits, &quota, &names, START), names.len());
        let (keys, bytes) = limits.shards.footprint();
        assert_eq!(keys, names.len());
        assert!(bytes / keys <= most, "{} bytes a key", bytes / keys);
    }
}

#[test]
fn a_flood_of_made_up_keys_neither_evicts_nor_grows() {
    let limits = LocalLimits::new(1000);
    let quota = quota("q", vec![gcra(3, 3000, 3), sliding(3, 24)]);
    let known = names("known", 100);
    assert_eq!(passed(&limits, &quota, &known, START), 100);
    let flood = passed(&limits, &quota, &names("made up", 20_000), START);
    let (keys, bytes) = limits.shards.footprint();
    // Room for 800 more counters, two for each, and then three requests of each rate for the strangers
    // of each of eight shards together.
    assert!((380..=424).contains(&flood), "{flood} passed");
    assert!((950..=1000).contains(&keys), "{keys} keys");
    assert!(bytes < 1000 * 160, "{bytes} bytes");
    for (round, remaining) in [(1, 1), (2, 0)] {
        for name in &known {
            let standing = left(&limits, &[of(&quota, name)], START);
            assert_eq!(standing, Ok(vec![remaining; 2]), "{name} in round {round}");
        }
    }
    assert_eq!(passed(&limits, &quota, &known, START), 0);
}

#[test]
fn without_room_all_keys_share_one_counter() {
    let limits = LocalLimits::new(0);
    let quotas = [quota("g", vec![gcra(10, 600, 10)]), quota("s", vec![sliding(10, 1)])];
    for quota in &quotas {
        assert_eq!(passed(&limits, quota, &names("anyone", 50), START), 10);
        let charge = of(quota, "somebody else");
        let wait = left(&limits, &[charge], START).expect_err("what is shared is spent");
        assert_eq!(limits.peek(&charge, START), Err(wait));
        assert_eq!(limits.peek(&charge, START + wait), Ok(()));
        let two = [of(quota, "these two are"), of(quota, "one counter")];
        assert!(left(&limits, &two, START + wait).is_ok());
    }
    assert_eq!(limits.shards.footprint().0, 0);
}

#[test]
fn each_full_shard_has_a_shared_counter_of_its_own() {
    let limits = LocalLimits::new(128);
    let full = quota("full", vec![gcra(1, 3000, 1)]);
    passed(&limits, &full, &names("first", 2000), START);
    let rare = quota("rare", vec![sliding(2, 1)]);
    let shard = |name: &&String| {
        let id = limits.keys.own(&of(&rare, name)).next();
        limits.shards.index(id.expect("the quota has a rate"))
    };
    let names = names("late", 100);
    let [here, there] = [0, 1].map(|index| names.iter().find(|name| shard(name) == index));
    let both = [here, there].map(|name| of(&rare, name.expect("a hundred names fall into both shards")));
    assert_eq!(left(&limits, &both, START), Ok(vec![1, 1]));
    assert_eq!(left(&limits, &both, START), Ok(vec![0, 0]));
    assert!(both.iter().all(|charge| limits.peek(charge, START).is_err()));
}

#[test]
fn counters_that_ended_make_room() {
    let limits = LocalLimits::new(64);
    let quota = quota("q", vec![gcra(1, 1, 1)]);
    assert_eq!(passed(&limits, &quota, &names("early", 200), START), 64 + 1);
    let later = START + Duration::from_secs(1);
    assert_eq!(passed(&limits, &quota, &names("late", 200), later), 64 + 1);
    assert_eq!(limits.shards.footprint().0, 64);
}

#[test]
fn a_counter_that_ended_stays_for_the_charge_that_names_it() {
    let limits = LocalLimits::new(2);
    let quotas = [gcra(1, 1, 1), gcra(1, 60, 1), gcra(1, 60, 2)].map(|rate| quota("q", vec![rate]));
    let [short, long, new] = quotas.each_ref().map(|quota| of(quota, "a"));
    assert!(left(&limits, &[short, long], START).is_ok());
    assert!(left(&limits, &[short, new], START + Duration::from_secs(2)).is_ok());
    assert_eq!(limits.shards.footprint().0, 2);
}

#[test]
fn after_a_flood_the_memory_comes_back() {
    let limits = LocalLimits::new(1000);
    let quota = quota("q", vec![gcra(1, 1, 1)]);
    passed(&limits, &quota, &names("flood", 5000), START);
    let (_, flooded) = limits.shards.footprint();
    for (n, name) in names("trickle", 2000).iter().enumerate() {
        let later = START + Duration::from_secs(n as u64 + 2);
        assert!(left(&limits, &[of(&quota, name)], later).is_ok());
    }
    let (keys, bytes) = limits.shards.footprint();
    // In each of eight shards the sweep comes round every eight keys.
    assert!(keys <= 64 && bytes * 3 <= flooded, "{keys} keys, {bytes} of {flooded} bytes");
}

#[test]
fn churn_does_not_pile_up() {
    let limits = LocalLimits::default();
    let quota = quota("q", vec![gcra(1000, 1, 1)]);
    let mut most = 0;
    for (n, name) in names("passing by", 100_000).iter().enumerate() {
        // Each lives a millisecond, in which five come.
        let now = START + Duration::from_micros(200 * n as u64);
        assert!(limits.charge(&[of(&quota, name)], now).is_ok());
        most = most.max(if n % 1000 == 0 { limits.shards.footprint().0 } else { 0 });
    }
    assert!(most < 256 * 8, "{most} keys");
}

#[test]
fn who_took_from_the_shared_counter_does_not_start_afresh() {
    let limits = LocalLimits::new(1);
    let filler = quota("filler", vec![gcra(1, 1, 1)]);
    for daily in [quota("s", vec![sliding(5, 24)]), quota("g", vec![gcra(5, 3000, 5)])] {
        assert!(left(&limits, &[of(&filler, "first")], START).is_ok());
        let stranger = of(&daily, "stranger");
        for remaining in [4, 3, 2] {
            assert_eq!(left(&limits, &[stranger], START), Ok(vec![remaining]));
        }
        assert_eq!(limits.shards.footprint().0, 1, "there was no room");
        let later = START + Duration::from_secs(1);
        for remaining in [1, 0] {
            assert_eq!(left(&limits, &[stranger], later), Ok(vec![remaining]));
        }
        assert!(left(&limits, &[stranger], later).is_err());
    }
}

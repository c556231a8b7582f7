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
fn counters_that_ended_make_room() {
    let limits = LocalLimits::new(64);
    let quota = quota("q", vec![gcra(1, 1, 1)]);
    assert_eq!(passed(&limits, &quota, &names("early", 200), START), 64 + 1);
    let later = START + Duration::from_secs(1);
    assert_eq!(passed(&limits, &quota, &names("late", 200), later), 64 + 1);
    assert_eq!(limits.shards.footprint().0, 64);
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

//! The limits from outside, on a clock that is a number: what one charge says, and what it leaves.
//!
//! Beside this: [`model`] holds them against a plain model, [`memory`] against a flood, [`threads`]
//! against each other.

mod memory;
mod model;
mod threads;

use std::num::NonZeroU64;
use std::time::Duration;

use super::LocalLimits;
use crate::policy::quota::{Charge, ChargeKey, Limits, Quota, QuotaBy, Rate};
use crate::policy::time::Timestamp;

const START: Timestamp = Timestamp::from_seconds(1_800_000_000);

pub(super) fn quota(name: &str, rates: Vec<Rate>) -> Quota {
    Quota { name: name.into(), by: QuotaBy::Principal, rates, strangers: None }
}

pub(super) fn gcra(count: u64, seconds: u64, burst: u64) -> Rate {
    rate(count, Duration::from_secs(seconds), burst)
}

pub(super) fn sliding(count: u64, hours: u64) -> Rate {
    rate(count, Duration::from_secs(3600 * hours), 1)
}

fn rate(count: u64, window: Duration, burst: u64) -> Rate {
    let at_least_one = |number| NonZeroU64::new(number).expect("tests ask for at least one");
    Rate { policy: "test".into(), count: at_least_one(count), window, burst: at_least_one(burst) }
}

fn of<'a>(quota: &'a Quota, name: &'a str) -> Charge<'a, 'a> {
    Charge { quota, key: ChargeKey::Principal(name) }
}

/// What a passing charge leaves of each rate, or how long a refused one has to wait.
fn left(limits: &LocalLimits, charges: &[Charge<'_, '_>], now: Timestamp) -> Result<Vec<u64>, Duration> {
    match limits.charge(charges, now) {
        Ok(standings) => Ok(standings.iter().map(|it| it.remaining).collect()),
        Err(exceeded) => Err(exceeded.retry_after),
    }
}

#[test]
fn nothing_to_charge_passes() {
    assert_eq!(LocalLimits::new(10).charge(&[], START), Ok(Vec::new()));
}

#[test]
fn a_pass_tells_what_is_left_and_when_more_will_be() {
    let limits = LocalLimits::new(10);
    let quota = quota("q", vec![gcra(10, 1, 3), sliding(5, 24)]);
    let standings = limits.charge(&[of(&quota, "a")], START).expect("the first passes");
    let told: Vec<_> = standings.iter().map(|it| (it.rate, it.remaining, it.exceeded)).collect();
    assert_eq!(told, [(&quota.rates[0], 2, false), (&quota.rates[1], 4, false)]);
    assert_eq!(standings[0].resets_in, Duration::from_millis(100));
    // START is a multiple of 24 minutes: the part it is in lasts so long, and counts for a day after.
    assert_eq!(START.seconds() % (24 * 60), 0);
    assert_eq!(standings[1].resets_in, Duration::from_secs((24 * 60 + 24) * 60));
}

#[test]
fn a_refusal_marks_who_refused_and_takes_from_none() {
    let limits = LocalLimits::new(10);
    let [tight, wide] = [quota("t", vec![gcra(1, 60, 1)]), quota("w", vec![gcra(9, 60, 9)])];
    assert_eq!(left(&limits, &[of(&tight, "a")], START), Ok(vec![0]));
    let refused = limits.charge(&[of(&wide, "a"), of(&tight, "a")], START);
    let refused = refused.expect_err("one of them has nothing left");
    assert_eq!(refused.retry_after, Duration::from_secs(60));
    let told: Vec<_> = refused.standings.iter().map(|it| (it.remaining, it.exceeded)).collect();
    assert_eq!(told, [(9, false), (0, true)]);
    assert_eq!(refused.standings[0].resets_in, Duration::ZERO);
    assert_eq!(refused.standings[1].resets_in, Duration::from_secs(60));
    assert_eq!(left(&limits, &[of(&wide, "a")], START), Ok(vec![8]));
}

#[test]
fn a_peek_sees_what_a_charge_would_and_takes_nothing() {
    let limits = LocalLimits::new(10);
    let quota = quota("q", vec![gcra(1, 10, 1), sliding(1, 1)]);
    let charge = of(&quota, "a");
    for _ in 0..5 {
        assert_eq!(limits.peek(&charge, START), Ok(()));
    }
    assert_eq!(left(&limits, &[charge], START), Ok(vec![0, 0]));
    let wait = limits.peek(&charge, START).expect_err("both rates are spent");
    assert_eq!(left(&limits, &[charge], START), Err(wait));
    assert_eq!(limits.peek(&charge, START + wait), Ok(()));
}

#[test]
fn a_counter_named_twice_in_one_call_is_charged_once() {
    let limits = LocalLimits::new(10);
    let quota = quota("q", vec![gcra(3, 60, 3), sliding(3, 1), gcra(3, 60, 3)]);
    let twice = [of(&quota, "a"), of(&quota, "a")];
    for remaining in [2, 1, 0] {
        assert_eq!(left(&limits, &twice, START), Ok(vec![remaining; 6]));
    }
    assert!(left(&limits, &twice, START).is_err());
}

#[test]
fn more_rates_than_fit_inline_are_all_charged() {
    let limits = LocalLimits::new(1000);
    let quotas: Vec<_> = (1..=30).map(|n| quota(&format!("q{n}"), vec![gcra(n, 1, n)])).collect();
    let charges: Vec<_> = quotas.iter().map(|quota| of(quota, "a")).collect();
    assert_eq!(left(&limits, &charges, START), Ok((0..30).collect()));
    assert!(left(&limits, &charges, START).is_err());
    assert_eq!(left(&limits, &charges[1..2], START), Ok(vec![0]), "nothing was taken");
}

#[test]
fn a_reload_keeps_what_did_not_change() {
    let limits = LocalLimits::new(10);
    let before = quota("q", vec![gcra(2, 60, 2), sliding(5, 1)]);
    assert_eq!(left(&limits, &[of(&before, "a")], START), Ok(vec![1, 4]));
    let after = quota("q", vec![gcra(3, 60, 3), sliding(5, 1)]);
    assert_eq!(left(&limits, &[of(&after, "a")], START), Ok(vec![2, 3]));
}

#[test]
fn no_rate_and_no_moment_is_too_odd() {
    let numbers = [1, 7, u64::from(u32::MAX), u64::MAX];
    let windows = [0, 1, 3_599_999_999_999, 3_600_000_000_000, u64::MAX].map(Duration::from_nanos);
    let windows = windows.into_iter().chain([Duration::MAX]);
    for count in numbers {
        for burst in numbers {
            let rates = windows.clone().map(|window| rate(count, window, burst));
            let quota = quota("q", rates.collect());
            for moment in [0, 1, u64::MAX / 2, u64::MAX - 1, u64::MAX] {
                let limits = LocalLimits::new(1000);
                let charge = [of(&quota, "a")];
                let now = Timestamp::from_nanos(moment);
                let first = limits.charge(&charge, now);
                assert!(first.is_ok(), "{count} {burst} {moment}: {first:?}");
                let _ = limits.charge(&charge, now);
                // A clock should not run backwards. If it does, that is no reason to fall over.
                let _ = limits.charge(&charge, Timestamp::from_nanos(moment / 2));
            }
        }
    }
}

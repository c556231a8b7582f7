//! Any sequence of charges, held against a plain model: lists of all requests ever admitted, judged by
//! the definition of each rate, and waits found by bisection.

use std::collections::{BTreeSet, HashMap};

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

const NAMES: [&str; 3] = ["ada", "bob", "cyd"];

/// Name of the quota, numbers of the rate, name of the key: what makes a counter.
type Name = (String, u64, Duration, u64, &'static str);

/// When requests were admitted, by counter.
#[derive(Default)]
struct Model(HashMap<Name, Vec<u64>>);

impl Model {
    fn name(quota: &Quota, rate: &Rate, key: &'static str) -> Name {
        let burst = if rate.is_sliding() { 0 } else { rate.burst.get() };
        (quota.name.clone(), rate.count.get(), rate.window, burst, key)
    }

    fn times(&self, name: &Name) -> &[u64] {
        self.0.get(name).map_or(&[], Vec::as_slice)
    }

    /// Charges all or none, and says which.
    fn charge(&mut self, charges: &[(&Quota, &'static str)], now: u64) -> bool {
        let rates = charges
            .iter()
            .flat_map(|(quota, key)| quota.rates.iter().map(move |rate| (Self::name(quota, rate, key), rate)));
        let rates: Vec<_> = rates.collect();
        let passed = rates.iter().all(|(name, rate)| pass(rate, self.times(name), 1, now));
        if passed {
            let names: BTreeSet<_> = rates.into_iter().map(|(name, _)| name).collect();
            names.into_iter().for_each(|name| self.0.entry(name).or_default().push(now));
        }
        passed
    }
}

/// Would `more` requests at once pass at `now`, where others have at these `times`?
fn pass(rate: &Rate, times: &[u64], more: u64, now: u64) -> bool {
    let window = rate.window.as_nanos() as u64;
    let count = rate.count.get();
    if rate.is_sliding() {
        let part = window.div_ceil(60);
        let lately = times.iter().filter(|&&time| time / part + 60 >= now / part).count();
        return lately as u64 + more <= count;
    }
    // From any admitted request on, no more than the burst beyond what the time since then gives.
    let each = window.div_ceil(count);
    let burst = rate.burst.get();
    let since = |(n, &time): (usize, &u64)| (times.len() - n) as u64 + more <= burst + (now - time) / each;
    more <= burst && times.iter().enumerate().all(since)
}

fn remaining(rate: &Rate, times: &[u64], now: u64) -> u64 {
    (1..).take_while(|&more| pass(rate, times, more, now)).count() as u64
}

/// How long until `more` pass at once. What has passed once goes on passing, if nobody comes.
fn wait(rate: &Rate, times: &[u64], more: u64, now: u64) -> u64 {
    let (mut short, mut long) = (0, 1 << 50);
    while short < long {
        let middle = (short + long) / 2;
        match pass(rate, times, more, now + middle) {
            true => long = middle,
            false => short = middle + 1,
        }
    }
    short
}

fn any_rate() -> impl Strategy<Value = Rate> {
    let nanos = prop_oneof![1_000..1_000_000u64, Just(1_000_000_000), Just(60_000_000_000), 1..3_600_000_000_000u64,];
    let short =
        (1..6u64, nanos, 1..6u64).prop_map(|(count, nanos, burst)| rate(count, Duration::from_nanos(nanos), burst));
    let odd = (1..6u64, 3_600_000_000_000..9_000_000_000_000u64)
        .prop_map(|(count, nanos)| rate(count, Duration::from_nanos(nanos), 1));
    let long = (1..6u64, 1..4u64).prop_map(|(count, hours)| sliding(count, hours));
    prop_oneof![2 => short, 1 => odd, 1 => long]
}

/// Nanoseconds between two requests: none, few, minutes, an hour or more.
fn any_gap() -> impl Strategy<Value = u64> {
    prop_oneof![
        3 => Just(0),
        2 => 0..2_000_000u64,
        2 => 0..3_000_000_000u64,
        2 => 0..300_000_000_000u64,
        1 => 0..9_000_000_000_000u64,
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn every_answer_is_the_models(
        rates in vec(vec(any_rate(), 1..3), 3),
        steps in vec((any_gap(), 1..8usize, 0..3usize, any::<bool>()), 40),
    ) {
        let limits = LocalLimits::new(1000);
        let mut model = Model::default();
        let named = |(n, rates): (usize, Vec<Rate>)| quota(&format!("q{}", n % 2), rates);
        let quotas: Vec<_> = rates.into_iter().enumerate().map(named).collect();
        let mut now = START.nanos();
        for (gap, which, who, twice) in steps {
            now += gap;
            let chosen = (0..3).filter(|n| which & (1 << n) != 0).map(|n| &quotas[n]);
            let mut charges: Vec<_> = chosen.map(|quota| (quota, NAMES[who])).collect();
            charges.extend(twice.then_some(charges[0]));
            let asked: Vec<_> = charges.iter().map(|(quota, key)| of(quota, key)).collect();

            let expected = model.charge(&charges, now);
            let (passed, standings, retry_after) = match limits.charge(&asked, Timestamp::from_nanos(now)) {
                Ok(standings) => (true, standings, Duration::ZERO),
                Err(exceeded) => (false, exceeded.standings, exceeded.retry_after),
            };
            prop_assert_eq!(passed, expected);
            let rates = charges.iter().flat_map(|(quota, key)| quota.rates.iter().map(move |rate| (*quota, rate, *key)));
            let mut longest = 0;
            prop_assert_eq!(standings.len(), rates.clone().count());
            for (standing, (quota, rate, key)) in standings.iter().zip(rates) {
                let times = model.times(&Model::name(quota, rate, key));
                let left = remaining(rate, times, now);
                let full = if rate.is_sliding() { rate.count } else { rate.burst };
                let grows = if left == full.get() { 0 } else { wait(rate, times, left + 1, now) };
                prop_assert_eq!(standing.rate, rate);
                prop_assert_eq!(standing.remaining, left);
                prop_assert_eq!(standing.resets_in, Duration::from_nanos(grows));
                prop_assert_eq!(standing.exceeded, !passed && left == 0);
                longest = longest.max(if left == 0 { grows } else { 0 });
            }
            if !passed {
                prop_assert_eq!(retry_after, Duration::from_nanos(longest));
            }
        }
    }

    #[test]
    fn who_waits_as_told_passes_and_not_a_nanosecond_earlier(
        rates in vec(any_rate(), 1..4),
        gaps in vec(any_gap(), 40),
    ) {
        let limits = LocalLimits::new(1000);
        let quota = quota("q", rates);
        let charge = of(&quota, "ada");
        let mut now = START;
        for gap in gaps {
            now = now + Duration::from_nanos(gap);
            if let Err(wait) = left(&limits, &[charge], now) {
                let sooner = wait - Duration::from_nanos(1);
                prop_assert!(left(&limits, &[charge], now + sooner).is_err());
                prop_assert!(limits.peek(&charge, now + sooner).is_err());
                now = now + wait;
                prop_assert!(limits.peek(&charge, now).is_ok());
                prop_assert!(left(&limits, &[charge], now).is_ok());
            }
        }
    }

    #[test]
    fn no_window_admits_too_many(
        rate in any_rate(),
        steps in vec((any_gap(), any::<bool>()), 100),
    ) {
        let limits = LocalLimits::new(1000);
        let quota = quota("q", vec![rate.clone()]);
        let mut now = START;
        let mut admitted = Vec::new();
        for (gap, patient) in steps {
            now = now + Duration::from_nanos(gap);
            match left(&limits, &[of(&quota, "ada")], now) {
                Ok(_) => admitted.push(now.nanos()),
                Err(wait) if patient => now = now + wait,
                Err(_) => {}
            }
        }
        let (window, count) = (rate.window.as_nanos(), u128::from(rate.count.get()));
        for (first, &start) in admitted.iter().enumerate() {
            for (requests, &end) in (1..).zip(&admitted[first..]) {
                let length = u128::from(end - start);
                if rate.is_sliding() {
                    prop_assert!(length > window || requests <= count, "{requests} in {length} ns");
                } else {
                    let beyond = requests.max(u128::from(rate.burst.get())) - u128::from(rate.burst.get());
                    prop_assert!(beyond * window <= length * count, "{requests} in {length} ns");
                }
            }
        }
    }
}

//! Charges from several threads at once: what is admitted adds up, to the request.

use std::thread;

use super::*;

const THREADS: usize = 4;

#[test]
fn all_or_nothing_holds_under_contention() {
    let limits = LocalLimits::new(10_000);
    let all = quota("all", vec![gcra(1000, 60, 1000), sliding(900, 24)]);
    let each = quota("each", vec![sliding(400, 1)]);
    let names: Vec<_> = (0..THREADS).map(|n| format!("thread {n}")).collect();
    let work = |n: usize| {
        let mut charges = [of(&all, "together"), of(&each, &names[n])];
        // Half of them name the counters the other way round, as if to wait for each other.
        charges.rotate_left(n % 2);
        (0..1000).filter(|_| limits.charge(&charges, START).is_ok()).count() as u64
    };
    let work = &work;
    let admitted: Vec<u64> = thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|n| scope.spawn(move || work(n))).collect();
        threads.into_iter().map(|it| it.join().expect("no thread panics")).collect()
    });
    assert_eq!(admitted.iter().sum::<u64>(), 900);
    for (name, &admitted) in names.iter().zip(&admitted) {
        let refused = limits.charge(&[of(&all, "together"), of(&each, name)], START);
        let standings = refused.expect_err("the day is spent").standings;
        let remaining: Vec<_> = standings.iter().map(|it| it.remaining).collect();
        assert_eq!(remaining, [100, 0, 400 - admitted]);
    }
}

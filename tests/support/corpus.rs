//! Corpora of cases: all of them run, side by side, and each that fails is told with its name and every difference.

use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Live cases at one time: most of one is waiting for the other side.
pub(crate) const AT_ONCE: usize = 24;

/// Differences, one a line.
#[derive(Debug, Default)]
pub(crate) struct Differences(pub(crate) Vec<String>);

impl Differences {
    pub(crate) fn add(&mut self, what: &str, expected: impl Debug, found: impl Debug) {
        self.0.push(format!("    {what}\n      expected {expected:?}\n      found    {found:?}"));
    }

    pub(crate) fn equal<T: PartialEq + Debug>(&mut self, what: &str, expected: T, found: T) {
        if expected != found {
            self.add(what, expected, found);
        }
    }

    pub(crate) fn told(self) -> Result<(), String> {
        if self.0.is_empty() { Ok(()) } else { Err(self.0.join("\n")) }
    }
}

/// Only cases whose label holds this text, where one is working on a few.
pub(crate) fn is_wanted(label: &str) -> bool {
    std::env::var("CASE").map_or(true, |text| label.contains(&text))
}

/// Runs cases on two threads.
pub(crate) fn hold<C: Sync>(
    cases: &[C],
    label: impl Fn(&C) -> String + Sync,
    run: impl Fn(&C) -> Result<(), String> + Sync,
) {
    let next = AtomicUsize::new(0);
    let failures = std::thread::scope(|scope| {
        let work = || {
            let mut failures = Vec::new();
            while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                let ran = catch_unwind(AssertUnwindSafe(|| run(case)));
                failures
                    .extend(failure(&label(case), ran.unwrap_or_else(|_| Err("  it panics; see above".to_owned()))));
            }
            failures
        };
        let workers: Vec<_> = (0..2).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("what can panic is caught")).collect()
    });
    report(failures, cases.len());
}

/// Runs conversations, so many of them at one time.
pub(crate) fn hold_live<C, F>(cases: Vec<C>, at_once: usize, label: impl Fn(&C) -> String, run: impl Fn(Arc<C>) -> F)
where
    C: Send + Sync + 'static,
    F: Future<Output = Result<(), String>> + Send + 'static,
{
    let count = cases.len();
    let conversations: Vec<_> = cases.into_iter().map(|case| (label(&case), run(Arc::new(case)))).collect();
    let failures = super::run(async move {
        let room = Arc::new(Semaphore::new(at_once));
        let mut running = JoinSet::new();
        for (label, conversation) in conversations {
            let room = Arc::clone(&room);
            running.spawn(async move {
                let _place = room.acquire().await;
                // In a task of its own, so that a panic knows whose it is.
                let ran = tokio::spawn(conversation).await;
                failure(&label, ran.unwrap_or_else(|panic| Err(format!("  live: {panic}"))))
            });
        }
        let joined = running.join_all().await;
        joined.into_iter().flatten().collect()
    });
    report(failures, count);
}

fn failure(label: &str, outcome: Result<(), String>) -> Option<String> {
    outcome.err().map(|differences| format!("■ {label}\n{differences}"))
}

fn report(mut failures: Vec<String>, of: usize) {
    failures.sort();
    assert!(failures.is_empty(), "{} of {of} cases failed\n\n{}", failures.len(), failures.join("\n\n"));
}

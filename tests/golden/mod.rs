//! The golden cases: every file of `tests/cases` through two runners, the pure decision and a live gate.
//!
//! A case is data. How it is written is told in [`case`]; add a case, not a function.

mod assemble;
mod case;
mod coverage;
mod expect;
mod judge;
mod live;
mod outcome;
mod pure;
mod told;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use case::{Case, CaseFile, Only};
use tokio::task::JoinSet;

/// A case, and the file it stands in.
struct Placed {
    file: Arc<CaseFile>,
    case: Case,
}

impl Placed {
    fn label(&self) -> String {
        format!("{}: {}", self.file.name, self.case.name)
    }
}

fn corpus() -> Vec<Arc<Placed>> {
    let files = case::read_all().into_iter();
    files
        .flat_map(|(file, cases)| {
            let file = Arc::new(file);
            cases.into_iter().map(move |case| Arc::new(Placed { file: Arc::clone(&file), case }))
        })
        .collect()
}

/// Only cases whose label holds this text, where one is working on a few.
fn wanted(placed: &Placed) -> bool {
    std::env::var("CASE").map_or(true, |text| placed.label().contains(&text))
}

#[test]
fn cases_hold_for_the_decision() {
    let cases: Vec<_> = corpus().into_iter().filter(|it| it.case.only != Some(Only::Live) && wanted(it)).collect();
    let next = AtomicUsize::new(0);
    let failures: Vec<String> = std::thread::scope(|scope| {
        let work = || {
            let mut failures = Vec::new();
            while let Some(placed) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                failures.extend(told(placed, pure::run(&placed.file, &placed.case)));
            }
            failures
        };
        let workers: Vec<_> = (0..2).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("no runner panics")).collect()
    });
    report(&failures, cases.len());
}

#[test]
fn cases_hold_for_the_live_gate() {
    let cases: Vec<_> = corpus().into_iter().filter(|it| it.case.only != Some(Only::Decide) && wanted(it)).collect();
    let count = cases.len();
    let failures = crate::support::run(async move {
        // Most of a live case is waiting for the other side.
        let room = Arc::new(tokio::sync::Semaphore::new(24));
        let mut running = JoinSet::new();
        for placed in cases {
            let room = Arc::clone(&room);
            running.spawn(async move {
                let _place = room.acquire().await;
                let running = Arc::clone(&placed);
                // In a task of its own, so that a panic knows whose it is.
                let run = tokio::spawn(async move { live::run(&running.file, &running.case).await });
                told(&placed, run.await.unwrap_or_else(|panic| Err(format!("  live: {panic}"))))
            });
        }
        let mut failures = Vec::new();
        while let Some(joined) = running.join_next().await {
            failures.extend(joined.expect("what can panic is in a task of its own"));
        }
        failures
    });
    report(&failures, count);
}

fn told(placed: &Placed, outcome: Result<(), String>) -> Option<String> {
    outcome.err().map(|differences| format!("■ {}\n{differences}", placed.label()))
}

fn report(failures: &[String], of: usize) {
    let mut failures = failures.to_vec();
    failures.sort();
    assert!(failures.is_empty(), "{} of {of} cases failed\n\n{}", failures.len(), failures.join("\n\n"));
}

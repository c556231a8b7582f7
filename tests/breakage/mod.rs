//! What breaks on either side of the gate, at every phase of an exchange: silence, half a message, garbage, an end
//! or a reset where more was due, and sides that do not listen.
//!
//! A case is data: the client's side and the peer's as scripts ([`script`]), and what must come of them ([`case`]).
//! Scripts wait for each other and not for time. Whatever breaks, what is asked afterwards has to get its own
//! answer, and never on a connection that the fault has touched; [`run`] asks that of every case.

mod case;
mod client;
mod judge;
mod peer;
mod run;
mod script;

use std::sync::Arc;

use case::Case;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Cases at once: most of one is waiting.
const AT_ONCE: usize = 32;

#[test]
fn whatever_breaks_nothing_else_does() {
    let all = case::read_all();
    assert!(all.len() >= 300, "{} cases are left", all.len());
    let wanted = std::env::var("CASE").unwrap_or_default();
    let cases: Vec<_> = all.into_iter().filter(|case| case.label.contains(&wanted)).map(Arc::new).collect();
    let count = cases.len();
    let mut failures = crate::support::run(async move {
        let room = Arc::new(Semaphore::new(AT_ONCE));
        let mut running = JoinSet::new();
        for case in cases {
            let room = Arc::clone(&room);
            running.spawn(async move {
                let _place = room.acquire().await;
                (tried(&case).await, case)
            });
        }
        let mut failures = Vec::new();
        for (failure, case) in running.join_all().await {
            // On a busy machine a short deadline can pass before the fault comes: once more, and alone.
            let failure = if failure.is_some() && case.hurries { tried(&case).await } else { failure };
            failures.extend(failure);
        }
        failures
    });
    failures.sort();
    assert!(failures.is_empty(), "{} of {count} cases failed\n\n{}", failures.len(), failures.join("\n\n"));
}

/// Runs a case in a task of its own, so that a panic knows whose it is.
async fn tried(case: &Arc<Case>) -> Option<String> {
    let running = Arc::clone(case);
    let run = tokio::spawn(async move { run::run(&running).await }).await;
    let failed = run.unwrap_or_else(|panic| Err(format!("    {panic}"))).err();
    failed.map(|differences| format!("■ {}\n{differences}", case.label))
}

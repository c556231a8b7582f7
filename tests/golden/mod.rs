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

use case::{Case, CaseFile, Only};

use crate::support::corpus::{AT_ONCE, hold, hold_live, is_wanted};

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

#[test]
fn cases_hold_for_the_decision() {
    let cases = wanted(Only::Live);
    hold(&cases, |placed| placed.label(), |placed| pure::run(&placed.file, &placed.case));
}

#[test]
fn cases_hold_for_the_live_gate() {
    let run = |placed: Arc<Arc<Placed>>| async move { live::run(&placed.file, &placed.case).await };
    hold_live(wanted(Only::Decide), AT_ONCE, |placed| placed.label(), run);
}

/// All cases but those that are only for the other runner.
fn wanted(other: Only) -> Vec<Arc<Placed>> {
    corpus().into_iter().filter(|it| it.case.only != Some(other) && is_wanted(&it.label())).collect()
}

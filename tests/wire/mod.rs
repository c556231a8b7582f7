//! The wire in both directions, as a corpus: bytes of requests, of answers and of bodies in chunks, and what must
//! come of them.
//!
//! How a case is written is told in [`case`]; add a case, not a function. Each runs four times: through the codec
//! and the decision, without a socket ([`pure`]); there cut in two at every byte, and byte by byte; through a live
//! gate between a raw client and a peer that keeps every byte ([`live`]); and there in two writes. What means
//! something else in other pieces is a hole. [`slow`] withholds bytes, and waits for the deadline.

mod case;
mod cuts;
mod live;
mod outcome;
mod pure;
mod rules;
mod slow;

use std::collections::BTreeSet;
use std::sync::Arc;

use case::{Case, Corpus};
use outcome::Pieces;

use crate::support::corpus::{AT_ONCE, hold, hold_live, is_wanted};

fn wanted() -> Vec<Case> {
    Corpus::read().cases.into_iter().filter(|case| is_wanted(case.label())).collect()
}

#[test]
fn bytes_mean_what_their_case_says() {
    hold(&wanted(), |case| case.label().to_owned(), |case| pure::run(case, [Pieces::whole()]));
}

#[test]
fn bytes_mean_the_same_wherever_they_are_cut() {
    let run = |case: &Case| pure::run(case, cuts::every(case).chain([Pieces::bytewise(case.raw().len())]));
    hold(&wanted(), |case| case.label().to_owned(), run);
}

#[test]
fn bytes_mean_it_on_sockets() {
    let run = |case: Arc<Case>| async move { live::run(&case, [Pieces::whole()]).await };
    hold_live(wanted(), AT_ONCE, |case| case.label().to_owned(), run);
}

#[test]
fn bytes_mean_it_on_sockets_in_two_writes() {
    let run = |case: Arc<Case>| async move { live::run(&case, cuts::some(&case)).await };
    hold_live(wanted(), AT_ONCE, |case| case.label().to_owned(), run);
}

#[test]
fn bytes_that_do_not_come_are_waited_for_until_a_deadline() {
    slow::run(&wanted());
}

#[test]
fn the_corpus_is_whole() {
    let corpus = Corpus::read();
    let labels: BTreeSet<&str> = corpus.cases.iter().map(Case::label).collect();
    assert_eq!(labels.len(), corpus.cases.len(), "two cases of one file have the same name");
    assert!(corpus.written >= 300, "{} cases are left", corpus.written);
}

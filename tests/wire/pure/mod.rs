//! The runner without a socket: the codec and the decision, fed piece by piece.

mod requests;
mod responses;

pub(super) use requests::judged;

use super::case::Case;
use super::outcome::{Pieces, judge_answer, judge_requests};
use super::rules::{PEER, compiled};

/// Feeds a case in each of these ways, and tells the differences.
pub(super) fn run(case: &Case, ways: impl IntoIterator<Item = Pieces>) -> Result<(), String> {
    let gateway = compiled();
    for pieces in ways {
        let source = Source::new(pieces.of(case.raw()));
        let outcome = match case {
            Case::Request(request) => judge_requests(request, PEER, &judged(&gateway, source)),
            Case::Response(response) => judge_answer(response, &responses::answered(&response.wanted, source)),
        };
        outcome.map_err(|differences| format!("  without a socket, {pieces}\n{differences}"))?;
    }
    Ok(())
}

/// Bytes that come piece by piece. What was not taken is held, and more comes behind it.
pub(super) struct Source<'p> {
    pieces: std::vec::IntoIter<&'p [u8]>,
    held: Vec<u8>,
}

impl<'p> Source<'p> {
    pub(super) fn new(pieces: Vec<&'p [u8]>) -> Self {
        Self { pieces: pieces.into_iter(), held: Vec::new() }
    }

    /// Whether another piece came.
    fn more(&mut self) -> bool {
        self.pieces.next().inspect(|piece| self.held.extend_from_slice(piece)).is_some()
    }

    /// Takes that much away from what is held.
    fn take(&mut self, bytes: usize) -> Vec<u8> {
        self.held.drain(..bytes).collect()
    }

    /// Whether nothing is left, not even to come.
    fn is_empty(&self) -> bool {
        self.held.is_empty() && self.pieces.as_slice().iter().all(|piece| piece.is_empty())
    }
}

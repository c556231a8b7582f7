//! The runner on sockets: a live gate between a raw client and a peer that keeps every byte.

mod requests;
mod responses;

use super::case::Case;
use super::outcome::Pieces;

/// Feeds a case in each of these ways, and tells the differences.
pub(super) async fn run(case: &Case, ways: impl IntoIterator<Item = Pieces>) -> Result<(), String> {
    let ways: Vec<Pieces> = ways.into_iter().collect();
    match case {
        Case::Request(request) => requests::run(request, &ways).await,
        Case::Response(response) => responses::run(response, &ways).await,
    }
}

//! Where a case's bytes are cut.

use super::case::Case;
use super::outcome::Pieces;
use crate::support::chance::Chance;

/// What is longer is not cut at every byte without a socket.
const EVERY: usize = 1500;

/// Cuts on sockets, of which one is a conversation.
const SOME: usize = 6;

/// At every byte; of what is long, around its structure and at some other places.
pub(super) fn every(case: &Case) -> impl Iterator<Item = Pieces> {
    let raw = case.raw();
    let cuts: Vec<usize> = if raw.len() <= EVERY { (1..raw.len()).collect() } else { chosen(case, EVERY / 10) };
    cuts.into_iter().map(Pieces::two)
}

/// At a few places.
pub(super) fn some(case: &Case) -> impl Iterator<Item = Pieces> + use<> {
    chosen(case, SOME).into_iter().map(Pieces::two)
}

/// So many places at most: two in three around what the bytes are structured by, the others anywhere. They
/// are chosen by chance, which is the same for the same case in every run.
fn chosen(case: &Case, most: usize) -> Vec<usize> {
    let raw = case.raw();
    let mut chance = seeded(case);
    let structural = |byte: u8| matches!(byte, b'\r' | b'\n' | b':' | b' ' | b';' | b'%');
    let mut around: Vec<usize> =
        (1..raw.len()).filter(|cut| structural(raw[*cut]) || structural(raw[cut - 1])).collect();
    let mut cuts = Vec::new();
    while cuts.len() < most * 2 / 3 && !around.is_empty() {
        cuts.push(around.swap_remove(chance.below(around.len())));
    }
    if raw.len() > 1 {
        cuts.extend((0..most / 3).map(|_| 1 + chance.below(raw.len() - 1)));
    }
    cuts.sort_unstable();
    cuts.dedup();
    cuts
}

/// The chance of a case: FNV-1a of its name.
pub(super) fn seeded(case: &Case) -> Chance {
    let hash = case
        .label()
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    Chance::seeded(hash)
}

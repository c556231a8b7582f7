//! A large key file is read in pieces, each with its whole principals.
//!
//! A parsed piece takes fifteen times its text; that of a file with a million principals would be more than
//! a gigabyte. A file is cut before a line `[principal.NAME]`, where TOML begins anew but for names that it
//! has seen. Small files, which are what people write by hand, are one piece.

use std::ops::Range;

use memchr::memmem;

/// A piece is at least so large, the last one apart.
const PIECE_BYTES: usize = 1024 * 1024;

/// The bytes of each piece.
pub(super) fn of(text: &str) -> Vec<Range<usize>> {
    let header = memmem::Finder::new("\n[principal.");
    let mut pieces = Vec::new();
    let mut start = 0;
    while let Some(behind) = text.as_bytes().get(start + PIECE_BYTES..) {
        let Some(found) = header.find(behind) else { break };
        let end = start + PIECE_BYTES + found + 1;
        pieces.push(start..end);
        start = end;
    }
    pieces.push(start..text.len());
    pieces
}

//! Content codings undone, under limits on what may come out (RFC 9110 §8.4.1).
//!
//! Stands between the body as it came and the readers of documents. One body is one stream of one
//! coding, from its first byte to its last: what a second decoder could skip, or go on with, is
//! refused. The output grows as bytes come out, in steps, never by a size that the stream announces.
//!
//! Deliberately absent: stacked codings (the media type stage refuses them) and encoding.

mod streams;
#[cfg(test)]
mod tests;

use std::fmt;

/// A content coding that can be undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// RFC 1952, one member.
    Gzip,
    /// The zlib format of RFC 1950, as RFC 9110 §8.4.1.2 says. Raw deflate data, which some senders
    /// mean by it, is refused as corrupt.
    Deflate,
    /// RFC 7932, without the large-window extension.
    Br,
    /// RFC 8878, one frame, its window at most 8 MiB (RFC 9659 §3).
    Zstd,
}

impl Coding {
    /// Every coding, in the order in which `Accept-Encoding` should name them.
    pub const ALL: [Self; 4] = [Self::Gzip, Self::Deflate, Self::Br, Self::Zstd];

    /// The coding of this name, in any case; nothing for `identity` and what is not known.
    pub fn parse(name: &[u8]) -> Option<Self> {
        // RFC 9110 §8.4.1.3: "x-gzip" is to be taken as equivalent to "gzip".
        if name.eq_ignore_ascii_case(b"x-gzip") {
            return Some(Self::Gzip);
        }
        Self::ALL.into_iter().find(|coding| name.eq_ignore_ascii_case(coding.name().as_bytes()))
    }

    /// Its registered name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
            Self::Br => "br",
            Self::Zstd => "zstd",
        }
    }
}

/// What may come out of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecodeLimits {
    /// Bytes of the decoded body.
    pub max_bytes: u64,
    /// The decoded body may be so many times as long as what was sent. Not looked at in the first
    /// [`RATIO_FREE_BYTES`]: short texts that repeat themselves have any ratio, and do no harm.
    pub max_ratio: u32,
}

/// Decoded bytes from which on [`DecodeLimits::max_ratio`] holds.
pub const RATIO_FREE_BYTES: usize = 64 * 1024;

/// Why a body cannot be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodingFault {
    /// More than [`DecodeLimits::max_bytes`] came out.
    TooLarge,
    /// More than [`DecodeLimits::max_ratio`] times what was sent came out.
    RatioExceeded,
    /// Not a stream of this coding, one that needs a dictionary or too large a window, or one whose
    /// checksum does not hold.
    Corrupt,
    /// The stream stops before its end.
    Truncated,
    /// Bytes after the end of the stream; a second member or frame is such.
    TrailingBytes,
}

impl fmt::Display for CodingFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLarge => "the decoded body is too large",
            Self::RatioExceeded => "the body expands too much when decoded",
            Self::Corrupt => "the body does not decode as its Content-Encoding says",
            Self::Truncated => "the encoded body ends too early",
            Self::TrailingBytes => "the encoded body goes on after its end",
        })
    }
}

impl std::error::Error for CodingFault {}

/// Undoes a coding.
pub fn decode(coding: Coding, bytes: &[u8], limits: DecodeLimits) -> Result<Vec<u8>, CodingFault> {
    let mut output = Output::new(bytes.len(), limits);
    let consumed = match coding {
        Coding::Gzip => streams::gzip(bytes, &mut output),
        Coding::Deflate => streams::deflate(bytes, &mut output),
        Coding::Br => streams::brotli(bytes, &mut output),
        Coding::Zstd => streams::zstd(bytes, &mut output),
    }?;
    if consumed != bytes.len() {
        return Err(CodingFault::TrailingBytes);
    }
    Ok(output.decoded)
}

/// What came out so far, and how much more may.
struct Output {
    decoded: Vec<u8>,
    most: usize,
    too_much: CodingFault,
}

impl Output {
    fn new(encoded: usize, limits: DecodeLimits) -> Self {
        let by_size = usize::try_from(limits.max_bytes).unwrap_or(usize::MAX);
        let ratio = usize::try_from(limits.max_ratio).unwrap_or(usize::MAX);
        let by_ratio = encoded.saturating_mul(ratio).max(RATIO_FREE_BYTES);
        Self {
            decoded: Vec::new(),
            most: by_size.min(by_ratio),
            too_much: if by_ratio < by_size { CodingFault::RatioExceeded } else { CodingFault::TooLarge },
        }
    }

    fn push(&mut self, chunk: &[u8]) -> Result<(), CodingFault> {
        if chunk.len() > self.most - self.decoded.len() {
            return Err(self.too_much);
        }
        self.decoded.extend_from_slice(chunk);
        Ok(())
    }
}

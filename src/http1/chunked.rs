//! The chunked transfer coding (RFC 9112 §7.1), taken apart in place.
//!
//! Extensions and trailers that are well formed are dropped, within bounds: who reads no further than to drop
//! them must not be made to read without end.

use super::field::{Field, is_token};

/// Bytes of one line: a size and its extensions, or a trailer.
const MAX_LINE: usize = 1024;

/// Bytes of all extensions and trailers of one message.
const MAX_EXTRA: usize = 8 << 10;

/// Digits of a size: sixteen fill 64 bits, and more would be zeros in front.
const MAX_DIGITS: usize = 16;

/// Fields that decide what a message is, where it goes and whose it is; none may come in after it was judged
/// (RFC 9110 §6.5.1).
const NEVER_A_TRAILER: [&str; 12] = [
    "authorization",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "cookie",
    "expect",
    "host",
    "te",
    "trailer",
    "transfer-encoding",
    "x-api-key",
];

/// Why a body is not one in chunks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChunkFault {
    /// The size is no hexadecimal number, or none that can be counted.
    Size,
    /// An extension is malformed.
    Extension,
    /// A line ends with something else than CRLF.
    LineEnd,
    /// A chunk is longer than its size.
    DataEnd,
    /// A trailer is malformed, or one that may not be.
    Trailer,
    /// More extensions and trailers than are read.
    TooLong,
}

/// Where in the coding the bytes that come next stand.
#[derive(Clone, Copy, Debug)]
pub(super) struct Decoder {
    next: Next,
    extra: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Size,
    Data(u64),
    DataEnd,
    Trailer,
    Nothing,
}

/// What came of some bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Step {
    /// So many were looked at, and need not come again.
    pub(super) taken: usize,
    /// So many at their beginning are the body's, now.
    pub(super) data: usize,
    /// The body ended.
    pub(super) done: bool,
}

impl Decoder {
    pub(super) fn new() -> Self {
        Self { next: Next::Size, extra: 0 }
    }

    /// Moves the data among `bytes` to their front. What was not taken has to come again, with more behind it.
    pub(super) fn decode(&mut self, bytes: &mut [u8]) -> Result<Step, ChunkFault> {
        let mut step = Step::default();
        loop {
            match self.next {
                Next::Size => {
                    let Some(line) = line(&bytes[step.taken..])? else { return Ok(step) };
                    let (size, extension) = size(line)?;
                    self.spend(extension)?;
                    step.taken += line.len() + 2;
                    self.next = if size == 0 { Next::Trailer } else { Next::Data(size) };
                }
                Next::Data(left) => {
                    let here = (bytes.len() - step.taken).min(usize::try_from(left).unwrap_or(usize::MAX));
                    bytes.copy_within(step.taken..step.taken + here, step.data);
                    step.taken += here;
                    step.data += here;
                    self.next = match left - here as u64 {
                        0 => Next::DataEnd,
                        left => Next::Data(left),
                    };
                    if self.next != Next::DataEnd {
                        return Ok(step);
                    }
                }
                Next::DataEnd => match bytes[step.taken..] {
                    [b'\r', b'\n', ..] => {
                        step.taken += 2;
                        self.next = Next::Size;
                    }
                    [] | [b'\r'] => return Ok(step),
                    _ => return Err(ChunkFault::DataEnd),
                },
                Next::Trailer => {
                    let Some(line) = line(&bytes[step.taken..])? else { return Ok(step) };
                    let ends = line.is_empty();
                    if !ends {
                        trailer(line)?;
                        self.spend(line.len())?;
                    }
                    step.taken += line.len() + 2;
                    if ends {
                        self.next = Next::Nothing;
                    }
                }
                Next::Nothing => {
                    step.done = true;
                    return Ok(step);
                }
            }
        }
    }

    fn spend(&mut self, bytes: usize) -> Result<(), ChunkFault> {
        self.extra += bytes;
        if self.extra > MAX_EXTRA { Err(ChunkFault::TooLong) } else { Ok(()) }
    }
}

/// The line at the beginning, without its CRLF; none while it is not whole. A CR or LF by itself ends no line.
fn line(bytes: &[u8]) -> Result<Option<&[u8]>, ChunkFault> {
    let within = &bytes[..bytes.len().min(MAX_LINE)];
    match within.iter().position(|byte| matches!(byte, b'\r' | b'\n')) {
        Some(at) if bytes[at] == b'\r' && bytes.get(at + 1) == Some(&b'\n') => Ok(Some(&bytes[..at])),
        Some(at) if bytes[at] == b'\r' && at + 1 == bytes.len() => Ok(None),
        Some(_) => Err(ChunkFault::LineEnd),
        None if bytes.len() >= MAX_LINE => Err(ChunkFault::TooLong),
        None => Ok(None),
    }
}

/// The size, and how long its extensions are.
fn size(line: &[u8]) -> Result<(u64, usize), ChunkFault> {
    let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    let text = std::str::from_utf8(&line[..digits]).ok().filter(|_| (1..=MAX_DIGITS).contains(&digits));
    let size = text.and_then(|text| u64::from_str_radix(text, 16).ok()).ok_or(ChunkFault::Size)?;
    let rest = &line[digits..];
    // RFC 9112 §7.1.1: white space belongs to an extension; a size that is followed by it alone is padded.
    match blank(rest) {
        [] if rest.is_empty() => Ok((size, 0)),
        behind @ [b';', ..] => extensions(behind).map(|()| (size, rest.len())),
        _ => Err(ChunkFault::Size),
    }
}

/// RFC 9112 §7.1.1: `*( BWS ";" BWS name [ BWS "=" BWS ( token / quoted-string ) ] )`.
fn extensions(mut rest: &[u8]) -> Result<(), ChunkFault> {
    while let [b';', behind @ ..] = rest {
        rest = after_token(blank(behind))?;
        if let [b'=', value @ ..] = blank(rest) {
            let value = blank(value);
            rest = if value.starts_with(b"\"") { after_quoted(value)? } else { after_token(value)? };
        }
        let next = blank(rest);
        if next.len() < rest.len() && next.is_empty() {
            return Err(ChunkFault::Extension);
        }
        rest = next;
    }
    if rest.is_empty() { Ok(()) } else { Err(ChunkFault::Extension) }
}

fn blank(text: &[u8]) -> &[u8] {
    let start = text.iter().position(|byte| !matches!(byte, b' ' | b'\t')).unwrap_or(text.len());
    &text[start..]
}

/// RFC 9110 §5.6.3: spaces and tabs. `trim_ascii` would take controls away, too, before anybody looks for them.
fn without_blanks(text: &[u8]) -> &[u8] {
    let end = text.iter().rposition(|byte| !matches!(byte, b' ' | b'\t')).map_or(0, |last| last + 1);
    blank(&text[..end])
}

fn after_token(text: &[u8]) -> Result<&[u8], ChunkFault> {
    let end = text.iter().position(|byte| !is_token(&[*byte])).unwrap_or(text.len());
    if end == 0 { Err(ChunkFault::Extension) } else { Ok(&text[end..]) }
}

/// RFC 9110 §5.6.4.
fn after_quoted(text: &[u8]) -> Result<&[u8], ChunkFault> {
    let mut at = 1;
    while let Some(byte) = text.get(at) {
        match byte {
            b'"' => return Ok(&text[at + 1..]),
            b'\\' if text.get(at + 1).is_some_and(|byte| is_text(*byte)) => at += 2,
            b'\\' => break,
            byte if is_text(*byte) => at += 1,
            _ => break,
        }
    }
    Err(ChunkFault::Extension)
}

fn is_text(byte: u8) -> bool {
    byte == b'\t' || (byte >= 0x20 && byte != 0x7f)
}

/// RFC 9112 §7.1.2.
fn trailer(line: &[u8]) -> Result<(), ChunkFault> {
    let colon = line.iter().position(|byte| *byte == b':').ok_or(ChunkFault::Trailer)?;
    let field = Field { name: &line[..colon], value: without_blanks(&line[colon + 1..]) };
    field.check().map_err(|_| ChunkFault::Trailer)?;
    let plain: Vec<u8> = field.name.iter().map(|byte| if *byte == b'_' { b'-' } else { *byte }).collect();
    let never = NEVER_A_TRAILER.iter().any(|name| plain.eq_ignore_ascii_case(name.as_bytes()));
    if never { Err(ChunkFault::Trailer) } else { Ok(()) }
}

impl ChunkFault {
    /// In words, that repeat nothing of what came.
    pub fn message(self) -> &'static str {
        match self {
            Self::Size => "a chunk's size is no number",
            Self::Extension => "a chunk's extension is malformed",
            Self::LineEnd => "a line of the chunked coding does not end with CRLF",
            Self::DataEnd => "a chunk is longer than its size",
            Self::Trailer => "a trailer is malformed, or one that may not be",
            Self::TooLong => "extensions or trailers are too long",
        }
    }
}

impl std::fmt::Display for ChunkFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.message())
    }
}

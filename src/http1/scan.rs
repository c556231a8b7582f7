//! Where a head ends, found as its bytes come in, within its limits.

use super::fault::{HeadFault, RequestFault};
use super::field::is_token;

/// What a head may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeadLimits {
    /// Bytes of all of it.
    pub bytes: usize,
    /// Bytes of its first line, as far as the target is to blame.
    pub first_line_bytes: usize,
}

/// How far a head has been looked at, so that a slow one is not looked at again from its start.
#[derive(Clone, Copy, Debug, Default)]
pub struct Scan {
    seen: usize,
    line_start: usize,
}

impl Scan {
    /// The head's length, once all of it is at the beginning of `bytes`; the same bytes as at the last call,
    /// and more.
    ///
    /// RFC 9112 §2.1 and §2.2: lines end with CRLF and nothing else does; the head ends with an empty one,
    /// which may not come first. What begins with neither of these nor a token is no message, whatever follows:
    /// TLS, spoken to a port without it, may never end a line.
    pub fn head_end(&mut self, bytes: &[u8], limits: &HeadLimits) -> Result<Option<usize>, RequestFault> {
        if self.seen == 0
            && let Some(first) = bytes.first()
            && !is_token(&[*first])
            && !matches!(first, b'\r' | b'\n')
        {
            return Err(HeadFault::StartLine.into());
        }
        while let Some(offset) = memchr::memchr(b'\n', &bytes[self.seen..]) {
            let newline = self.seen + offset;
            if newline == 0 || bytes[newline - 1] != b'\r' {
                return Err(HeadFault::LineEnd.into());
            }
            let line_is_empty = newline - 1 == self.line_start;
            if line_is_empty && self.line_start == 0 {
                return Err(HeadFault::EmptyLine.into());
            }
            if self.line_start == 0 && newline > limits.first_line_bytes {
                return Err(RequestFault::TargetTooLong);
            }
            self.seen = newline + 1;
            if line_is_empty {
                return within(self.seen, limits).map(|()| Some(self.seen));
            }
            self.line_start = self.seen;
        }
        self.seen = bytes.len();
        if self.line_start == 0 && bytes.len() > limits.first_line_bytes {
            return Err(RequestFault::TargetTooLong);
        }
        within(bytes.len(), limits).map(|()| None)
    }
}

fn within(bytes: usize, limits: &HeadLimits) -> Result<(), RequestFault> {
    if bytes > limits.bytes { Err(RequestFault::TooLarge) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: HeadLimits = HeadLimits { bytes: 40, first_line_bytes: 20 };

    fn whole(bytes: &[u8]) -> Result<Option<usize>, RequestFault> {
        Scan::default().head_end(bytes, &LIMITS)
    }

    #[test]
    fn a_head_ends_with_its_empty_line_however_it_came() {
        let bytes = b"GET / HTTP/1.1\r\na: b\r\n\r\nbody";
        for cut in 0..bytes.len() {
            let mut scan = Scan::default();
            let first = scan.head_end(&bytes[..cut], &LIMITS);
            let end = Ok(Some(24));
            let expected = if cut < 24 { Ok(None) } else { end };
            assert_eq!(first, expected, "{cut}");
            if cut < 24 {
                assert_eq!(scan.head_end(bytes, &LIMITS), end, "{cut}");
            }
        }
    }

    #[test]
    fn what_ends_no_line_and_what_is_too_long() {
        let malformed = |fault| Err(RequestFault::Malformed(fault));
        assert_eq!(whole(b"GET / HTTP/1.1\n"), malformed(HeadFault::LineEnd));
        assert_eq!(whole(b"\x16\x03\x01"), malformed(HeadFault::StartLine));
        assert_eq!(whole(b"\n"), malformed(HeadFault::LineEnd));
        assert_eq!(whole(b"\r\nGET"), malformed(HeadFault::EmptyLine));
        assert_eq!(whole(b"GET /123456789012345"), Ok(None));
        assert_eq!(whole(b"GET /1234567890123456"), Err(RequestFault::TargetTooLong));
        assert_eq!(whole(b"GET / HTTP/1.1\r\nabcdefghijklmnopqrstuvwxy"), Err(RequestFault::TooLarge));
    }
}

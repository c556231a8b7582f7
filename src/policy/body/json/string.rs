//! Strings. The long stretches without escapes are found eight bytes at a time and copied once.

use super::reader::Reader;
use super::{JsonFault, JsonReason};

impl<'a> Reader<'a> {
    /// A string; the next byte is its opening quote.
    pub(super) fn string(&mut self) -> Result<String, JsonFault> {
        self.at += 1;
        let plain = self.plain()?;
        if self.peek() == Some(b'"') {
            self.at += 1;
            return Ok(plain.to_owned());
        }
        let mut unescaped = String::with_capacity(plain.len() + 16);
        unescaped.push_str(plain);
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(unescaped);
                }
                Some(b'\\') => unescaped.push(self.escape()?),
                Some(_) => return Err(self.fault(JsonReason::ControlCharacter)),
                None => return Err(self.fault(JsonReason::UnexpectedEnd)),
            }
            unescaped.push_str(self.plain()?);
        }
    }

    /// What stands before the next quote, backslash or control character, or before the end.
    fn plain(&mut self) -> Result<&'a str, JsonFault> {
        let (length, ascii) = plain_length(self.rest());
        let start = self.at;
        self.at += length;
        // Cut between ASCII characters or at the ends, so never inside a character.
        let plain = self.text.get(start..self.at).unwrap_or_default();
        if !ascii && let Some((index, _)) = plain.char_indices().find(|(_, c)| noncharacter(*c)) {
            self.at = start + index;
            return Err(self.fault(JsonReason::Noncharacter));
        }
        Ok(plain)
    }

    /// One escape; the next byte is its backslash. A surrogate pair is one escape.
    fn escape(&mut self) -> Result<char, JsonFault> {
        let start = self.at;
        let escaped = match self.rest().get(1) {
            Some(b'u') => return self.unicode_escape(start),
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(_) => return Err(self.fault(JsonReason::InvalidEscape)),
            None => {
                self.at += 1;
                return Err(self.fault(JsonReason::UnexpectedEnd));
            }
        };
        self.at += 2;
        Ok(escaped)
    }

    fn unicode_escape(&mut self, start: usize) -> Result<char, JsonFault> {
        let fault = |reason| JsonFault { offset: start, reason };
        let first = self.code_unit()?;
        let code_point = match first {
            0xd800..=0xdbff if self.rest().starts_with(b"\\u") => {
                let second = self.code_unit()?;
                if !matches!(second, 0xdc00..=0xdfff) {
                    return Err(fault(JsonReason::LoneSurrogate));
                }
                0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00)
            }
            other => other,
        };
        match char::from_u32(code_point) {
            None => Err(fault(JsonReason::LoneSurrogate)),
            Some(c) if noncharacter(c) => Err(fault(JsonReason::Noncharacter)),
            Some(c) => Ok(c),
        }
    }

    /// The four digits of one `\uXXXX`; the next byte is the backslash.
    fn code_unit(&mut self) -> Result<u32, JsonFault> {
        let mut unit = 0;
        for index in 2..6 {
            let Some(byte) = self.rest().get(index) else {
                self.at = self.text.len();
                return Err(self.fault(JsonReason::UnexpectedEnd));
            };
            let Some(digit) = char::from(*byte).to_digit(16) else {
                return Err(self.fault(JsonReason::InvalidEscape));
            };
            unit = unit << 4 | digit;
        }
        self.at += 6;
        Ok(unit)
    }
}

/// RFC 7493 §2.1: code points that are never characters, and may not be sent as if they were.
fn noncharacter(c: char) -> bool {
    let code_point = u32::from(c);
    code_point & 0xfffe == 0xfffe || (0xfdd0..=0xfdef).contains(&code_point)
}

/// How many bytes come before a quote, a backslash or a control character, and whether all of them
/// are ASCII.
fn plain_length(bytes: &[u8]) -> (usize, bool) {
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let (words, _) = bytes.as_chunks::<8>();
    let mut seen = 0;
    let mut length = 0;
    for word in words {
        let word = u64::from_le_bytes(*word);
        let special = special_bytes(word);
        if special != 0 {
            break;
        }
        seen |= word;
        length += 8;
    }
    for byte in bytes.get(length..).unwrap_or_default() {
        if matches!(byte, b'"' | b'\\' | 0..0x20) {
            break;
        }
        seen |= u64::from(*byte);
        length += 1;
    }
    (length, seen & HIGH == 0)
}

/// Not zero exactly where one of the eight bytes is a quote, a backslash or below 0x20. Only the lowest
/// bit that is set is to be believed: its byte may borrow from the ones above.
fn special_bytes(word: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let quote = word ^ (ONES * b'"' as u64);
    let backslash = word ^ (ONES * b'\\' as u64);
    let quote = quote.wrapping_sub(ONES) & !quote;
    let backslash = backslash.wrapping_sub(ONES) & !backslash;
    let control = word.wrapping_sub(ONES * 0x20) & !word;
    (quote | backslash | control) & HIGH
}

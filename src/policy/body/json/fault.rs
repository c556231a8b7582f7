//! Why a body is not the JSON we take, in words for the caller: a place and a rule, never a name or a
//! value from the body.

use std::fmt;

/// Where reading stopped, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JsonFault {
    /// Bytes before the place at fault, in the decoded body.
    pub offset: usize,
    /// The rule that is broken there.
    pub reason: JsonReason,
}

/// The rules that a document can break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonReason {
    /// Nothing but white space, or not even that.
    Empty,
    /// U+FEFF at the start (RFC 8259 §8.1).
    ByteOrderMark,
    /// UTF-16 or UTF-32, by its zero bytes.
    NotUtf8,
    /// Bytes that are not UTF-8: overlong, encoded surrogates, beyond U+10FFFF, cut off.
    InvalidUtf8,
    /// The document stops before it is whole.
    UnexpectedEnd,
    /// Something else stands where this was expected.
    Expected(&'static str),
    /// More after the end of the document.
    TrailingBytes,
    /// A name that the same object already has, also when written with other escapes.
    DuplicateName,
    /// A byte below 0x20 in a string.
    ControlCharacter,
    /// A backslash before something that it cannot escape.
    InvalidEscape,
    /// `\ud800` to `\udfff` without its other half.
    LoneSurrogate,
    /// U+FDD0 to U+FDEF, or the last two code points of a plane (RFC 7493 §2.1).
    Noncharacter,
    /// Digits that do not follow the grammar, such as `01`, `1.` or `+1`.
    InvalidNumber,
    /// An integer beyond ±(2^53−1).
    IntegerOutOfRange,
    /// More than 17 significant digits.
    TooManyDigits,
    /// Beyond the largest double, or so small that it would become zero.
    NumberOutOfRange,
    /// Deeper than this is allowed to be.
    TooDeep(u16),
}

impl fmt::Display for JsonFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.reason, self.offset)
    }
}

impl fmt::Display for JsonReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "no JSON document",
            Self::ByteOrderMark => "a byte order mark, which JSON must not start with,",
            Self::NotUtf8 => "UTF-16 or UTF-32 where JSON must be UTF-8",
            Self::InvalidUtf8 => "invalid UTF-8",
            Self::UnexpectedEnd => "the JSON document ends too early",
            Self::Expected(what) => return write!(f, "expected {what}"),
            Self::TrailingBytes => "more bytes after the end of the JSON document",
            Self::DuplicateName => "the same name twice in one object",
            Self::ControlCharacter => "an unescaped control character in a string",
            Self::InvalidEscape => "an invalid escape in a string",
            Self::LoneSurrogate => "half of a surrogate pair in a string",
            Self::Noncharacter => "a Unicode noncharacter in a string",
            Self::InvalidNumber => "an invalid number",
            Self::IntegerOutOfRange => "an integer beyond 9007199254740991 (2^53-1)",
            Self::TooManyDigits => "a number of more than 17 significant digits",
            Self::NumberOutOfRange => "a number outside the range of a double",
            Self::TooDeep(depth) => return write!(f, "more than {depth} levels of nesting"),
        })
    }
}

impl std::error::Error for JsonFault {}

//! `application/x-www-form-urlencoded` as an object of strings.
//!
//! Stands where [`super::json`] stands, for the other type of body that has a schema. It reads as WHATWG
//! URL §5.1 says, which is how servers read it, and refuses what §5.1 would repair or servers read
//! differently: the upstream gets the bytes, so both have to find the same fields in them.
//!
//! - A name twice: some servers keep the first, some the last, some make a list.
//! - A `%` without two hexadecimal digits, bytes that are not UTF-8: §5.1 would put something in place.
//! - A raw `;`, which older servers take for `&` (senders write `%3B`).
//! - A field without a name, control characters that are not encoded, and `%00`, where C strings end.
//!
//! As in §5.1, a name without `=` has an empty value, and nothing between two `&` is nothing.
//! Deliberately absent: other charsets, `name[]` and `name[key]` as anything but names.

mod reader;
#[cfg(test)]
mod tests;

use std::fmt;

use serde_json::Value;

/// Fields that one body may have. Some servers' tables degrade above this; PHP stops reading there.
pub const MAX_FIELDS: usize = 1000;

/// Reads one form, the whole of `bytes`. Every value is a string; an empty body is an empty object.
pub fn parse(bytes: &[u8]) -> Result<Value, FormFault> {
    reader::fields(bytes).map(Value::Object)
}

/// Where reading stopped, and why, in words for the caller: never a name or a value from the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FormFault {
    /// Bytes before the place at fault, in the decoded body. For what only shows once a field is
    /// decoded, that field's start.
    pub offset: usize,
    /// The rule that is broken there.
    pub reason: FormReason,
}

/// The rules that a form can break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FormReason {
    /// Over [`MAX_FIELDS`].
    TooManyFields,
    /// A name that the form already has, also when written with other escapes.
    DuplicateName,
    /// A field that starts with `=`.
    EmptyName,
    /// `%` without two hexadecimal digits.
    InvalidEscape,
    /// Bytes that are not UTF-8, once decoded.
    InvalidUtf8,
    /// `%00`.
    Nul,
    /// An unescaped control character.
    ControlCharacter,
    /// An unescaped `;`.
    Semicolon,
}

impl fmt::Display for FormFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.reason, self.offset)
    }
}

impl fmt::Display for FormReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooManyFields => return write!(f, "more than {MAX_FIELDS} form fields"),
            Self::DuplicateName => "the same form field twice",
            Self::EmptyName => "a form field without a name",
            Self::InvalidEscape => "a '%' without two hexadecimal digits",
            Self::InvalidUtf8 => "a form field that is not UTF-8",
            Self::Nul => "an encoded NUL character",
            Self::ControlCharacter => "an unescaped control character",
            Self::Semicolon => "an unescaped ';'",
        })
    }
}

impl std::error::Error for FormFault {}

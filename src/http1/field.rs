//! Field lines, and how they are looked up (RFC 9110 §5).

use std::fmt;

use super::fault::HeadFault;

/// One field line. Printed, it shows no value: that may be a credential.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Field<'a> {
    /// The name, as on the wire.
    pub name: &'a [u8],
    /// The value without the white space around it.
    pub value: &'a [u8],
}

impl Field<'_> {
    /// Whether this is its name; `name` is lower case.
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }

    /// RFC 9110 §5.1 and §5.5: a token, and a value without controls.
    pub fn check(&self) -> Result<(), HeadFault> {
        if !is_token(self.name) {
            return Err(HeadFault::FieldName);
        }
        // All of it is looked at, whatever is found: without a way out of the loop it is done by vectors.
        let control = |byte: u8| (byte < 0x20) & (byte != b'\t') | (byte == 0x7f);
        let controls = self.value.iter().fold(false, |found, byte| found | control(*byte));
        if controls { Err(HeadFault::FieldValue) } else { Ok(()) }
    }
}

impl fmt::Debug for Field<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: <{} bytes>", self.name.escape_ascii(), self.value.len())
    }
}

/// A value without the white space around it (RFC 9110 §5.6.3): spaces and tabs are, other controls are not.
pub(super) fn trimmed(value: &[u8]) -> &[u8] {
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let start = value.iter().position(|byte| !is_blank(byte)).unwrap_or(value.len());
    let end = value.iter().rposition(|byte| !is_blank(byte)).map_or(start, |last| last + 1);
    &value[start..end]
}

/// The values of all fields of one name, in order. `name` is lower case.
pub fn named<'a, 'f>(fields: &'f [Field<'a>], name: &'f str) -> impl Iterator<Item = &'a [u8]> + 'f {
    fields.iter().filter(move |field| field.is(name)).map(|field| field.value)
}

/// The members of a comma-separated list (RFC 9110 §5.6.1), empty ones left out.
pub fn members(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|byte| *byte == b',').map(trimmed).filter(|member| !member.is_empty())
}

/// RFC 9110 §5.6.2.
pub fn is_token(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().fold(true, |token, byte| token & TOKEN[usize::from(*byte)])
}

const TOKEN: [bool; 256] = {
    let mut table = [false; 256];
    let others = b"!#$%&'*+-.^_`|~";
    let mut at = 0;
    while at < others.len() {
        table[others[at] as usize] = true;
        at += 1;
    }
    let mut byte = 0_u8;
    while byte < 128 {
        if byte.is_ascii_alphanumeric() {
            table[byte as usize] = true;
        }
        byte += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_value_is_printed() {
        let field = Field { name: b"authorization", value: b"Bearer x" };
        assert_eq!(format!("{field:?}"), "authorization: <8 bytes>");
    }
}

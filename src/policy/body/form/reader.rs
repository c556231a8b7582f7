//! Fields, names and escapes.

use serde_json::{Map, Value};

use super::{FormFault, FormReason, MAX_FIELDS};

pub(super) fn fields(bytes: &[u8]) -> Result<Map<String, Value>, FormFault> {
    let mut fields = Map::new();
    let mut start = 0;
    for field in bytes.split(|byte| *byte == b'&') {
        if !field.is_empty() {
            insert(&mut fields, field, start)?;
        }
        start += field.len() + 1;
    }
    Ok(fields)
}

fn insert(fields: &mut Map<String, Value>, field: &[u8], start: usize) -> Result<(), FormFault> {
    let fault = |reason| FormFault { offset: start, reason };
    if fields.len() == MAX_FIELDS {
        return Err(fault(FormReason::TooManyFields));
    }
    let (name, value) = match field.iter().position(|byte| *byte == b'=') {
        Some(0) => return Err(fault(FormReason::EmptyName)),
        Some(equals) => field.split_at(equals),
        None => (field, &field[..0]),
    };
    let value_start = start + name.len() + 1;
    let name = decode(name, start)?;
    let value = decode(value.get(1..).unwrap_or_default(), value_start)?;
    // Compared decoded, so that "a" and "%61" are one name.
    match fields.insert(name, Value::String(value)) {
        None => Ok(()),
        Some(_) => Err(fault(FormReason::DuplicateName)),
    }
}

/// One name or value, which stands `start` bytes into the body.
fn decode(encoded: &[u8], start: usize) -> Result<String, FormFault> {
    let fault = |index: usize, reason| FormFault { offset: start + index, reason };
    let mut decoded = Vec::with_capacity(encoded.len());
    let mut index = 0;
    while let Some(byte) = encoded.get(index) {
        match byte {
            b'%' => {
                let digits = encoded.get(index + 1..index + 3).unwrap_or_default();
                match hexadecimal(digits) {
                    Some(0) => return Err(fault(index, FormReason::Nul)),
                    Some(byte) => decoded.push(byte),
                    None => return Err(fault(index, FormReason::InvalidEscape)),
                }
                index += 2;
            }
            b'+' => decoded.push(b' '),
            b';' => return Err(fault(index, FormReason::Semicolon)),
            0..0x20 | 0x7f => return Err(fault(index, FormReason::ControlCharacter)),
            _ => decoded.push(*byte),
        }
        index += 1;
    }
    String::from_utf8(decoded).map_err(|_| fault(0, FormReason::InvalidUtf8))
}

fn hexadecimal(digits: &[u8]) -> Option<u8> {
    let &[high, low] = digits else { return None };
    let digit = |byte| char::from(byte).to_digit(16);
    u8::try_from(digit(high)? << 4 | digit(low)?).ok()
}

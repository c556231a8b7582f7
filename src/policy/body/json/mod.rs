//! JSON as strict as two readers have to be to see the same: RFC 8259, I-JSON (RFC 7493), and a little
//! more.
//!
//! Stands between the decoded body and the schema. The document is read only to be judged; the upstream
//! gets the bytes. So whatever another reader could take for something else is refused, because the
//! gate would have judged a document that the upstream never sees: a name twice in one object, numbers
//! that a double cannot hold, half a surrogate pair. What it accepts, every reader that keeps to
//! RFC 8259 accepts, with the same value.
//!
//! Deliberately absent: comments, trailing commas, NaN, several documents in one body, any repair.

mod fault;
mod number;
mod reader;
mod string;
#[cfg(test)]
mod tests;

pub use fault::{JsonFault, JsonReason};

use serde_json::Value;

/// The deepest nesting that [`JsonRules::depth`] can ask for. The reader does not recurse, but the engine
/// that judges a value against a recursive schema does: 512 levels overflow the 2 MiB of a worker's stack.
pub const MAX_DEPTH: u16 = 200;

/// How strict JSON is read. Everything that is not named here is never relaxed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonRules {
    /// Numbers that are written without fraction and exponent.
    pub integers: Integers,
    /// All other numbers.
    pub precision: Precision,
    /// Arrays and objects within each other, the outermost counted; at most [`MAX_DEPTH`].
    pub depth: u16,
}

/// Which integers pass. An integer is a number written without fraction and exponent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Integers {
    /// Those within ±(2^53−1), which every reader holds exactly (RFC 7493 §2.2).
    #[default]
    Interoperable,
    /// Any that is within the range of a double. Beyond 64 bits the schema judges the nearest double.
    Any,
}

/// How long the other numbers may be, those with a fraction or an exponent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precision {
    /// At most 17 significant digits, which is what it takes to write any double. Zeros before the
    /// first other digit and after the last one say nothing and are not counted: `0.00250` has two.
    #[default]
    Double,
    /// Any length. The schema judges the nearest double.
    Any,
}

impl Default for JsonRules {
    fn default() -> Self {
        Self { integers: Integers::default(), precision: Precision::default(), depth: 64 }
    }
}

/// Reads one document, the whole of `bytes`.
///
/// Numbers become what serde_json makes of them: u64 or i64 where they fit, else the nearest double,
/// `-0` too.
pub fn parse(bytes: &[u8], rules: &JsonRules) -> Result<Value, JsonFault> {
    reader::Reader::new(bytes, rules)?.document()
}

//! What the API speaks of: a customer as sent, as kept, and as listed.
//!
//! serde's own idea of the types is all the checking there is: no lengths, no formats, unknown names
//! dropped without a word. What must hold of a customer stands in the schemas that the gate enforces.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Number;

/// What a client says of a customer.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct Draft {
    pub(super) first_name: String,
    pub(super) last_name: String,
    pub(super) email: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) phone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) company: Option<Company>,
    #[serde(default)]
    pub(super) tags: Vec<String>,
}

/// Where a customer works. A patch may add the size before the name is known.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct Company {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    #[serde(default, deserialize_with = "whole")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) size: Option<i64>,
}

/// A customer as kept.
#[derive(Debug, Serialize)]
pub(super) struct Customer {
    pub(super) id: i64,
    #[serde(flatten)]
    pub(super) draft: Draft,
    pub(super) created_at: String,
    pub(super) updated_at: String,
}

/// A line of the list. It leaves out what takes a second look, so a damaged row still has its line.
#[derive(Debug, Serialize)]
pub(super) struct Line {
    pub(super) id: i64,
    pub(super) first_name: String,
    pub(super) last_name: String,
    pub(super) email: String,
}

/// Some of the list, and where to go on.
#[derive(Debug, Serialize)]
pub(super) struct Page {
    pub(super) items: Vec<Line>,
    pub(super) next_cursor: Option<String>,
}

/// A customer that was accepted with 202, and what became of it.
#[derive(Debug, Serialize)]
pub(super) struct Job {
    pub(super) id: i64,
    pub(super) state: String,
    /// The path of the customer, once written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) customer: Option<String>,
}

/// To JSON Schema `12.0` is an integer as good as `12`; serde would not take it for one.
fn whole<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    let Some(number) = Option::<Number>::deserialize(deserializer)? else {
        return Ok(None);
    };
    let of_float = || {
        let float = number.as_f64()?;
        // Below 2^53 every whole double is exactly one integer, so the cast loses nothing.
        (float.fract() == 0.0 && float.abs() < 9_007_199_254_740_992.0).then_some(float as i64)
    };
    let whole = number.as_i64().or_else(of_float);
    whole.map(Some).ok_or_else(|| serde::de::Error::custom(format!("{number} is not a whole number")))
}

//! Stage *body*: from the bytes that came to the document that the schema judges.

use std::borrow::Cow;

use super::coding::{Coding, DecodeLimits, decode};
use super::{JsonRules, form, json};
use crate::policy::media_type::Format;
use crate::policy::rejection::Rejection;

/// What a schema judges.
pub type Document = serde_json::Value;

/// The body without its content coding, as large as it may be. Always enforced: what cannot be decoded
/// cannot be said to have been checked.
pub fn decoded(
    bytes: &[u8],
    coding: Option<Coding>,
    max_bytes: u64,
    max_ratio: u32,
) -> Result<Cow<'_, [u8]>, Rejection> {
    match coding {
        None => Ok(Cow::Borrowed(bytes)),
        Some(coding) => decode(coding, bytes, DecodeLimits { max_bytes, max_ratio })
            .map(Cow::Owned)
            .map_err(Rejection::BodyUndecodable),
    }
}

/// The one well-formed document that the bytes are; none where the gate cannot read the type.
pub fn read(bytes: &[u8], format: Format, rules: &JsonRules) -> Result<Option<Document>, Rejection> {
    match format {
        Format::Json => json::parse(bytes, rules).map(Some).map_err(Rejection::MalformedJson),
        Format::Form => form::parse(bytes).map(Some).map_err(Rejection::MalformedForm),
        Format::Opaque => Ok(None),
    }
}

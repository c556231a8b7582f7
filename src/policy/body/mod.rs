//! What a body is before anything is asked of it: decoded, and read as one well-formed document.
//!
//! Stands in the stage `body`, between the bytes that came and the schema that judges the document:
//! [`coding`] undoes a content coding under limits, [`json`] and [`form`] read what is left. Nothing
//! here knows the wire or the schema, and nothing here is forwarded: the upstream gets the bytes that
//! came, never what was made of them.

pub mod coding;
pub mod form;
pub mod json;
mod read;

pub use coding::{Coding, CodingFault, DecodeLimits};
pub use form::{FormFault, FormReason};
pub use json::{Integers, JsonFault, JsonReason, JsonRules, Precision};
pub use read::{Document, decoded, read};

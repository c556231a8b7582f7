//! The value of a key that is known, but that nothing is built for yet: it is read as whatever it is, so
//! that the one fault is that it is not built yet.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::config::read::{FromToml, Reader, Value};

/// Any value at all.
#[derive(Clone, Copy, Debug)]
pub struct Anything;

impl FromToml for Anything {
    fn expected() -> String {
        "any value".into()
    }

    fn from_toml(_: &Value<'_>, _: &mut Reader<'_>) -> Option<Self> {
        Some(Self)
    }
}

impl JsonSchema for Anything {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Anything".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!(true)
    }
}

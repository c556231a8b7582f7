//! One item of `allow`: what must be claimed of a caller, as in `{ department = "sales" }`.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::parameter::{DEPTH, to_json};
use crate::config::located::Located;
use crate::config::read::{FromToml, Reader, Value};

const EXPECTED: &str = "claims such as { department = \"sales\" }, or a list of such";

/// Claims, all of which must be as it is said.
#[derive(Clone, Debug, Default)]
pub struct ClaimRuleTable {
    /// Each with what it must be: a value, or a list of values any of which will do.
    pub claims: Vec<(Located<String>, Located<serde_json::Value>)>,
}

impl FromToml for ClaimRuleTable {
    fn expected() -> String {
        EXPECTED.into()
    }

    fn from_toml(value: &Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let table = reader.table(value, EXPECTED)?;
        let mut claims: Vec<Option<_>> = Vec::new();
        for (key, value) in table {
            let name = Located { value: key.get_ref().to_string(), at: reader.place(key) };
            let at = reader.place(value);
            claims.push(to_json(value, DEPTH, reader).map(|value| (name, Located { value, at })));
        }
        claims.into_iter().collect::<Option<_>>().map(|claims| Self { claims })
    }
}

impl JsonSchema for ClaimRuleTable {
    fn schema_name() -> Cow<'static, str> {
        "ClaimRule".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let one = serde_json::json!({ "type": ["string", "number", "boolean"] });
        json_schema!({
            "type": "object",
            "description": "Claims, all of which must be as it is said: a value, or a list of values any of which will do.",
            "additionalProperties": { "anyOf": [one, { "type": "array", "items": one }] },
        })
    }
}

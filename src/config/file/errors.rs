//! `[errors]`: refusals in the API's old clothes.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::config::located::{Field, Located};
use crate::config::read::{FromToml, Reader, Value, read_table};
use crate::config::text::Text;

/// What refusals look like, instead of `application/problem+json`.
#[derive(Clone, Debug, Default, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct ErrorsTable {
    /// The body. `{status}`, `{title}`, `{detail}`, `{type}`, `{instance}` and `{code}` stand for what
    /// they say, escaped for JSON, XML or HTML where the media type is one; every other brace is text.
    pub template: Field<Text>,
    /// The body's media type; stands together with `template`.
    pub media_type: Field<Text>,
    /// Statuses that legacy clients expect, by ours, as in `{ 422 = 400 }`.
    pub status: Field<StatusMap>,
}

read_table!(ErrorsTable, "a table such as { status = { 422 = 400 } }" {
    template, media_type, status,
});

/// Statuses by statuses.
#[derive(Clone, Debug, Default)]
pub struct StatusMap(pub Vec<(Located<String>, Located<u64>)>);

impl FromToml for StatusMap {
    fn expected() -> String {
        "a table such as { 422 = 400 }".into()
    }

    fn from_toml(value: &Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let table = reader.table(value, &Self::expected())?;
        let mut map = Vec::new();
        for (key, value) in table {
            let from = Located { value: key.get_ref().to_string(), at: reader.place(key) };
            let at = reader.place(value);
            if let Some(value) = u64::from_toml(value, reader) {
                map.push((from, Located { value, at }));
            }
        }
        Some(Self(map))
    }
}

impl JsonSchema for StatusMap {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "StatusMap".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "propertyNames": { "pattern": "^[45][0-9][0-9]$" },
            "additionalProperties": { "type": "integer", "minimum": 400, "maximum": 599 },
        })
    }
}

//! `query.NAME`, `header.NAME` and `path.NAME`: a JSON Schema written in TOML, and whether it must be
//! there.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use toml::de::{DeArray, DeTable, DeValue};

use crate::config::located::{Field, Located};
use crate::config::read::{FromToml, Reader, Slot, Value};

/// How deep the schema of a single value may nest.
pub(super) const DEPTH: usize = 32;

/// A parameter: the JSON Schema of its value, and `required`.
#[derive(Clone, Debug, Default)]
pub struct ParameterTable {
    /// Whether it must be there. Unstated: false; path parameters always are.
    pub required: Field<bool>,
    /// The keywords of its schema, in the order of the file.
    pub keywords: Vec<Keyword>,
    /// Whether a keyword is lacking because it was reported.
    pub broken: bool,
}

/// A keyword of a JSON Schema.
#[derive(Clone, Debug)]
pub struct Keyword {
    /// Its name.
    pub name: Located<String>,
    /// Its value.
    pub value: Located<serde_json::Value>,
}

impl FromToml for ParameterTable {
    fn expected() -> String {
        "a JSON Schema such as { type = \"integer\", minimum = 1 }".into()
    }

    fn from_toml(value: &Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let table = reader.table(value, &Self::expected())?;
        let mut this = Self::default();
        for (key, value) in table {
            if key.get_ref() == "required" {
                this.required.fill(value, reader);
                continue;
            }
            let name = Located { value: key.get_ref().to_string(), at: reader.place(key) };
            let at = reader.place(value);
            match to_json(value, DEPTH, reader) {
                Some(value) => this.keywords.push(Keyword { name, value: Located { value, at } }),
                None => this.broken = true,
            }
        }
        Some(this)
    }
}

/// A value of a JSON Schema. No secrets: refusals tell callers what was expected of a parameter.
/// What a TOML value is in JSON, where it has a place there.
pub(super) fn to_json(value: &Value<'_>, depth: usize, reader: &mut Reader<'_>) -> Option<serde_json::Value> {
    let Some(deeper) = depth.checked_sub(1) else {
        reader.nonsense(value, "this nests too deep".into(), &format!("at most {DEPTH} levels"));
        return None;
    };
    match value.get_ref() {
        DeValue::String(text) if text.starts_with("${env:") || text.starts_with("${file:") => {
            let message = "this is no place for a secret".into();
            reader.nonsense(value, message, "a value that callers may be told");
            None
        }
        DeValue::String(text) => Some(text.as_ref().into()),
        DeValue::Boolean(value) => Some((*value).into()),
        DeValue::Integer(number) => {
            let parsed = i64::from_str_radix(number.as_str(), number.radix());
            json_number(parsed.ok().map(Into::into), value, reader)
        }
        DeValue::Float(number) => {
            let parsed = number.as_str().parse().ok();
            json_number(parsed.and_then(serde_json::Number::from_f64), value, reader)
        }
        DeValue::Datetime(_) => {
            reader.expected(value, "what JSON has: a string, number, boolean, array or table");
            None
        }
        DeValue::Array(items) => array(items, deeper, reader),
        DeValue::Table(table) => object(table, deeper, reader),
    }
}

fn json_number(
    number: Option<serde_json::Number>,
    value: &Value<'_>,
    reader: &mut Reader<'_>,
) -> Option<serde_json::Value> {
    if number.is_none() {
        reader.nonsense(value, "JSON has no such number".into(), "a number within 64 bits, neither `inf` nor `nan`");
    }
    number.map(Into::into)
}

fn array(items: &DeArray<'_>, depth: usize, reader: &mut Reader<'_>) -> Option<serde_json::Value> {
    // All are read, for the sake of their faults.
    let read: Vec<_> = items.iter().map(|item| to_json(item, depth, reader)).collect();
    read.into_iter().collect::<Option<Vec<_>>>().map(Into::into)
}

fn object(table: &DeTable<'_>, depth: usize, reader: &mut Reader<'_>) -> Option<serde_json::Value> {
    let read: Vec<_> =
        table.iter().map(|(key, value)| (key.get_ref().to_string(), to_json(value, depth, reader))).collect();
    read.into_iter()
        .map(|(key, value)| value.map(|value| (key, value)))
        .collect::<Option<serde_json::Map<_, _>>>()
        .map(Into::into)
}

impl JsonSchema for ParameterTable {
    fn schema_name() -> Cow<'static, str> {
        "Parameter".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let number = || serde_json::json!({ "type": "number" });
        let count = || serde_json::json!({ "type": "integer", "minimum": 0 });
        let schemas = || serde_json::json!({ "type": "array", "items": { "type": "object" } });
        json_schema!({
            "type": "object",
            "description": "The JSON Schema (2020-12) of a parameter's value, and `required`.",
            "properties": {
                "required": {
                    "type": "boolean",
                    "description": "Whether it must be there. Unstated: false; path parameters always are.",
                },
                "type": {
                    "enum": ["string", "integer", "number", "boolean"],
                    "description": "What the text is read as. Unstated: `string`.",
                },
                "enum": { "type": "array" },
                "const": true,
                "minimum": number(),
                "maximum": number(),
                "exclusiveMinimum": number(),
                "exclusiveMaximum": number(),
                "multipleOf": number(),
                "minLength": count(),
                "maxLength": count(),
                "pattern": { "type": "string" },
                "format": { "type": "string" },
                "title": { "type": "string" },
                "description": { "type": "string" },
                "default": true,
                "examples": { "type": "array" },
                "deprecated": { "type": "boolean" },
                "$comment": { "type": "string" },
                "allOf": schemas(),
                "anyOf": schemas(),
                "oneOf": schemas(),
                "not": { "type": "object" },
            },
            "additionalProperties": false,
        })
    }
}

impl ParameterTable {
    /// The keywords that mean something for a single value.
    pub const KEYWORDS: &'static [&'static str] = &[
        "required",
        "type",
        "enum",
        "const",
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "multipleOf",
        "minLength",
        "maxLength",
        "pattern",
        "format",
        "title",
        "description",
        "default",
        "examples",
        "deprecated",
        "$comment",
        "allOf",
        "anyOf",
        "oneOf",
        "not",
    ];
}

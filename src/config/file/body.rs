//! What may be said of a body: its schema, and how strictly JSON is read.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use toml::de::DeValue;

use crate::config::located::{Field, Located};
use crate::config::read::{FromToml, Reader, Value, read_table, read_words};
use crate::config::text::Text;

/// The JSON Schema of a body: the file's name, or a table with it.
#[derive(Clone, Debug, Default)]
pub struct BodySchemaTable {
    /// The file, relative to this one.
    pub file: Field<Text>,
    /// Allows look-around and back-references in patterns, which take time without bound, up to so many
    /// steps for one match. Unstated: such patterns are faults.
    pub backtrack_limit: Field<u64>,
}

/// The table's own reading; a string may stand for it.
#[derive(Default, JsonSchema)]
#[schemars(deny_unknown_fields, extend("x-required" = ["file"]))]
struct BodySchemaEntries {
    /// The file, relative to this one.
    file: Field<Text>,
    /// Allows look-around and back-references in patterns, which take time without bound, up to so many
    /// steps for one match. Unstated: such patterns are faults.
    backtrack_limit: Field<u64>,
}

read_table!(BodySchemaEntries, "a file's name, or a table such as { file = \"x.json\" }" {
    file, backtrack_limit,
});

impl FromToml for BodySchemaTable {
    fn expected() -> String {
        BodySchemaEntries::expected()
    }

    fn from_toml(value: &Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        if matches!(value.get_ref(), DeValue::Table(_)) {
            let entries = BodySchemaEntries::from_toml(value, reader)?;
            return Some(Self { file: entries.file, backtrack_limit: entries.backtrack_limit });
        }
        let at = reader.place(value);
        let text = Text::from_toml_as(value, reader, &Self::expected())?;
        Some(Self { file: Field::Given(Located { value: text, at }), backtrack_limit: Field::Absent })
    }
}

impl JsonSchema for BodySchemaTable {
    fn schema_name() -> Cow<'static, str> {
        "BodySchema".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let table = BodySchemaEntries::json_schema(generator);
        json_schema!({ "anyOf": [{ "type": "string" }, table] })
    }
}

/// What may be said of a body in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema)]
#[schemars(rename_all = "snake_case", inline)]
pub enum BodyWord {
    /// It streams through unchecked.
    Any,
}

read_words!(BodyWord { "any" => Any });

/// What JSON bodies may hold beyond what every reader understands alike.
#[derive(Clone, Debug, Default, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct JsonTable {
    /// Integers beyond ±(2^53−1), which some readers round. Unstated: `safe`, they get 400.
    pub integers: Field<RangeWord>,
    /// Numbers of over 17 significant digits or outside a double, which some readers round. Unstated:
    /// `safe`, they get 400.
    pub precision: Field<RangeWord>,
    /// How deep arrays and objects may nest. Unstated: 64.
    pub depth: Field<u64>,
}

read_table!(JsonTable, "a table such as { integers = \"any\" }" { integers, precision, depth });

/// Which numbers are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema)]
#[schemars(rename_all = "snake_case", inline)]
pub enum RangeWord {
    /// Those that every reader understands alike.
    Safe,
    /// All.
    Any,
}

read_words!(RangeWord { "safe" => Safe, "any" => Any });

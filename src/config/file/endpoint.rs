//! `[endpoint."/path"]` and, within it, the tables of its methods.
//!
//! Both share one table: what begins with a capital letter is a method, the rest is policy that holds
//! for all of them.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use toml::de::DeValue;

use super::PolicyTable;
use crate::config::located::Located;
use crate::config::read::{FromToml, Key, Reader, Value};

/// Methods that are looked for where one is written in lower case.
pub(in crate::config) const COMMON_METHODS: [&str; 9] =
    ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"];

const EXPECTED: &str = "the table of a path, with its methods";

/// A path: what holds for all its methods, and its methods.
#[derive(Clone, Debug, Default)]
pub struct PathTable {
    /// What holds for all its methods.
    pub policy: PolicyTable,
    /// Its methods, in the order of the file.
    pub methods: Vec<MethodEntry>,
}

/// A method of a path.
#[derive(Clone, Debug)]
pub struct MethodEntry {
    /// As on the wire.
    pub name: Located<String>,
    /// What holds for it; `None` where it was not a table.
    pub policy: Option<PolicyTable>,
}

impl FromToml for PathTable {
    fn expected() -> String {
        EXPECTED.into()
    }

    fn from_toml(value: &Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let table = reader.table(value, EXPECTED)?;
        let (methods, policy): (Vec<_>, Vec<_>) = table.iter().partition(|(key, value)| is_method(key, value));
        Some(Self {
            policy: PolicyTable::read_entries(policy.into_iter(), reader),
            methods: methods.into_iter().map(|(key, value)| method(key, value, reader)).collect(),
        })
    }
}

/// Policy keys are lower case. A table under the name of a method in lower case is a slip to be told of
/// as such; `options` is none of our keys either.
fn is_method(key: &Key<'_>, value: &Value<'_>) -> bool {
    let name = key.get_ref();
    name.starts_with(|first: char| first.is_ascii_uppercase())
        || (matches!(value.get_ref(), DeValue::Table(_)) && common_method(name).is_some())
}

fn common_method(name: &str) -> Option<&'static str> {
    COMMON_METHODS.into_iter().find(|method| method.eq_ignore_ascii_case(name))
}

fn method(key: &Key<'_>, value: &Value<'_>, reader: &mut Reader<'_>) -> MethodEntry {
    let at = reader.place(key);
    let mut name = key.get_ref().to_string();
    if let Some(meant) = common_method(&name).filter(|meant| *meant != name) {
        reader
            .faults
            .error(at, "methods are written as on the wire, in capitals")
            .label(format!("did you mean `{meant}`?"));
        name = meant.into();
    }
    MethodEntry { name: Located { value: name, at }, policy: PolicyTable::from_toml(value, reader) }
}

impl JsonSchema for PathTable {
    fn schema_name() -> Cow<'static, str> {
        "Path".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let method = generator.subschema_for::<PolicyTable>();
        let policy = PolicyTable::json_schema(generator);
        json_schema!({
            "type": "object",
            "description": "A path: what holds for all its methods, and the tables of its methods.",
            "properties": policy.get("properties"),
            "patternProperties": { "^[A-Z][A-Z0-9_-]*$": method },
            "additionalProperties": false,
        })
    }
}

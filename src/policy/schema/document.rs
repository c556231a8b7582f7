//! The schemas within a schema: everywhere that a keyword has one, and nowhere else. A property that is
//! called `pattern`, or an example that looks like a schema, is none.

use std::collections::HashSet;

use jsonschema::Draft;
use serde_json::{Map, Value};

use super::explain::pointer::escape;

/// A schema object somewhere in a document.
pub(super) struct Subschema<'a> {
    /// JSON pointer to it.
    pub(super) pointer: String,
    pub(super) object: &'a Map<String, Value>,
    pub(super) draft: Draft,
}

/// Keywords whose value is a schema, or in older drafts an array of them.
const ONE: &[&str] = &[
    "additionalItems",
    "additionalProperties",
    "contains",
    "contentSchema",
    "else",
    "if",
    "items",
    "not",
    "propertyNames",
    "then",
    "unevaluatedItems",
    "unevaluatedProperties",
];

/// Keywords whose value is an array of schemas.
const MANY: &[&str] = &["allOf", "anyOf", "items", "oneOf", "prefixItems"];

/// Keywords whose value has schemas by name.
const NAMED: &[&str] = &["$defs", "definitions", "dependencies", "dependentSchemas", "patternProperties", "properties"];

/// The draft that a document says it is written in; 2020-12 where it does not say.
pub(super) fn draft_of(document: &Value) -> Draft {
    Draft::default().detect(document)
}

/// All schema objects of a document, the outermost first. Also those at places that no keyword gives,
/// where a `$ref` of the document points there (`#/components/schemas/…`).
pub(super) fn subschemas(document: &Value) -> Vec<Subschema<'_>> {
    let mut found = Vec::new();
    let mut seen = HashSet::new();
    let mut waiting = vec![(String::new(), document, draft_of(document))];
    while let Some((pointer, schema, draft)) = waiting.pop() {
        let Some(object) = schema.as_object() else { continue };
        if !seen.insert(pointer.clone()) {
            continue;
        }
        let draft = draft.detect(schema);
        let mut below = children(&pointer, object);
        below.extend(target(document, object));
        waiting.extend(below.into_iter().rev().map(|(pointer, schema)| (pointer, schema, draft)));
        found.push(Subschema { pointer, object, draft });
    }
    found
}

fn children<'a>(pointer: &str, object: &'a Map<String, Value>) -> Vec<(String, &'a Value)> {
    let mut children = Vec::new();
    for (keyword, value) in object {
        let at = format!("{pointer}/{}", escape(keyword));
        match value {
            Value::Object(named) if NAMED.contains(&keyword.as_str()) => {
                children.extend(named.iter().map(|(name, value)| (format!("{at}/{}", escape(name)), value)));
            }
            Value::Array(many) if MANY.contains(&keyword.as_str()) => {
                children.extend(many.iter().enumerate().map(|(index, value)| (format!("{at}/{index}"), value)));
            }
            Value::Object(_) if ONE.contains(&keyword.as_str()) => children.push((at, value)),
            _ => {}
        }
    }
    children
}

/// What a `$ref` into the same document points to.
fn target<'a>(document: &'a Value, object: &Map<String, Value>) -> Option<(String, &'a Value)> {
    let reference = object.get("$ref")?.as_str()?.strip_prefix('#')?;
    let pointer = percent_encoding::percent_decode_str(reference).decode_utf8().ok()?.into_owned();
    let target = document.pointer(&pointer)?;
    (!pointer.is_empty()).then_some((pointer, target))
}

//! References of a document into itself that lead nowhere: all of them, each at its place. The library
//! names the first, and not where it stands.

use percent_encoding::percent_decode_str;
use serde_json::Value;

/// Keywords that hold any JSON: what looks like a reference there is none.
const PLAIN: [&str; 5] = ["enum", "const", "default", "examples", "example"];

/// The JSON pointers of the references that have no target, and the references.
///
/// A document with an `$id` within it has more than one base, which is left to the library.
pub(super) fn dangling(document: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut waiting = vec![(String::new(), document)];
    while let Some((pointer, value)) = waiting.pop() {
        let below = |token: &str| format!("{pointer}/{}", token.replace('~', "~0").replace('/', "~1"));
        match value {
            Value::Array(items) => {
                waiting.extend(items.iter().enumerate().map(|(index, item)| (format!("{pointer}/{index}"), item)));
            }
            Value::Object(object) => {
                if !pointer.is_empty() && object.get("$id").is_some_and(Value::is_string) {
                    return Vec::new();
                }
                if let Some(reference) = object.get("$ref").and_then(Value::as_str)
                    && leads_nowhere(reference, document)
                {
                    found.push((below("$ref"), reference.to_owned()));
                }
                let schemas = object.iter().filter(|(name, _)| !PLAIN.contains(&name.as_str()));
                waiting.extend(schemas.map(|(name, value)| (below(name), value)));
            }
            _ => {}
        }
    }
    found.sort();
    found
}

fn leads_nowhere(reference: &str, document: &Value) -> bool {
    let Some(pointer) = reference.strip_prefix('#').filter(|pointer| pointer.starts_with('/')) else { return false };
    percent_decode_str(pointer).decode_utf8().is_ok_and(|pointer| document.pointer(&pointer).is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_has_no_target_is_found() {
        let document = serde_json::json!({
            "properties": {
                "a": { "$ref": "#/$defs/a" },
                "b": { "$ref": "#/$defs/b%20c" },
                "c/d": { "$ref": "#/$defs/nowhere" },
                "e": { "$ref": "other.json#/x" },
                "f": { "$ref": "#anchor" },
                "$ref": { "type": "string" },
            },
            "examples": [{ "$ref": "#/nowhere" }],
            "anyOf": [{ "$ref": "#/nowhere/either" }],
            "$defs": { "a": {}, "b c": {} },
        });
        let expected = [("/anyOf/0/$ref", "#/nowhere/either"), ("/properties/c~1d/$ref", "#/$defs/nowhere")];
        let expected = expected.map(|(pointer, reference)| (pointer.to_owned(), reference.to_owned()));
        assert_eq!(dangling(&document), expected);
        let with_id = serde_json::json!({ "a": { "$id": "x.json", "b": { "$ref": "#/c" } } });
        assert_eq!(dangling(&with_id), []);
    }
}

//! Regular expressions. By default those that an engine linear in time can match; each one that it
//! cannot is a fault of its own, with the reason.

use jsonschema::{FancyRegex, Regex};
use serde_json::{Value, json};

use super::super::SchemaFault;
use super::super::document::subschemas;
use super::super::explain::pointer::escape;
use super::{DFA_SIZE_LIMIT, Engine, PATTERN_SIZE_LIMIT, faults};

pub(super) fn linear() -> Engine<Regex> {
    Engine::regex().size_limit(PATTERN_SIZE_LIMIT).dfa_size_limit(DFA_SIZE_LIMIT)
}

pub(super) fn backtracking(limit: usize) -> Engine<FancyRegex> {
    Engine::fancy_regex().backtrack_limit(limit).size_limit(PATTERN_SIZE_LIMIT).dfa_size_limit(DFA_SIZE_LIMIT)
}

/// Adds a fault for every pattern of a document that cannot be used.
pub(super) fn judge(uri: &str, document: &Value, backtrack_limit: Option<usize>, faults: &mut Vec<SchemaFault>) {
    for subschema in subschemas(document) {
        let one = subschema.object.get("pattern").and_then(Value::as_str);
        let one = one.map(|pattern| (format!("{}/pattern", subschema.pointer), pattern));
        let names = subschema.object.get("patternProperties").and_then(Value::as_object);
        let names = names
            .into_iter()
            .flat_map(|properties| properties.keys())
            .map(|pattern| (format!("{}/patternProperties/{}", subschema.pointer, escape(pattern)), pattern.as_str()));
        for (pointer, pattern) in one.into_iter().chain(names) {
            if let Some((detail, hint)) = objection(pattern, backtrack_limit) {
                faults::add(faults, uri, &pointer, detail, hint);
            }
        }
    }
}

fn objection(pattern: &str, backtrack_limit: Option<usize>) -> Option<(String, Option<String>)> {
    let schema = json!({ "pattern": pattern });
    let options = jsonschema::options().offline();
    let usable = match backtrack_limit {
        None => options.with_pattern_options(linear()),
        Some(limit) => options.with_pattern_options(backtracking(limit)),
    }
    .build(&schema)
    .is_ok();
    if usable {
        return None;
    }
    Some(if !well_formed(pattern) {
        ("is not a regular expression (ECMA-262)".to_owned(), None)
    } else if backtrack_limit.is_none() && backtracks(pattern) {
        (
            "has look-around or a back-reference, which cannot be matched in linear time".to_owned(),
            Some("say it without, or allow it with a `backtrack_limit` for this schema".to_owned()),
        )
    } else {
        (
            format!("compiles to more than {} MiB", PATTERN_SIZE_LIMIT >> 20),
            Some("say long repetitions with `maxLength`, or make classes such as \\p{L} smaller".to_owned()),
        )
    })
}

fn well_formed(pattern: &str) -> bool {
    jsonschema::options()
        .offline()
        .should_validate_formats(true)
        .build(&json!({ "format": "regex" }))
        .is_ok_and(|validator| validator.is_valid(&Value::from(pattern)))
}

/// Whether a well-formed pattern has what no linear engine has.
fn backtracks(pattern: &str) -> bool {
    let mut rest = pattern;
    let mut in_class = false;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '\\' => {
                let escaped = rest.get(1..).unwrap_or_default();
                if !in_class && escaped.starts_with(|c: char| matches!(c, '1'..='9' | 'k')) {
                    return true;
                }
                1 + escaped.chars().next().map_or(0, char::len_utf8)
            }
            '(' if !in_class && ["(?=", "(?!", "(?<=", "(?<!"].iter().any(|start| rest.starts_with(start)) => {
                return true;
            }
            '[' | ']' => {
                in_class = first == '[';
                1
            }
            _ => first.len_utf8(),
        };
        rest = rest.get(length..).unwrap_or_default();
    }
    false
}

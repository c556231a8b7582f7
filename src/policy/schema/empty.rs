//! Schemas that nothing satisfies. Such an endpoint refuses everything, which its author cannot have
//! meant; so it is found out before it is served.
//!
//! The proof is the library's: it brings a schema to a normal form, and one that admits nothing becomes
//! `false`. Ours is to follow its reasons to the place where they start. Not finding a proof says nothing.

use std::collections::BTreeMap;

use jsonschema::canonical::{self, Cause, UnsatisfiableReason};
use serde_json::Value;

use super::explain::pointer::escape;
use super::references::{Shelf, base};
use super::{SchemaFault, SchemaOptions};

/// Values in a document above which no proof is sought: bringing it to a normal form can take long.
const MAX_VALUES: usize = 10_000;

/// The place at fault and why, if no document can satisfy this schema. It is one that compiles.
pub fn provably_empty(document: &Value, options: &SchemaOptions) -> Option<SchemaFault> {
    if count(document) > MAX_VALUES {
        return None;
    }
    // Formats stay out of it: what the library makes of two formats at once is finer than what authors do.
    let prepared = canonical::options()
        .with_retriever(Shelf::new(&options.resources))
        .with_base_uri(base(document, &options.base_uri))
        .should_validate_formats(false)
        .prepare(document)
        .ok()?;
    let reasons = prepared.unsatisfiable().ok()?;
    reasons.contains_key("").then(|| {
        let (pointer, why) = root_cause(document, &reasons);
        SchemaFault {
            uri: options.base_uri.clone(),
            pointer,
            detail: format!("nothing can satisfy this schema: {why}"),
            hint: None,
        }
    })
}

type Reasons = BTreeMap<String, UnsatisfiableReason>;

/// Follows the reasons from the whole schema to where they start.
fn root_cause(document: &Value, reasons: &Reasons) -> (String, String) {
    let mut pointer = String::new();
    // Every step goes to a place that has not been visited, of which there are so many.
    for _ in 0..reasons.len() {
        let Some(next) = reasons.get(&pointer).and_then(|reason| deeper(document, reasons, &pointer, reason)) else {
            break;
        };
        pointer = next;
    }
    let why = match reasons.get(&pointer) {
        Some(UnsatisfiableReason::Literal) => "it is `false`".to_owned(),
        Some(UnsatisfiableReason::Empty(cause)) => together(std::slice::from_ref(cause), &pointer),
        Some(UnsatisfiableReason::Conflict(causes)) => together(causes, &pointer),
        None => "its parts exclude each other".to_owned(),
    };
    (pointer, why)
}

/// A place further down that is empty by itself, and makes this one empty.
fn deeper(document: &Value, reasons: &Reasons, pointer: &str, reason: &UnsatisfiableReason) -> Option<String> {
    let causes = match reason {
        UnsatisfiableReason::Literal => return None,
        UnsatisfiableReason::Empty(cause) => std::slice::from_ref(cause),
        UnsatisfiableReason::Conflict(causes) => causes,
    };
    let below = |at: &str| at.len() > pointer.len() && reasons.contains_key(at);
    causes.iter().find_map(|cause| {
        let mut places = vec![cause.pointer.clone()];
        places.extend(cause.keywords.iter().map(|keyword| format!("{}/{keyword}", cause.pointer)));
        places.extend(required(document, cause).map(|name| format!("{}/properties/{}", cause.pointer, escape(name))));
        places.into_iter().find(|at| below(at))
    })
}

/// The properties that a document must have, where that is part of the cause.
fn required<'a>(document: &'a Value, cause: &Cause) -> impl Iterator<Item = &'a str> {
    let required = document.pointer(&cause.pointer).and_then(|schema| schema.get("required")?.as_array());
    let part = cause.keywords.iter().any(|keyword| keyword == "required");
    required.filter(|_| part).into_iter().flatten().filter_map(Value::as_str)
}

fn together(causes: &[Cause], pointer: &str) -> String {
    let mut named: Vec<String> = Vec::new();
    for cause in causes {
        let at = match cause.pointer.strip_prefix(pointer) {
            Some("") => String::new(),
            _ => format!(" at #{}", cause.pointer),
        };
        named.extend(cause.keywords.iter().map(|keyword| format!("`{keyword}`{at}")));
        if cause.keywords.is_empty() {
            named.push(format!("the schema{at}"));
        }
    }
    match named.pop() {
        Some(last) if named.is_empty() => format!("{last} leaves nothing"),
        Some(last) => format!("{} and {last} cannot hold together", named.join(", ")),
        None => "its parts exclude each other".to_owned(),
    }
}

fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(count).sum::<usize>(),
        Value::Object(members) => members.values().map(count).sum(),
        _ => 0,
    }
}

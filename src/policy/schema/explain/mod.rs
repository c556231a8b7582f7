//! What is wrong with a document that the schema refused, in words for the caller.
//!
//! The verdict stands before this is asked, so it may stop early: it looks at a document for a bounded
//! time, says at most [`MAX_VIOLATIONS`] things, and where it found nothing in that time it says that.

pub(super) mod alternatives;
pub(super) mod message;
pub(crate) mod metered;
pub(super) mod pointer;

use std::cmp::Reverse;
use std::panic::{AssertUnwindSafe, catch_unwind};

use jsonschema::{ValidationError, Validator};
use serde_json::Value;

use super::Violation;
use alternatives::Found;
use metered::{Meter, Metered, genuine, price};

/// So many violations are told.
pub const MAX_VIOLATIONS: usize = 20;

/// So many errors are looked at before these are chosen.
const MAX_ERRORS: u32 = 2000;

/// Every value of the document may be looked at so often on average, by as many keywords and branches.
const LOOKS: u64 = 16;

/// Small documents may be looked at so often in all.
const FREE_LOOKS: u64 = 10_000;

/// At least one violation, most specific first. The document is one that the schema refuses.
///
/// `gives_up` tells that the schema's patterns may exceed their limit.
pub(super) fn violations(validator: &Validator<Metered>, gives_up: bool, document: &Value) -> Vec<Violation> {
    let meter = Meter::new(FREE_LOOKS + LOOKS * worth(document), MAX_ERRORS);
    let meter = if gives_up { meter.keeping(document) } else { meter };
    // The library's search for errors has an `expect` that a panic inside the regex engine, which it
    // recovers from, can reach. A refused document stays refused, with less to say about it.
    let found = catch_unwind(AssertUnwindSafe(|| {
        let errors = validator.iter_errors(meter.see(document));
        chosen(&errors.filter(|error| genuine(error.instance())).collect::<Vec<_>>())
    }));
    match found {
        Ok(violations) if !violations.is_empty() => violations,
        _ => vec![Violation {
            pointer: "#".to_owned(),
            detail: "does not satisfy the schema, in more ways than can be listed".to_owned(),
            keyword: "schema",
        }],
    }
}

fn chosen(errors: &[ValidationError<'_>]) -> Vec<Violation> {
    let mut found = Vec::new();
    for error in errors {
        alternatives::describe(error, &mut found);
    }
    // The deepest places first; in the order of the document among equals.
    found.sort_by_key(|found| Reverse(found.depth()));
    let mut violations: Vec<Violation> = Vec::new();
    for Found { path, detail, keyword } in found {
        if violations.len() == MAX_VIOLATIONS {
            break;
        }
        let violation = Violation { pointer: pointer::fragment(&path), detail, keyword };
        if !violations.contains(&violation) {
            violations.push(violation);
        }
    }
    violations
}

/// What it costs to look at everything once. Documents are at most as deep as their reader allows.
fn worth(value: &Value) -> u64 {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 1,
        Value::String(text) => price(text),
        Value::Array(items) => 1 + items.iter().map(worth).sum::<u64>(),
        Value::Object(members) => 1 + members.iter().map(|(name, value)| price(name) + worth(value)).sum::<u64>(),
    }
}

//! From a document to a [`Schema`], or to everything that is wrong with it.
//!
//! The library stops at the first fault, and names some of them in its own terms. So what can be found
//! by looking is found first, everywhere; what the library then says is added where nothing else is
//! known of that place.

mod faults;
mod formats;
mod patterns;

use std::sync::Arc;

use jsonschema::json::Json;
use jsonschema::{PatternOptions, Retrieve, ValidationError, ValidationOptions, Validator};
use serde_json::Value;

use super::references::{Shelf, base};
use super::{Schema, SchemaFault, SchemaOptions};

/// Bytes that one compiled pattern may take. Matching is linear in the text, but also in this, and the
/// slowest patterns of this size take a tenth of a second for 64 KiB. A hundred letters of any script,
/// `^\p{L}{1,100}$`, take half of it.
pub const PATTERN_SIZE_LIMIT: usize = 10 << 20;

/// Bytes that the cache of one pattern may take on each thread. What callers send fills it.
pub const DFA_SIZE_LIMIT: usize = 512 << 10;

pub(super) fn compile(document: &Value, options: &SchemaOptions) -> Result<Schema, Vec<SchemaFault>> {
    let mut faults = Vec::new();
    let mut readable = true;
    for (uri, document) in documents(document, options) {
        readable &= faults::of_document(uri, document, &mut faults);
        formats::judge(uri, document, &mut faults);
        patterns::judge(uri, document, options.backtrack_limit, &mut faults);
    }
    if !readable {
        return Err(faults::ordered(faults, &options.base_uri));
    }
    let shelf = Shelf::new(&options.resources);
    let resolved = shelf.resolve(document, &options.base_uri);
    faults::of_references(&shelf.missing(), document, options, &mut faults);
    if let Err(error) = resolved {
        faults::add(&mut faults, &options.base_uri, "", error.to_string(), None);
    }
    match (build(document, options, &shelf), build(document, options, &shelf)) {
        (Ok(verdict), Ok(explanation)) if faults.is_empty() => Ok(Schema {
            name: options.base_uri.clone(),
            verdict,
            explanation,
            gives_up: options.backtrack_limit.is_some(),
        }),
        (Err(error), _) | (_, Err(error)) => {
            faults::of_library(&error, document, options, &mut faults);
            Err(faults::ordered(faults, &options.base_uri))
        }
        _ => Err(faults::ordered(faults, &options.base_uri)),
    }
}

/// The document and everything it refers to, each with where it was found.
fn documents<'a>(document: &'a Value, options: &'a SchemaOptions) -> impl Iterator<Item = (&'a str, &'a Value)> {
    let resources = options.resources.iter().map(|(uri, resource)| (uri.as_str(), resource));
    std::iter::once((options.base_uri.as_str(), document)).chain(resources)
}

fn build<F: Json>(
    document: &Value,
    options: &SchemaOptions,
    shelf: &Shelf,
) -> Result<Validator<F>, ValidationError<'static>> {
    let builder: ValidationOptions<'_, Arc<dyn Retrieve>, F> = jsonschema::options_for();
    // The formats assert whatever the draft, and an unknown one is no annotation.
    let builder = builder
        .with_retriever(shelf.clone())
        .with_base_uri(base(document, &options.base_uri))
        .should_validate_formats(true)
        .should_ignore_unknown_formats(false);
    let builder = formats::add_newer(builder, super::document::draft_of(document));
    match options.backtrack_limit {
        None => builder.with_pattern_options(patterns::linear()),
        Some(limit) => builder.with_pattern_options(patterns::backtracking(limit)),
    }
    .build(document)
}

/// Everything that [`patterns`] may set, under one name for the two engines.
type Engine<E> = PatternOptions<E>;

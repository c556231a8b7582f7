//! Formats. All of them assert, in every draft; a name that nothing checks is a fault and no remark.

use std::sync::Arc;

use jsonschema::json::Json;
use jsonschema::{Draft, Retrieve, ValidationOptions};
use serde_json::{Value, json};

use super::super::SchemaFault;
use super::super::document::subschemas;
use super::super::lint::nearest;
use super::faults;

/// What draft 2020-12 knows and the library checks.
const FORMATS: &[&str] = &[
    "date",
    "date-time",
    "duration",
    "email",
    "hostname",
    "ipv4",
    "ipv6",
    "iri",
    "iri-reference",
    "json-pointer",
    "regex",
    "relative-json-pointer",
    "time",
    "uri",
    "uri-reference",
    "uri-template",
    "uuid",
];

/// Adds a fault for every format of a document that nothing checks.
pub(super) fn judge(uri: &str, document: &Value, faults: &mut Vec<SchemaFault>) {
    for subschema in subschemas(document) {
        let Some(format) = subschema.object.get("format").and_then(Value::as_str) else { continue };
        if FORMATS.contains(&format) {
            continue;
        }
        let hint = match nearest(format, FORMATS) {
            Some(near) => format!("did you mean {near:?}?"),
            None => format!("the formats that are checked: {}", FORMATS.join(", ")),
        };
        let pointer = format!("{}/format", subschema.pointer);
        faults::add(faults, uri, &pointer, format!("is the unknown format {format:?}"), Some(hint));
    }
}

/// Lets schemas of older drafts use the formats of the newest: `uuid` is not in draft-07, but means
/// nothing else there.
pub(super) fn add_newer<F: Json>(
    mut builder: ValidationOptions<'_, Arc<dyn Retrieve>, F>,
    draft: Draft,
) -> ValidationOptions<'_, Arc<dyn Retrieve>, F> {
    for format in FORMATS.iter().filter(|format| !jsonschema::options().is_known_format(draft, format)) {
        let newest = jsonschema::options().offline().should_validate_formats(true).build(&json!({ "format": format }));
        if let Ok(newest) = newest {
            builder = builder.with_format(*format, move |text| newest.is_valid(&Value::from(text)));
        }
    }
    builder
}

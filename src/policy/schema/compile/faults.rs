//! Faults that are no pattern's and no format's, and how one place gets only one.

use jsonschema::error::ValidationErrorKind;
use jsonschema::{Draft, ValidationError, draft4, draft6, draft7, draft201909, draft202012};
use serde_json::Value;

use super::super::document::{draft_of, subschemas};
use super::super::explain::alternatives::{self, Found};
use super::super::explain::message;
use super::super::{SchemaFault, SchemaOptions};

/// Adds a fault, unless one is known of the same place.
pub(super) fn add(faults: &mut Vec<SchemaFault>, uri: &str, pointer: &str, detail: String, hint: Option<String>) {
    if !faults.iter().any(|fault| fault.uri == uri && fault.pointer == pointer) {
        faults.push(SchemaFault { uri: uri.to_owned(), pointer: pointer.to_owned(), detail, hint });
    }
}

/// As a reader goes through them: the document itself first, and each from its start.
pub(super) fn ordered(mut faults: Vec<SchemaFault>, first: &str) -> Vec<SchemaFault> {
    faults.sort_by(|a, b| (a.uri != first, &a.uri, &a.pointer).cmp(&(b.uri != first, &b.uri, &b.pointer)));
    faults
}

/// What keeps a document from being read as a schema at all. Whether nothing does.
pub(super) fn of_document(uri: &str, document: &Value, faults: &mut Vec<SchemaFault>) -> bool {
    let before = faults.len();
    if !document.is_object() && !document.is_boolean() {
        add(faults, uri, "", "must be an object, or true or false, to be a schema".to_owned(), None);
    }
    for subschema in subschemas(document).iter().filter(|subschema| subschema.draft == Draft::Unknown) {
        if let Some(unknown) = subschema.object.get("$schema") {
            let pointer = format!("{}/$schema", subschema.pointer);
            let hint = "drafts 4, 6, 7, 2019-09 and 2020-12 are known, such as \
                        \"https://json-schema.org/draft/2020-12/schema\"";
            add(faults, uri, &pointer, format!("names the unknown draft {unknown}"), Some(hint.to_owned()));
        }
    }
    faults.len() == before
}

/// References to documents that are not there, each at the places that may have made it.
pub(super) fn of_references(
    missing: &[String],
    document: &Value,
    options: &SchemaOptions,
    faults: &mut Vec<SchemaFault>,
) {
    for missing in missing {
        let detail = format!("refers to {missing}, which is not there");
        let hint = "nothing is fetched: a reference has to lead to a file of this configuration";
        let before = faults.len();
        for (uri, document) in super::documents(document, options) {
            for subschema in subschemas(document) {
                for keyword in ["$ref", "$dynamicRef", "$recursiveRef"] {
                    let reference = subschema.object.get(keyword).and_then(Value::as_str);
                    if reference.is_some_and(|reference| may_mean(reference, missing)) {
                        let pointer = format!("{}/{keyword}", subschema.pointer);
                        add(faults, uri, &pointer, detail.clone(), Some(hint.to_owned()));
                    }
                }
            }
        }
        if faults.len() == before {
            let uri = &options.base_uri;
            faults.push(SchemaFault { uri: uri.clone(), pointer: String::new(), detail, hint: Some(hint.to_owned()) });
        }
    }
}

/// Whether a reference can have been resolved to this URI: it ends as the reference does.
fn may_mean(reference: &str, uri: &str) -> bool {
    let path = reference.split('#').next().unwrap_or_default();
    let plain = path.trim_start_matches(['.', '/']);
    !plain.is_empty() && uri.ends_with(plain)
}

/// Whatever the library objects to beyond that.
pub(super) fn of_library(
    error: &ValidationError<'_>,
    document: &Value,
    options: &SchemaOptions,
    faults: &mut Vec<SchemaFault>,
) {
    for (uri, document) in super::documents(document, options) {
        of_meta_schema(uri, document, faults);
    }
    // It stops at the first, which is most often one of those that are known by now.
    if faults.is_empty() {
        let detail = match error.kind() {
            ValidationErrorKind::Custom { .. } | ValidationErrorKind::Referencing(_) => error.to_string(),
            kind => message::detail(kind),
        };
        add(faults, &options.base_uri, error.instance_path().as_str(), detail, None);
    }
}

/// What the draft's own schema says of a document.
fn of_meta_schema(uri: &str, document: &Value, faults: &mut Vec<SchemaFault>) {
    let validator = match draft_of(document) {
        Draft::Draft4 => draft4::meta::validator(),
        Draft::Draft6 => draft6::meta::validator(),
        Draft::Draft7 => draft7::meta::validator(),
        Draft::Draft201909 => draft201909::meta::validator(),
        Draft::Draft202012 => draft202012::meta::validator(),
        _ => return,
    };
    let mut found = Vec::new();
    for error in validator.iter_errors(document) {
        alternatives::describe(&error, &mut found);
    }
    for Found { path, detail, .. } in found {
        add(faults, uri, &path, detail, None);
    }
}

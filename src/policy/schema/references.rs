//! What a schema refers to beyond itself. The library resolves the references, here as when compiling,
//! so that both agree on what `$id` makes of them; what it would fetch is what has to be loaded.

use std::collections::{BTreeSet, HashMap};
use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};

use jsonschema::{Registry, Retrieve, Uri};
use serde_json::Value;

use super::document::draft_of;

/// The base of a document that was found nowhere.
const NOWHERE: &str = "json-schema:///";

/// The other documents that this one refers to directly, as absolute URIs without fragments. What the
/// library has built in (the drafts' meta-schemas) is not among them.
///
/// Nothing for a document whose references cannot be resolved at all; compiling it says why.
pub fn references(document: &Value, base_uri: &str) -> Vec<String> {
    let shelf = Shelf::new(&[]);
    // Whatever fails here fails again, with its reason, when the document is compiled.
    let _ = shelf.resolve(document, base_uri);
    shelf.missing()
}

/// Documents by URI, and a note of those that were asked for and are not there.
#[derive(Clone)]
pub(super) struct Shelf {
    resources: Arc<HashMap<String, Value>>,
    missing: Arc<Mutex<BTreeSet<String>>>,
}

impl Shelf {
    pub(super) fn new(resources: &[(String, Value)]) -> Self {
        Self { resources: Arc::new(resources.iter().cloned().collect()), missing: Arc::default() }
    }

    /// Walks all references from a document on.
    pub(super) fn resolve(&self, document: &Value, base_uri: &str) -> Result<(), jsonschema::ReferencingError> {
        let draft = draft_of(document);
        Registry::new()
            .draft(draft)
            .retriever(self.clone())
            .add(base(document, base_uri), draft.create_resource(document.clone()))?
            .prepare()
            .map(|_| ())
    }

    /// What was asked for in vain, in order.
    pub(super) fn missing(&self) -> Vec<String> {
        let missing = self.missing.lock().unwrap_or_else(PoisonError::into_inner);
        missing.iter().cloned().collect()
    }
}

impl Retrieve for Shelf {
    fn retrieve(&self, uri: &Uri<String>) -> Result<Value, Box<dyn Error + Send + Sync>> {
        if let Some(resource) = self.resources.get(uri.as_str()) {
            return Ok(resource.clone());
        }
        // Noted and answered, not refused: refusing would end the walk at the first.
        let mut missing = self.missing.lock().unwrap_or_else(PoisonError::into_inner);
        missing.insert(uri.as_str().to_owned());
        Ok(Value::Bool(true))
    }
}

/// The URI that references start from.
pub(super) fn base(document: &Value, base_uri: &str) -> String {
    let id = document.get(draft_of(document).id_keyword()).and_then(Value::as_str);
    match id {
        // RFC 3986 §4.3: one that names a scheme stands for itself, wherever the document was found.
        Some(id) if absolute(id) => id.trim_end_matches('#').to_owned(),
        _ if base_uri.is_empty() => NOWHERE.to_owned(),
        _ => base_uri.to_owned(),
    }
}

/// Whether a URI reference starts with a scheme (RFC 3986 §3.1).
fn absolute(reference: &str) -> bool {
    reference.split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    })
}

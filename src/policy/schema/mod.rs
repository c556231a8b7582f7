//! JSON Schema: what a document must satisfy, from what the operator wrote to what the caller is told.
//!
//! The stage `schema` asks [`Schema::check`] about bodies, the stage `params` about single values. The
//! engine is the library's; ours is what stands around it: all faults of a schema and not the first,
//! nothing fetched, patterns in linear time, and an explanation whose cost a stranger cannot choose.
//!
//! Deliberately absent: files. Whoever loads schemas asks `references` what else to load, and hands
//! all of it to [`Schema::compile`].

mod compile;
mod document;
mod empty;
mod explain;
mod lint;
mod references;
#[cfg(test)]
mod tests;

use std::fmt;

use jsonschema::Validator;
use serde::Serialize;
use serde_json::Value;

pub use compile::{DFA_SIZE_LIMIT, PATTERN_SIZE_LIMIT};
pub use empty::provably_empty;
pub use explain::MAX_VIOLATIONS;
pub use lint::lint;
pub use references::references;

use explain::metered::Metered;

/// A schema that documents can be checked against.
pub struct Schema {
    name: String,
    verdict: Validator,
    /// The same schema again, for looking for errors at a bounded cost.
    explanation: Validator<Metered>,
    /// Whether patterns may exceed a backtrack limit.
    gives_up: bool,
}

/// What a schema is compiled with.
#[derive(Clone, Debug, Default)]
pub struct SchemaOptions {
    /// Where the document was found, as an absolute URI. Relative references start from here, or from
    /// its `$id` where that is absolute.
    pub base_uri: String,
    /// Every other document that it refers to, directly or not, by absolute URI without fragment.
    pub resources: Vec<(String, Value)>,
    /// Steps that one pattern may take on one string. Nothing: patterns are linear in time, and those
    /// with look-around or back-references are faults.
    pub backtrack_limit: Option<usize>,
}

/// Something wrong with a schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaFault {
    /// The document: the options' base URI, or one of the resources.
    pub uri: String,
    /// The place in it, as a JSON pointer (RFC 6901); empty for the whole.
    pub pointer: String,
    /// What is wrong.
    pub detail: String,
    /// What to do about it, where that is known.
    pub hint: Option<String>,
}

/// One way in which a document does not satisfy a schema. Fit for the caller: it holds no value of the
/// document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// The place, as a URI fragment (RFC 6901 §6): `#/company/size`.
    pub pointer: String,
    /// What holds there and does not: `must be an integer`.
    pub detail: String,
    /// The keyword of the schema.
    pub keyword: &'static str,
}

impl Schema {
    /// Compiles a document, or tells everything that is wrong with it and what it refers to.
    pub fn compile(document: &Value, options: &SchemaOptions) -> Result<Self, Vec<SchemaFault>> {
        compile::compile(document, options)
    }

    /// Compiles a schema that refers to nothing, such as a parameter's.
    pub fn compile_inline(document: &Value) -> Result<Self, Vec<SchemaFault>> {
        Self::compile(document, &SchemaOptions::default())
    }

    /// Where it was found.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether a document satisfies it; if not, up to [`MAX_VIOLATIONS`] reasons, at least one, the
    /// most specific first.
    ///
    /// A pattern whose limit was exceeded is not satisfied.
    pub fn check(&self, document: &Value) -> Result<(), Vec<Violation>> {
        if self.verdict.is_valid(document) {
            return Ok(());
        }
        Err(explain::violations(&self.explanation, self.gives_up, document))
    }
}

impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Schema").field("name", &self.name).finish_non_exhaustive()
    }
}

//! The JSON Schemas that a configuration names, and what those refer to: found, read, compiled once each.
//!
//! A `$ref` may lead to files under the folder of the schema that the endpoint names, or under one of
//! `schema_roots`, symlinks followed; nothing is ever fetched. What a schema means is
//! [`crate::policy::schema`]'s part, and so is what is wrong with it; here each fault gets its line.

mod references;
mod span;
mod within;

use std::collections::HashMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;

use super::environment::{Environment, describe};
use super::faults::Faults;
use super::file::{BodySchemaTable, ParameterTable};
use super::located::{Field, List, Located};
use super::source::{FileId, Place};
use super::text::Text;
use super::toml_text::{file_name, read_text};
use crate::policy::body::json;
use crate::policy::body::{Integers, JsonRules, Precision};
use crate::policy::schema::{Schema, SchemaFault, SchemaOptions, lint, provably_empty};

use references::Gathered;

/// How deep a schema file may nest.
const DEPTH: u16 = 128;
/// The most steps that a schema's table may allow a pattern.
const MOST_STEPS: u64 = 10_000_000;

/// All schemas that were read and compiled so far.
pub(super) struct SchemaFiles {
    /// Canonical folders that references may lead to.
    roots: Vec<PathBuf>,
    /// Files by canonical path; `None` where one was reported.
    documents: HashMap<PathBuf, Option<Document>>,
    /// Schemas by canonical path and backtrack limit; `None` where one was reported.
    compiled: HashMap<(PathBuf, Option<u64>), Option<Arc<Schema>>>,
    /// Schemas of parameters by their text: ten thousand endpoints have few different ones.
    parameters: HashMap<String, Arc<Schema>>,
}

/// A schema file.
#[derive(Clone)]
pub(super) struct Document {
    file: FileId,
    content: Arc<Value>,
}

impl SchemaFiles {
    /// None yet, and the folders that they may come from.
    pub(super) fn new(roots: &Field<List<Text>>, environment: &dyn Environment, faults: &mut Faults) -> Self {
        let mut this =
            Self { roots: Vec::new(), documents: HashMap::new(), compiled: HashMap::new(), parameters: HashMap::new() };
        for root in roots.given().map(|list| list.value.0.as_slice()).unwrap_or_default() {
            let path = faults.source(root.at.file).relative(root.as_str());
            match environment.canonical(&path) {
                Ok(path) => this.roots.push(path),
                Err(error) => {
                    let reason = match error.kind() {
                        ErrorKind::NotFound => "there is no such folder".into(),
                        _ => describe(&error),
                    };
                    faults.error(root.at, "can't find this folder of schemas").label(reason);
                }
            }
        }
        this
    }

    /// The schema of a body.
    pub(super) fn body(
        &mut self,
        table: &Located<BodySchemaTable>,
        environment: &dyn Environment,
        faults: &mut Faults,
    ) -> Option<Arc<Schema>> {
        let limit = backtrack_limit(&table.backtrack_limit, faults)?;
        let written = match &table.file {
            Field::Given(written) => written,
            Field::Broken => return None,
            Field::Absent => {
                let fault = faults.absent(table.at, "this schema has no file");
                fault.label("expected `file`, as in { file = \"x.json\" }");
                return None;
            }
        };
        let path = faults.source(written.at.file).relative(written.as_str());
        let canonical = match environment.canonical(&path) {
            Ok(canonical) => canonical,
            Err(error) => {
                let name = file_name(written, &path);
                faults.error(written.at, format!("can't read `{name}`")).label(describe(&error));
                return None;
            }
        };
        let key = (canonical, limit);
        if let Some(known) = self.compiled.get(&key) {
            return known.clone();
        }
        let compiled = self.compile(&key.0, file_name(written, &path), limit, written.at, environment, faults);
        self.compiled.insert(key, compiled.clone());
        compiled
    }

    fn compile(
        &mut self,
        path: &Path,
        name: String,
        limit: Option<u64>,
        named_at: Place,
        environment: &dyn Environment,
        faults: &mut Faults,
    ) -> Option<Arc<Schema>> {
        let document = self.document(path, name, named_at, environment, faults)?;
        let gathered = Gathered::new(self, path, &document, environment, faults);
        let options = SchemaOptions {
            base_uri: gathered.base_uri.clone(),
            resources: gathered.resources(),
            backtrack_limit: limit.and_then(|limit| usize::try_from(limit).ok()),
        };
        let dangling = gathered.tell_dangling(faults);
        let found = Schema::compile(&document.content, &options);
        let errors = match &found {
            Err(errors) => errors.as_slice(),
            Ok(_) => &[],
        };
        for error in errors {
            // The library's own words for the first of these, without its place.
            if dangling && error.pointer.is_empty() && error.detail.starts_with("Pointer '") {
                continue;
            }
            let Some(detail) = gathered.shown(error) else { continue };
            let fault = faults.error(gathered.place(error, faults), "this schema can't be used");
            fault.label(detail);
            if let Some(hint) = &error.hint {
                fault.help(hint.as_str());
            }
        }
        let schema = found.ok().filter(|_| gathered.is_sound && !dangling)?;
        // Only what holds together is worth a closer look.
        for warning in lint(&document.content, &gathered.base_uri) {
            let fault = faults.warning(gathered.place(&warning, faults), warning.detail.as_str());
            if let Some(hint) = &warning.hint {
                fault.help(hint.as_str());
            }
        }
        if let Some(empty) = provably_empty(&document.content, &options) {
            nothing_satisfies(gathered.place(&empty, faults), &empty, faults);
            return None;
        }
        Some(Arc::new(schema))
    }

    /// A file's content, read once.
    fn document(
        &mut self,
        path: &Path,
        name: String,
        named_at: Place,
        environment: &dyn Environment,
        faults: &mut Faults,
    ) -> Option<Document> {
        if let Some(known) = self.documents.get(path) {
            return known.clone();
        }
        let document = read_document(path, name, named_at, environment, faults);
        self.documents.insert(path.to_owned(), document.clone());
        document
    }

    /// The schema of a parameter, whose keywords stand in `table`.
    pub(super) fn parameter(
        &mut self,
        content: Value,
        table: &ParameterTable,
        at: Place,
        faults: &mut Faults,
    ) -> Option<Arc<Schema>> {
        let text = content.to_string();
        if let Some(known) = self.parameters.get(&text) {
            return Some(Arc::clone(known));
        }
        let place = |fault: &SchemaFault| {
            let keyword = fault.pointer.split('/').nth(1);
            let written = table.keywords.iter().find(|written| Some(written.name.as_str()) == keyword);
            written.map_or(at, |keyword| keyword.value.at)
        };
        match Schema::compile_inline(&content) {
            Ok(schema) => {
                if let Some(empty) = provably_empty(&content, &SchemaOptions::default()) {
                    nothing_satisfies(place(&empty), &empty, faults);
                    return None;
                }
                let schema = Arc::new(schema);
                self.parameters.insert(text, Arc::clone(&schema));
                Some(schema)
            }
            Err(found) => {
                for error in found {
                    let fault = faults.error(place(&error), "this schema can't be used");
                    fault.label(error.detail);
                    // What a schema's table can allow, a parameter has no table for.
                    if let Some(hint) = error.hint.filter(|hint| !hint.contains("backtrack_limit")) {
                        fault.help(hint);
                    }
                }
                None
            }
        }
    }
}

fn nothing_satisfies(at: Place, why: &SchemaFault, faults: &mut Faults) {
    let message = "nothing can satisfy this schema";
    let reason =
        why.detail.strip_prefix(message).map_or(why.detail.as_str(), |rest| rest.trim_start_matches([':', ' ']));
    faults.error(at, message).label(reason);
}

/// The inner `None` is the default: patterns in linear time.
fn backtrack_limit(field: &Field<u64>, faults: &mut Faults) -> Option<Option<u64>> {
    match field {
        Field::Absent => Some(None),
        Field::Broken => None,
        Field::Given(limit) if (1..=MOST_STEPS).contains(&limit.value) => Some(Some(limit.value)),
        Field::Given(limit) => {
            faults.error(limit.at, "no pattern can have this limit").label(format!("expected 1 to {MOST_STEPS} steps"));
            None
        }
    }
}

/// As strictly as bodies are read: a name that stands twice would be one rule less than was written.
fn read_document(
    path: &Path,
    name: String,
    named_at: Place,
    environment: &dyn Environment,
    faults: &mut Faults,
) -> Option<Document> {
    let source = read_text(name, path.to_owned(), Some(named_at), environment, faults)?;
    let rules = JsonRules { integers: Integers::Any, precision: Precision::Any, depth: DEPTH };
    let parsed = json::parse(source.text().as_bytes(), &rules);
    let file = faults.add_source(source);
    match parsed {
        Ok(content) => Some(Document { file, content: Arc::new(content) }),
        Err(fault) => {
            let place = Place::new(file, fault.offset..fault.offset + 1);
            faults.error(place, "this is not JSON as a schema must be").label(fault.reason.to_string());
            None
        }
    }
}

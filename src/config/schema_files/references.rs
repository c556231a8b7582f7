//! All documents that a schema refers to, directly or not, by the URIs that it knows them by.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use serde_json::Value;

use super::span::span_of;
use super::within::dangling;
use super::{Document, SchemaFiles};
use crate::config::environment::Environment;
use crate::config::faults::Faults;
use crate::config::source::{FileId, Place};
use crate::config::suggest::{nearest, one_of};
use crate::config::text::cut;
use crate::policy::schema::{SchemaFault, references};

/// More documents than any schema of an API has.
const MOST_DOCUMENTS: usize = 1000;

/// RFC 3986 §3.3: what a path of a URI can't hold as it is.
const PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// A schema and everything around it.
pub(super) struct Gathered {
    pub(super) base_uri: String,
    /// Whether all that was found could be read.
    pub(super) is_sound: bool,
    document: Document,
    documents: HashMap<String, Document>,
    /// Documents that can't be had, and why.
    refused: HashMap<String, &'static str>,
    /// Documents that are there, but have had a fault of their own.
    unread: Vec<String>,
    /// The URI of the schema's folder, which messages leave out.
    folder_uri: String,
}

impl Gathered {
    /// Follows all references from a document on.
    pub(super) fn new(
        files: &mut SchemaFiles,
        path: &Path,
        document: &Document,
        environment: &dyn Environment,
        faults: &mut Faults,
    ) -> Self {
        let folder = path.parent().unwrap_or(Path::new("/")).to_owned();
        let mut this = Self {
            base_uri: uri_of(path),
            is_sound: true,
            document: document.clone(),
            documents: HashMap::new(),
            refused: HashMap::new(),
            unread: Vec::new(),
            folder_uri: uri_of(&folder) + "/",
        };
        let identified = identified_folder(&document.content);
        let mut seen = HashSet::new();
        let mut waiting: Vec<(String, Document)> = vec![(this.base_uri.clone(), document.clone())];
        while let Some((base, from)) = waiting.pop() {
            for uri in references(&from.content, &base) {
                if !seen.insert(uri.clone()) || seen.len() > MOST_DOCUMENTS {
                    continue;
                }
                let target = match locate(&uri, &folder, identified.as_deref()) {
                    Some(path) => within(&path, &folder, &files.roots, environment),
                    None => Err("and nothing is fetched"),
                };
                match target {
                    Ok(path) => {
                        let name = shown_name(faults, document.file, &folder, &path);
                        let named_at = Place::start_of(from.file);
                        match files.document(&path, name, named_at, environment, faults) {
                            Some(document) => {
                                this.documents.insert(uri.clone(), document.clone());
                                waiting.push((uri, document));
                            }
                            None => {
                                this.is_sound = false;
                                this.unread.push(uri);
                            }
                        }
                    }
                    Err(reason) => drop(this.refused.insert(uri, reason)),
                }
            }
        }
        this
    }

    /// What the compiler needs to know.
    pub(super) fn resources(&self) -> Vec<(String, Value)> {
        self.documents.iter().map(|(uri, document)| (uri.clone(), (*document.content).clone())).collect()
    }

    /// Reports every reference of a document into itself that leads nowhere.
    pub(super) fn tell_dangling(&self, faults: &mut Faults) -> bool {
        let mut any = false;
        // One file may be known by several URIs.
        let mut seen = HashSet::new();
        let documents = std::iter::once(&self.document).chain(self.documents.values());
        for document in documents.filter(|document| seen.insert(document.file)) {
            for (pointer, reference) in dangling(&document.content) {
                any = true;
                let span = span_of(faults.source(document.file).text(), &pointer).unwrap_or(0..1);
                let fault = faults.error(Place::new(document.file, span), "this schema can't be used");
                fault.label(format!("`{}` leads nowhere", cut(&reference)));
            }
        }
        any
    }

    /// The place of a fault in the file that it is about.
    pub(super) fn place(&self, fault: &SchemaFault, faults: &Faults) -> Place {
        let file = self.documents.get(&fault.uri).unwrap_or(&self.document).file;
        let span = span_of(faults.source(file).text(), &fault.pointer);
        Place::new(file, span.unwrap_or(0..1))
    }

    /// A fault's words, with files named as from the schema's folder and the reason why one can't be
    /// had. `None` where the file that is meant has had its own fault.
    pub(super) fn shown(&self, fault: &SchemaFault) -> Option<String> {
        let unread = |uri: &String| fault.detail == format!("refers to {uri}, which is not there");
        if self.unread.iter().any(unread) {
            return None;
        }
        if let Some((uri, reason)) = self.refused.iter().find(|(uri, _)| unread(uri)) {
            let name = uri.strip_prefix(&self.folder_uri).unwrap_or(uri);
            let name = if name.starts_with("file:") { "a file" } else { name };
            return Some(format!("refers to {name}, {reason}"));
        }
        Some(self.unknown_type(fault).unwrap_or_else(|| fault.detail.replace(&self.folder_uri, "")))
    }

    /// The meta-schema has two alternatives for `type`, and says no more than that.
    fn unknown_type(&self, fault: &SchemaFault) -> Option<String> {
        const TYPES: [&str; 7] = ["object", "array", "string", "number", "integer", "boolean", "null"];
        let document = self.documents.get(&fault.uri).unwrap_or(&self.document);
        let written =
            document.content.pointer(&fault.pointer)?.as_str().filter(|_| fault.pointer.ends_with("/type"))?;
        let near = nearest(written, TYPES).filter(|near| *near != written);
        Some(near.map_or_else(|| format!("expected {}", one_of(TYPES)), |near| format!("did you mean `{near}`?")))
    }
}

/// RFC 8089 §2
fn uri_of(path: &Path) -> String {
    let text = path.to_string_lossy();
    format!("file://{}", utf8_percent_encode(&text, PATH))
}

/// The folder that a schema says it stands in, by an absolute `$id`: its relative references are meant
/// within it, and the folder where it was found is that one.
fn identified_folder(document: &Value) -> Option<String> {
    let id = document.get("$id").or_else(|| document.get("id"))?.as_str()?;
    let (folder, _) = id.rsplit_once('/').filter(|(folder, _)| folder.contains("://"))?;
    Some(format!("{folder}/"))
}

/// Where a document would be found.
fn locate(uri: &str, folder: &Path, identified: Option<&str>) -> Option<PathBuf> {
    let decode = |text: &str| percent_decode_str(text).decode_utf8().ok().map(|text| PathBuf::from(text.as_ref()));
    if let Some(path) = uri.strip_prefix("file://") {
        return decode(path);
    }
    let relative = uri.strip_prefix(identified?)?;
    Some(folder.join(decode(relative)?))
}

/// The file itself, symlinks followed, where references may lead to it.
fn within(
    path: &Path,
    folder: &Path,
    roots: &[PathBuf],
    environment: &dyn Environment,
) -> Result<PathBuf, &'static str> {
    // The same words for what is not there and what lies elsewhere, unless it may be looked for.
    let canonical = environment.canonical(path).map_err(|_| "which is not there")?;
    let allowed = canonical.starts_with(folder) || roots.iter().any(|root| canonical.starts_with(root));
    if allowed { Ok(canonical) } else { Err("which is neither under this schema's folder nor under `schema_roots`") }
}

/// A document's name, as from the file that names the schema.
fn shown_name(faults: &Faults, main: FileId, folder: &Path, path: &Path) -> String {
    let shown_folder = Path::new(faults.source(main).name()).parent().unwrap_or(Path::new("")).to_owned();
    match path.strip_prefix(folder) {
        Ok(relative) => shown_folder.join(relative).display().to_string(),
        // From another root: its own name says enough.
        Err(_) => path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
    }
}

//! Where the readers and the compiler put what they find, so that nobody stops at the first fault.
//!
//! It also keeps faults from begetting faults: what lacks or is not known in a file that could not be
//! read to its end says nothing.

use std::sync::Arc;

use super::diagnostics::{Diagnostic, Label, Severity};
use super::source::{FileId, Place, Source};

/// The files read so far, and what was found in them.
#[derive(Debug, Default)]
pub(super) struct Faults {
    sources: Vec<Arc<Source>>,
    found: Vec<Fault>,
    incomplete: bool,
}

/// Something that was found, while it is still being described.
#[derive(Debug)]
pub(super) struct Fault {
    severity: Severity,
    message: String,
    primary: Option<(Place, String)>,
    secondary: Vec<(Place, String)>,
    help: Option<String>,
    needs_whole_files: bool,
}

impl Faults {
    /// Keeps a file for the diagnostics to come.
    pub(super) fn add_source(&mut self, source: Source) -> FileId {
        let id = u32::try_from(self.sources.len()).unwrap_or(u32::MAX);
        self.sources.push(Arc::new(source));
        FileId(id)
    }

    /// A file that was read.
    pub(super) fn source(&self, file: FileId) -> &Arc<Source> {
        &self.sources[file.0 as usize]
    }

    /// Makes what stands there unreadable in every diagnostic, those before included: a secret that
    /// should not have been written down.
    pub(super) fn blank(&mut self, at: Place) {
        let source = &mut self.sources[at.file.0 as usize];
        let text = source.text();
        let hidden = |(index, c): (usize, char)| match at.span().contains(&index) && c != '\n' && c != '"' {
            // As many bytes as before, so that all other places stay where they are.
            true => "*".repeat(c.len_utf8()),
            false => c.to_string(),
        };
        let blanked = text.char_indices().map(hidden).collect();
        *source = Arc::new(Source::new(source.name().into(), source.path().into(), blanked));
    }

    /// Has every diagnostic show this in the place of a file's text, those before included. Places stay.
    pub(super) fn show_instead(&mut self, file: FileId, text: String) {
        let source = &mut self.sources[file.0 as usize];
        *source = Arc::new(Source::new(source.name().into(), source.path().into(), text));
    }

    /// Something that keeps the gate from starting.
    pub(super) fn error(&mut self, at: Place, message: impl Into<String>) -> &mut Fault {
        self.push(Severity::Error, Some(at), message.into())
    }

    /// The same without a place: only for a file that was named on the command line.
    pub(super) fn error_without_place(&mut self, message: impl Into<String>) -> &mut Fault {
        self.push(Severity::Error, None, message.into())
    }

    /// Something that is hardly meant so.
    pub(super) fn warning(&mut self, at: Place, message: impl Into<String>) -> &mut Fault {
        self.push(Severity::Warning, Some(at), message.into())
    }

    /// Something that lacks, or a name that nothing has: dropped where a file could only be read in
    /// part, because it may stand in the other.
    pub(super) fn absent(&mut self, at: Place, message: impl Into<String>) -> &mut Fault {
        self.error(at, message).if_whole()
    }

    /// A file could be read only in part.
    pub(super) fn set_incomplete(&mut self) {
        self.incomplete = true;
    }

    /// How many faults there are so far, warnings not counted.
    pub(super) fn error_count(&self) -> usize {
        self.found.iter().filter(|fault| fault.severity == Severity::Error).count()
    }

    /// Whether anything keeps the gate from starting.
    pub(super) fn any_error(&self) -> bool {
        self.found.iter().any(|fault| fault.severity == Severity::Error)
    }

    /// Everything that was found, by file and place.
    pub(super) fn finish(mut self) -> Vec<Diagnostic> {
        if self.incomplete {
            self.found.retain(|fault| !fault.needs_whole_files);
        }
        self.found.sort_by_key(|fault| match &fault.primary {
            Some((place, _)) => (1, place.file, place.span().start),
            None => (0, FileId(0), 0),
        });
        let sources = self.sources;
        let label = |(place, text): (Place, String)| Label {
            source: Arc::clone(&sources[place.file.0 as usize]),
            span: place.span(),
            text,
        };
        let diagnostic = |fault: Fault| Diagnostic {
            severity: fault.severity,
            message: fault.message,
            primary: fault.primary.map(label),
            secondary: fault.secondary.into_iter().map(label).collect(),
            help: fault.help,
        };
        self.found.into_iter().map(diagnostic).collect()
    }

    fn push(&mut self, severity: Severity, at: Option<Place>, message: String) -> &mut Fault {
        let index = self.found.len();
        self.found.push(Fault {
            severity,
            message,
            primary: at.map(|place| (place, String::new())),
            secondary: Vec::new(),
            help: None,
            needs_whole_files: false,
        });
        &mut self.found[index]
    }
}

impl Fault {
    /// What is written beside the underline.
    pub(super) fn label(&mut self, text: impl Into<String>) -> &mut Self {
        if let Some((_, label)) = &mut self.primary {
            *label = text.into();
        }
        self
    }

    /// Another place that belongs to it.
    pub(super) fn also(&mut self, at: Place, text: impl Into<String>) -> &mut Self {
        self.secondary.push((at, text.into()));
        self
    }

    /// Drops it where a file could only be read in part.
    pub(super) fn if_whole(&mut self) -> &mut Self {
        self.needs_whole_files = true;
        self
    }

    /// What to do about it.
    pub(super) fn help(&mut self, text: impl Into<String>) -> &mut Self {
        self.help = Some(text.into());
        self
    }
}

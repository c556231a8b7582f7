//! The files a configuration was read from, and places in them.
//!
//! Everything an operator wrote is kept beside its [`Place`], so that a fault can underline it. This
//! knows nothing of what the text means.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// One file that was read: the TOML itself, what it includes, key files and schemas.
pub struct Source {
    name: String,
    path: PathBuf,
    text: String,
    /// Where each line begins; counted once, and only where something is to be shown.
    line_starts: OnceLock<Vec<usize>>,
}

impl Source {
    /// A file under the name that the operator knows it by.
    pub fn new(name: String, path: PathBuf, text: String) -> Self {
        Self { name, path, text, line_starts: OnceLock::new() }
    }

    /// The name to print: as given on the command line, or as written in the file that names it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where it was read from.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What diagnostics may show of it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The same file, of which this is to be shown.
    pub(super) fn shown_as(self, shown: impl FnOnce(String) -> String) -> Self {
        Self::new(self.name, self.path, shown(self.text))
    }

    /// The path of what this file calls `written`: relative to the folder it stands in.
    pub fn relative(&self, written: &str) -> PathBuf {
        self.path.parent().unwrap_or(Path::new("")).join(written)
    }

    /// The line of a byte, from 1, and where that line begins.
    pub fn line_at(&self, offset: usize) -> (usize, usize) {
        let starts = self.line_starts.get_or_init(|| {
            let behind = self.text.match_indices('\n').map(|(newline, _)| newline + 1);
            std::iter::once(0).chain(behind).collect()
        });
        let line = starts.partition_point(|start| *start <= offset);
        (line, starts[line - 1])
    }
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Never the text: who debugs a fault has no need of a whole file in the log.
        f.debug_tuple("Source").field(&self.name).finish()
    }
}

/// One of the files that were read, in the order of reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub(super) u32);

impl FileId {
    /// The file that was named on the command line: the first that is read.
    pub const MAIN: Self = Self(0);
}

/// Some bytes of one of the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// Which file.
    pub file: FileId,
    start: u32,
    end: u32,
}

impl Place {
    /// These bytes of that file. Files are far below 4 GiB (`super::environment` caps them).
    pub fn new(file: FileId, span: Range<usize>) -> Self {
        let cut = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        Self { file, start: cut(span.start), end: cut(span.end) }
    }

    /// The beginning of a file: where something lacks that could stand anywhere in it.
    pub fn start_of(file: FileId) -> Self {
        Self::new(file, 0..0)
    }

    /// The bytes.
    pub fn span(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

//! The files a configuration was read from, and places in them.
//!
//! Everything an operator wrote is kept beside its [`Place`], so that a fault can underline it. This
//! knows nothing of what the text means.

use std::ops::Range;
use std::path::{Path, PathBuf};

/// One file that was read: the TOML itself, what it includes, key files and schemas.
pub struct Source {
    name: String,
    path: PathBuf,
    text: String,
}

impl Source {
    /// A file under the name that the operator knows it by.
    pub fn new(name: String, path: PathBuf, text: String) -> Self {
        Self { name, path, text }
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

    /// The path of what this file calls `written`: relative to the folder it stands in.
    pub fn relative(&self, written: &str) -> PathBuf {
        self.path.parent().unwrap_or(Path::new("")).join(written)
    }

    /// The line and the column of a byte, both from 1, the column in characters.
    pub fn line_and_column(&self, offset: usize) -> (usize, usize) {
        let offset = self.text.floor_char_boundary(offset);
        let before = &self.text[..offset];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        (line, before[line_start..].chars().count() + 1)
    }

    /// The byte at a line and a column as serde_json counts them: from 1, the column in bytes.
    pub fn offset(&self, line: usize, column: usize) -> usize {
        let mut start = 0;
        for _ in 1..line {
            match self.text[start..].find('\n') {
                Some(newline) => start += newline + 1,
                None => break,
            }
        }
        let offset = (start + column.saturating_sub(1)).min(self.text.len());
        self.text.floor_char_boundary(offset)
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

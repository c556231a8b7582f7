//! What an operator writes, read and judged: from text to a [`Gateway`], or to every fault at once.
//!
//! The way, from left to right:
//!
//! ```text
//! bytes ─► toml_text ─► read ─► file::ConfigFile ─► include ─► compile ─► policy::gateway::Gateway
//!          syntax       types   what was written    further     what it means; reads key files and
//!                       and keys                    files       schemas on its way
//! ```
//!
//! Each step leaves its faults in one list and goes on with what it has; only the end asks whether there
//! were any. Nothing here listens, connects or logs, and no diagnostic holds a secret.

mod compile;
pub mod diagnostics;
pub mod environment;
mod faults;
pub mod file;
mod include;
pub mod key_file;
mod language;
pub mod located;
mod read;
mod recover;
mod schema_files;
mod secrets;
pub mod source;
mod suggest;
pub mod text;
mod toml_text;
mod tree;
pub mod units;
pub mod users;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::policy::gateway::Gateway;

pub use diagnostics::{ConfigErrors, Diagnostic, Severity};
pub use environment::{Environment, Machine};
pub use language::schema;
pub use secrets::Secrets;

use environment::{Recorded, Recorder};
use faults::Faults;
use read::Reader;
use source::FileId;

/// A configuration that can serve.
#[derive(Debug)]
pub struct Loaded {
    /// What requests are judged by.
    pub gateway: Gateway,
    /// What is hardly meant so.
    pub warnings: Vec<Diagnostic>,
    /// Every file that was read, secrets included, sorted: when one of them changes, so may the gateway.
    pub files: Vec<PathBuf>,
    /// SHA-256 of the names and contents of those files: whether they changed at all.
    pub digest: [u8; 32],
    /// The values that came by reference, which nobody is to be shown.
    pub secrets: Secrets,
}

/// What a reading of a configuration came to, good or bad, and what it looked at.
#[derive(Debug)]
pub struct Reading {
    /// The configuration, or all that keeps it from serving.
    pub outcome: Result<Loaded, ConfigErrors>,
    /// What it looked at on its way there.
    pub looked_at: LookedAt,
}

/// Every file that was asked for, there or not, and every folder that was listed: when one of them
/// changes, another reading may come out differently.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LookedAt {
    /// Files, sorted. Among them are symlinks that were followed, and the folders of `schema_roots`.
    pub files: Vec<PathBuf>,
    /// Folders, sorted. The empty path is the folder that the process runs in.
    pub folders: Vec<PathBuf>,
}

/// Reads the configuration in `path` and everything that it names.
///
/// # Errors
///
/// All that keeps it from serving, and the warnings too.
pub fn load(path: &Path, environment: &dyn Environment) -> Result<Loaded, ConfigErrors> {
    read(path, environment).outcome
}

/// Reads as [`load`] does, and tells what it looked at even where nothing can serve: who mends a fault
/// changes one of those files, or adds the one that lacked.
pub fn read(path: &Path, environment: &dyn Environment) -> Reading {
    let recorder = Recorder::new(environment);
    let mut faults = Faults::default();
    let gateway = load_into(path, &recorder, &mut faults);
    let any_error = faults.any_error();
    let found = faults.finish();
    let Recorded { files, digest, looked_at, secrets } = recorder.finish();
    let outcome = match gateway {
        Some(gateway) if !any_error => Ok(Loaded { gateway, warnings: found, files, digest, secrets }),
        _ => Err(ConfigErrors(found)),
    };
    Reading { outcome, looked_at }
}

/// The key files that a configuration names, each once. What is in them, and whether the rest of the
/// configuration holds, is not asked.
///
/// # Errors
///
/// All that keeps the text of the configuration from being read.
pub fn key_files(path: &Path, environment: &dyn Environment) -> Result<Vec<PathBuf>, ConfigErrors> {
    let mut faults = Faults::default();
    let Some((_, file)) = written(path, environment, &mut faults).filter(|_| !faults.any_error()) else {
        return Err(ConfigErrors(faults.finish()));
    };
    let tables = file.authenticator.entries.iter().filter_map(|entry| entry.value.as_ref());
    let named = tables.filter_map(|table| table.keys.given());
    let paths: BTreeSet<PathBuf> = named.map(|keys| faults.source(keys.at.file).relative(keys.as_str())).collect();
    Ok(paths.into_iter().collect())
}

fn load_into(path: &Path, environment: &dyn Environment, faults: &mut Faults) -> Option<Gateway> {
    let (main, file) = written(path, environment, faults)?;
    compile::compile(&file, main, environment, faults)
}

/// What was written, in a file and those that it includes.
fn written(path: &Path, environment: &dyn Environment, faults: &mut Faults) -> Option<(FileId, file::ConfigFile)> {
    let text = toml_text::read_text(path.display().to_string(), path.to_owned(), None, environment, faults)?;
    let (main, mut file) = toml_text::parse(text, environment, faults, file::ConfigFile::read_entries_of);
    include::include(&mut file, main, environment, faults);
    Some((main, file))
}

impl file::ConfigFile {
    fn read_entries_of(table: &toml::de::DeTable<'_>, reader: &mut Reader<'_>) -> (FileId, Self) {
        (reader.file, Self::read_entries(table.iter(), reader))
    }
}

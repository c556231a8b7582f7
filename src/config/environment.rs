//! What a configuration may ask of the world: files, environment variables and the time.
//!
//! It is a trait so that tests and fuzzers compile configurations that touch nothing.

mod recorder;

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rustls::pki_types::CertificateDer;

use crate::policy::time::Timestamp;

pub(super) use recorder::{Recorded, Recorder};

/// No file that a configuration names is larger, or it is a device that never ends. Key files of a million
/// principals have a hundred megabytes.
const MAX_FILE_BYTES: u64 = 256 * 1024 * 1024;

/// What a configuration may ask of the world.
pub trait Environment {
    /// The value of an environment variable, where it is set and is text.
    fn variable(&self, name: &str) -> Option<String>;

    /// The content of a file.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// The names in a folder, in no order.
    fn list(&self, folder: &Path) -> io::Result<Vec<String>>;

    /// The path with every symlink followed; fails where nothing is there.
    fn canonical(&self, path: &Path) -> io::Result<PathBuf>;

    /// The time by which keys have expired or not.
    fn now(&self) -> Timestamp;

    /// The certificates that the system trusts, in DER and as they are; none where nothing is said.
    fn system_roots(&self) -> Vec<CertificateDer<'static>> {
        Vec::new()
    }

    /// A reference as it was written, and the value that it stands for. Nobody needs to know but who keeps
    /// values out of what is shown.
    fn resolved(&self, _reference: &str, _value: &str) {}
}

/// The machine that the gate runs on.
#[derive(Clone, Copy, Debug, Default)]
pub struct Machine;

impl Environment for Machine {
    fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let mut content = Vec::new();
        let file = fs::File::open(path)?;
        file.take(MAX_FILE_BYTES + 1).read_to_end(&mut content)?;
        if content.len() as u64 > MAX_FILE_BYTES {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "larger than 256 MiB"));
        }
        Ok(content)
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        // `portcullis.toml` stands in the folder "", which is this one.
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        for entry in fs::read_dir(folder)? {
            // A name that is not text can't be written in a pattern either.
            if let Ok(name) = entry?.file_name().into_string() {
                names.push(name);
            }
        }
        Ok(names)
    }

    fn canonical(&self, path: &Path) -> io::Result<PathBuf> {
        fs::canonicalize(path)
    }

    fn now(&self) -> Timestamp {
        let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_nanos(u64::try_from(since_epoch.as_nanos()).unwrap_or(u64::MAX))
    }

    fn system_roots(&self) -> Vec<CertificateDer<'static>> {
        // What can't be read among them is the system's affair; no root at all is a fault of ours.
        rustls_native_certs::load_native_certs().certs
    }
}

/// What went wrong with a file, in words that are the same on every machine.
pub(super) fn describe(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".into(),
        io::ErrorKind::PermissionDenied => "it may not be read".into(),
        io::ErrorKind::IsADirectory => "it is a folder".into(),
        io::ErrorKind::NotADirectory => "a part of its path is not a folder".into(),
        _ => error.to_string(),
    }
}

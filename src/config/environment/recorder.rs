//! What one reading of a configuration asked of the world: which files, there or not, what was in them,
//! and which values came by reference. It hands every question on and answers none itself.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use rustls::pki_types::CertificateDer;
use sha2::{Digest, Sha256};

use super::Environment;
use crate::config::LookedAt;
use crate::config::secrets::Secrets;
use crate::policy::time::Timestamp;

/// An environment that remembers which files were asked for and what was in them, and which values came
/// by reference.
pub(in crate::config) struct Recorder<'a> {
    inner: &'a dyn Environment,
    read: RefCell<BTreeMap<PathBuf, [u8; 32]>>,
    files: RefCell<BTreeSet<PathBuf>>,
    folders: RefCell<BTreeSet<PathBuf>>,
    secrets: RefCell<Secrets>,
}

/// What a recorder remembers.
pub(in crate::config) struct Recorded {
    /// The files that were read, sorted.
    pub(in crate::config) files: Vec<PathBuf>,
    /// One hash over their names and contents.
    pub(in crate::config) digest: [u8; 32],
    /// What was asked for, there or not.
    pub(in crate::config) looked_at: LookedAt,
    /// The values that came by reference.
    pub(in crate::config) secrets: Secrets,
}

impl<'a> Recorder<'a> {
    pub(in crate::config) fn new(inner: &'a dyn Environment) -> Self {
        Self {
            inner,
            read: RefCell::default(),
            files: RefCell::default(),
            folders: RefCell::default(),
            secrets: RefCell::default(),
        }
    }

    pub(in crate::config) fn finish(self) -> Recorded {
        let read = self.read.into_inner();
        let mut digest = Sha256::new();
        for (path, content) in &read {
            digest.update(Sha256::digest(path.as_os_str().as_encoded_bytes()));
            digest.update(content);
        }
        Recorded {
            files: read.into_keys().collect(),
            digest: digest.finalize().into(),
            looked_at: LookedAt {
                files: self.files.into_inner().into_iter().collect(),
                folders: self.folders.into_inner().into_iter().collect(),
            },
            secrets: self.secrets.into_inner(),
        }
    }
}

impl Environment for Recorder<'_> {
    fn variable(&self, name: &str) -> Option<String> {
        self.inner.variable(name)
    }

    // What is asked for is noted before the answer: a file that lacks may come.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.files.borrow_mut().insert(path.to_owned());
        let content = self.inner.read(path)?;
        self.read.borrow_mut().insert(path.to_owned(), Sha256::digest(&content).into());
        Ok(content)
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        self.folders.borrow_mut().insert(folder.to_owned());
        self.inner.list(folder)
    }

    fn canonical(&self, path: &Path) -> io::Result<PathBuf> {
        // A symlink may come to lead elsewhere, though what it led to stays as it is.
        self.files.borrow_mut().insert(path.to_owned());
        self.inner.canonical(path)
    }

    fn now(&self) -> Timestamp {
        self.inner.now()
    }

    fn system_roots(&self) -> Vec<CertificateDer<'static>> {
        self.inner.system_roots()
    }

    fn resolved(&self, reference: &str, value: &str) {
        self.secrets.borrow_mut().note(reference, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::read;

    /// Files in a folder that exists nowhere else.
    struct Memory(Vec<(&'static str, &'static str)>);

    impl Environment for Memory {
        fn variable(&self, name: &str) -> Option<String> {
            (name == "LISTEN").then(|| "127.0.0.1:8080".to_owned())
        }

        fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
            let found = self.0.iter().find(|(name, _)| Path::new(name) == path);
            found.map(|(_, content)| content.as_bytes().to_vec()).ok_or(io::ErrorKind::NotFound.into())
        }

        fn list(&self, _: &Path) -> io::Result<Vec<String>> {
            Err(io::ErrorKind::NotFound.into())
        }

        fn canonical(&self, path: &Path) -> io::Result<PathBuf> {
            self.read(path).map(|_| Path::new("real").join(path))
        }

        fn now(&self) -> Timestamp {
            Timestamp::default()
        }
    }

    const GOOD: &str = r#"
        [listener.public]
        address = "${env:LISTEN}"
        [upstream.crm]
        peers = "${file:peer}"
        [endpoint."/a".GET]
        upstream = "crm"
        auth = "none"
        quotas = []
    "#;

    /// A file lacks of each kind that can be named.
    const LACKING: &str = r#"
        include = ["more/*.toml", "one.toml"]
        [upstream.crm]
        peers = "${file:peer}"
        [authenticator.partner]
        kind = "api_key"
        header = "X-API-Key"
        keys = "keys.toml"
        [endpoint."/a".POST]
        body_schema = "a.json"
        [endpoint."/b".POST]
        body_schema = "b.json"
    "#;

    fn looked_at(files: &[&str], folders: &[&str]) -> LookedAt {
        let paths = |names: &[&str]| names.iter().map(PathBuf::from).collect();
        LookedAt { files: paths(files), folders: paths(folders) }
    }

    #[test]
    fn what_was_looked_for_in_vain_was_looked_at() {
        let nothing = read(Path::new("main.toml"), &Memory(Vec::new()));
        assert!(nothing.outcome.is_err());
        assert_eq!(nothing.looked_at, looked_at(&["main.toml"], &[]));

        let files = vec![("main.toml", LACKING), ("a.json", "{}")];
        let broken = read(Path::new("main.toml"), &Memory(files));
        assert!(broken.outcome.is_err());
        let asked = ["a.json", "b.json", "keys.toml", "main.toml", "one.toml", "peer", "real/a.json"];
        assert_eq!(broken.looked_at, looked_at(&asked, &["more"]));
    }

    #[test]
    fn what_came_by_reference_is_known_as_such() {
        let files = vec![("main.toml", GOOD), ("peer", "http://127.0.0.1:1\n")];
        let loaded = read(Path::new("main.toml"), &Memory(files)).outcome.expect("it is good");
        assert_eq!(loaded.files, [Path::new("main.toml"), Path::new("peer")]);
        assert_eq!(loaded.secrets.mask("127.0.0.1:8080").as_deref(), Some("${env:LISTEN}"));
        assert_eq!(loaded.secrets.mask("http://127.0.0.1:1").as_deref(), Some("${file:peer}"));
        assert_eq!(loaded.secrets.mask("/a"), None);
    }
}

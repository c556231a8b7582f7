//! Configurations that touch no disk: the text of a case, the files beside it, and a date.

use std::collections::BTreeMap;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::time::SystemTime;

use portcullis::config::{self, Environment};
use portcullis::policy::gateway::Gateway;
use portcullis::policy::time::Timestamp;

use super::text::filled;

/// A configuration as text, and the files that it names.
#[derive(Clone, Debug, Default)]
pub(crate) struct Written {
    pub(crate) config: String,
    pub(crate) files: BTreeMap<String, String>,
}

impl Written {
    /// A configuration that names no files.
    pub(crate) fn alone(config: &str) -> Self {
        Self { config: config.to_owned(), files: BTreeMap::new() }
    }

    /// Compiles it, with `{upstream}` standing for `upstream`; the faults as text.
    pub(crate) fn compile(&self, upstream: &str) -> Result<Gateway, String> {
        let mut files: BTreeMap<PathBuf, String> = BTreeMap::new();
        for (name, content) in &self.files {
            files.insert(normal(Path::new(name)), filled(content, upstream));
        }
        files.insert(PathBuf::from(MAIN), filled(&self.config, upstream));
        let loaded = config::load(Path::new(MAIN), &Memory { files }).map_err(|faults| faults.to_string())?;
        Ok(loaded.gateway)
    }
}

const MAIN: &str = "portcullis.toml";

/// A world of a few files.
struct Memory {
    files: BTreeMap<PathBuf, String>,
}

impl Environment for Memory {
    fn variable(&self, _: &str) -> Option<String> {
        None
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let content = self.files.get(&normal(path)).ok_or(io::ErrorKind::NotFound)?;
        Ok(content.clone().into_bytes())
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        let folder = normal(folder);
        let inside = self.files.keys().filter(|path| path.parent() == Some(&folder));
        Ok(inside.filter_map(|path| path.file_name()?.to_str().map(str::to_owned)).collect())
    }

    fn canonical(&self, path: &Path) -> io::Result<PathBuf> {
        let path = normal(path);
        let there = self.files.keys().any(|known| known.starts_with(&path));
        there.then_some(path).ok_or(io::ErrorKind::NotFound.into())
    }

    fn now(&self) -> Timestamp {
        let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("it is after 1970");
        Timestamp::default() + since_epoch
    }
}

fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => {
                normal.pop();
            }
            Component::Normal(name) => normal.push(name),
            Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
        }
    }
    normal
}

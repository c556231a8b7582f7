//! What the targets share: a world of files that exists in memory only, and two gateways.

use std::io;
use std::path::{Path, PathBuf};

use portcullis::config::{self, Environment};
use portcullis::policy::gateway::Gateway;
use portcullis::policy::time::Timestamp;

/// The key that the small gateway knows.
pub const KEY: &str = "pk_fuzz";

/// Files by name, all in one folder.
#[derive(Debug, Default)]
pub struct Memory {
    /// Their names and contents.
    pub files: Vec<(&'static str, Vec<u8>)>,
}

impl Environment for Memory {
    fn variable(&self, name: &str) -> Option<String> {
        (name == "SET").then(|| "value".to_owned())
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let found = self.files.iter().find(|(name, _)| Path::new(name) == path);
        found.map(|(_, content)| content.clone()).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn list(&self, _folder: &Path) -> io::Result<Vec<String>> {
        Ok(self.files.iter().map(|(name, _)| (*name).to_owned()).collect())
    }

    fn canonical(&self, path: &Path) -> io::Result<PathBuf> {
        self.read(path).map(|_| path.to_owned())
    }

    fn now(&self) -> Timestamp {
        Timestamp::default()
    }
}

/// A gateway with something at every stage: typed paths, a key, a quota, parameters, a schema.
pub fn small_gateway() -> Gateway {
    use sha2::Digest;
    let hash: String = sha2::Sha256::digest(KEY).iter().map(|byte| format!("{byte:02x}")).collect();
    let keys = format!("[principal.fuzz]\nkeys = [{{ sha256 = \"{hash}\" }}]\nscopes = [\"read\"]\n");
    let files = vec![
        ("portcullis.toml", include_bytes!("small.toml").to_vec()),
        ("keys.toml", keys.into_bytes()),
        ("schema.json", br#"{ "type": "object", "required": ["name"] }"#.to_vec()),
    ];
    let loaded = config::load(Path::new("portcullis.toml"), &Memory { files });
    loaded.expect("the small configuration is good").gateway
}

/// A gateway that lets everything pass that is a request: any path, any body, anybody.
pub fn open_gateway() -> Gateway {
    let files = vec![("portcullis.toml", include_bytes!("open.toml").to_vec())];
    let loaded = config::load(Path::new("portcullis.toml"), &Memory { files });
    loaded.expect("the open configuration is good").gateway
}

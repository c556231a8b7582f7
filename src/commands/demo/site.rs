//! The files of a gate that is ready to run: the shipped configuration with the demo's addresses, its
//! schemas, and two fresh keys.
//!
//! It starts nothing. Keys are made anew at each start and live as long as the process: on disk there
//! are only their hashes, so those of an earlier start can't be told again, and are replaced.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::commands::key;
use crate::demo::Landmarks;

/// The configuration as shipped. The demo runs this very text, but for two addresses.
const CONFIG: &str = include_str!("../../../config/portcullis.toml");

/// As the configuration writes it: where the gate listens.
const SHIPPED_GATE: &str = "address = \"127.0.0.1:8080\"";

/// As the configuration writes it: where the customers API is.
const SHIPPED_API: &str = "peers = [\"http://127.0.0.1:9001\"]";

/// The configuration's first line, for editors; the copy has no such schema beside it.
const EDITOR_HINT: &str = "#:schema ../schemas/portcullis.schema.json";

/// The schemas that the configuration names, and what they refer to.
const SCHEMAS: [(&str, &str); 4] = [
    ("customer.definitions.json", include_str!("../../../schemas/customer.definitions.json")),
    ("customer.new.json", include_str!("../../../schemas/customer.new.json")),
    ("customer.json", include_str!("../../../schemas/customer.json")),
    ("customer.patch.json", include_str!("../../../schemas/customer.patch.json")),
];

/// A demo that is ready to run. Not `Debug`: it holds keys.
pub struct DemoSite {
    /// The configuration file to serve.
    pub config: PathBuf,
    /// Acme's key: may read and delete.
    pub acme_key: String,
    /// Globex' key: may only read.
    pub globex_key: String,
    /// Customers that the guide names.
    pub landmarks: Landmarks,
}

/// Writes a runnable copy of the configuration, its schemas and a fresh key file below `dir`, in
/// `config/` and `schemas/`. The gate will listen at `gate`, the customers API is at `api`. Files of an
/// earlier start are replaced.
pub fn prepare(dir: &Path, gate: SocketAddr, api: SocketAddr, landmarks: Landmarks) -> io::Result<DemoSite> {
    let (config_dir, schema_dir) = (dir.join("config"), dir.join("schemas"));
    std::fs::create_dir_all(&config_dir)?;
    std::fs::create_dir_all(&schema_dir)?;
    for (name, text) in SCHEMAS {
        std::fs::write(schema_dir.join(name), text)?;
    }
    let ((acme_key, acme_hash), (globex_key, globex_hash)) = (key::fresh()?, key::fresh()?);
    let keys = format!(
        "# Written by `portcullis demo` at every start; the keys themselves are in its guide only.\n\n{}\n{}",
        principal("acme", &acme_hash, &["crm.read", "crm.delete"], "gold"),
        principal("globex", &globex_hash, &["crm.read"], "silver"),
    );
    std::fs::write(config_dir.join("partner-keys.toml"), keys)?;
    let config = config_dir.join("portcullis.toml");
    std::fs::write(&config, configuration(gate, api)?)?;
    Ok(DemoSite { config, acme_key, globex_key, landmarks })
}

/// The shipped configuration with the addresses of this demo.
fn configuration(gate: SocketAddr, api: SocketAddr) -> io::Result<String> {
    let mut text = CONFIG.to_owned();
    for (shipped, ours) in [
        (EDITOR_HINT, "# Written by `portcullis demo` at every start.".to_owned()),
        (SHIPPED_GATE, format!("address = \"{gate}\"")),
        (SHIPPED_API, format!("peers = [\"http://{api}\"]")),
    ] {
        // Silence here would run the demo before somebody else's port.
        if text.matches(shipped).count() != 1 {
            let message = format!("the shipped configuration does not have `{shipped}` once");
            return Err(io::Error::other(message));
        }
        text = text.replace(shipped, &ours);
    }
    Ok(text)
}

fn principal(name: &str, hash: &str, scopes: &[&str], plan: &str) -> String {
    format!("[principal.{name}]\nkeys = [{{ sha256 = \"{hash}\" }}]\nscopes = {scopes:?}\nplan = \"{plan}\"\n")
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;
    use crate::policy::keys::hex;

    const LANDMARKS: Landmarks = Landmarks { damaged: 13, expendable: 24 };

    fn site(dir: &Path) -> DemoSite {
        let (gate, api) = ([127, 0, 0, 1], [127, 0, 0, 1]);
        prepare(dir, (gate, 8181).into(), (api, 34567).into(), LANDMARKS).expect("a writable folder")
    }

    #[test]
    fn the_copy_differs_from_what_is_shipped_in_its_addresses_only() {
        let dir = tempfile::tempdir().expect("a folder");
        let copy = std::fs::read_to_string(site(dir.path()).config).expect("written");
        let shipped = CONFIG.lines().skip(1);
        let changed: Vec<_> =
            copy.lines().skip(1).zip(shipped).filter(|(ours, shipped)| ours != shipped).map(|(ours, _)| ours).collect();
        let expected = [r#"address = "127.0.0.1:8181""#, r#"peers = ["http://127.0.0.1:34567"]"#];
        assert_eq!(changed, expected);
        assert_eq!(copy.lines().count(), CONFIG.lines().count());
    }

    #[test]
    fn every_file_that_the_configuration_names_is_there() {
        let dir = tempfile::tempdir().expect("a folder");
        let config = site(dir.path()).config;
        let named: Vec<_> = CONFIG
            .lines()
            .filter_map(|line| line.strip_prefix("body_schema = ").or(line.strip_prefix("keys = ")))
            .filter_map(|value| value.split('"').nth(1))
            .collect();
        assert_eq!(named.len(), 4);
        for name in named {
            let path = config.parent().expect("a file is in a folder").join(name);
            assert!(path.is_file(), "{}", path.display());
        }
    }

    #[test]
    fn the_key_file_holds_hashes_of_the_keys_and_never_a_key() {
        let dir = tempfile::tempdir().expect("a folder");
        let (first, second) = (site(dir.path()), site(dir.path()));
        assert_ne!(first.acme_key, second.acme_key);
        let keys = dir.path().join("config/partner-keys.toml");
        let text = std::fs::read_to_string(keys).expect("written");
        let table: toml::Table = text.parse().expect("TOML");
        for (name, key) in [("acme", &second.acme_key), ("globex", &second.globex_key)] {
            assert!(!text.contains(key.as_str()));
            let hash = table["principal"][name]["keys"][0]["sha256"].as_str();
            assert_eq!(hash, Some(hex(&Sha256::digest(key)).as_str()));
        }
    }
}

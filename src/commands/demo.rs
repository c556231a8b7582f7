//! What `portcullis demo` writes down and says: the files of a gate that is ready to run, and the guide
//! that shows every answer it gives.
//!
//! It starts nothing: the API, the gate and the wait for Ctrl-C are the caller's. Keys are made anew at
//! each start and live as long as the process; on disk there are only their hashes, so those of an
//! earlier start can't be told again, and are replaced.

use std::fmt::Write as _;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::demo::Landmarks;

/// The configuration as shipped. The demo runs this very text, but for two addresses.
const CONFIG: &str = include_str!("../../config/portcullis.toml");

/// As the configuration writes it: where the gate listens.
const SHIPPED_GATE: &str = "address = \"127.0.0.1:8080\"";

/// As the configuration writes it: where the customers API is.
const SHIPPED_API: &str = "peers = [\"http://127.0.0.1:9001\"]";

/// The configuration's first line, for editors; the copy has no such schema beside it.
const EDITOR_HINT: &str = "#:schema ../schemas/portcullis.schema.json";

/// The schemas that the configuration names, and what they refer to.
const SCHEMAS: [(&str, &str); 4] = [
    ("customer.definitions.json", include_str!("../../schemas/customer.definitions.json")),
    ("customer.new.json", include_str!("../../schemas/customer.new.json")),
    ("customer.json", include_str!("../../schemas/customer.json")),
    ("customer.patch.json", include_str!("../../schemas/customer.patch.json")),
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
    let (acme_key, globex_key) = (new_key()?, new_key()?);
    let keys = format!(
        "# Written by `portcullis demo` at every start; the keys themselves are in its guide only.\n\n{}\n{}",
        principal("acme", &acme_key, &["crm.read", "crm.delete"], "gold"),
        principal("globex", &globex_key, &["crm.read"], "silver"),
    );
    std::fs::write(config_dir.join("partner-keys.toml"), keys)?;
    let config = config_dir.join("portcullis.toml");
    std::fs::write(&config, configuration(gate, api)?)?;
    Ok(DemoSite { config, acme_key, globex_key, landmarks })
}

/// One request to try.
#[derive(Clone, Debug)]
pub struct Example {
    /// The status it gets; the last one, where it is several requests.
    pub status: u16,
    /// What it shows.
    pub shows: &'static str,
    /// For a POSIX shell, on one line.
    pub command: String,
}

/// A request for each status that the customers' world knows, those of the API first. They work in any
/// order, and again; only the DELETE finds its customer once, and the row of the 500 stays what it is.
pub fn examples(gate: SocketAddr, site: &DemoSite) -> Vec<Example> {
    let acme = format!("-H 'X-API-Key: {}'", site.acme_key);
    let globex = format!("-H 'X-API-Key: {}'", site.globex_key);
    let customers = format!("http://{gate}/customers");
    let Landmarks { damaged, expendable } = site.landmarks;
    let ada = r#"--json '{"first_name":"Ada","last_name":"Lovelace","email":"ada@example.com"}'"#;
    let twice = r#"--json '{"first_name":"Ada","first_name":"Eve"}'"#;
    let wrong = r#"--json '{"first_name":"Ada","last_name":"Lovelace","email":"ada","age":36}'"#;
    [
        (200, "the first customers", format!("curl -i {acme} '{customers}?limit=3'")),
        (201, "a new customer, and where it is", format!("curl -i {acme} {ada} {customers}")),
        (
            202,
            "the same, written later: its Location tells when",
            format!("curl -i {acme} -H 'Prefer: respond-async' {ada} {customers}"),
        ),
        (
            204,
            "a customer removed (once; after that it is the API's own 404)",
            format!("curl -i {acme} -X DELETE {customers}/{expendable}"),
        ),
        (
            500,
            "a damaged row: a fault of the API's own comes through as it is",
            format!("curl -i {acme} {customers}/{damaged}"),
        ),
        (400, "a name said twice in one document", format!("curl -i {acme} {twice} {customers}")),
        (401, "no key", format!("curl -i {customers}")),
        (403, "a key that may not delete", format!("curl -i {globex} -X DELETE {customers}/{expendable}")),
        (404, "an id is an integer: no such path", format!("curl -i {acme} {customers}/ada")),
        (405, "a method that the path has not", format!("curl -i {acme} -X DELETE {customers}")),
        (
            413,
            "64 KiB and one byte more, refused before it is sent",
            format!("printf '%65537s' | curl -i {acme} -H 'Expect: 100-continue' --json @- {customers}"),
        ),
        (415, "a form, where JSON is asked for", format!("curl -i {acme} -d name=Ada {customers}")),
        (422, "no email address, and a field that nobody knows", format!("curl -i {acme} {wrong} {customers}")),
        (429, "six requests at once, where a burst is three", format!("curl -si {acme} 'http://{gate}/jobs/1?[1-6]'")),
    ]
    .into_iter()
    .map(|(status, shows, command)| Example { status, shows, command })
    .collect()
}

/// What is printed once the gate is open at `gate`.
pub fn guide(gate: SocketAddr, site: &DemoSite) -> String {
    let mut text = format!(
        "The gate stands at http://{gate}, a customers API behind it. Ctrl-C ends both.\n\n  \
         rules   {}\n  \
         acme    {}  may read and delete\n  \
         globex  {}  may read\n\n\
         Answers of the API, come through:\n\n",
        site.config.display(),
        site.acme_key,
        site.globex_key,
    );
    let examples = examples(gate, site);
    // A 5xx of the gate's own needs an API that is down; here all of them are the API's.
    let (refused, passed): (Vec<_>, Vec<_>) = examples.iter().partition(|example| (400..500).contains(&example.status));
    write_examples(&mut text, &passed);
    text.push_str("\nRefused at the gate; the API never hears of these:\n\n");
    write_examples(&mut text, &refused);
    text
}

fn write_examples(text: &mut String, examples: &[&Example]) {
    for Example { status, shows, command } in examples {
        // Writing to a String does not fail.
        let _ = writeln!(text, "  {status}  {shows}\n       {command}");
    }
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

fn principal(name: &str, key: &str, scopes: &[&str], plan: &str) -> String {
    let hash = hex(&Sha256::digest(key));
    format!("[principal.{name}]\nkeys = [{{ sha256 = \"{hash}\" }}]\nscopes = {scopes:?}\nplan = \"{plan}\"\n")
}

/// 160 random bits: more than anyone can guess, and still short enough for a line of the guide.
fn new_key() -> io::Result<String> {
    let mut bytes = [0; 20];
    getrandom::fill(&mut bytes)?;
    Ok(format!("pk_{}", hex(&bytes)))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn the_guide_has_each_command_on_a_line_of_its_own() {
        let dir = tempfile::tempdir().expect("a folder");
        let site = site(dir.path());
        let gate = ([127, 0, 0, 1], 8181).into();
        let text = guide(gate, &site);
        assert!(text.lines().count() < 60, "{text}");
        let examples = examples(gate, &site);
        let statuses: Vec<_> = examples.iter().map(|example| example.status).collect();
        let expected = [200, 201, 202, 204, 500, 400, 401, 403, 404, 405, 413, 415, 422, 429];
        assert_eq!(statuses, expected);
        for Example { command, .. } in examples {
            assert_eq!(text.lines().filter(|line| line.trim() == command).count(), 1, "{command}");
        }
    }
}

//! How a case is written: files of `tests/breakage/cases`, and what they share in `common.toml`.

use std::path::Path;

use serde::Deserialize;

use super::script::{Step, Words, filled, parse};

/// One case, as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    /// What breaks.
    name: String,
    /// The upstream's `timeouts.total`.
    #[serde(default = "long")]
    total: String,
    /// Lines of `[limits]`.
    #[serde(default)]
    limits: String,
    /// Both sides' socket buffers, in bytes; the system's where nothing is said.
    window: Option<u32>,
    /// What the client does.
    client: Vec<String>,
    /// What the peer does, connection by connection. Beyond its script, and on every further connection, it
    /// answers each request with its method and target.
    #[serde(default)]
    peer: Vec<Vec<String>>,
    /// Nothing listens there until the fault is over.
    #[serde(default)]
    absent: bool,
    /// Every head that the client sees, in order: a status; a problem's code; and how its body ended, where it
    /// is not whole: `by_close`, `cut`, `reset`, or `broken` for any of the last two. `*` is any word.
    sees: Vec<String>,
    /// The body of the last answer.
    body: Option<String>,
    /// What becomes of the client's connection.
    connection: Connection,
    /// The lines of the access log: `END [STATUS] [CODE]`, and `: ` with a part of the cause.
    log: Vec<String>,
    /// The heads that each connection of the upstream sees.
    upstream: Vec<usize>,
    /// Whether the last of these serves the next request, too.
    #[serde(default)]
    kept: bool,
    /// The bodies that the upstream reads, in order: `whole` or `cut`, and how long.
    got: Option<Vec<String>>,
}

/// The client's connection after the fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Connection {
    /// It serves the next request.
    Lives,
    /// The gate ends it, cleanly.
    Closed,
    /// The gate ends it by a reset.
    Reset,
    /// The gate ends it, by a reset where bytes of the client's crossed its end.
    Ended,
    /// The client has left it.
    Gone,
}

/// One case, ready to be run.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) label: String,
    pub(super) config: String,
    /// Whether a short deadline holds for it, and for what is asked afterwards.
    pub(super) hurries: bool,
    pub(super) window: Option<u32>,
    pub(super) client: Vec<Step>,
    pub(super) peer: Vec<Vec<Step>>,
    pub(super) absent: bool,
    pub(super) sees: Vec<String>,
    pub(super) body: Option<Vec<u8>>,
    pub(super) connection: Connection,
    pub(super) log: Vec<String>,
    pub(super) upstream: Vec<usize>,
    pub(super) kept: bool,
    pub(super) got: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Common {
    config: String,
    words: Words,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CaseFile {
    /// What this file is about, for its readers.
    #[serde(rename = "about")]
    _about: String,
    case: Vec<Written>,
}

fn long() -> String {
    "30s".to_owned()
}

/// All cases, in order.
pub(super) fn read_all() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/breakage");
    let common: Common = read(&folder.join("common.toml"));
    let entries = std::fs::read_dir(folder.join("cases")).expect("the cases are there");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("it can be read").path()).collect();
    paths.sort();
    let mut all: Vec<Case> = Vec::new();
    for path in paths {
        let file = path.file_stem().and_then(|stem| stem.to_str()).expect("a name in plain text");
        for written in read::<CaseFile>(&path).case {
            let label = format!("{file}: {}", written.name);
            assert!(all.iter().all(|case| case.label != label), "two cases are called {label}");
            all.push(written.ready(label, &common));
        }
    }
    all
}

fn read<T: serde::de::DeserializeOwned>(path: &Path) -> T {
    let text = std::fs::read_to_string(path).expect("it can be read");
    toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

impl Written {
    fn ready(self, label: String, common: &Common) -> Case {
        let script = |steps: &[String]| parse(steps, &common.words).unwrap_or_else(|fault| panic!("{label}: {fault}"));
        Case {
            config: common.config.replace("{total}", &self.total).replace("{limits}", &self.limits),
            hurries: self.total != long() || !self.limits.is_empty(),
            window: self.window,
            client: script(&self.client),
            peer: self.peer.iter().map(|steps| script(steps)).collect(),
            absent: self.absent,
            sees: self.sees,
            body: self.body.map(|body| crate::support::text::bytes(&filled(&body, &common.words))),
            connection: self.connection,
            log: self.log,
            upstream: self.upstream,
            kept: self.kept,
            got: self.got,
            label,
        }
    }
}

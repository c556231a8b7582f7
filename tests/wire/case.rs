//! How a case of the wire is written.
//!
//! A file holds `[[request]]`, `[[response]]` and `[[chunks]]`. Each text of bytes may hold the placeholders of
//! [`crate::support::text`].
//!
//! A request is all that a client sends on one connection. What must come of it is one turn, written in its own
//! table, or several in `[[request.turn]]`, in order. A response is all that a peer answers to one request. Chunks
//! are a body without its head: they run as the body of a request that is read whole, of one that streams, and of
//! an answer, and must mean the same in all three.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::support::peer::Then;
use crate::support::text::bytes;

/// All cases.
pub(super) struct Corpus {
    pub(super) cases: Vec<Case>,
    /// So many are written; chunks run as three.
    pub(super) written: usize,
}

/// One case.
#[derive(Clone, Debug)]
pub(super) enum Case {
    Request(Request),
    Response(Response),
}

/// What a client sends on one connection.
#[derive(Clone, Debug)]
pub(super) struct Request {
    label: String,
    pub(super) raw: Vec<u8>,
    pub(super) turns: Vec<Turn>,
    pub(super) end: End,
}

/// What must come of one request. It is one of `passes`, `refused`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Turn {
    /// `METHOD TARGET`, as it is forwarded.
    pub(super) passes: Option<String>,
    /// The client's fields that are forwarded, in order: all of them, and none else but those that the gate sets.
    pub(super) fields: Vec<String>,
    /// The host that is forwarded, where it is not `gate.test`; empty where the client named none.
    pub(super) host: Option<String>,
    /// The version that the client spoke, where it is not 1.1.
    pub(super) via: Option<String>,
    /// The field that frames the body on its way, where it is not the length of one that is not empty.
    pub(super) framed: Option<String>,
    pub(super) body: String,
    /// `STATUS CODE: detail`, of which a part will do.
    pub(super) refused: Option<String>,
    /// The request asked by HEAD, so its answer has no body.
    pub(super) to_head: bool,
    /// A refusal for which the upstream was asked: that of a body that streams.
    pub(super) touches: bool,
}

/// Where a client's connection stands after all turns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum End {
    /// It serves a further request.
    Kept,
    /// The gate has closed it, after the last answer went out whole.
    Closed,
    /// More of a head has to come.
    WithinHead,
    /// More of a body has to come.
    WithinBody,
}

/// What a peer answers.
#[derive(Clone, Debug)]
pub(super) struct Response {
    label: String,
    pub(super) raw: Vec<u8>,
    pub(super) wanted: Wanted,
}

/// What was asked, and what must come of its answer. It is one of `passes`, `broken` and `aborted`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Wanted {
    /// Who asks: `GET` where it is not said.
    pub(super) asked: Asked,
    /// What the peer does then.
    pub(super) then: Then,
    /// `STATUS REASON`, as it is passed on.
    pub(super) passes: Option<String>,
    /// All fields that are passed on, in order; a `Date` where the peer sent none is left out.
    pub(super) fields: Vec<String>,
    pub(super) body: String,
    /// Interim answers that are passed on, before the final one or the refusal.
    pub(super) interim: Vec<u16>,
    /// A 502 of this cause, of which a part will do.
    pub(super) broken: Option<String>,
    /// The client sees where it was cut off, for this cause; of the body it has got the beginning at most.
    pub(super) aborted: Option<String>,
    /// The next request goes on another connection, although this answer passed and its peer would keep it.
    pub(super) not_reused: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub(super) enum Asked {
    #[default]
    #[serde(rename = "GET")]
    Get,
    #[serde(rename = "HEAD")]
    Head,
    #[serde(rename = "GET HTTP/1.0")]
    Old,
    #[serde(rename = "GET HTTP/1.0, kept")]
    OldKept,
}

/// A body in chunks.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Chunks {
    name: String,
    raw: String,
    /// What they are, taken apart; or what is wrong with them, of which a part will do.
    body: Option<String>,
    fault: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CaseFile {
    /// What this file is about, for its readers.
    #[serde(rename = "about")]
    _about: String,
    #[serde(default)]
    request: Vec<toml::Table>,
    #[serde(default)]
    response: Vec<toml::Table>,
    #[serde(default)]
    chunks: Vec<Chunks>,
}

impl Corpus {
    /// Every file of the corpus, in order of its name.
    pub(super) fn read() -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/wire");
        let entries = std::fs::read_dir(&folder).expect("the corpus is there");
        let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("it can be read").path()).collect();
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
        paths.sort();
        let mut corpus = Self { cases: Vec::new(), written: 0 };
        paths.iter().for_each(|path| corpus.add(path));
        corpus
    }

    fn add(&mut self, path: &Path) {
        let file = path.file_stem().and_then(|stem| stem.to_str()).expect("a name in plain text");
        let text = std::fs::read_to_string(path).expect("it can be read");
        let cases: CaseFile = toml::from_str(&text).unwrap_or_else(|error| panic!("{file}: {error}"));
        self.written += cases.request.len() + cases.response.len() + cases.chunks.len();
        self.cases.extend(cases.request.into_iter().map(|table| request(file, table)));
        self.cases.extend(cases.response.into_iter().map(|table| response(file, table)));
        self.cases.extend(cases.chunks.iter().flat_map(|chunks| chunks.all(file)));
    }
}

impl Case {
    /// What a failure calls it.
    pub(super) fn label(&self) -> &str {
        match self {
            Self::Request(request) => &request.label,
            Self::Response(response) => &response.label,
        }
    }

    pub(super) fn raw(&self) -> &[u8] {
        match self {
            Self::Request(request) => &request.raw,
            Self::Response(response) => &response.raw,
        }
    }
}

impl Turn {
    /// Whether its answer has no body.
    pub(super) fn is_to_head(&self) -> bool {
        self.to_head || self.passes.as_ref().is_some_and(|passes| passes.starts_with("HEAD "))
    }
}

/// A case's name, its bytes, and what else its table says.
fn named(file: &str, mut table: toml::Table) -> (String, Vec<u8>, toml::Table) {
    let mut text = |key: &str| match table.remove(key) {
        Some(toml::Value::String(text)) => text,
        other => panic!("{file}: {key} is {other:?} in {table:?}"),
    };
    let (name, raw) = (text("name"), text("raw"));
    (format!("{file}: {name}"), bytes(&raw), table)
}

fn read<T: serde::de::DeserializeOwned>(label: &str, value: toml::Value) -> T {
    value.try_into().unwrap_or_else(|error| panic!("{label}: {error}"))
}

fn request(file: &str, table: toml::Table) -> Case {
    let (label, raw, mut table) = named(file, table);
    let end: Option<End> = table.remove("end").map(|end| read(&label, end));
    let turns: Vec<Turn> = match table.remove("turn") {
        Some(turns) => read(&label, turns),
        None if table.is_empty() => Vec::new(),
        None => vec![read(&label, toml::Value::Table(table))],
    };
    assert!(
        turns.iter().all(|turn| turn.passes.is_some() != turn.refused.is_some()),
        "{label}: it passes or is refused"
    );
    // Most refusals are of bytes behind which nothing certain follows.
    let usual = if turns.last().is_some_and(|turn| turn.refused.is_some()) { End::Closed } else { End::Kept };
    Case::Request(Request { label, raw, turns, end: end.unwrap_or(usual) })
}

fn response(file: &str, table: toml::Table) -> Case {
    let (label, raw, table) = named(file, table);
    let wanted: Wanted = read(&label, toml::Value::Table(table));
    let verdicts = [&wanted.passes, &wanted.broken, &wanted.aborted];
    assert_eq!(verdicts.iter().filter(|verdict| verdict.is_some()).count(), 1, "{label}: it has one verdict");
    Case::Response(Response { label, raw, wanted })
}

impl Chunks {
    fn all(&self, file: &str) -> [Case; 3] {
        [self.request(file, "/whole"), self.request(file, "/stream"), self.response(file)]
    }

    fn request(&self, file: &str, target: &str) -> Case {
        let streams = target == "/stream";
        let field = "Content-Type: text/plain";
        let head =
            format!("POST {target} HTTP/1.1\r\nHost: gate.test\r\n{field}\r\nTransfer-Encoding: chunked\r\n\r\n");
        let turn = match (&self.body, &self.fault) {
            (Some(body), None) => Some(Turn {
                passes: Some(format!("POST {target}")),
                fields: vec![field.to_owned()],
                framed: match (streams, body.is_empty()) {
                    (true, _) => Some("Transfer-Encoding: chunked".to_owned()),
                    (false, true) => Some("Content-Length: 0".to_owned()),
                    (false, false) => None,
                },
                body: body.clone(),
                ..Turn::default()
            }),
            (None, Some(fault)) => Some(Turn {
                refused: Some(format!("400 body_misframed: {fault}")),
                touches: streams,
                ..Turn::default()
            }),
            (None, None) => None,
            (Some(_), Some(_)) => panic!("{}: a body, or a fault", self.name),
        };
        let end = match (&self.body, &self.fault) {
            (Some(_), _) => End::Kept,
            (_, Some(_)) => End::Closed,
            (None, None) => End::WithinBody,
        };
        Case::Request(Request {
            label: format!("{file}: {} [{target}]", self.name),
            raw: [head.into_bytes(), bytes(&self.raw)].concat(),
            turns: turn.into_iter().collect(),
            end,
        })
    }

    fn response(&self, file: &str) -> Case {
        let unfinished = self.body.is_none() && self.fault.is_none();
        let aborted = self.fault.clone().or(unfinished.then(|| "closed the connection before its time".to_owned()));
        let wanted = Wanted {
            passes: self.body.as_ref().map(|_| "200 OK".to_owned()),
            fields: self.body.iter().map(|_| "Transfer-Encoding: chunked".to_owned()).collect(),
            body: self.body.clone().unwrap_or_default(),
            aborted,
            then: if unfinished { Then::Close } else { Then::Keep },
            ..Wanted::default()
        };
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        Case::Response(Response {
            label: format!("{file}: {} [answer]", self.name),
            raw: [head.as_bytes(), &bytes(&self.raw)].concat(),
            wanted,
        })
    }
}

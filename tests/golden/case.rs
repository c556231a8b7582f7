//! How a golden case is written.
//!
//! A file has a configuration, the files beside it, and cases. A case has one step, written in its own
//! table, or several in `[[case.step]]`, sent in order to the same gate on one connection for as long as
//! that lives. A step is a request (`request` and `headers`, or `raw`) and what must come of it
//! (`refused`, else it passes). Each text of bytes may hold the placeholders of [`crate::support::text`].

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::Path;

use serde::Deserialize;
use serde::de::Error;

use super::expect::{AnswerExpect, Connection, ForwardedExpect};
use crate::support::peer::Script;

/// What the cases of one file share.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CaseFile {
    #[serde(skip)]
    pub(super) name: String,
    /// What this file is about, for its readers.
    #[serde(rename = "about")]
    _about: String,
    /// The configuration; `{upstream}` is the address of the peer.
    pub(super) config: String,
    /// Files that the configuration names; `{sha256:KEY}` is the hash of a key.
    #[serde(default)]
    pub(super) files: BTreeMap<String, String>,
}

/// One case.
#[derive(Debug)]
pub(super) struct Case {
    /// What it shows.
    pub(super) name: String,
    pub(super) only: Option<Only>,
    /// More tables for the configuration.
    pub(super) config: String,
    /// How the peer behaves, one script a request; live only.
    pub(super) peer: PeerScript,
    pub(super) steps: Vec<Step>,
}

/// The runner that a case is only for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Only {
    /// What needs time, framing on the wire or an upstream.
    Live,
    /// What needs a clock that can be set, or an address that is not ours.
    Decide,
}

/// The peer of a case.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(untagged)]
pub(super) enum PeerScript {
    #[default]
    Default,
    /// `"refuse"`: nothing listens there.
    Absent(Refuse),
    One(Script),
    Several(Vec<Script>),
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Refuse {
    Refuse,
}

/// One request, and what must come of it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Step {
    /// `METHOD TARGET`, and a version where it is not HTTP/1.1.
    pub(super) request: Option<String>,
    /// `Name: value`. `Host: gate.test` and the body's framing are added where they are missing.
    pub(super) headers: Vec<String>,
    /// Adds neither `Host` nor framing.
    pub(super) bare: bool,
    /// All bytes of the request, instead of everything above and of the body.
    pub(super) raw: Option<String>,
    pub(super) body: Option<String>,
    /// `{ text, count }`: the text so many times.
    pub(super) body_repeat: Option<Repeat>,
    /// The content coding that the body gets before it is sent.
    pub(super) encode: Option<String>,
    /// Sends the body in chunks, of so many bytes at most.
    pub(super) chunked: Option<usize>,
    /// Signs the request (RFC 9421).
    pub(super) sign: Option<Sign>,
    /// Which listener it comes to, by its place in the configuration.
    pub(super) listener: usize,
    /// The client's address.
    pub(super) client: Option<IpAddr>,
    /// How much later than the step before; decide only.
    pub(super) after: Option<String>,
    /// How many times the step is taken.
    pub(super) repeat: Option<usize>,
    /// The client ends its side of the connection after the request; live only.
    pub(super) half_close: bool,

    /// `STATUS STAGE CODE`; a step without it passes.
    pub(super) refused: Option<String>,
    pub(super) answer: AnswerExpect,
    pub(super) forwarded: ForwardedExpect,
    /// Codes of what only reports would have refused, in order.
    pub(super) findings: Vec<String>,
    /// What the log says caused it, or a part of that: for whatever went wrong behind the gate, or half-way.
    pub(super) cause: Option<String>,
    /// `"kept"` where nothing is said; live only.
    pub(super) connection: Connection,
    /// A refusal for which the upstream was asked: those of the last stage, and of a streamed body.
    pub(super) touches: bool,
}

/// A signature over a step's request.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Sign {
    /// The member of `Signature-Input`. `{now}`, `{now-300}` and `{now+300}` are seconds since the epoch; the same
    /// through all steps but for `after`.
    pub(super) input: String,
    /// What it is made with, where it is not acme's first secret.
    pub(super) secret: Option<String>,
    /// The label in both fields, where it is not `sig1`.
    pub(super) label: Option<String>,
    /// Adds `Content-Digest` of the body as it is sent.
    pub(super) digest: bool,
    /// `"NAME": VALUE` of components that are signed otherwise than they are sent.
    pub(super) instead: Vec<String>,
}

/// A text, so many times.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Repeat {
    pub(super) text: String,
    pub(super) count: usize,
}

impl<'de> Deserialize<'de> for Case {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut table = toml::Table::deserialize(deserializer)?;
        let mut take = |key: &str| table.remove(key);
        let text = |value: Option<toml::Value>| value.map_or(Ok(String::new()), toml::Value::try_into);
        let name = text(take("name")).map_err(D::Error::custom)?;
        let told = |error: &dyn std::fmt::Display| D::Error::custom(format!("in case {name:?}: {error}"));
        let config = text(take("config")).map_err(|error| told(&error))?;
        let only = take("only").map(toml::Value::try_into).transpose().map_err(|error| told(&error))?;
        let peer = take("peer").map_or(Ok(PeerScript::Default), toml::Value::try_into).map_err(|error| told(&error))?;
        let steps = match take("step") {
            Some(_) if !table.is_empty() => return Err(told(&"steps, and a request of its own")),
            Some(steps) => steps.try_into().map_err(|error| told(&error))?,
            None => vec![toml::Value::Table(table).try_into().map_err(|error| told(&error))?],
        };
        Ok(Self { name, only, config, peer, steps })
    }
}

/// Every file of the corpus, in order of its name.
pub(super) fn read_all() -> Vec<(CaseFile, Vec<Case>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let entries = std::fs::read_dir(&folder).expect("the corpus is there");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("it can be read").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    paths.sort();
    paths.iter().map(|path| read(path)).collect()
}

fn read(path: &Path) -> (CaseFile, Vec<Case>) {
    let name = path.file_stem().and_then(|stem| stem.to_str()).expect("a name in plain text").to_owned();
    let text = std::fs::read_to_string(path).expect("it can be read");
    let told = |error: toml::de::Error| -> ! { panic!("{name}: {error}") };
    let mut table: toml::Table = toml::from_str(&text).unwrap_or_else(|error| told(error));
    let cases = table.remove("case").expect("a file has cases");
    let cases = cases.try_into().unwrap_or_else(|error| told(error));
    let mut file: CaseFile = toml::Value::Table(table).try_into().unwrap_or_else(|error| told(error));
    file.name = name;
    (file, cases)
}

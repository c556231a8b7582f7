//! What the gate makes of the bytes: its codec and the stage `head`, message after message, until a refusal ends the
//! connection or there are no more bytes.

use std::io;
use std::path::{Path, PathBuf};

use portcullis::config::{self, Environment};
use portcullis::http1::{Body, HeadLimits, ParsedRequest, Scan, Version, request_framing};
use portcullis::policy::gateway::Gateway;
use portcullis::policy::head;
use portcullis::policy::time::Timestamp;

use crate::reading::{End, Message, Reading};

/// A gateway with one endpoint: the routes are no part of how a request is read.
const CONFIG: &[u8] = b"
[listener.public]
address = \"127.0.0.1:8080\"
[upstream.api]
peers = [\"http://127.0.0.1:9001\"]
[endpoint.\"/\".GET]
upstream = \"api\"
auth = \"none\"
quotas = []
";

/// A request line holds this beside its target.
const AROUND_TARGET: usize = 64;

struct Memory;

impl Environment for Memory {
    fn variable(&self, _name: &str) -> Option<String> {
        None
    }

    fn read(&self, _path: &Path) -> io::Result<Vec<u8>> {
        Ok(CONFIG.to_vec())
    }

    fn list(&self, _folder: &Path) -> io::Result<Vec<String>> {
        Ok(Vec::new())
    }

    fn canonical(&self, path: &Path) -> io::Result<PathBuf> {
        Ok(path.to_owned())
    }

    fn now(&self) -> Timestamp {
        Timestamp::default()
    }
}

/// The gate as far as it reads.
pub struct Gate(Gateway);

impl Gate {
    pub fn new() -> Self {
        let loaded = config::load(Path::new("portcullis.toml"), &Memory);
        Self(loaded.expect("the configuration is good").gateway)
    }

    /// Reads the bytes of one connection.
    pub fn read(&self, bytes: &[u8]) -> Reading {
        let mut reading = Reading::default();
        let mut rest = bytes;
        while !rest.is_empty() {
            match self.one(rest, &mut reading.messages) {
                Ok(behind) => rest = behind,
                Err((end, why)) => return Reading { end, why, ..reading },
            }
        }
        reading
    }

    /// Reads one message and returns what is behind it.
    fn one<'a>(&self, bytes: &'a [u8], messages: &mut Vec<Message>) -> Result<&'a [u8], (End, String)> {
        fn refused(why: impl std::fmt::Debug) -> (End, String) {
            (End::Refused, format!("{why:?}"))
        }
        let incomplete = || (End::Incomplete, String::new());
        let limits = &self.0.limits;
        let head_limits =
            HeadLimits { bytes: limits.max_head_bytes, first_line_bytes: limits.max_target_bytes + AROUND_TARGET };
        let end = Scan::default().head_end(bytes, &head_limits).map_err(refused)?.ok_or_else(incomplete)?;
        let (head, behind) = bytes.split_at(end);
        let parsed = ParsedRequest::parse(head).map_err(refused)?;
        let view = parsed.view();
        let judged = head::check(&view, &self.0.listeners[0], limits);
        // A refusal that does not break the connection has the body read away, and the next request read.
        let framing = match &judged {
            Ok(judged) => judged.framing,
            Err(rejection) if rejection.breaks_connection() => return Err(refused(rejection)),
            Err(_) => request_framing(&view).map_err(refused)?,
        };
        let version = if view.version == Version::Http11 { "1.1" } else { "1.0" };
        let fields = view.fields.iter().map(|field| (field.name, field.value));
        let mut message = Message::new(view.method, view.target, version, fields);
        message.refused = judged.is_err();
        message.raw.0 = head.to_vec();
        let mut body = Body::of_request(framing);
        let (mut held, mut data, mut taken) = (behind.to_vec(), Vec::new(), 0);
        // What is wrong behind the data shows with the next step.
        let done = loop {
            let decoded = match body.decode(&mut held) {
                Ok(decoded) => decoded,
                Err(fault) => {
                    messages.push(message);
                    return Err(refused(fault));
                }
            };
            data.extend_from_slice(&held[..decoded.data]);
            held.drain(..decoded.taken);
            taken += decoded.taken;
            if decoded.done || decoded.data == 0 {
                break decoded.done;
            }
        };
        message.body(&data, done);
        message.raw.1 = behind[..taken].to_vec();
        messages.push(message);
        match done {
            false => Err(incomplete()),
            true if !view.persists() => Err((End::Closed, String::new())),
            true => Ok(&behind[taken..]),
        }
    }
}

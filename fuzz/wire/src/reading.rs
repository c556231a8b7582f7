//! What a reader made of some bytes, in the one form in which all readers tell it.

use serde::{Deserialize, Serialize};
use sha2::Digest;

/// What a reader made of the bytes of one connection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// The requests whose head it took, in order.
    pub messages: Vec<Message>,
    /// What came behind them.
    pub end: End,
    /// Its own words on that.
    #[serde(default)]
    pub why: String,
}

/// What came behind the requests that a reader took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum End {
    /// Nothing.
    #[default]
    Clean,
    /// A head or a body that is not whole.
    Incomplete,
    /// Nothing that counts: the last request ended the connection.
    Closed,
    /// What it refused.
    Refused,
}

/// One request. Bytes are told as ISO 8859-1, so that every byte is a character of the same number.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    pub method: String,
    pub target: String,
    /// `1.0` or `1.1`.
    pub version: String,
    /// Names in lower case, in the order of the names; the values of one name as they came.
    pub fields: Vec<(String, String)>,
    /// Bytes of the body, decoded.
    pub length: u64,
    /// What the body is, in short.
    pub hash: String,
    /// Whether the body came whole.
    pub done: bool,
    /// Whether the gate refuses it and goes on behind it; then only its end matters.
    #[serde(skip)]
    pub refused: bool,
    /// Head and body as they stood on the wire, where the reader is the gate; for the excuses.
    #[serde(skip)]
    pub raw: (Vec<u8>, Vec<u8>),
}

impl Message {
    /// A head without its body.
    pub fn new<'a>(
        method: &[u8],
        target: &[u8],
        version: &str,
        fields: impl Iterator<Item = (&'a [u8], &'a [u8])>,
    ) -> Self {
        let fields = fields.map(|(name, value)| (latin1(name), latin1(value))).collect();
        let (method, target, version) = (latin1(method), latin1(target), version.to_owned());
        let mut this = Self { method, target, version, fields, ..Self::default() };
        this.body(b"", false);
        this.in_order()
    }

    /// The body as far as it came.
    pub fn body(&mut self, bytes: &[u8], done: bool) {
        self.length = bytes.len() as u64;
        self.hash = sha2::Sha256::digest(bytes)[..8].iter().map(|byte| format!("{byte:02x}")).collect();
        self.done = done;
    }

    /// Not every reader keeps how fields of different names stand to each other, which means nothing
    /// (RFC 9110 §5.3), nor how a coding was spelt, which means nothing either (RFC 9112 §7).
    pub fn in_order(mut self) -> Self {
        for (name, value) in &mut self.fields {
            name.make_ascii_lowercase();
            if name == "transfer-encoding" {
                value.make_ascii_lowercase();
            }
        }
        self.fields.sort_by(|(one, _), (other, _)| one.cmp(other));
        self
    }

    /// Whether a list names something; both are lower case.
    pub fn lists(&self, name: &str, member: &str) -> bool {
        let values = self.fields.iter().filter(|(own, _)| own == name);
        values.flat_map(|(_, value)| value.split(',')).any(|own| own.trim().eq_ignore_ascii_case(member))
    }
}

fn latin1(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

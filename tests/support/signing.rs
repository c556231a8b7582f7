//! A signer of requests (RFC 9421, hmac-sha256) that shares no code with the gate's verifier, and whoever remembers
//! what was presented.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use portcullis::policy::authenticate::{Authenticator, Finding, Need, Published, Question, Unavailable, Witness};
use portcullis::policy::jwt::KeySet;
use ring::{digest, hmac};

/// What is signed.
pub(crate) struct Request<'a> {
    /// Whether it goes by TLS.
    pub(crate) secure: bool,
    pub(crate) method: &'a str,
    pub(crate) target: &'a str,
    /// Names and values, as sent.
    pub(crate) fields: &'a [(&'a str, &'a str)],
}

/// The text that is signed by this member of `Signature-Input`. What is not there is signed as nothing.
pub(crate) fn base(request: &Request<'_>, input: &str) -> String {
    let covered = input.trim_start_matches('(').split(')').next().unwrap_or_default();
    let mut lines: Vec<String> =
        covered.split('"').skip(1).step_by(2).map(|name| format!("\"{name}\": {}", value(request, name))).collect();
    lines.push(format!("\"@signature-params\": {input}"));
    lines.join("\n")
}

fn value(request: &Request<'_>, name: &str) -> String {
    let field = |name: &str| {
        let named = request.fields.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.trim()).collect::<Vec<_>>().join(", ")
    };
    let (scheme, port) = if request.secure { ("https", ":443") } else { ("http", ":80") };
    let authority = || field("host").to_lowercase().trim_end_matches(port).to_owned();
    let (path, query) = request.target.split_once('?').unwrap_or((request.target, ""));
    match name {
        "@method" => request.method.to_owned(),
        "@authority" => authority(),
        "@scheme" => scheme.to_owned(),
        "@target-uri" => format!("{scheme}://{}{}", authority(), request.target),
        "@request-target" => request.target.to_owned(),
        "@path" => path.to_owned(),
        "@query" => format!("?{query}"),
        name => field(name),
    }
}

/// The signature of a base, as base64.
pub(crate) fn signature(secret: &[u8], base: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    BASE64_STANDARD.encode(hmac::sign(&key, base.as_bytes()))
}

/// The value of `Content-Digest` for a body.
pub(crate) fn sha256_digest(body: &[u8]) -> String {
    format!("sha-256=:{}:", BASE64_STANDARD.encode(digest::digest(&digest::SHA256, body)))
}

/// `{now}`, `{now-300}` and `{now+300}` filled in.
pub(crate) fn with_time(text: &str, now: u64) -> String {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once("{now") {
        let (offset, after) = behind.split_once('}').expect("{now+SECONDS}");
        let offset: i64 = if offset.is_empty() { 0 } else { offset.parse().expect("a number of seconds") };
        filled += before;
        filled += &now.saturating_add_signed(offset).to_string();
        rest = after;
    }
    filled + rest
}

/// Seconds since the epoch.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("it is after 1970").as_secs()
}

/// Remembers all that was presented, and knows nothing else.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    seen: Mutex<HashSet<[u8; 32]>>,
}

impl Witness for Memory {
    fn keys(&self, _: &Authenticator, _: &Published) -> Option<Arc<KeySet>> {
        None
    }

    fn testify(&self, need: &Need<'_>) -> Finding {
        match need.question {
            Question::Once { digest, .. } => Finding::First(self.seen.lock().expect("nobody panics").insert(digest)),
            _ => Finding::Unavailable(Unavailable("only what was presented is known here".to_owned())),
        }
    }
}

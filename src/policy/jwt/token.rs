//! A token as it comes: three parts of base64url, of which the first is read before anything is believed
//! (RFC 7515 §5.2).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::fault::TokenFault;
use crate::policy::body::{JsonRules, json};

/// A token whose header was read, and nothing else.
pub(super) struct Token<'t> {
    pub(super) header: Header,
    /// What is signed: the first two parts, as they came.
    pub(super) signed: &'t [u8],
    pub(super) signature: &'t [u8],
    payload: &'t [u8],
}

/// What a header says that matters here.
pub(super) struct Header {
    pub(super) algorithm: String,
    pub(super) key_id: Option<String>,
    pub(super) kind: Option<String>,
}

impl<'t> Token<'t> {
    pub(super) fn read(token: &'t [u8], max_bytes: usize) -> Result<Self, TokenFault> {
        if token.len() > max_bytes {
            return Err(TokenFault::TooLong);
        }
        let mut parts = token.split(|byte| *byte == b'.');
        let (first, second, third) = (parts.next().unwrap_or_default(), parts.next(), parts.next());
        match parts.count() {
            0 => {}
            2 => return Err(TokenFault::Encrypted),
            _ => return Err(TokenFault::Malformed("token not of three parts")),
        }
        let (Some(payload @ [_, ..]), Some(signature)) = (second, third) else {
            return Err(TokenFault::Malformed("token not of three parts"));
        };
        let header = Header::read(object(first, "token's header is malformed")?)?;
        let signed = &token[..first.len() + 1 + payload.len()];
        Ok(Self { header, signed, signature, payload })
    }

    pub(super) fn signature(&self) -> Result<Vec<u8>, TokenFault> {
        let malformed = TokenFault::Malformed("token's signature is malformed");
        match self.signature {
            [] => Err(malformed),
            text => URL_SAFE_NO_PAD.decode(text).map_err(|_| malformed),
        }
    }

    pub(super) fn payload(&self) -> Result<Map<String, Value>, TokenFault> {
        object(self.payload, "token's payload is malformed")
    }
}

impl Header {
    fn read(members: Map<String, Value>) -> Result<Self, TokenFault> {
        let text = |name: &str| match members.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(TokenFault::Malformed("a member of the token's header is no text")),
        };
        let algorithm = text("alg")?.ok_or(TokenFault::Malformed("token without alg"))?;
        let (key_id, kind, content) = (text("kid")?, text("typ")?, text("cty")?);
        match members.get("crit") {
            None => {}
            Some(Value::Array(_)) => return Err(TokenFault::Critical),
            Some(_) => return Err(TokenFault::Malformed("token whose crit is no list")),
        }
        if ["jwk", "jku", "x5u", "x5c"].iter().any(|name| members.contains_key(*name)) {
            return Err(TokenFault::EmbeddedKey);
        }
        if content.is_some_and(|content| is_type(&content, "jwt")) {
            return Err(TokenFault::Nested);
        }
        Ok(Self { algorithm, key_id, kind })
    }
}

/// RFC 7515 §4.1.9: a media type, whose `application/` may be left out.
pub(super) fn is_type(written: &str, expected: &str) -> bool {
    let bare = |text: &str| {
        let lower = text.to_ascii_lowercase();
        lower.strip_prefix("application/").map(str::to_owned).unwrap_or(lower)
    };
    bare(written) == bare(expected)
}

fn object(part: &[u8], otherwise: &'static str) -> Result<Map<String, Value>, TokenFault> {
    let malformed = TokenFault::Malformed(otherwise);
    let text = URL_SAFE_NO_PAD.decode(part).map_err(|_| malformed)?;
    match json::parse(&text, &JsonRules::default()) {
        Ok(Value::Object(members)) => Ok(members),
        _ => Err(malformed),
    }
}

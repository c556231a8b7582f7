//! Bearer tokens that only their issuer understands: it is asked about each (RFC 7662).
//!
//! Here is what is asked, and what an answer means. Who asks, and keeps answers for a while, is
//! `crate::identity`. An answer that says nothing certain is no answer, and lets nobody in.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::authorization::Authorization;
use super::claims::ClaimRules;
use super::evidence::{Claims, Finding, Question};
use super::fault::{CredentialFault, OpaqueFault};
use super::{Authenticator, Caller, Known, Service, Verdict};
use crate::policy::body::{JsonRules, json};
use crate::policy::time::Timestamp;

/// How tokens are asked about, and what their claims are to the gate.
#[derive(Debug)]
pub struct Introspection {
    /// Who is asked.
    pub service: Service,
    /// Who the gate is to it.
    pub client: Option<ClientAuthorization>,
    /// One of these must be in `aud`; none where it is not looked at.
    pub audience: Vec<String>,
    /// No token is longer.
    pub max_token_bytes: usize,
    /// Which claims are what.
    pub claims: ClaimRules,
    /// An answer may be used again for so long.
    pub cache: Duration,
}

/// A client's id and secret as a value of `Authorization`. Never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientAuthorization(String);

/// An answer's body is at most so large.
pub const MAX_ANSWER_BYTES: usize = 64 * 1024;

/// WHATWG URL §5.2: what stands for itself in a form. Blanks are percent-encoded, which every reader takes.
const FORM: &AsciiSet = &NON_ALPHANUMERIC.remove(b'*').remove(b'-').remove(b'.').remove(b'_');

impl Introspection {
    /// What it makes of a request.
    pub(super) fn check<'a>(
        &'a self,
        by: &'a Authenticator,
        authorization: Option<Authorization<'a>>,
        known: Known<'_>,
        now: Timestamp,
    ) -> Verdict<'a> {
        let Some(token) = authorization.and_then(|it| it.by("bearer")) else { return Verdict::Absent };
        let token = match b64token(token, self.max_token_bytes) {
            Ok(token) => token,
            Err(fault) => return Verdict::Failed(CredentialFault::Opaque(fault)),
        };
        let answer = known.findings().find_map(|finding| match finding {
            Finding::Token(claims) => Some(Ok(claims)),
            Finding::Unavailable(why) => Some(Err(why)),
            _ => None,
        });
        match answer {
            None => Verdict::Needs(Question::Token(token)),
            Some(Err(why)) => Verdict::Unavailable(why.clone()),
            Some(Ok(None)) => Verdict::Failed(CredentialFault::Inactive),
            Some(Ok(Some(claims))) => match self.judge(claims, now) {
                Ok(vouched) => Verdict::Known(Caller::vouched(by, Arc::new(vouched))),
                Err(fault) => Verdict::Failed(fault),
            },
        }
    }

    /// Judges what the issuer says of a token that it calls active.
    fn judge(&self, claims: &Claims, now: Timestamp) -> Result<super::Vouched, CredentialFault> {
        times(claims, now)?;
        bearer(claims)?;
        if !self.audience.is_empty() && !is_for(claims.get("aud"), &self.audience) {
            return Err(OpaqueFault::Audience.into());
        }
        self.claims.vouch(claims).map_err(CredentialFault::Claims)
    }

    /// The form that asks about a token (RFC 7662 §2.1).
    pub fn form(&self, token: &str) -> String {
        format!("token={}&token_type_hint=access_token", form_encoded(token))
    }
}

impl ClientAuthorization {
    /// RFC 6749 §2.3.1: both are encoded as in a form before they are joined.
    pub fn new(id: &str, secret: &str) -> Self {
        let joined = format!("{}:{}", form_encoded(id), form_encoded(secret));
        Self(format!("Basic {}", STANDARD.encode(joined)))
    }

    /// The value of `Authorization`.
    pub fn value(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ClientAuthorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientAuthorization(…)")
    }
}

/// What an answer's body says: the claims of a token that is good, or that it is not.
///
/// # Errors
///
/// Where it says neither, in words for the log.
pub fn read_answer(body: &[u8]) -> Result<Option<Claims>, &'static str> {
    let document = json::parse(body, &JsonRules::default()).map_err(|_| "answered with what is no strict JSON")?;
    let Value::Object(claims) = document else { return Err("answered with JSON that is no object") };
    // RFC 7662 §2.2: the one member that has to be there.
    match claims.get("active") {
        Some(Value::Bool(true)) => Ok(Some(claims)),
        Some(Value::Bool(false)) => Ok(None),
        _ => Err("did not say whether the token is active"),
    }
}

/// RFC 6750 §2.1.
fn b64token(token: &[u8], max_bytes: usize) -> Result<&str, OpaqueFault> {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(byte);
    let end = token.iter().position(|byte| !plain(byte)).unwrap_or(token.len());
    let sound = end > 0 && token[end..].iter().all(|byte| *byte == b'=');
    match std::str::from_utf8(token) {
        _ if token.len() > max_bytes => Err(OpaqueFault::TooLong),
        Ok(text) if sound => Ok(text),
        _ => Err(OpaqueFault::Malformed),
    }
}

/// That it is good now is what its issuer says; it may say in the same breath until when.
fn times(claims: &Claims, now: Timestamp) -> Result<(), OpaqueFault> {
    if time(claims, "exp")?.is_some_and(|end| now.seconds() as f64 >= end) {
        return Err(OpaqueFault::Expired);
    }
    if time(claims, "nbf")?.is_some_and(|start| (now.seconds() as f64) < start) {
        return Err(OpaqueFault::NotYet);
    }
    Ok(())
}

/// RFC 7519 §2: seconds since the epoch, perhaps with a fraction.
fn time(claims: &Claims, name: &str) -> Result<Option<f64>, OpaqueFault> {
    match claims.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Number(seconds)) => seconds.as_f64().map(Some).ok_or(OpaqueFault::Time),
        Some(_) => Err(OpaqueFault::Time),
    }
}

/// Whether whoever has it may use it, and for this.
fn bearer(claims: &Claims) -> Result<(), OpaqueFault> {
    let says = |name: &str, word: &str| {
        claims.get(name).and_then(Value::as_str).is_some_and(|said| said.eq_ignore_ascii_case(word))
    };
    // RFC 8705 §3.2 and RFC 9449 §6.2: good only with a proof that is not looked at here.
    if claims.get("cnf").is_some_and(|bound| !bound.is_null()) || says("token_type", "DPoP") {
        return Err(OpaqueFault::Bound);
    }
    // Some call every token of theirs active, and tell apart what it is for.
    if says("token_use", "refresh_token") || says("token_type", "refresh_token") {
        return Err(OpaqueFault::NotAccess);
    }
    Ok(())
}

/// RFC 7519 §4.1.3: one text, or a list of texts.
fn is_for(aud: Option<&Value>, audience: &[String]) -> bool {
    let ours = |said: &Value| said.as_str().is_some_and(|said| audience.iter().any(|own| own == said));
    match aud {
        Some(Value::Array(items)) => items.iter().any(ours),
        Some(one) => ours(one),
        None => false,
    }
}

fn form_encoded(text: &str) -> String {
    utf8_percent_encode(text, FORM).to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::policy::authenticate::{ClaimFault, ServiceUrl};

    fn judged(claims: Value) -> Result<String, CredentialFault> {
        let url = ServiceUrl::parse("http://localhost/").expect("a URL");
        let introspection = Introspection {
            service: Service { url, tls: None, timeout: Duration::ZERO },
            client: None,
            audience: vec!["us".to_owned()],
            max_token_bytes: 10,
            claims: ClaimRules::default(),
            cache: Duration::ZERO,
        };
        let judged = introspection.judge(claims.as_object().expect("an object"), Timestamp::from_seconds(100));
        judged.map(|vouched| vouched.name)
    }

    #[test]
    fn what_is_said_of_a_token_has_to_hold() {
        let ok = || Ok("ada".to_owned());
        assert_eq!(judged(json!({ "sub": "ada", "aud": "us" })), ok());
        assert_eq!(judged(json!({ "sub": "ada", "aud": ["they", "us"], "exp": 101, "nbf": 100 })), ok());
        assert_eq!(judged(json!({ "sub": "ada", "aud": "us", "token_type": "Bearer" })), ok());
        for (claims, fault) in [
            (json!({ "exp": 100 }), OpaqueFault::Expired),
            (json!({ "exp": -1 }), OpaqueFault::Expired),
            (json!({ "nbf": 100.5 }), OpaqueFault::NotYet),
            (json!({ "exp": "101" }), OpaqueFault::Time),
            (json!({ "nbf": [] }), OpaqueFault::Time),
            (json!({ "aud": "they" }), OpaqueFault::Audience),
            (json!({ "aud": ["they"] }), OpaqueFault::Audience),
            (json!({ "aud": null }), OpaqueFault::Audience),
            (json!({ "cnf": { "jkt": "x" } }), OpaqueFault::Bound),
            (json!({ "token_type": "dpop" }), OpaqueFault::Bound),
            (json!({ "token_use": "refresh_token" }), OpaqueFault::NotAccess),
        ] {
            let mut all = json!({ "sub": "ada", "aud": "us" });
            all.as_object_mut().expect("an object").extend(claims.as_object().expect("an object").clone());
            assert_eq!(judged(all), Err(fault.into()), "{claims}");
        }
        assert_eq!(
            judged(json!({ "aud": "us", "client_id": "a" })),
            Err(CredentialFault::Claims(ClaimFault::NoPrincipal))
        );
    }

    #[test]
    fn an_answer_says_one_thing() {
        assert_eq!(read_answer(b"{\"active\":false,\"sub\":\"ada\"}"), Ok(None));
        assert!(read_answer(b"{\"active\":true}").expect("it says so").is_some());
        for odd in
            ["", "{}", "[]", "true", "{\"active\":1}", "{\"active\":\"true\"}", "{\"active\":false,\"active\":true}"]
        {
            assert!(read_answer(odd.as_bytes()).is_err(), "{odd}");
        }
    }

    #[test]
    fn tokens_have_one_syntax() {
        for good in ["a", "aZ09-._~+/", "abc=="] {
            assert_eq!(b64token(good.as_bytes(), 10), Ok(good));
        }
        for bad in ["", "=", "a=b", "a b", "a,b", "a\"", "é"] {
            assert_eq!(b64token(bad.as_bytes(), 10), Err(OpaqueFault::Malformed), "{bad}");
        }
        assert_eq!(b64token(b"12345678901", 10), Err(OpaqueFault::TooLong));
    }

    #[test]
    fn a_client_is_encoded_before_it_is_joined() {
        let client = ClientAuthorization::new("a:b", "p+ ü");
        assert_eq!(client.value(), format!("Basic {}", STANDARD.encode("a%3Ab:p%2B%20%C3%BC")));
        assert!(!format!("{client:?}").contains(&client.value()[6..]));
    }
}

//! Forward authentication: another service sees some of the request's fields, and says who it is or what
//! its client is told instead.
//!
//! Here is what it is asked, and what its answer means. Who asks is `crate::identity`.

use std::sync::Arc;

use serde_json::Value;

use super::claims::ClaimRules;
use super::evidence::{Claims, Finding, Question, Relayed, Spoken, Unavailable};
use super::{Authenticator, Caller, Known, Service, Verdict};
use crate::policy::access::contains;
use crate::policy::decide::Arrived;
use crate::policy::rejection::Rejection;

/// Another service that says who it is.
#[derive(Debug)]
pub struct Delegate {
    /// Who is asked.
    pub service: Service,
    /// The request's fields that hold a credential for it, lower case. It sees no others.
    pub fields: Vec<String>,
    /// Which fields of its answer are what.
    pub claims: ClaimRules,
}

/// A refusal's body is relayed up to so many bytes.
pub const MAX_RELAYED_BYTES: usize = 16 * 1024;

/// The fields of an answer are at most so many bytes.
const MAX_ANSWER_HEAD_BYTES: usize = 8 * 1024;

/// What is known of a request before a delegate is asked.
#[derive(Clone, Copy)]
pub(super) struct Asked {
    /// Nobody else knows the caller, and somebody has to.
    pub(super) must: bool,
    /// `Authorization` was somebody else's credential, who took it.
    pub(super) authorization_taken: bool,
}

impl Delegate {
    /// What it makes of a request.
    pub(super) fn check<'a>(
        &'a self,
        by: &'a Authenticator,
        arrived: &Arrived<'a>,
        known: Known<'_>,
        asked: Asked,
    ) -> Verdict<'a> {
        let mut presented = false;
        for field in &self.fields {
            // RFC 9113 §8.2.3: a cookie may come in pieces. Whatever else comes twice says two things.
            let there = match field.as_str() {
                "cookie" => Ok(arrived.head.request.value("cookie").is_some()),
                field => arrived.head.request.single(field).map(|value| value.is_some()),
            };
            match there {
                Err(fault) => return Verdict::Refused(fault.into()),
                Ok(there) => presented |= there && !(asked.authorization_taken && field == "authorization"),
            }
        }
        if !presented && !asked.must {
            return Verdict::Absent;
        }
        let answer = known.findings().find_map(|finding| match finding {
            Finding::Spoken(spoken) => Some(Ok(spoken)),
            Finding::Unavailable(why) => Some(Err(why)),
            _ => None,
        });
        match answer {
            None => Verdict::Needs(Question::Request),
            Some(Err(why)) => Verdict::Unavailable(why.clone()),
            Some(Ok(Spoken::Passes(claims))) => match self.claims.vouch(claims) {
                Ok(vouched) => Verdict::Known(Caller::vouched(by, Arc::new(vouched))),
                Err(fault) => {
                    let why = format!("`{}` did not say who: {}", by.name, fault.message());
                    Verdict::Unavailable(Unavailable(why))
                }
            },
            Some(Ok(Spoken::Refuses(relayed))) => {
                let relayed = challenging(relayed, by);
                // Who may not is known all the same, and has not guessed.
                let failed = presented && relayed.status == 401;
                Verdict::Refused(Rejection::RefusedByService { relayed, failed })
            }
        }
    }

    /// The fields of the request that asks it, which has no body.
    pub fn question<'r>(&'r self, arrived: &'r Arrived<'_>) -> Vec<(&'r str, Vec<u8>)> {
        let request = arrived.head.request;
        let mut fields: Vec<(&str, Vec<u8>)> = Vec::new();
        for field in &self.fields {
            let values: Vec<&[u8]> = request.values(field).collect();
            if !values.is_empty() {
                fields.push((field, values.join(&b"; "[..])));
            }
        }
        let listener = &arrived.gateway.listeners[arrived.connection.listener];
        let trusted = contains(&listener.trusted_proxies, arrived.connection.peer.to_canonical());
        let kept = |name| request.value(name).filter(|_| trusted);
        fields.push(("x-forwarded-method", arrived.head.method.into()));
        fields.push((
            "x-forwarded-proto",
            kept("x-forwarded-proto").unwrap_or(arrived.connection.scheme().as_bytes()).into(),
        ));
        if let Some(host) = kept("x-forwarded-host").or(arrived.head.host.map(str::as_bytes)) {
            fields.push(("x-forwarded-host", host.into()));
        }
        fields.push(("x-forwarded-uri", arrived.head.target.origin_form().as_bytes().into()));
        fields.push(("x-forwarded-for", arrived.client.to_string().into_bytes()));
        fields
    }

    /// What an answer means; its fields with names in lower case, and no body where it was too large.
    ///
    /// # Errors
    ///
    /// Where it means nothing, in words for the log.
    pub fn spoken<'f>(
        &self,
        status: u16,
        fields: impl Iterator<Item = (&'f str, &'f [u8])>,
        body: Option<&[u8]>,
    ) -> Result<Spoken, String> {
        match status {
            200..=299 => Ok(Spoken::Passes(Arc::new(told(fields)?))),
            401 | 403 => Ok(Spoken::Refuses(Arc::new(relayed(status, fields, body)))),
            other => Err(format!("answered {other}")),
        }
    }
}

/// The fields of an answer that lets it pass, as claims.
fn told<'f>(fields: impl Iterator<Item = (&'f str, &'f [u8])>) -> Result<Claims, String> {
    let (mut claims, mut bytes) = (Claims::new(), 0);
    for (name, value) in fields {
        bytes += name.len() + value.len() + 4;
        // What the service has a browser keep is its own affair.
        let Some(text) = visible(value).filter(|_| name != "set-cookie") else { continue };
        let value = match claims.remove(name) {
            None => Value::from(text),
            // What comes twice is a list: nobody's name.
            Some(Value::Array(mut values)) => {
                values.push(text.into());
                Value::Array(values)
            }
            Some(first) => Value::Array(vec![first, text.into()]),
        };
        claims.insert(name.to_owned(), value);
    }
    if bytes > MAX_ANSWER_HEAD_BYTES {
        return Err("answered with a head of more than 8 KiB".to_owned());
    }
    Ok(claims)
}

fn relayed<'f>(status: u16, fields: impl Iterator<Item = (&'f str, &'f [u8])>, body: Option<&[u8]>) -> Relayed {
    let (mut challenges, mut media_type) = (Vec::new(), None);
    for (name, value) in fields {
        match (name, visible(value)) {
            // RFC 9110 §11.6.1: a list.
            ("www-authenticate", Some(challenge)) => challenges.push(challenge),
            ("content-type", Some(text)) => media_type = Some(text.to_owned()),
            _ => {}
        }
    }
    let challenge = (!challenges.is_empty()).then(|| challenges.join(", "));
    let body = body.unwrap_or_default().to_vec();
    Relayed { status, challenge, media_type: media_type.filter(|_| !body.is_empty()), body }
}

/// RFC 9110 §15.5.2: a 401 has to say how to ask.
fn challenging(relayed: &Arc<Relayed>, by: &Authenticator) -> Arc<Relayed> {
    match (relayed.status, &relayed.challenge) {
        (401, None) => Arc::new(Relayed { challenge: Some(by.challenge(None)), ..(**relayed).clone() }),
        _ => Arc::clone(relayed),
    }
}

fn visible(value: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(value).ok()?;
    text.bytes().all(|byte| matches!(byte, 0x20..=0x7e)).then_some(text)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::policy::authenticate::ServiceUrl;

    fn spoken(status: u16, fields: &[(&str, &str)], body: Option<&[u8]>) -> Result<Spoken, String> {
        let url = ServiceUrl::parse("http://localhost/").expect("a URL");
        let service = Service { url, tls: None, timeout: Duration::ZERO };
        let delegate = Delegate { service, fields: Vec::new(), claims: ClaimRules::default() };
        delegate.spoken(status, fields.iter().map(|(name, value)| (*name, value.as_bytes())), body)
    }

    #[test]
    fn what_passes_tells_its_fields() {
        let fields = [("x-user", "ada"), ("x-group", "a"), ("x-group", "b"), ("set-cookie", "s=1"), ("x-odd", "é")];
        let Ok(Spoken::Passes(claims)) = spoken(204, &fields, None) else { panic!("it passes") };
        let expected = serde_json::json!({ "x-user": "ada", "x-group": ["a", "b"] });
        assert_eq!(Some(&*claims), expected.as_object());
        assert!(spoken(200, &[("x-user", &"a".repeat(8 * 1024))], None).is_err());
    }

    #[test]
    fn what_refuses_is_relayed_and_all_else_means_nothing() {
        let fields = [("www-authenticate", "A"), ("www-authenticate", "B"), ("content-type", "text/plain")];
        let Ok(Spoken::Refuses(relayed)) = spoken(401, &fields, Some(b"no")) else { panic!("it refuses") };
        assert_eq!((relayed.challenge.as_deref(), relayed.media_type.as_deref()), (Some("A, B"), Some("text/plain")));
        assert_eq!(relayed.body, b"no");
        let Ok(Spoken::Refuses(relayed)) = spoken(403, &fields, None) else { panic!("it refuses") };
        assert_eq!((relayed.media_type.as_deref(), &*relayed.body), (None, &b""[..]));
        for status in [100, 302, 400, 404, 429, 500, 503] {
            assert_eq!(spoken(status, &[], None).err(), Some(format!("answered {status}")));
        }
    }
}

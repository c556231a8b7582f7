//! What a refusal looks like: RFC 9457 by default, the API's old clothes where the configuration has some.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::Serialize;

use super::authenticate::Relayed;
use super::rejection::{Rejection, Wire};
use super::schema::Violation;

/// An answer of the gate's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The fields, without those of framing and connection.
    pub fields: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// What refusals look like.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Face {
    /// The body, where not a problem document.
    pub template: Option<FaceTemplate>,
    /// Our status to theirs; what is not named stays.
    pub status: BTreeMap<u16, u16>,
}

/// A body in the form that a legacy client expects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaceTemplate {
    /// Its `Content-Type`.
    pub media_type: String,
    /// Text and placeholders in turn.
    pub pieces: Vec<Piece>,
}

/// A piece of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Stands as it is.
    Text(String),
    /// Is filled in, escaped for the media type.
    Placeholder(Placeholder),
}

/// What a template can ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placeholder {
    /// The status that is sent.
    Status,
    /// The problem's title.
    Title,
    /// The problem's detail, with the first violation of a 422.
    Detail,
    /// The problem's type URI.
    Type,
    /// The problem's code.
    Code,
    /// The URI of this occurrence.
    Instance,
}

impl Placeholder {
    /// All of them, by the name between braces.
    pub const ALL: [(&'static str, Self); 6] = [
        ("status", Self::Status),
        ("title", Self::Title),
        ("detail", Self::Detail),
        ("type", Self::Type),
        ("code", Self::Code),
        ("instance", Self::Instance),
    ];
}

#[derive(Serialize)]
struct Problem<'a> {
    r#type: &'a str,
    title: &'a str,
    status: u16,
    detail: &'a str,
    instance: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [Violation],
}

impl Face {
    /// The answer that tells a rejection. `request_id` makes the `instance`.
    pub fn answer(&self, rejection: &Rejection, request_id: &str) -> Answer {
        if let Rejection::RefusedByService { relayed, .. } = rejection {
            return relay(relayed);
        }
        let wire = rejection.wire();
        let status = self.status.get(&wire.status).copied().unwrap_or(wire.status);
        let kind = format!("urn:portcullis:problem:{}", wire.code);
        let instance = format!("urn:portcullis:request:{request_id}");
        let (media_type, body) = match &self.template {
            None => {
                let detail = rejection.detail();
                let problem = Problem {
                    r#type: &kind,
                    title: wire.title,
                    status,
                    detail: &detail,
                    instance: &instance,
                    errors: rejection.violations(),
                };
                let body = serde_json::to_vec(&problem).unwrap_or_default();
                ("application/problem+json".to_owned(), body)
            }
            Some(template) => {
                let filled = template.fill(rejection, &wire, status, &kind, &instance);
                (template.media_type.clone(), filled.into_bytes())
            }
        };
        let mut fields = rejection.fields();
        fields.push(("Content-Type", media_type));
        // A refusal speaks of this caller and this moment.
        fields.push(("Cache-Control", "no-store".to_owned()));
        Answer { status, fields, body }
    }
}

/// What another service said is told as it said it, whatever refusals look like here.
fn relay(relayed: &Relayed) -> Answer {
    let mut fields = Vec::new();
    fields.extend(relayed.challenge.clone().map(|challenge| ("WWW-Authenticate", challenge)));
    fields.extend(relayed.media_type.clone().map(|media_type| ("Content-Type", media_type)));
    fields.push(("Cache-Control", "no-store".to_owned()));
    Answer { status: relayed.status, fields, body: relayed.body.clone() }
}

impl FaceTemplate {
    fn fill(&self, rejection: &Rejection, wire: &Wire, status: u16, kind: &str, instance: &str) -> String {
        let mut filled = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => filled.push_str(text),
                Piece::Placeholder(Placeholder::Status) => {
                    let _ = write!(filled, "{status}");
                }
                Piece::Placeholder(Placeholder::Title) => self.escape(wire.title, &mut filled),
                Piece::Placeholder(Placeholder::Detail) => self.escape(&full_detail(rejection), &mut filled),
                Piece::Placeholder(Placeholder::Type) => self.escape(kind, &mut filled),
                Piece::Placeholder(Placeholder::Code) => self.escape(wire.code, &mut filled),
                Piece::Placeholder(Placeholder::Instance) => self.escape(instance, &mut filled),
            }
        }
        filled
    }

    /// Escapes for what the media type says the body is; a template of another type gets plain text
    /// without controls.
    fn escape(&self, text: &str, into: &mut String) {
        let essence = self.media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if essence.ends_with("json") {
            let quoted = serde_json::to_string(text).unwrap_or_default();
            into.push_str(quoted.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or_default());
        } else if essence.ends_with("xml") || essence.ends_with("html") {
            for c in text.chars() {
                match c {
                    '<' => into.push_str("&lt;"),
                    '>' => into.push_str("&gt;"),
                    '&' => into.push_str("&amp;"),
                    '"' => into.push_str("&quot;"),
                    '\'' => into.push_str("&#39;"),
                    c if c.is_control() => into.push(' '),
                    c => into.push(c),
                }
            }
        } else {
            into.extend(text.chars().map(|c| if c.is_control() { ' ' } else { c }));
        }
    }
}

/// A template has no list of errors, so the first of them joins the detail.
fn full_detail(rejection: &Rejection) -> String {
    match rejection.violations().first() {
        None => rejection.detail().into_owned(),
        Some(first) => format!("{} {}: {}", rejection.detail(), first.pointer, first.detail),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn face(media_type: &str, text: &str) -> Face {
        let pieces = vec![Piece::Text(text.to_owned()), Piece::Placeholder(Placeholder::Detail)];
        Face { template: Some(FaceTemplate { media_type: media_type.to_owned(), pieces }), status: [(422, 400)].into() }
    }

    fn violated() -> Rejection {
        let detail = "\"<b>\" & 'c'\n is not known".to_owned();
        Rejection::SchemaViolated(vec![Violation { pointer: "#/a".to_owned(), detail, keyword: "type" }])
    }

    #[test]
    fn a_problem_document_by_default() {
        let answer = Face::default().answer(&violated(), "r1");
        assert_eq!(answer.status, 422);
        let body: serde_json::Value = serde_json::from_slice(&answer.body).expect("it is JSON");
        assert_eq!(body["type"], "urn:portcullis:problem:schema_violated");
        assert_eq!(body["instance"], "urn:portcullis:request:r1");
        assert_eq!(body["errors"][0]["pointer"], "#/a");
    }

    #[test]
    fn what_another_service_says_is_told_as_it_came() {
        let relayed =
            Relayed { status: 403, challenge: None, media_type: Some("text/plain".into()), body: b"no".into() };
        let rejection = Rejection::RefusedByService { relayed: relayed.into(), failed: true };
        let face = Face { status: [(403, 400)].into(), ..face("application/xml", "") };
        let answer = face.answer(&rejection, "r1");
        assert_eq!((answer.status, &*answer.body), (403, &b"no"[..]));
        let fields = [("Content-Type", "text/plain".to_owned()), ("Cache-Control", "no-store".to_owned())];
        assert_eq!(answer.fields, fields);
    }

    #[test]
    fn old_clothes_are_escaped_for_their_type() {
        let json = face("application/json; charset=utf-8", "").answer(&violated(), "r1");
        assert_eq!(json.status, 400);
        let text = String::from_utf8(json.body).expect("it is UTF-8");
        let parsed: Result<String, _> = serde_json::from_str(&format!("\"{text}\""));
        assert!(parsed.expect("it stands between quotes").ends_with("is not known"));
        let xml = face("application/xml", "<e>").answer(&violated(), "r1");
        assert!(String::from_utf8_lossy(&xml.body).contains("&quot;&lt;b&gt;&quot; &amp; &#39;c&#39;  is"));
    }
}

//! Stage *media type*: is the body's type and coding one this method takes; can we answer what it
//! accepts?
//!
//! It decides how the body will be read. What it cannot know before the body came (whether a chunked
//! one is empty) it hands on as a rejection to be used if it is not.

use super::body::Coding;
use super::gateway::Endpoint;
use super::head::Head;
use super::rejection::Rejection;
use crate::http1::Framing;
use crate::http1::RequestHead;

/// A media type as configured, without parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaType {
    /// `type/subtype`, lower case.
    pub essence: String,
    /// What the gate can read of it.
    pub format: Format,
}

/// What the gate can read of a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `application/json` and every `+json` (RFC 6839 §3.1).
    Json,
    /// `application/x-www-form-urlencoded`.
    Form,
    /// Nothing: the type is checked, the content is not.
    Opaque,
}

/// How a body will be read.
#[derive(Clone, Debug, PartialEq)]
pub enum BodyKind {
    /// There is none.
    Absent,
    /// There may be none; if there is one, this refuses it.
    MustBeEmpty(Rejection),
    /// It is read whole and checked.
    Checked {
        /// As what.
        format: Format,
        /// After decoding this.
        coding: Option<Coding>,
    },
    /// It streams through, and nobody looks.
    Unchecked,
}

impl MediaType {
    /// Reads a type as an operator writes it; `None` where it is not `type/subtype`.
    pub fn parse(text: &str) -> Option<Self> {
        let essence = text.to_ascii_lowercase();
        let (kind, subtype) = essence.split_once('/')?;
        if !crate::http1::is_token(kind.as_bytes()) || !crate::http1::is_token(subtype.as_bytes()) {
            return None;
        }
        let format = match subtype {
            "json" if kind == "application" => Format::Json,
            "x-www-form-urlencoded" if kind == "application" => Format::Form,
            _ if subtype.ends_with("+json") => Format::Json,
            _ => Format::Opaque,
        };
        Some(Self { essence, format })
    }
}

/// Judges the types of body and answer.
pub fn check(endpoint: &Endpoint, head: &Head<'_>) -> Result<BodyKind, Rejection> {
    let kind = if head.framing.is_empty() { BodyKind::Absent } else { body_kind(endpoint, head)? };
    acceptable(endpoint, head.request)?;
    Ok(kind)
}

fn body_kind(endpoint: &Endpoint, head: &Head<'_>) -> Result<BodyKind, Rejection> {
    let rule = &endpoint.body;
    let mut types = head.request.values("content-type");
    let content_type = match (types.next(), types.next()) {
        (_, Some(_)) => return Err(Rejection::RepeatedContentType),
        (first, None) => first,
    };
    if rule.media_types.is_empty() && rule.unchecked {
        return Ok(BodyKind::Unchecked);
    }
    let refusal = unsupported(endpoint);
    let Some(content_type) = content_type.filter(|_| !rule.media_types.is_empty()) else {
        // Whether a chunked body is a body at all shows only once it came.
        return match head.framing {
            Framing::Chunked => Ok(BodyKind::MustBeEmpty(refusal)),
            Framing::Length(_) => Err(refusal),
        };
    };
    let Some(format) = accepted_format(&endpoint.body.media_types, content_type) else {
        return Err(refusal);
    };
    if rule.unchecked {
        // Nobody here decodes it, so its coding is between client and upstream.
        return Ok(BodyKind::Unchecked);
    }
    Ok(BodyKind::Checked { format, coding: coding(head.request)? })
}

/// RFC 9110 §8.3.1: the essence decides; JSON and forms are UTF-8 or not ours (RFC 8259 §8.1).
fn accepted_format(taken: &[MediaType], content_type: &[u8]) -> Option<Format> {
    let text = std::str::from_utf8(content_type).ok()?;
    let mut parts = text.split(';');
    let essence = parts.next()?.trim_matches([' ', '\t']);
    let format = taken.iter().find(|media| media.essence.eq_ignore_ascii_case(essence))?.format;
    for parameter in parts {
        let parameter = parameter.trim_matches([' ', '\t']);
        if parameter.is_empty() {
            continue;
        }
        let (name, value) = parameter.split_once('=')?;
        let utf8 = value.trim_matches('"').eq_ignore_ascii_case("utf-8");
        if name.eq_ignore_ascii_case("charset") && !utf8 && format != Format::Opaque {
            return None;
        }
    }
    Some(format)
}

/// RFC 9110 §8.4: one coding. Of several, the next reader might undo another number than we did.
fn coding(request: &RequestHead<'_>) -> Result<Option<Coding>, Rejection> {
    let mut codings = request.list("content-encoding");
    match (codings.next(), codings.next()) {
        (None, _) => Ok(None),
        (Some(name), None) if name.eq_ignore_ascii_case(b"identity") => Ok(None),
        (Some(name), None) => Coding::parse(name).map(Some).ok_or(Rejection::UnsupportedCoding),
        (Some(_), Some(_)) => Err(Rejection::UnsupportedCoding),
    }
}

fn unsupported(endpoint: &Endpoint) -> Rejection {
    Rejection::UnsupportedMediaType {
        accept: endpoint.body.media_types.iter().map(|media| media.essence.clone()).collect(),
        hint: match endpoint.method.as_str() {
            // RFC 5789 §3.1
            "PATCH" => Some("Accept-Patch"),
            // W3C Linked Data Platform 1.0 §7.1
            "POST" => Some("Accept-Post"),
            _ => None,
        },
    }
}

/// RFC 9110 §12.5.1: the most specific range that names a type gives its weight; no field, no wish.
fn acceptable(endpoint: &Endpoint, request: &RequestHead<'_>) -> Result<(), Rejection> {
    let ranges: Vec<(&str, bool)> = request.list("accept").filter_map(range).collect();
    let takes = |essence: &str| {
        let kind = essence.split('/').next().unwrap_or_default();
        let weight_of =
            |wanted: &dyn Fn(&str) -> bool| ranges.iter().find(|(range, _)| wanted(range)).map(|(_, welcome)| *welcome);
        weight_of(&|range| range.eq_ignore_ascii_case(essence))
            .or_else(|| weight_of(&|range| range.strip_suffix("/*").is_some_and(|r| r.eq_ignore_ascii_case(kind))))
            .or_else(|| weight_of(&|range| range == "*/*"))
            .unwrap_or(false)
    };
    let wishes = request.list("accept").next().is_some();
    if endpoint.produces.is_empty() || !wishes || endpoint.produces.iter().any(|media| takes(&media.essence)) {
        return Ok(());
    }
    Err(Rejection::NotAcceptable { produces: endpoint.produces.iter().map(|media| media.essence.clone()).collect() })
}

/// A range of `Accept`, and whether its weight is above zero.
fn range(member: &[u8]) -> Option<(&str, bool)> {
    let text = std::str::from_utf8(member).ok()?;
    let mut parts = text.split(';').map(|part| part.trim_matches([' ', '\t']));
    let range = parts.next()?;
    let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
    Some((range, weight.is_none_or(|q| q.bytes().any(|digit| (b'1'..=b'9').contains(&digit)))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_follow_the_suffix() {
        let format = |text| MediaType::parse(text).map(|media| media.format);
        assert_eq!(format("application/json"), Some(Format::Json));
        assert_eq!(format("application/Merge-Patch+JSON"), Some(Format::Json));
        assert_eq!(format("text/json"), Some(Format::Opaque));
        assert_eq!(format("application/x-www-form-urlencoded"), Some(Format::Form));
        assert_eq!(format("json"), None);
        assert_eq!(format("application/json; charset=utf-8"), None);
    }

    #[test]
    fn json_is_utf8_or_not_taken() {
        let taken =
            [MediaType::parse("application/json").expect("a type"), MediaType::parse("text/csv").expect("a type")];
        let format = |text: &str| accepted_format(&taken, text.as_bytes());
        assert_eq!(format("Application/JSON ;charset=\"UTF-8\""), Some(Format::Json));
        assert_eq!(format("application/json; charset=latin1"), None);
        assert_eq!(format("application/json; charset=utf-8; charset=utf-16"), None);
        assert_eq!(format("application/json; broken"), None);
        assert_eq!(format("text/csv; charset=latin1"), Some(Format::Opaque));
        assert_eq!(format("application/jsonp"), None);
        assert_eq!(format("application/json, text/csv"), None);
    }
}

//! Path templates: `/customers/{customer_id:integer}`, whole segments only.

use std::ops::Range;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What a path must look like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// As written in the configuration.
    pub text: String,
    /// Its segments, in order.
    pub segments: Vec<Segment>,
}

/// One segment of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Segment {
    /// Exactly this, in the normal spelling of a request path.
    Literal(String),
    /// One segment that is not empty.
    Parameter {
        /// What the parameter is called.
        name: String,
        /// What it must look like.
        kind: SegmentKind,
    },
    /// All that is left, at least one byte of it; only at the end.
    Rest {
        /// What the parameter is called.
        name: String,
    },
}

/// What a parameter must look like to match at all; otherwise the path is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SegmentKind {
    /// Canonical decimal within ±(2^53−1).
    Integer,
    /// 8-4-4-4-12 hexadecimal digits (RFC 9562 §4).
    Uuid,
    /// Any text.
    Any,
}

/// What is wrong with a template, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateFault {
    /// Bytes of the template's text.
    pub range: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// What to write instead, where that is known.
    pub help: Option<String>,
}

/// Parameters of one template.
pub const MAX_PARAMETERS: usize = 16;

/// What a literal keeps as it is: RFC 3986 `pchar` without `;` and `%`.
const LITERAL: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'!')
    .remove(b'$')
    .remove(b'&')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b'+')
    .remove(b',')
    .remove(b'=')
    .remove(b':')
    .remove(b'@');

impl Template {
    /// Reads a template. The first fault of it is told.
    pub fn parse(text: &str) -> Result<Self, TemplateFault> {
        let Some(rest) = text.strip_prefix('/') else {
            return Err(fault(0..text.len(), "a path begins with '/'", None));
        };
        let pieces: Vec<&str> = rest.split('/').collect();
        let mut segments: Vec<Segment> = Vec::with_capacity(pieces.len());
        let mut at = 1;
        for (index, piece) in pieces.iter().enumerate() {
            let range = at..at + piece.len();
            let last = index + 1 == pieces.len();
            segments.push(match *piece {
                // "/a/" and "/" end with an empty literal: another path than without it.
                "" if last => Segment::Literal(String::new()),
                piece => segment(piece, range.clone(), last)?,
            });
            at = range.end + 1;
        }
        let template = Self { text: text.to_owned(), segments };
        template.names_are_distinct()?;
        Ok(template)
    }

    /// The names of its parameters, in order.
    pub fn parameters(&self) -> impl Iterator<Item = (&str, SegmentKind)> {
        self.segments.iter().filter_map(|segment| match segment {
            Segment::Literal(_) => None,
            Segment::Parameter { name, kind } => Some((name.as_str(), *kind)),
            Segment::Rest { name } => Some((name.as_str(), SegmentKind::Any)),
        })
    }

    fn names_are_distinct(&self) -> Result<(), TemplateFault> {
        let names: Vec<&str> = self.parameters().map(|(name, _)| name).collect();
        if names.len() > MAX_PARAMETERS {
            let message = format!("more than {MAX_PARAMETERS} parameters");
            return Err(fault(0..self.text.len(), &message, None));
        }
        for (index, name) in names.iter().enumerate() {
            if names[..index].contains(name) {
                let at = self.text.rfind(&format!("{{{name}")).unwrap_or(0);
                let range = at..at + name.len() + 1;
                return Err(fault(range, &format!("two parameters are called '{name}'"), None));
            }
        }
        Ok(())
    }
}

fn segment(piece: &str, range: Range<usize>, last: bool) -> Result<Segment, TemplateFault> {
    match piece.strip_prefix('{').and_then(|inner| inner.strip_suffix('}')) {
        Some(inner) => parameter(inner, range, last),
        None => literal(piece, range),
    }
}

fn literal(piece: &str, range: Range<usize>) -> Result<Segment, TemplateFault> {
    let message = match piece {
        "" => "an empty segment, which no request can have".to_owned(),
        "." | ".." => "a dot segment, which no request can have".to_owned(),
        _ if piece.contains(['{', '}']) => {
            let help = "write the parameter as a segment of its own, '/{name}/'";
            return Err(fault(range, "a parameter takes a whole segment", Some(help)));
        }
        _ => match piece.chars().find(|c| "?#;%\\".contains(*c) || c.is_control()) {
            Some('%') => {
                let help = "write the segment decoded; requests are matched by its percent-encoding";
                return Err(fault(range, "'%' in a path", Some(help)));
            }
            Some('?') => {
                let help = "query parameters are declared as 'query.NAME' in the endpoint's table";
                return Err(fault(range, "'?' in a path", Some(help)));
            }
            Some(odd) => format!("{odd:?} in a path, which no request can have"),
            None => return Ok(Segment::Literal(utf8_percent_encode(piece, LITERAL).to_string())),
        },
    };
    Err(fault(range, &message, None))
}

fn parameter(inner: &str, range: Range<usize>, last: bool) -> Result<Segment, TemplateFault> {
    let (name, kind) = match inner.split_once(':') {
        None => (inner, None),
        Some((name, kind)) => (name, Some(kind)),
    };
    if let Some(name) = name.strip_suffix('*') {
        if !last || kind.is_some() {
            let message = "a parameter that takes the rest has no type and ends the path";
            return Err(fault(range, message, None));
        }
        return Ok(Segment::Rest { name: parameter_name(name, range)? });
    }
    let kind = match kind {
        None => SegmentKind::Any,
        Some("integer") => SegmentKind::Integer,
        Some("uuid") => SegmentKind::Uuid,
        Some(other) => {
            let near = ["integer", "uuid"].into_iter().find(|known| strsim::jaro(known, other) > 0.6);
            let help =
                near.map_or("the types are 'integer' and 'uuid'".to_owned(), |near| format!("did you mean '{near}'?"));
            return Err(fault(range, &format!("unknown type '{other}'"), Some(&help)));
        }
    };
    Ok(Segment::Parameter { name: parameter_name(name, range)?, kind })
}

fn parameter_name(name: &str, range: Range<usize>) -> Result<String, TemplateFault> {
    let fits = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    if fits {
        Ok(name.to_owned())
    } else {
        Err(fault(range, "a parameter's name is made of letters, digits, '_' and '-'", None))
    }
}

fn fault(range: Range<usize>, message: &str, help: Option<&str>) -> TemplateFault {
    TemplateFault { range, message: message.to_owned(), help: help.map(str::to_owned) }
}

impl SegmentKind {
    /// All of them, in the order in which they are tried.
    pub const ALL: [Self; 3] = [Self::Integer, Self::Uuid, Self::Any];

    /// Whether a decoded segment looks as it must.
    pub fn matches(self, segment: &str) -> bool {
        match self {
            Self::Any => !segment.is_empty(),
            Self::Integer => canonical_integer(segment).is_some(),
            Self::Uuid => is_uuid(segment),
        }
    }
}

/// Canonical decimal within ±(2^53−1): no plus, no leading zero, no `-0` (RFC 7493 §2.2).
pub fn canonical_integer(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let canonical = match digits.as_bytes() {
        b"0" => digits.len() == text.len(),
        [b'1'..=b'9', rest @ ..] => rest.len() < 16 && rest.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    let value: i64 = canonical.then(|| text.parse().ok())??;
    (value.unsigned_abs() < 1 << 53).then_some(value)
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_canonical() {
        for good in ["0", "1", "-1", "9007199254740991", "-9007199254740991"] {
            assert!(SegmentKind::Integer.matches(good), "{good}");
        }
        for bad in ["", "-", "-0", "+1", "01", "1.0", "1e3", "9007199254740992", "99999999999999999999", "１"] {
            assert!(!SegmentKind::Integer.matches(bad), "{bad}");
        }
    }

    #[test]
    fn literals_are_kept_as_requests_spell_them() {
        let template = Template::parse("/straße/{id:uuid}/{rest*}").expect("it is well formed");
        assert_eq!(template.segments[0], Segment::Literal("stra%C3%9Fe".into()));
        assert_eq!(template.parameters().count(), 2);
    }

    #[test]
    fn faults_name_their_place() {
        for (text, range) in [
            ("customers", 0..9),
            ("/a//b", 3..3),
            ("/a/../b", 3..5),
            ("/a;b", 1..4),
            ("/a%20b", 1..6),
            ("/v{n}", 1..5),
            ("/{rest*}/a", 1..8),
            ("/{id:interger}", 1..14),
            ("/{a}/{a}", 5..7),
            ("/{}", 1..3),
        ] {
            assert_eq!(Template::parse(text).map_err(|fault| fault.range), Err(range), "{text}");
        }
    }
}

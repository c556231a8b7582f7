//! A request's head: its parts, borrowed from its bytes.

use std::mem::MaybeUninit;

use super::MAX_FIELDS;
use super::fault::{HeadFault, RequestFault};
use super::field::{Field, members, named, trimmed};

/// A borrowed view of one request head, whoever parsed it: nothing here is trusted or normalised yet.
#[derive(Clone, Copy, Debug)]
pub struct RequestHead<'a> {
    /// The method, as on the wire.
    pub method: &'a [u8],
    /// The request target, as on the wire.
    pub target: &'a [u8],
    /// The protocol's version, as on the wire.
    pub version: Version,
    /// All fields in order, names as on the wire.
    pub fields: &'a [Field<'a>],
    /// Whether the message ends with its head, as HTTP/2 says by itself (RFC 9113 §8.1). Of HTTP/1 its fields
    /// tell.
    pub ended: bool,
}

/// The protocol's version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// HTTP/1.0
    Http10,
    /// HTTP/1.1
    Http11,
    /// HTTP/2
    Http2,
    /// Anything else that calls itself HTTP.
    Other,
}

/// Why a field does not have one value for all who read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotSingle {
    /// It came more than once.
    Repeated,
    /// `Connection` names it, so that it would not be forwarded.
    Nominated,
}

/// A head's parts, and room for its fields.
#[derive(Debug)]
pub struct ParsedRequest<'a> {
    method: &'a [u8],
    target: &'a [u8],
    version: Version,
    fields: Vec<Field<'a>>,
}

impl<'a> ParsedRequest<'a> {
    /// Splits a whole head, as [`super::Scan`] found it, into its parts. What the parts may be is not judged
    /// here.
    pub fn parse(head: &'a [u8]) -> Result<Self, RequestFault> {
        let mut slots = [const { MaybeUninit::uninit() }; MAX_FIELDS];
        let mut request = httparse::Request::new(&mut []);
        match request.parse_with_uninit_headers(head, &mut slots) {
            Ok(httparse::Status::Complete(end)) if end == head.len() => {}
            Err(httparse::Error::TooManyHeaders) => return Err(RequestFault::TooLarge),
            _ => return Err(why(head)),
        }
        let fields = request.headers.iter().map(|field| Field { name: field.name.as_bytes(), value: field.value });
        Ok(Self {
            method: request.method.unwrap_or_default().as_bytes(),
            target: request.path.unwrap_or_default().as_bytes(),
            version: if request.version == Some(1) { Version::Http11 } else { Version::Http10 },
            fields: fields.collect(),
        })
    }

    /// The view that policy judges.
    pub fn view(&'a self) -> RequestHead<'a> {
        RequestHead {
            method: self.method,
            target: self.target,
            version: self.version,
            fields: &self.fields,
            ended: false,
        }
    }
}

/// Why a head did not parse; for the caller, who wants to know what to mend.
fn why(head: &[u8]) -> RequestFault {
    let end = memchr::memchr(b'\r', head).unwrap_or(head.len());
    if let Err(fault) = request_line(&head[..end]) {
        return fault;
    }
    field_lines(&head[end..]).err().unwrap_or(HeadFault::StartLine).into()
}

/// RFC 9112 §3, and RFC 9110 §15.6.6: what calls itself HTTP of another version is told so; what does not is
/// malformed.
fn request_line(line: &[u8]) -> Result<(), RequestFault> {
    let words: Vec<&[u8]> = line.split(|byte| *byte == b' ').collect();
    let [_, _, version] = words[..] else { return Err(HeadFault::StartLine.into()) };
    match version {
        b"HTTP/1.1" | b"HTTP/1.0" if super::is_token(words[0]) => Ok(()),
        b"HTTP/1.1" | b"HTTP/1.0" => Err(HeadFault::Method.into()),
        [b'H', b'T', b'T', b'P', b'/', major, b'.', minor] if major.is_ascii_digit() && minor.is_ascii_digit() => {
            Err(RequestFault::Version)
        }
        _ => Err(HeadFault::StartLine.into()),
    }
}

/// RFC 9112 §5: what is wrong with the first of these lines that is wrong.
pub(super) fn field_lines(lines: &[u8]) -> Result<(), HeadFault> {
    for line in lines.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line)) {
        if line.contains(&b'\r') {
            return Err(HeadFault::LineEnd);
        }
        if line.is_empty() {
            continue;
        }
        if line.starts_with(b" ") || line.starts_with(b"\t") {
            return Err(HeadFault::Folded);
        }
        let Some(colon) = line.iter().position(|byte| *byte == b':').filter(|colon| *colon > 0) else {
            return Err(HeadFault::FieldLine);
        };
        let (name, value) = (&line[..colon], trimmed(&line[colon + 1..]));
        if name.ends_with(b" ") || name.ends_with(b"\t") {
            return Err(HeadFault::SpaceBeforeColon);
        }
        Field { name, value }.check()?;
    }
    Ok(())
}

impl<'a> RequestHead<'a> {
    /// All values of one field, in order. `name` is lower case.
    pub fn values(&self, name: &'a str) -> impl Iterator<Item = &'a [u8]> + 'a {
        named(self.fields, name)
    }

    /// The first value of one field. `name` is lower case.
    pub fn value(&self, name: &'a str) -> Option<&'a [u8]> {
        self.values(name).next()
    }

    /// The members of a field that is a comma-separated list (RFC 9110 §5.6.1), empty ones left out.
    pub fn list(&self, name: &'a str) -> impl Iterator<Item = &'a [u8]> + 'a {
        self.values(name).flat_map(members)
    }

    /// The only member of a list, where it has just one. `name` is lower case.
    pub fn single_list_member(&self, name: &'a str) -> Option<&'a [u8]> {
        let mut members = self.list(name);
        members.next().filter(|_| members.next().is_none())
    }

    /// Whether the client means to go on with the connection (RFC 9112 §9.3).
    pub fn persists(&self) -> bool {
        let says = |option: &[u8]| self.list("connection").any(|member| member.eq_ignore_ascii_case(option));
        match self.version {
            Version::Http10 => says(b"keep-alive") && !says(b"close"),
            _ => !says(b"close"),
        }
    }

    /// What `Connection` lists, apart from the connection options that name no field.
    pub fn nominated(&self) -> impl Iterator<Item = &'a [u8]> + 'a {
        self.list("connection")
            .filter(|name| !name.eq_ignore_ascii_case(b"close") && !name.eq_ignore_ascii_case(b"keep-alive"))
    }

    /// The value of a field that policy reads: at most one, and not one that `Connection` would have
    /// the upstream never see. `name` is lower case.
    pub fn single(&self, name: &'a str) -> Result<Option<&'a [u8]>, NotSingle> {
        let mut values = self.values(name);
        match (values.next(), values.next()) {
            (None, _) => Ok(None),
            (Some(_), Some(_)) => Err(NotSingle::Repeated),
            (Some(value), None) => {
                let hidden = self.nominated().any(|nominated| nominated.eq_ignore_ascii_case(name.as_bytes()));
                if hidden { Err(NotSingle::Nominated) } else { Ok(Some(value)) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_that_does_not_parse_says_why() {
        use HeadFault::{FieldLine, FieldName, FieldValue, Folded, LineEnd, Method, SpaceBeforeColon, StartLine};
        for (head, fault) in [
            ("GE@T / HTTP/1.1\r\n\r\n", Method),
            ("GET  / HTTP/1.1\r\n\r\n", StartLine),
            ("GET / HTTP/1.1 \r\n\r\n", StartLine),
            ("GET /\r\n\r\n", StartLine),
            ("GET / http/1.1\r\n\r\n", StartLine),
            ("GET / HTTP/1.1\r\na: b\r\n c\r\n\r\n", Folded),
            ("GET / HTTP/1.1\r\na : b\r\n\r\n", SpaceBeforeColon),
            ("GET / HTTP/1.1\r\n: b\r\n\r\n", FieldLine),
            ("GET / HTTP/1.1\r\nnothing\r\n\r\n", FieldLine),
            ("GET / HTTP/1.1\r\na(b): c\r\n\r\n", FieldName),
            ("GET / HTTP/1.1\r\na: \0\r\n\r\n", FieldValue),
            ("GET / HTTP/1.1\r\na: b\rc\r\n\r\n", LineEnd),
        ] {
            assert_eq!(ParsedRequest::parse(head.as_bytes()).unwrap_err(), fault.into(), "{head:?}");
        }
        for version in ["HTTP/2.0", "HTTP/0.9", "HTTP/1.2"] {
            let head = format!("GET / {version}\r\n\r\n");
            assert_eq!(ParsedRequest::parse(head.as_bytes()).unwrap_err(), RequestFault::Version, "{version}");
        }
        let many = format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(MAX_FIELDS + 1));
        assert_eq!(ParsedRequest::parse(many.as_bytes()).unwrap_err(), RequestFault::TooLarge);
    }
}

//! A response's head: its parts, borrowed from its bytes, and held to the same discipline as a request's.

use std::mem::MaybeUninit;

use super::MAX_FIELDS;
use super::fault::{HeadFault, ResponseFault};
use super::field::{Field, members, named};
use super::framing::{Ending, response_ending};
use super::request::{Version, field_lines};

/// A response's head.
#[derive(Debug)]
pub struct ResponseHead<'a> {
    /// 1.0 or 1.1.
    pub version: Version,
    /// 100 to 599.
    pub status: u16,
    /// The text behind it, which means nothing.
    pub reason: &'a str,
    /// All fields in order.
    pub fields: Vec<Field<'a>>,
}

impl<'a> ResponseHead<'a> {
    /// Reads a whole head, as [`super::Scan`] found it.
    pub fn parse(head: &'a [u8]) -> Result<Self, ResponseFault> {
        let mut slots = [const { MaybeUninit::uninit() }; MAX_FIELDS];
        let mut response = httparse::Response::new(&mut []);
        let parser = httparse::ParserConfig::default();
        match parser.parse_response_with_uninit_headers(&mut response, head, &mut slots) {
            Ok(httparse::Status::Complete(end)) if end == head.len() => {}
            Err(httparse::Error::TooManyHeaders) => return Err(ResponseFault::TooLarge),
            _ => return Err(why(head)),
        }
        let fields = response.headers.iter().map(|field| Field { name: field.name.as_bytes(), value: field.value });
        let parsed = Self {
            version: if response.version == Some(1) { Version::Http11 } else { Version::Http10 },
            status: response.code.unwrap_or_default(),
            reason: response.reason.unwrap_or_default(),
            fields: fields.collect(),
        };
        parsed.check().map(|()| parsed)
    }

    fn check(&self) -> Result<(), ResponseFault> {
        // RFC 9110 §15
        if !(100..=599).contains(&self.status) {
            return Err(ResponseFault::Status);
        }
        self.fields.iter().try_for_each(Field::check).map_err(ResponseFault::from)
    }

    /// Where its body ends.
    pub fn ending(&self, to_head: bool) -> Result<Ending, HeadFault> {
        response_ending(self.version, self.status, to_head, &self.fields)
    }

    /// The values of all fields of one name, in order. `name` is lower case.
    pub fn values<'f>(&'f self, name: &'f str) -> impl Iterator<Item = &'a [u8]> + 'f {
        named(&self.fields, name)
    }

    /// Whether it agrees to speak this protocol from here on (RFC 9110 §7.8).
    pub fn agrees_to(&self, protocol: &[u8]) -> bool {
        let names = |name: &'static str, wanted: &[u8]| {
            self.values(name).flat_map(members).any(|member| member.eq_ignore_ascii_case(wanted))
        };
        let mut protocols = self.values("upgrade").flat_map(members);
        let one = protocols.next().is_some_and(|first| first.eq_ignore_ascii_case(protocol));
        one && protocols.next().is_none() && names("connection", b"upgrade")
    }

    /// Whether the peer means to go on with the connection (RFC 9112 §9.3).
    pub fn persists(&self) -> bool {
        let says = |option: &[u8]| {
            self.values("connection").flat_map(members).any(|member| member.eq_ignore_ascii_case(option))
        };
        match self.version {
            Version::Http11 => !says(b"close"),
            _ => says(b"keep-alive") && !says(b"close"),
        }
    }
}

/// Why a head did not parse. RFC 9112 §4.
fn why(head: &[u8]) -> ResponseFault {
    let end = memchr::memchr(b'\r', head).unwrap_or(head.len());
    let (line, lines) = head.split_at(end);
    match line {
        [b'H', b'T', b'T', b'P', b'/', b'1', b'.', b'0' | b'1', b' ', a, b, c, rest @ ..]
            if [a, b, c].iter().all(|digit| digit.is_ascii_digit()) && (rest.is_empty() || rest[0] == b' ') =>
        {
            field_lines(lines).err().unwrap_or(HeadFault::StartLine).into()
        }
        [b'H', b'T', b'T', b'P', b'/', b'1', b'.', b'0' | b'1', b' ', ..] => ResponseFault::Status,
        [b'H', b'T', b'T', b'P', b'/', ..] => ResponseFault::Version,
        _ => HeadFault::StartLine.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_that_is_none_says_why() {
        let malformed = ResponseFault::Malformed;
        for (head, fault) in [
            ("SSH-2.0-OpenSSH_9.2\r\n\r\n", malformed(HeadFault::StartLine)),
            ("HTTP/2 200\r\n\r\n", ResponseFault::Version),
            ("HTTP/1.2 200 OK\r\n\r\n", ResponseFault::Version),
            ("HTTP/1.1 20 OK\r\n\r\n", ResponseFault::Status),
            ("HTTP/1.1 2000 OK\r\n\r\n", ResponseFault::Status),
            ("HTTP/1.1 099 OK\r\n\r\n", ResponseFault::Status),
            ("HTTP/1.1 600 OK\r\n\r\n", ResponseFault::Status),
            ("HTTP/1.1 -20 OK\r\n\r\n", ResponseFault::Status),
            ("HTTP/1.1 200 OK\r\na: b\r\n c\r\n\r\n", malformed(HeadFault::Folded)),
            ("HTTP/1.1 200 OK\r\na : b\r\n\r\n", malformed(HeadFault::SpaceBeforeColon)),
            ("HTTP/1.1 200 OK\r\na: \0\r\n\r\n", malformed(HeadFault::FieldValue)),
            ("HTTP/1.1 200 OK\r\nnothing\r\n\r\n", malformed(HeadFault::FieldLine)),
        ] {
            assert_eq!(ResponseHead::parse(head.as_bytes()).unwrap_err(), fault, "{head:?}");
        }
    }

    #[test]
    fn an_end_that_is_a_matter_of_opinion_is_none() {
        for (fields, fault) in [
            ("Content-Length: 5, 5", HeadFault::ContentLength),
            ("Content-Length: +5", HeadFault::ContentLength),
            ("Content-Length: ", HeadFault::ContentLength),
            ("Content-Length: 18446744073709551616", HeadFault::ContentLength),
            ("Content-Length: 000000000000000000005", HeadFault::ContentLength),
            ("Content-Length: 5\r\nContent-Length: 5", HeadFault::ContentLength),
            ("Transfer-Encoding: gzip, chunked", HeadFault::TransferEncoding),
            ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", HeadFault::TransferEncoding),
            ("Transfer-Encoding: chunked\r\nContent-Length: 5", HeadFault::TwoFramings),
        ] {
            let head = format!("HTTP/1.1 200 OK\r\n{fields}\r\n\r\n");
            let parsed = ResponseHead::parse(head.as_bytes()).expect("it is a head");
            assert_eq!(parsed.ending(false), Err(fault), "{fields}");
        }
    }

    #[test]
    fn what_is_asked_and_answered_says_where_the_body_ends() {
        for (head, to_head, ending) in [
            ("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", false, Ending::Length(9)),
            ("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", true, Ending::Nothing),
            ("HTTP/1.1 204 No Content\r\nContent-Length: 9\r\n\r\n", false, Ending::Nothing),
            ("HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", false, Ending::Nothing),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n", false, Ending::Chunked),
            ("HTTP/1.0 200 OK\r\n\r\n", false, Ending::UntilClose),
        ] {
            let parsed = ResponseHead::parse(head.as_bytes()).expect("it is a head");
            assert_eq!(parsed.ending(to_head), Ok(ending), "{head:?}");
        }
    }
}

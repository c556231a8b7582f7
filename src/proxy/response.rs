//! An upstream's answer on its way to the client: the head made anew for that hop, the body framed for
//! it. Fields keep their order, their spelling and their repetitions; only what concerns our hop to the
//! peer stays behind (RFC 9110 §7.6.1).

use std::io::Write;
use std::mem::MaybeUninit;
use std::time::SystemTime;

use httpdate::HttpDate;

use super::wire::MAX_FIELDS;
use crate::policy::request::Version;

/// What the client's side of the exchange says about an answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    /// The version that the client speaks.
    pub(super) version: Version,
    /// Whether it asked for the head only.
    pub(super) head_only: bool,
    /// Whether its connection goes on.
    pub(super) keep: bool,
}

/// How the client knows where an answer's body ends (RFC 9112 §6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// There is none.
    Nothing,
    /// As long as the head says.
    Length,
    /// In chunks.
    Chunked,
    /// Until the connection ends, for a 1.0 client that reads no chunks.
    UntilClose,
}

/// The fields of an answer, as they stood on the wire.
struct Received<'a> {
    status: u16,
    reason: &'a str,
    fields: Vec<(&'a str, &'a [u8])>,
}

/// RFC 9110 §7.6.1.
const HOP_BY_HOP: [&str; 7] =
    ["connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"];

/// The head of a final answer as the client gets it, its status and how its body ends; or what is
/// wrong with it.
pub(super) fn head(
    raw: &[u8],
    asked: Asked,
    standings: &[(&'static str, String)],
) -> Result<(Vec<u8>, u16, Ending), String> {
    let received = Received::parse(raw)?;
    let lengths: Vec<&[u8]> = received.values("content-length").collect();
    received.is_framed_once(&lengths)?;
    let ending = match (received.status, lengths.is_empty(), asked.version) {
        (204 | 304, ..) => Ending::Nothing,
        _ if asked.head_only => Ending::Nothing,
        (_, false, _) => Ending::Length,
        (_, true, Version::Http10) => Ending::UntilClose,
        (_, true, _) => Ending::Chunked,
    };
    // Where our own quotas are told of, an upstream's would contradict them.
    let mut bytes = received.without_hop_by_hop(standings.iter().map(|(name, _)| *name).collect());
    // Writing to a vector does not fail.
    if received.values("date").next().is_none() {
        // RFC 9110 §6.6.1
        let _ = write!(bytes, "Date: {}\r\n", HttpDate::from(SystemTime::now()));
    }
    for (name, value) in standings {
        let _ = write!(bytes, "{name}: {value}\r\n");
    }
    if ending == Ending::Chunked {
        bytes.extend_from_slice(b"Transfer-Encoding: chunked\r\n");
    }
    let keep = asked.keep && ending != Ending::UntilClose;
    bytes.extend_from_slice(super::answer::connection_option(asked.version, keep).as_bytes());
    bytes.extend_from_slice(b"\r\n");
    Ok((bytes, received.status, ending))
}

/// An interim answer as the client gets it.
pub(super) fn interim(raw: &[u8]) -> Result<Vec<u8>, String> {
    let mut bytes = Received::parse(raw)?.without_hop_by_hop(Vec::new());
    bytes.extend_from_slice(b"\r\n");
    Ok(bytes)
}

impl<'a> Received<'a> {
    fn parse(raw: &'a [u8]) -> Result<Self, String> {
        let mut slots = [const { MaybeUninit::uninit() }; MAX_FIELDS];
        let mut response = httparse::Response::new(&mut []);
        let parser = httparse::ParserConfig::default();
        match parser.parse_response_with_uninit_headers(&mut response, raw, &mut slots) {
            Ok(httparse::Status::Complete(_)) => Ok(Self {
                status: response.code.unwrap_or_default(),
                reason: response.reason.unwrap_or_default(),
                fields: response.headers.iter().map(|field| (field.name, field.value)).collect(),
            }),
            Ok(httparse::Status::Partial) => Err("a head without end".to_owned()),
            Err(error) => Err(format!("no HTTP head: {error}")),
        }
    }

    fn values(&self, name: &'static str) -> impl Iterator<Item = &'a [u8]> {
        self.fields.iter().filter(move |(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| *value)
    }

    /// RFC 9112 §6.1 and §6.3: what makes the end of an answer a matter of opinion.
    fn is_framed_once(&self, lengths: &[&[u8]]) -> Result<(), String> {
        let codings: Vec<&[u8]> = self.values("transfer-encoding").collect();
        match (lengths, codings.as_slice()) {
            ([], []) => Ok(()),
            ([length], []) if !length.is_empty() && length.iter().all(u8::is_ascii_digit) => Ok(()),
            ([], [coding]) if coding.eq_ignore_ascii_case(b"chunked") => Ok(()),
            (_, []) => Err("a Content-Length that is not one number".to_owned()),
            ([], _) => Err("a transfer coding other than chunked".to_owned()),
            _ => Err("both Content-Length and Transfer-Encoding".to_owned()),
        }
    }

    /// Status line and fields, without those of our hop to the peer and `replaced` ones.
    fn without_hop_by_hop(&self, replaced: Vec<&str>) -> Vec<u8> {
        let nominated = self.values("connection").flat_map(|value| value.split(|byte| *byte == b','));
        // Not the length, which the client needs on its own hop, whatever a peer thinks of its connection.
        let is_length = |name: &&[u8]| name.eq_ignore_ascii_case(b"content-length");
        let mut dropped: Vec<&[u8]> = nominated.map(<[u8]>::trim_ascii).filter(|name| !is_length(name)).collect();
        dropped.extend(HOP_BY_HOP.into_iter().chain(replaced).map(str::as_bytes));
        // RFC 9110 §8.6: with 204 a client that believed it would wait for the next answer.
        if self.status == 204 {
            dropped.push(b"content-length");
        }
        let mut bytes = Vec::with_capacity(512);
        let _ = write!(bytes, "HTTP/1.1 {:03} {}\r\n", self.status, self.reason);
        for (name, value) in &self.fields {
            if !dropped.iter().any(|known| known.eq_ignore_ascii_case(name.as_bytes())) {
                [name.as_bytes(), b": ", value, b"\r\n"].iter().for_each(|part| bytes.extend_from_slice(part));
            }
        }
        bytes
    }
}

impl Ending {
    /// What comes before and behind a piece of the body. An empty piece would end a chunked one.
    pub(super) fn around(self, piece: &[u8]) -> (String, &'static [u8]) {
        match self {
            Self::Chunked => (format!("{:X}\r\n", piece.len()), b"\r\n"),
            Self::Nothing | Self::Length | Self::UntilClose => (String::new(), b""),
        }
    }

    /// What ends a whole body.
    pub(super) fn end(self) -> &'static [u8] {
        match self {
            Self::Chunked => b"0\r\n\r\n",
            Self::Nothing | Self::Length | Self::UntilClose => b"",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASKED: Asked = Asked { version: Version::Http11, head_only: false, keep: true };

    fn text(raw: &str, asked: Asked) -> Result<(String, Ending), String> {
        let (bytes, _, ending) = head(raw.as_bytes(), asked, &[("RateLimit", "\"a\";r=1;t=1".to_owned())])?;
        Ok((String::from_utf8(bytes).expect("it is ASCII"), ending))
    }

    #[test]
    fn what_concerns_the_other_hop_stays_behind() {
        let raw = "HTTP/1.0 200 Fine\r\nX-b: 1\r\nConnection: x-hop, close\r\nX-Hop: 2\r\nDate: D\r\nx-B: 3\r\n\r\n";
        let (text, ending) = text(raw, ASKED).expect("it is sound");
        let expected = "HTTP/1.1 200 Fine\r\nX-b: 1\r\nDate: D\r\nx-B: 3\r\nRateLimit: \"a\";r=1;t=1\r\n\
                        Transfer-Encoding: chunked\r\n\r\n";
        assert_eq!((text.as_str(), ending), (expected, Ending::Chunked));
    }

    #[test]
    fn a_client_of_1_0_reads_until_the_close() {
        let old = Asked { version: Version::Http10, ..ASKED };
        let raw = "HTTP/1.1 200 OK\r\nDate: D\r\nTransfer-Encoding: chunked\r\n\r\n";
        let (head, ending) = text(raw, old).expect("it is sound");
        assert!(head.ends_with("\r\nConnection: close\r\n\r\n"), "{head}");
        assert_eq!(ending, Ending::UntilClose);
        let (head, ending) = text("HTTP/1.1 200 OK\r\nDate: D\r\nContent-Length: 1\r\n\r\n", old).expect("it is sound");
        assert!(head.ends_with("\r\nConnection: keep-alive\r\n\r\n"), "{head}");
        assert_eq!(ending, Ending::Length);
    }

    #[test]
    fn an_end_that_is_a_matter_of_opinion_is_none() {
        for fields in [
            "Content-Length: 5, 5",
            "Content-Length: +5",
            "Content-Length: ",
            "Content-Length: 5\r\nContent-Length: 5",
            "Transfer-Encoding: gzip, chunked",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
            "Transfer-Encoding: chunked\r\nContent-Length: 5",
        ] {
            assert!(text(&format!("HTTP/1.1 200 OK\r\n{fields}\r\n\r\n"), ASKED).is_err(), "{fields}");
        }
    }

    #[test]
    fn what_has_no_body_is_not_framed() {
        for (status, length) in [("204 No Content", false), ("304 Not Modified", true)] {
            let raw = format!("HTTP/1.1 {status}\r\nContent-Length: 9\r\n\r\n");
            let (head, ending) = text(&raw, ASKED).expect("it is sound");
            assert_eq!((head.contains("Content-Length: 9"), ending), (length, Ending::Nothing), "{status}");
        }
    }
}

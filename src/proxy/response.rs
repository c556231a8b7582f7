//! An upstream's answer on its way to the client: which of its fields go on, and how its body ends on that
//! hop. Fields keep their order, their spelling and their repetitions; only what concerns our hop to the peer
//! stays behind (RFC 9110 §7.6.1).

use bytes::BytesMut;

use super::clock::http_date;
use super::downstream::connection_option;
use crate::http1::{Ending, Field, HeadWriter, ResponseHead, Version, members};

/// RFC 9110 §7.6.1.
const HOP_BY_HOP: [&str; 7] =
    ["connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"];

/// A final or interim answer of an upstream's, with what the gate adds.
#[derive(Debug)]
pub(super) struct Answering<'a> {
    pub(super) head: &'a ResponseHead<'a>,
    /// Where our own quotas stand; an upstream's would contradict them.
    pub(super) standings: &'a [(&'static str, String)],
    /// How its body ends, as it comes.
    pub(super) ending: Ending,
}

/// How the client knows where an answer's body ends (RFC 9112 §6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sending {
    /// As the head says: there is none, or it has a length.
    Plain,
    /// In chunks.
    Chunked,
    /// With the connection, for a client of 1.0 that reads no chunks.
    UntilClose,
}

impl<'a> Answering<'a> {
    /// Its fields without those of our hop to the peer, and those that ours replace.
    pub(super) fn fields(&self) -> impl Iterator<Item = &Field<'a>> {
        let mut connections = self.head.values("connection").peekable();
        let nominates = connections.peek().is_some();
        let nominated = || self.head.values("connection").flat_map(members);
        self.head.fields.iter().filter(move |field| {
            // RFC 9110 §8.6: with 204 a client that believed a length would wait for the next answer. Else the
            // client needs it on its own hop, whatever a peer thinks of its connection.
            if field.is("content-length") {
                return self.head.status != 204;
            }
            let replaced = self.standings.iter().any(|(name, _)| field.name.eq_ignore_ascii_case(name.as_bytes()));
            let hop_by_hop = HOP_BY_HOP.iter().any(|name| field.is(name))
                || nominates && nominated().any(|name| name.eq_ignore_ascii_case(field.name));
            !replaced && !hop_by_hop
        })
    }

    /// How its body ends for a client of that version.
    pub(super) fn sending(&self, version: Version) -> Sending {
        match (self.ending, version) {
            (Ending::Nothing | Ending::Length(_), _) => Sending::Plain,
            (Ending::Chunked | Ending::UntilClose, Version::Http10) => Sending::UntilClose,
            (Ending::Chunked | Ending::UntilClose, _) => Sending::Chunked,
        }
    }

    /// The head of a final answer, as a client of HTTP/1 gets it.
    pub(super) fn write(&self, version: Version, keep: bool, bytes: &mut BytesMut) -> Sending {
        let mut writer = HeadWriter::response(bytes, self.head.status, self.head.reason);
        self.fields().for_each(|field| writer.field(field.name, field.value));
        if self.head.values("date").next().is_none() {
            // RFC 9110 §6.6.1
            writer.field(b"Date", http_date().as_bytes());
        }
        for (name, value) in self.standings {
            writer.field(name.as_bytes(), value.as_bytes());
        }
        let sending = self.sending(version);
        if sending == Sending::Chunked {
            writer.chunked();
        }
        if let Some(option) = connection_option(version, keep && sending != Sending::UntilClose) {
            writer.field(b"Connection", option);
        }
        writer.end();
        sending
    }

    /// The head of an answer that agrees to another protocol.
    pub(super) fn write_upgrade(&self, protocol: &[u8], bytes: &mut BytesMut) {
        let mut writer = HeadWriter::response(bytes, self.head.status, self.head.reason);
        self.fields().for_each(|field| writer.field(field.name, field.value));
        for (name, value) in self.standings {
            writer.field(name.as_bytes(), value.as_bytes());
        }
        writer.field(b"Connection", b"upgrade");
        writer.field(b"Upgrade", protocol);
        writer.end();
    }

    /// The head of an interim answer, as a client of HTTP/1.1 gets it.
    pub(super) fn write_interim(&self, bytes: &mut BytesMut) {
        let mut writer = HeadWriter::response(bytes, self.head.status, self.head.reason);
        self.fields().for_each(|field| writer.field(field.name, field.value));
        writer.end();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(raw: &str, version: Version) -> (String, Sending) {
        let head = ResponseHead::parse(raw.as_bytes()).expect("it is a head");
        let ending = head.ending(false).expect("it is framed");
        let standings = [("RateLimit", "\"a\";r=1;t=1".to_owned())];
        let mut bytes = BytesMut::new();
        let sending = Answering { head: &head, standings: &standings, ending }.write(version, true, &mut bytes);
        (String::from_utf8(bytes.to_vec()).expect("it is ASCII"), sending)
    }

    #[test]
    fn what_concerns_the_other_hop_stays_behind() {
        let raw = "HTTP/1.0 200 Fine\r\nX-b: 1\r\nConnection: x-hop, close\r\nX-Hop: 2\r\nDate: D\r\nx-B: 3\r\n\
                   ratelimit: theirs\r\n\r\n";
        let expected = "HTTP/1.1 200 Fine\r\nX-b: 1\r\nDate: D\r\nx-B: 3\r\nRateLimit: \"a\";r=1;t=1\r\n\
                        Transfer-Encoding: chunked\r\n\r\n";
        assert_eq!(text(raw, Version::Http11), (expected.to_owned(), Sending::Chunked));
    }

    #[test]
    fn a_client_of_1_0_reads_until_the_close() {
        let (head, sending) = text("HTTP/1.1 200 OK\r\nDate: D\r\nTransfer-Encoding: chunked\r\n\r\n", Version::Http10);
        assert!(head.ends_with("\r\nConnection: close\r\n\r\n"), "{head}");
        assert_eq!(sending, Sending::UntilClose);
        let (head, sending) = text("HTTP/1.1 200 OK\r\nDate: D\r\nContent-Length: 1\r\n\r\n", Version::Http10);
        assert!(head.ends_with("\r\nConnection: keep-alive\r\n\r\n"), "{head}");
        assert_eq!(sending, Sending::Plain);
    }

    #[test]
    fn what_has_no_body_is_not_framed() {
        for (status, length) in [("204 No Content", false), ("304 Not Modified", true)] {
            let (head, sending) = text(&format!("HTTP/1.1 {status}\r\nContent-Length: 9\r\n\r\n"), Version::Http11);
            assert_eq!((head.contains("Content-Length: 9"), sending), (length, Sending::Plain), "{status}");
        }
    }
}

//! A client that speaks HTTP/2: one stream of its connection, in a session of Pingora's.
//!
//! Its head fills the same view as one of HTTP/1.1, so that every stage judges it alike. What the session
//! refuses by itself (RFC 9113 §8.1.1) never becomes a request: it is reset, or answered 400, before anybody
//! here sees it.

use std::io;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use h2::{Reason, SendStream};
use pingora_core::protocols::http::v2::server::HttpSession;
use pingora_http::{RequestHeader, ResponseHeader};
use tokio::time::Instant;

use super::{BodyFault, Client, Fate};
use crate::http1::{Field, RequestHead, Version};
use crate::policy::problem::Answer;
use crate::proxy::deadline::Alarm;
use crate::proxy::response::Answering;
use crate::proxy::tunnel::Side;

/// A client that reads nothing of a refusal is not waited for longer.
const SEND_TIME: Duration = Duration::from_secs(10);

/// A stream's head, with what HTTP/2 says in other words put into those of HTTP/1.1.
#[derive(Debug)]
pub(in crate::proxy) struct StreamHead {
    header: RequestHeader,
    /// Where cookies came in several fields, all of them.
    cookies: Option<Vec<u8>>,
    ended: bool,
}

/// One stream, and the answer to it.
pub(in crate::proxy) struct H2 {
    session: HttpSession,
    /// The answer's head, until it goes with what is sent next.
    head: Option<Box<ResponseHeader>>,
    writer: Option<SendStream<Bytes>>,
    /// How much of the piece on its way is gone.
    sent: usize,
    ended: bool,
}

impl StreamHead {
    pub(in crate::proxy) fn of(session: &HttpSession) -> Self {
        let header = session.req_header().clone();
        let cookies: Vec<&[u8]> = header.headers.get_all("cookie").iter().map(|value| value.as_bytes()).collect();
        // RFC 9113 §8.2.3: put together again for whoever speaks another version.
        let cookies = (cookies.len() > 1).then(|| cookies.join(&b"; "[..]));
        Self { cookies, ended: session.is_body_empty(), header }
    }

    /// All fields, `Host` first.
    pub(in crate::proxy) fn fields(&self) -> Vec<Field<'_>> {
        let mut fields = Vec::with_capacity(self.header.headers.len() + 1);
        // RFC 9113 §8.3.1: `:authority` is what `Host` is elsewhere; where both are, the session held them equal.
        let authority = self.header.uri.authority().map(|authority| authority.as_str().as_bytes());
        fields.extend(authority.map(|value| Field { name: b"host", value }));
        for (name, value) in &self.header.headers {
            let skipped =
                name == "host" && authority == Some(value.as_bytes()) || name == "cookie" && self.cookies.is_some();
            if !skipped {
                fields.push(Field { name: name.as_str().as_bytes(), value: value.as_bytes() });
            }
        }
        fields.extend(self.cookies.as_deref().map(|value| Field { name: b"cookie", value }));
        fields
    }

    /// The view that policy judges.
    pub(in crate::proxy) fn view<'v>(&'v self, fields: &'v [Field<'v>]) -> RequestHead<'v> {
        RequestHead {
            method: self.header.method.as_str().as_bytes(),
            target: self.header.raw_path(),
            version: Version::Http2,
            fields,
            ended: self.ended,
        }
    }
}

impl H2 {
    pub(in crate::proxy) fn new(session: HttpSession) -> Self {
        Self { session, head: None, writer: None, sent: 0, ended: false }
    }

    /// Ends the stream as its fate wants it.
    pub(in crate::proxy) fn end(mut self, fate: Fate) {
        match (fate, &mut self.writer) {
            // What is left of a request that was answered need not be sent (RFC 9113 §8.1): dropping the stream says
            // so, once the answer has left.
            (Fate::Kept | Fate::Undrained | Fate::Closing, _) => {}
            (Fate::Gone | Fate::Reset, Some(writer)) => writer.send_reset(Reason::INTERNAL_ERROR),
            (Fate::Gone | Fate::Reset, None) => self.session.shutdown_with_reason(Reason::INTERNAL_ERROR),
        }
    }

    /// Ends the stream of a client that may have none: nothing was done, so it may try elsewhere (RFC 9113 §8.7).
    pub(in crate::proxy) fn turn_away(mut self) {
        self.session.shutdown_with_reason(Reason::REFUSED_STREAM);
    }

    /// Sends the head, if it has not gone; `last` where nothing follows it.
    fn send_head(&mut self, last: bool) -> io::Result<()> {
        if let Some(head) = self.head.take() {
            self.session.write_response_header(head, last).map_err(broken)?;
            self.writer = self.session.take_response_body_writer();
            self.ended = last;
        }
        Ok(())
    }
}

fn broken(error: impl std::fmt::Display) -> io::Error {
    io::Error::other(error.to_string())
}

/// A head for a stream. What HTTP/2 has no place for is left out by whoever names the fields.
fn response<'f>(status: u16, fields: impl Iterator<Item = (&'f [u8], &'f [u8])>) -> io::Result<Box<ResponseHeader>> {
    let mut head = ResponseHeader::build_no_case(status, None).map_err(broken)?;
    for (name, value) in fields {
        let name = std::str::from_utf8(name).map_err(broken)?.to_ascii_lowercase();
        head.append_header(name, value).map_err(broken)?;
    }
    Ok(Box::new(head))
}

impl Client for H2 {
    type Arrived = Bytes;

    fn body_at_hand(&mut self) -> Result<Option<Bytes>, BodyFault> {
        Ok(self.session.is_body_empty().then(Bytes::new))
    }

    fn poll_body(&mut self, cx: &mut Context<'_>, into: &mut BytesMut) -> Poll<Result<bool, BodyFault>> {
        if self.session.is_body_done() {
            return Poll::Ready(Ok(false));
        }
        match ready!(self.session.poll_read_body_bytes(cx)) {
            Some(Ok(data)) => {
                into.extend_from_slice(&data);
                Poll::Ready(Ok(!self.session.is_body_done()))
            }
            Some(Err(_)) => Poll::Ready(Err(BodyFault::Incomplete)),
            None => Poll::Ready(Ok(false)),
        }
    }

    /// Interim answers cannot be sent here; who waits for one sends its body after a while, and may at any
    /// time (RFC 9110 §10.1.1).
    async fn invite(&mut self) -> io::Result<()> {
        Ok(())
    }

    async fn interim(&mut self, _: &Answering<'_>) -> io::Result<()> {
        Ok(())
    }

    async fn upgrade(&mut self, _: &Answering<'_>, _: &[u8]) -> io::Result<Option<Side<'_>>> {
        Ok(None)
    }

    fn begin(&mut self, answering: &Answering<'_>) -> bool {
        let own = answering.standings.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes()));
        let fields = answering.fields().map(|field| (field.name, field.value)).chain(own);
        // A field that is none here, though it is one on the wire of HTTP/1.1, there is not.
        self.head = response(answering.head.status, fields).ok();
        false
    }

    fn poll_send(&mut self, cx: &mut Context<'_>, piece: &[u8], last: bool) -> Poll<io::Result<()>> {
        if self.head.is_none() && self.writer.is_none() && !self.ended {
            return Poll::Ready(Err(io::Error::other("the answer has no head for HTTP/2")));
        }
        self.send_head(piece.is_empty() && last)?;
        let Some(writer) = self.writer.as_mut().filter(|_| !self.ended) else { return Poll::Ready(Ok(())) };
        while self.sent < piece.len() {
            let rest = &piece[self.sent..];
            writer.reserve_capacity(rest.len());
            let room = match ready!(writer.poll_capacity(cx)) {
                Some(Ok(room)) => room.min(rest.len()),
                Some(Err(error)) => return Poll::Ready(Err(broken(error))),
                None => return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
            };
            if room > 0 {
                self.sent += room;
                self.ended = last && self.sent == piece.len();
                writer.send_data(Bytes::copy_from_slice(&rest[..room]), self.ended).map_err(broken)?;
            }
        }
        self.sent = 0;
        if last && !self.ended {
            self.ended = true;
            writer.send_data(Bytes::new(), true).map_err(broken)?;
        }
        Poll::Ready(Ok(()))
    }

    fn answered(&self) -> Fate {
        Fate::Kept
    }

    async fn refuse(&mut self, answer: &Answer, _: bool, alarm: &mut Alarm) -> Fate {
        let length = answer.body.len().to_string();
        let fields = answer.fields.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes()));
        let fields = fields.chain([(&b"content-length"[..], length.as_bytes())]);
        let Ok(head) = response(answer.status, fields) else { return Fate::Gone };
        self.head = Some(head);
        let body: &[u8] = if self.session.req_header().method == "HEAD" { b"" } else { &answer.body };
        match alarm.within(Instant::now() + SEND_TIME, |cx| self.poll_send(cx, body, true)).await {
            Ok(Ok(())) => Fate::Kept,
            _ => Fate::Gone,
        }
    }
}

//! A client that speaks HTTP/1.1: its body is taken apart where it lies ([`body`]), and an answer's head and
//! the beginning of its body leave with one call.

mod body;

use std::future::poll_fn;
use std::io;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::BytesMut;
use tokio::time::Instant;

use self::body::Incoming;
use super::{BodyFault, Client, Fate, connection_option};
use crate::http1::{Framing, HeadWriter, RequestHead, Version, chunk, request_framing};
use crate::policy::problem::Answer;
use crate::proxy::buffers::Buffer;
use crate::proxy::clock::http_date;
use crate::proxy::deadline::Alarm;
use crate::proxy::response::{Answering, Sending};
use crate::proxy::transport::Transport;
use crate::proxy::tunnel::Side;

/// So much of a refused body is read away to keep the connection.
const DRAIN_BYTES: u64 = 64 << 10;

/// And for so long.
const DRAIN_TIME: Duration = Duration::from_secs(1);

/// A client that reads nothing of a refusal is not waited for longer.
const SEND_TIME: Duration = Duration::from_secs(10);

/// Of so many bytes, one copy more costs less than one part more to write.
const SHORT: usize = 2 << 10;

/// One request of a client's, and the answer to it.
#[derive(Debug)]
pub(in crate::proxy) struct H1<'c> {
    transport: &'c mut Transport,
    incoming: Incoming<'c>,
    version: Version,
    head_only: bool,
    /// Whether the connection goes on, as far as the client and the gate want it.
    persists: bool,
    /// It may send its body now, or not: nobody can tell, until it was told to.
    waits_for_100: bool,
    /// Of the answer, what goes before the next piece of the body.
    before: Buffer,
    /// And what goes behind it.
    behind: &'static [u8],
    /// Whether a piece is on its way, and how much of it and of what surrounds it is gone.
    sending: Option<usize>,
    framed: Sending,
    keep: bool,
}

impl<'c> H1<'c> {
    /// The exchange that begins with `request`.
    pub(in crate::proxy) fn new(
        transport: &'c mut Transport,
        behind_head: &'c mut [u8],
        request: &RequestHead<'_>,
        persists: bool,
    ) -> Self {
        // What has no framing is refused by its head, and nothing is read after that.
        let framing = request_framing(request).unwrap_or(Framing::Length(0));
        Self {
            transport,
            incoming: Incoming::new(behind_head, framing),
            version: request.version,
            head_only: request.method == b"HEAD",
            persists,
            waits_for_100: request.version == Version::Http11 && request.value("expect").is_some(),
            before: Buffer::none(),
            behind: b"",
            sending: None,
            framed: Sending::Plain,
            keep: false,
        }
    }

    /// What was read beyond the request.
    pub(in crate::proxy) fn rest(self) -> Option<Buffer> {
        self.incoming.rest()
    }

    /// Reads away what is left of a body, within [`DRAIN_BYTES`] and [`DRAIN_TIME`]; whether that was all.
    pub(in crate::proxy) async fn drained(&mut self, alarm: &mut Alarm) -> bool {
        let deadline = Instant::now() + DRAIN_TIME;
        let (mut sink, mut read) = (Buffer::lent(), 0);
        loop {
            match alarm.within(deadline, |cx| self.poll_body(cx, &mut sink)).await {
                Ok(Ok(true)) => read += sink.len() as u64,
                Ok(Ok(false)) => return true,
                Ok(Err(_)) | Err(_) => return false,
            }
            if read > DRAIN_BYTES {
                return false;
            }
            sink.clear();
        }
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>, piece: &[u8]) -> Poll<io::Result<()>> {
        // A copy of what is short costs less than another part to write.
        if self.sending.is_none() && piece.len() <= SHORT {
            self.before.extend_from_slice(piece);
            self.before.extend_from_slice(std::mem::take(&mut self.behind));
        }
        let piece = if piece.len() <= SHORT { b"" } else { piece };
        let sent = self.sending.get_or_insert(0);
        ready!(self.transport.poll_send(cx, &[&self.before, piece, self.behind], sent))?;
        self.before.clear();
        self.behind = b"";
        self.sending = None;
        Poll::Ready(Ok(()))
    }

    fn write_refusal(&mut self, answer: &Answer, keep: bool) {
        self.before.lend();
        let mut writer = HeadWriter::response(&mut self.before, answer.status, reason(answer.status));
        for (name, value) in &answer.fields {
            writer.field(name.as_bytes(), value.as_bytes());
        }
        // RFC 9110 §6.6.1
        writer.field(b"Date", http_date().as_bytes());
        writer.content_length(answer.body.len() as u64);
        if let Some(option) = connection_option(self.version, keep) {
            writer.field(b"Connection", option);
        }
        writer.end();
    }
}

impl<'c> Client for H1<'c> {
    type Arrived = &'c [u8];

    fn body_at_hand(&mut self) -> Result<Option<&'c [u8]>, BodyFault> {
        self.incoming.at_hand()
    }

    fn poll_body(&mut self, cx: &mut Context<'_>, into: &mut BytesMut) -> Poll<Result<bool, BodyFault>> {
        self.incoming.poll(cx, self.transport, into)
    }

    async fn invite(&mut self) -> io::Result<()> {
        self.waits_for_100 = false;
        self.before.lend();
        self.before.extend_from_slice(b"HTTP/1.1 100 Continue\r\n\r\n");
        poll_fn(|cx| self.poll_flush(cx, b"")).await
    }

    async fn interim(&mut self, answering: &Answering<'_>) -> io::Result<()> {
        // RFC 9110 §15.2: not to a client of 1.0.
        if self.version == Version::Http10 {
            return Ok(());
        }
        self.before.lend();
        answering.write_interim(&mut self.before);
        poll_fn(|cx| self.poll_flush(cx, b"")).await
    }

    async fn upgrade(&mut self, answering: &Answering<'_>, protocol: &[u8]) -> io::Result<Option<Side<'_>>> {
        self.before.lend();
        answering.write_upgrade(protocol, &mut self.before);
        poll_fn(|cx| self.poll_flush(cx, b"")).await?;
        self.keep = false;
        let said = self.incoming.take_rest().unwrap_or_else(Buffer::lent);
        Ok(Some(Side { transport: self.transport, said }))
    }

    fn begin(&mut self, answering: &Answering<'_>) -> bool {
        // What an early answer left of the request is not waited for.
        self.keep = self.persists && self.incoming.is_done();
        self.before.lend();
        self.framed = answering.write(self.version, self.keep, &mut self.before);
        self.keep &= self.framed != Sending::UntilClose;
        self.framed == Sending::UntilClose
    }

    fn poll_send(&mut self, cx: &mut Context<'_>, piece: &[u8], last: bool) -> Poll<io::Result<()>> {
        if self.sending.is_none() && self.framed == Sending::Chunked {
            self.behind = chunk(&mut self.before, piece.len(), last);
        }
        self.poll_flush(cx, piece)
    }

    fn answered(&self) -> Fate {
        if self.keep { Fate::Kept } else { Fate::Closing }
    }

    async fn refuse(&mut self, answer: &Answer, breaks: bool, alarm: &mut Alarm) -> Fate {
        if self.sending.is_some() {
            // An interim answer went in part, to a client that takes no more; nothing can follow that.
            return Fate::Gone;
        }
        let unsure = self.waits_for_100 && !self.incoming.is_done();
        let mut keep = !breaks && !unsure && self.persists;
        if keep && !self.incoming.is_done() {
            keep = match self.incoming.left() {
                Some(left) => left <= DRAIN_BYTES,
                // How much is left shows only when it came, and the answer has to say whether it is the last.
                None => Box::pin(self.drained(alarm)).await,
            };
        }
        self.before.clear();
        self.write_refusal(answer, keep);
        let body: &[u8] = if self.head_only { b"" } else { &answer.body };
        let sent = alarm.within(Instant::now() + SEND_TIME, |cx| self.poll_flush(cx, body)).await;
        match sent {
            Ok(Ok(())) if keep && self.incoming.is_done() => Fate::Kept,
            Ok(Ok(())) if keep => Fate::Undrained,
            Ok(Ok(())) => Fate::Closing,
            _ => Fate::Gone,
        }
    }
}

fn reason(status: u16) -> &'static str {
    pingora_http::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or_default()
}

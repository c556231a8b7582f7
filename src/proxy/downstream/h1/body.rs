//! The body of a request of HTTP/1.1, taken apart where it lies, and what comes behind it.

use std::pin::pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, BufMut, BytesMut};
use tokio::io::AsyncReadExt;

use super::super::BodyFault;
use crate::http1::{Body, Framing};
use crate::proxy::buffers::Buffer;
use crate::proxy::transport::Transport;

/// Of a body that has a length, so much is read at once.
const MUCH: usize = 64 << 10;

/// What is still to come of a body, and what was read of it, and beyond it.
#[derive(Debug)]
pub(super) struct Incoming<'c> {
    /// What came behind the head, as it came.
    raw: &'c mut [u8],
    /// Of the body, what was among that.
    decoded: &'c [u8],
    /// What was read since.
    more: Option<Buffer>,
    body: Body,
}

impl<'c> Incoming<'c> {
    pub(super) fn new(behind_head: &'c mut [u8], framing: Framing) -> Self {
        Self { raw: behind_head, decoded: &[], more: None, body: Body::of_request(framing) }
    }

    /// Whether nothing of the body is to come any more.
    pub(super) fn is_done(&self) -> bool {
        self.body.is_done()
    }

    /// So many bytes of it are, where that is known.
    pub(super) fn left(&self) -> Option<u64> {
        self.body.left()
    }

    /// What was read beyond the body.
    pub(super) fn rest(mut self) -> Option<Buffer> {
        self.take_rest()
    }

    /// The same, where the exchange goes on without it.
    pub(super) fn take_rest(&mut self) -> Option<Buffer> {
        match self.more.take() {
            Some(more) if !more.is_empty() => Some(more),
            _ => {
                let raw = std::mem::take(&mut self.raw);
                Buffer::holding(raw)
            }
        }
    }

    /// All of it, where it came with the head.
    pub(super) fn at_hand(&mut self) -> Result<Option<&'c [u8]>, BodyFault> {
        if self.body.left().is_some_and(|left| left > self.raw.len() as u64) {
            return Ok(None);
        }
        let done = self.body.is_done() || self.decode_raw()?;
        Ok(done.then(|| std::mem::take(&mut self.decoded)))
    }

    /// Adds some more of it to a buffer. Whether more may come.
    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        transport: &mut Transport,
        into: &mut BytesMut,
    ) -> Poll<Result<bool, BodyFault>> {
        if self.decoded.is_empty() && !self.body.is_done() && !self.raw.is_empty() {
            self.decode_raw()?;
        }
        let decoded = std::mem::take(&mut self.decoded);
        if !decoded.is_empty() || self.body.is_done() {
            into.extend_from_slice(decoded);
            return Poll::Ready(Ok(!self.body.is_done()));
        }
        match self.body.left() {
            Some(left) => self.poll_counted(cx, transport, left, into),
            None => self.poll_chunked(cx, transport, into),
        }
    }

    /// Takes apart what came with the head.
    fn decode_raw(&mut self) -> Result<bool, BodyFault> {
        let raw = std::mem::take(&mut self.raw);
        let decoded = self.body.decode(raw).map_err(BodyFault::Misframed)?;
        let (taken, rest) = raw.split_at_mut(decoded.taken);
        (self.raw, self.decoded) = (rest, &taken[..decoded.data]);
        Ok(decoded.done)
    }

    /// Reads a body that has a length straight to where it is wanted.
    fn poll_counted(
        &mut self,
        cx: &mut Context<'_>,
        transport: &mut Transport,
        left: u64,
        into: &mut BytesMut,
    ) -> Poll<Result<bool, BodyFault>> {
        let most = usize::try_from(left).unwrap_or(MUCH).min(MUCH);
        if into.capacity() == into.len() {
            into.reserve(most);
        }
        let before = into.len();
        let mut room = (&mut *into).limit(most);
        match ready!(pin!(transport.read_buf(&mut room)).poll(cx)) {
            Ok(1..) => {
                let decoded = self.body.decode(&mut into[before..]).map_err(BodyFault::Misframed)?;
                Poll::Ready(Ok(!decoded.done))
            }
            Ok(0) | Err(_) => Poll::Ready(Err(BodyFault::Incomplete)),
        }
    }

    /// Reads more of a body in chunks, and takes it apart.
    fn poll_chunked(
        &mut self,
        cx: &mut Context<'_>,
        transport: &mut Transport,
        into: &mut BytesMut,
    ) -> Poll<Result<bool, BodyFault>> {
        let raw = std::mem::take(&mut self.raw);
        let more = self.more.get_or_insert_with(Buffer::lent);
        more.extend_from_slice(raw);
        loop {
            let decoded = self.body.decode(&mut more[..]).map_err(BodyFault::Misframed)?;
            into.extend_from_slice(&more[..decoded.data]);
            more.advance(decoded.taken);
            if decoded.data > 0 || decoded.done {
                return Poll::Ready(Ok(!decoded.done));
            }
            more.make_room(None, false);
            match ready!(transport.poll_fill(cx, more)) {
                Ok(1..) => {}
                Ok(0) | Err(_) => return Poll::Ready(Err(BodyFault::Incomplete)),
            }
        }
    }
}

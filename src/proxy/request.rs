//! A request that passed, on its way to its upstream.

use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::Instant;

use super::body::Held;
use super::buffers::Buffer;
use super::deadline::Alarm;
use super::downstream::Client;
use super::upstream::{PeerConnection, PeerFault};
use crate::http1::{Framing, LAST_CHUNK, chunk_size};
use crate::policy::forward::Forward;
use crate::policy::rejection::Rejection;

/// The body of a request that passed.
#[derive(Debug)]
pub(super) enum Outgoing<A> {
    /// At hand, as it was checked.
    Whole(Held<A>),
    /// Still to come, and nobody looks at it.
    Streamed {
        /// So many bytes may pass.
        max_bytes: u64,
        /// In so long a time.
        max_time: Duration,
        /// Whether the client waits to be asked for it.
        wants_continue: bool,
    },
}

/// A request as it goes: what is written next, and what comes then.
#[derive(Debug)]
pub(super) struct Departing<'o> {
    /// What goes before the piece of the body: the head, or a chunk's size.
    before: Vec<u8>,
    piece: Piece<'o>,
    behind: &'static [u8],
    /// How much of these three is gone.
    sent: usize,
    rest: Rest,
    framed: Framing,
    /// Bytes of the body that went, or were about to.
    pub(super) body_bytes: u64,
}

#[derive(Debug)]
enum Piece<'o> {
    Held(&'o [u8]),
    Read(Buffer),
}

/// What comes after the piece that is on its way.
#[derive(Debug)]
enum Rest {
    /// More of what streams.
    Streaming(Box<Stream>),
    /// Nothing: the piece is the last.
    Nothing,
    /// Nothing: all of it has gone.
    Gone,
    /// Nothing: the peer takes no more of it.
    Broken(Option<PeerFault>),
}

#[derive(Debug)]
struct Stream {
    max_bytes: u64,
    deadline: Instant,
    alarm: Alarm,
}

impl<A: AsRef<[u8]>> Outgoing<A> {
    /// How the body is framed on the hop to the upstream, where that is said.
    pub(super) fn framing(&self, forward: &Forward<'_>) -> Option<Framing> {
        let takes_body = matches!(forward.method(), "POST" | "PUT" | "PATCH");
        match (self, forward.framing()) {
            (Self::Whole(held), _) => {
                let length = held.bytes().len() as u64;
                (length > 0 || takes_body).then_some(Framing::Length(length))
            }
            (Self::Streamed { .. }, Framing::Length(0)) => None,
            (Self::Streamed { .. }, framing) => Some(framing),
        }
    }
}

impl<'o> Departing<'o> {
    /// A request whose head is written.
    pub(super) fn new<A: AsRef<[u8]>>(head: Vec<u8>, outgoing: &'o Outgoing<A>, framing: Option<Framing>) -> Self {
        let (piece, rest) = match outgoing {
            Outgoing::Whole(held) => (Piece::Held(held.bytes()), Rest::Nothing),
            Outgoing::Streamed { .. } if framing.is_none() => (Piece::Held(b""), Rest::Nothing),
            Outgoing::Streamed { max_bytes, max_time, .. } => {
                let (max_bytes, deadline) = (*max_bytes, Instant::now() + *max_time);
                (Piece::Held(b""), Rest::Streaming(Box::new(Stream { max_bytes, deadline, alarm: Alarm::default() })))
            }
        };
        let body_bytes = piece.bytes().len() as u64;
        let framed = framing.unwrap_or(Framing::Length(0));
        Self { before: head, piece, behind: b"", sent: 0, rest, framed, body_bytes }
    }

    /// Whether nothing is to be done for it any more.
    pub(super) fn is_over(&self) -> bool {
        matches!(self.rest, Rest::Gone | Rest::Broken(_))
    }

    /// Whether all of it went.
    pub(super) fn went_whole(&self) -> bool {
        matches!(self.rest, Rest::Gone)
    }

    /// Why the peer took no more of it; told once.
    pub(super) fn take_fault(&mut self) -> Option<PeerFault> {
        if let Rest::Broken(fault) = &mut self.rest { fault.take() } else { None }
    }

    /// Goes on with it until it is over. A peer that takes no more may have answered all the same, so that is
    /// no error here; what the client does wrong is, and ends it for good.
    pub(super) fn poll<C: Client>(
        &mut self,
        cx: &mut Context<'_>,
        client: &mut C,
        peer: &mut PeerConnection,
    ) -> Poll<Result<(), Rejection>> {
        let polled = self.poll_pieces(cx, client, peer);
        if matches!(polled, Poll::Ready(Err(_))) {
            // Whoever polls again for an answer's sake must not send what was refused: behind a body that grew
            // too long that would be bytes without a chunk around them, a request of their own.
            self.rest = Rest::Broken(None);
        }
        polled
    }

    fn poll_pieces<C: Client>(
        &mut self,
        cx: &mut Context<'_>,
        client: &mut C,
        peer: &mut PeerConnection,
    ) -> Poll<Result<(), Rejection>> {
        while !self.is_over() {
            let parts = [&self.before[..], self.piece.bytes(), self.behind];
            if let Err(fault) = ready!(peer.poll_send(cx, &parts, &mut self.sent)) {
                self.rest = Rest::Broken(Some(fault));
                break;
            }
            match &mut self.rest {
                Rest::Nothing => self.rest = Rest::Gone,
                Rest::Streaming(stream) => {
                    let Piece::Read(buffer) = &mut self.piece else {
                        self.piece = Piece::Read(Buffer::lent());
                        self.before.clear();
                        self.sent = 0;
                        continue;
                    };
                    buffer.clear();
                    self.before.clear();
                    (self.behind, self.sent) = (b"", 0);
                    let more = match client.poll_body(cx, buffer) {
                        Poll::Ready(more) => more?,
                        Poll::Pending if stream.alarm.poll_rung(cx, stream.deadline).is_ready() => {
                            return Poll::Ready(Err(Rejection::BodyTimeout));
                        }
                        Poll::Pending => return Poll::Pending,
                    };
                    let length = buffer.len();
                    self.body_bytes += length as u64;
                    if self.body_bytes > stream.max_bytes {
                        return Poll::Ready(Err(Rejection::BodyTooLarge { max_bytes: stream.max_bytes }));
                    }
                    if self.framed == Framing::Chunked {
                        self.frame(length, !more);
                    }
                    if !more {
                        self.rest = Rest::Nothing;
                    }
                }
                Rest::Gone | Rest::Broken(_) => {}
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Puts what the chunked coding wants around a piece of so many bytes. An empty piece would end it.
    fn frame(&mut self, length: usize, last: bool) {
        if length > 0 {
            chunk_size(&mut self.before, length);
        }
        self.behind = match (length > 0, last) {
            (true, true) => b"\r\n0\r\n\r\n",
            (true, false) => b"\r\n",
            (false, true) => LAST_CHUNK,
            (false, false) => b"",
        };
    }
}

impl Piece<'_> {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Held(bytes) => bytes,
            Self::Read(buffer) => buffer,
        }
    }
}

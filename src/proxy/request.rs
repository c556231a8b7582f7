//! A request that passed, on its way to its upstream.

use std::task::{Context, Poll, ready};

use tokio::time::Instant;

use super::body::Held;
use super::buffers::Buffer;
use super::deadline::Alarm;
use super::downstream::Client;
use super::pace::Pace;
use super::spool::{Reading, Spool};
use super::upstream::{PeerConnection, PeerFault};
use crate::http1::{Framing, chunk};
use crate::policy::forward::Forward;
use crate::policy::rejection::Rejection;

/// The body of a request that passed.
#[derive(Debug)]
pub(super) enum Outgoing<A> {
    /// At hand, as it was checked.
    Held(Held<A>),
    /// In a file, as it was checked.
    Spooled(Spool),
    /// Still to come, and nobody looks at it.
    Streamed {
        /// So many bytes may pass.
        max_bytes: u64,
        /// In so long a time.
        pace: Pace,
        /// Whether the client waits to be asked for it.
        wants_continue: bool,
    },
}

/// A request as it goes: what is written next, and what comes then.
#[derive(Debug)]
pub(super) struct Departing<A> {
    /// What goes before the piece of the body: the head, or a chunk's size.
    before: Buffer,
    piece: Piece<A>,
    behind: &'static [u8],
    /// How much of these three is gone.
    sent: usize,
    rest: Rest,
    /// What the rest is read from, where that is a file.
    spooled: Option<Reading>,
    framed: Framing,
    /// Bytes of the body that went, or were about to.
    pub(super) body_bytes: u64,
}

#[derive(Debug)]
enum Piece<A> {
    None,
    Held(Held<A>),
    Read(Buffer),
}

/// What comes after the piece that is on its way.
#[derive(Debug)]
enum Rest {
    /// More of what streams.
    Streaming(Box<Stream>),
    /// More of what is in a file.
    Spooled,
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
    pace: Pace,
    /// Since when the peer takes no more.
    stalled: Option<Instant>,
    alarm: Alarm,
}

impl<A: AsRef<[u8]>> Outgoing<A> {
    /// How the body is framed on the hop to the upstream, where that is said.
    pub(super) fn framing(&self, forward: &Forward<'_>) -> Option<Framing> {
        let takes_body = matches!(forward.method(), "POST" | "PUT" | "PATCH");
        match (self, forward.framing()) {
            (Self::Held(held), _) => {
                let length = held.bytes().len() as u64;
                (length > 0 || takes_body).then_some(Framing::Length(length))
            }
            (Self::Spooled(spool), _) => Some(Framing::Length(spool.bytes())),
            (Self::Streamed { .. }, Framing::Length(0)) => None,
            (Self::Streamed { .. }, framing) => Some(framing),
        }
    }
}

impl<A: AsRef<[u8]>> Departing<A> {
    /// A request whose head is written.
    pub(super) fn new(head: Buffer, outgoing: Outgoing<A>, framing: Option<Framing>) -> Self {
        let mut spooled = None;
        let (piece, rest) = match outgoing {
            Outgoing::Held(held) => (Piece::Held(held), Rest::Nothing),
            Outgoing::Spooled(spool) => {
                spooled = Some(spool.read());
                (Piece::None, Rest::Spooled)
            }
            Outgoing::Streamed { .. } if framing.is_none() => (Piece::None, Rest::Nothing),
            Outgoing::Streamed { max_bytes, pace, .. } => {
                let stream = Stream { max_bytes, pace, stalled: None, alarm: Alarm::default() };
                (Piece::None, Rest::Streaming(Box::new(stream)))
            }
        };
        let body_bytes = piece.bytes().len() as u64;
        let framed = framing.unwrap_or(Framing::Length(0));
        Self { before: head, piece, behind: b"", sent: 0, rest, spooled, framed, body_bytes }
    }

    /// What has to go once more, on another connection; nothing where some of it is gone for good.
    pub(super) fn again(self) -> Option<Outgoing<A>> {
        match (self.piece, self.spooled) {
            (Piece::Held(held), _) => Some(Outgoing::Held(held)),
            (_, Some(reading)) => reading.rewound().map(Outgoing::Spooled),
            _ => None,
        }
    }

    /// Gives back what is not needed any more: the request is with the upstream, and its bytes need not be
    /// held while the answer runs.
    pub(super) fn let_go(&mut self) {
        if self.is_over() {
            self.piece = Piece::None;
            self.spooled = None;
        }
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
            let sent = peer.poll_send(cx, &parts, &mut self.sent);
            if let Rest::Streaming(stream) = &mut self.rest {
                stream.stalls(sent.is_pending());
            }
            if let Err(fault) = ready!(sent) {
                self.rest = Rest::Broken(Some(fault));
                break;
            }
            match &mut self.rest {
                Rest::Nothing => {
                    self.rest = Rest::Gone;
                    self.before = Buffer::none();
                }
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
                        Poll::Pending => {
                            let deadline = stream.pace.deadline(self.body_bytes);
                            return stream.alarm.poll_rung(cx, deadline).map(|()| Err(Rejection::BodyTimeout));
                        }
                    };
                    let length = buffer.len();
                    self.body_bytes += length as u64;
                    if self.body_bytes > stream.max_bytes {
                        return Poll::Ready(Err(Rejection::BodyTooLarge { max_bytes: stream.max_bytes }));
                    }
                    if self.framed == Framing::Chunked {
                        self.behind = chunk(&mut self.before, length, !more);
                    }
                    if !more {
                        self.rest = Rest::Nothing;
                    }
                }
                Rest::Spooled => {
                    let Some(reading) = self.spooled.as_mut().filter(|reading| !reading.is_over()) else {
                        self.rest = Rest::Gone;
                        break;
                    };
                    let failed = |error: std::io::Error| Rejection::SpoolFailed { cause: error.to_string() };
                    let piece = ready!(reading.poll_piece(cx)).map_err(failed)?;
                    self.body_bytes += piece.len() as u64;
                    self.piece = Piece::Read(piece);
                    self.before.clear();
                    self.sent = 0;
                }
                Rest::Gone | Rest::Broken(_) => {}
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl Stream {
    /// What the peer takes its time for is not held against the client.
    fn stalls(&mut self, stalls: bool) {
        match (stalls, self.stalled) {
            (true, None) => self.stalled = Some(Instant::now()),
            (false, Some(since)) => {
                self.pace.excuse(since.elapsed());
                self.stalled = None;
            }
            _ => {}
        }
    }
}

impl<A: AsRef<[u8]>> Piece<A> {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::None => b"",
            Self::Held(held) => held.bytes(),
            Self::Read(buffer) => buffer,
        }
    }
}

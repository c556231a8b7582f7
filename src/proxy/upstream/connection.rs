//! A connection to a peer, and the answers that are read from it, by the same discipline as requests are.

use std::fmt;
use std::io;
use std::task::{Context, Poll, ready};

use bytes::Buf;

use crate::http1::{Body, ChunkFault, Decoded, HeadFault, HeadLimits, RequestFault, ResponseFault, ResponseHead, Scan};
use crate::proxy::buffers::Buffer;
use crate::proxy::transport::Transport;
use crate::proxy::tunnel::Side;

/// What the head of an answer may take.
const LIMITS: HeadLimits = HeadLimits { bytes: 64 << 10, first_line_bytes: 8 << 10 };

/// A connection to a peer.
#[derive(Debug)]
pub(in crate::proxy) struct PeerConnection {
    pub(super) transport: Transport,
    /// What was read and not taken; none while nobody is asked.
    buffer: Option<Buffer>,
    scan: Scan,
    /// The last read filled all the room there was.
    eager: bool,
}

/// Why an exchange with a peer went no further, in words that repeat nothing of what it sent: that may be
/// anybody's cookies, and belongs in no log.
#[derive(Debug)]
pub(in crate::proxy) enum PeerFault {
    /// It closed the connection before it had answered whole.
    Closed,
    /// Reading failed.
    Read(io::Error),
    /// Writing failed.
    Write(io::Error),
    /// What came is no sound head.
    Head(ResponseFault),
    /// The body's chunks are none.
    Chunk(ChunkFault),
}

impl PeerConnection {
    pub(super) fn new(transport: Transport) -> Self {
        Self { transport, buffer: None, scan: Scan::default(), eager: false }
    }

    /// Writes the parts; see [`Transport::poll_send`].
    pub(in crate::proxy) fn poll_send(
        &mut self,
        cx: &mut Context<'_>,
        parts: &[&[u8]],
        sent: &mut usize,
    ) -> Poll<Result<(), PeerFault>> {
        self.transport.poll_send(cx, parts, sent).map_err(PeerFault::Write)
    }

    /// Reads until a whole head is there; its length.
    pub(in crate::proxy) fn poll_head(&mut self, cx: &mut Context<'_>) -> Poll<Result<usize, PeerFault>> {
        loop {
            if let Some(buffer) = self.buffer.as_ref().filter(|buffer| !buffer.is_empty()) {
                // What speaks another protocol may never end a line.
                if !buffer.iter().zip(b"HTTP/").all(|(byte, expected)| byte == expected) {
                    return Poll::Ready(Err(PeerFault::Head(HeadFault::StartLine.into())));
                }
                if let Some(end) = self.scan.head_end(buffer, &LIMITS).map_err(PeerFault::of_head)? {
                    return Poll::Ready(Ok(end));
                }
            }
            if ready!(self.poll_fill(cx, None))? == 0 {
                return Poll::Ready(Err(PeerFault::Closed));
            }
        }
    }

    /// The head that [`Self::poll_head`] found.
    pub(in crate::proxy) fn head(&self, end: usize) -> Result<ResponseHead<'_>, PeerFault> {
        ResponseHead::parse(&self.pending()[..end]).map_err(PeerFault::Head)
    }

    /// Whether anything of an answer came.
    pub(in crate::proxy) fn has_spoken(&self) -> bool {
        !self.pending().is_empty()
    }

    /// What was read and not taken.
    pub(in crate::proxy) fn pending(&self) -> &[u8] {
        self.buffer.as_deref().map_or(&[], |buffer| &buffer[..])
    }

    /// Takes that much of it away.
    pub(in crate::proxy) fn take(&mut self, bytes: usize) {
        self.scan = Scan::default();
        if let Some(buffer) = &mut self.buffer {
            buffer.advance(bytes);
        }
    }

    /// Moves what is there of a body to the front of what was read.
    pub(in crate::proxy) fn decode(&mut self, body: &mut Body) -> Result<Decoded, PeerFault> {
        let buffer: &mut [u8] = self.buffer.as_deref_mut().map_or(&mut [], |buffer| &mut buffer[..]);
        body.decode(buffer).map_err(PeerFault::Chunk)
    }

    /// Reads more, of which so much is expected. Zero is the connection's end.
    pub(in crate::proxy) fn poll_fill(
        &mut self,
        cx: &mut Context<'_>,
        expected: Option<u64>,
    ) -> Poll<Result<usize, PeerFault>> {
        // While nothing is there, nothing is held for it: what answers at once gets the buffers that are warm.
        let buffer = match &mut self.buffer {
            Some(buffer) => buffer,
            None => {
                ready!(self.transport.poll_readable(cx)).map_err(PeerFault::Read)?;
                self.buffer.insert(Buffer::lent())
            }
        };
        if buffer.capacity() == buffer.len() || self.eager {
            buffer.make_room(expected, self.eager);
        }
        let read = ready!(self.transport.poll_fill(cx, buffer)).map_err(PeerFault::Read)?;
        self.eager = buffer.len() == buffer.capacity();
        Poll::Ready(Ok(read))
    }

    /// As one side of a tunnel, with what it said already.
    pub(in crate::proxy) fn side(&mut self) -> Side<'_> {
        Side { transport: &mut self.transport, said: self.buffer.take().unwrap_or_else(Buffer::lent) }
    }

    /// Whether it may be asked again: nothing came behind the answer. Nothing is held for it meanwhile.
    pub(super) fn rests(&mut self) -> bool {
        let nothing_behind = self.pending().is_empty();
        self.buffer = None;
        self.eager = false;
        nothing_behind
    }
}

impl PeerFault {
    fn of_head(fault: RequestFault) -> Self {
        Self::Head(match fault {
            RequestFault::Malformed(fault) => ResponseFault::Malformed(fault),
            // A first line without end is no status line.
            RequestFault::TargetTooLong => ResponseFault::Malformed(HeadFault::StartLine),
            RequestFault::TooLarge => ResponseFault::TooLarge,
            RequestFault::Version => ResponseFault::Version,
        })
    }
}

impl fmt::Display for PeerFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("the peer closed the connection before its time"),
            Self::Read(error) => write!(f, "reading failed: {error}"),
            Self::Write(error) => write!(f, "writing failed: {error}"),
            Self::Head(fault) => write!(f, "no sound HTTP head came. {fault}"),
            Self::Chunk(fault) => write!(f, "the body's chunks are not sound: {fault}"),
        }
    }
}

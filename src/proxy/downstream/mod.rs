//! The client's side of an exchange, whichever version of HTTP it speaks.
//!
//! [`h1`] speaks HTTP/1.1 on the bare connection, [`h2`] speaks HTTP/2 by a session of Pingora's on a
//! [`carrier`].

mod carrier;
mod h1;
mod h2;

use std::fmt::Debug;
use std::io;
use std::task::{Context, Poll};

use bytes::BytesMut;

pub(super) use carrier::Carrier;
pub(super) use h1::H1;
pub(super) use h2::{H2, StreamHead};

use super::deadline::Alarm;
use super::response::Answering;
use super::tunnel::Side;
use crate::http1::{ChunkFault, Version};
use crate::policy::problem::Answer;
use crate::policy::rejection::Rejection;

/// The client's side of one exchange.
pub(super) trait Client: Send {
    /// A body that came with the head.
    type Arrived: AsRef<[u8]> + Send + Sync + Debug;

    /// The body, where all of it is at hand already.
    fn body_at_hand(&mut self) -> Result<Option<Self::Arrived>, BodyFault>;

    /// Adds some more of the body to a buffer. Whether more may come.
    fn poll_body(&mut self, cx: &mut Context<'_>, into: &mut BytesMut) -> Poll<Result<bool, BodyFault>>;

    /// Tells a client that waits for 100 to send its body.
    fn invite(&mut self) -> impl Future<Output = io::Result<()>> + Send;

    /// Passes an interim answer on, to whom may get one.
    fn interim(&mut self, answering: &Answering<'_>) -> impl Future<Output = io::Result<()>> + Send;

    /// Tells the client that the connection speaks another protocol from here on; its side of the tunnel, where the
    /// version has such a thing.
    fn upgrade(
        &mut self,
        answering: &Answering<'_>,
        protocol: &[u8],
    ) -> impl Future<Output = io::Result<Option<Side<'_>>>> + Send;

    /// Begins a final answer. Its head goes with what is sent next. Whether a plain close behind part of it
    /// would look like its end.
    fn begin(&mut self, answering: &Answering<'_>) -> bool;

    /// Sends a piece of the final answer's body; empty ones are none. To be polled with the same piece until
    /// it is ready.
    fn poll_send(&mut self, cx: &mut Context<'_>, piece: &[u8], last: bool) -> Poll<io::Result<()>>;

    /// What becomes of the connection, now that the answer went out whole.
    fn answered(&self) -> Fate;

    /// Sends an answer of the gate's own. After one that `breaks`, nothing certain follows.
    fn refuse(&mut self, answer: &Answer, breaks: bool, alarm: &mut Alarm) -> impl Future<Output = Fate> + Send;
}

/// Why no more of a body came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BodyFault {
    /// The connection ended, or failed, before the body did.
    Incomplete,
    /// Its chunks are none.
    Misframed(ChunkFault),
}

/// What becomes of a client's connection once it was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It goes on.
    Kept,
    /// It goes on once the rest of a refused body was read away.
    Undrained,
    /// It closes, in a way that does not lose the answer.
    Closing,
    /// It is of no more use.
    Gone,
    /// It is of no more use, and has to be reset: a plain close would make half an answer look whole.
    Reset,
}

impl From<BodyFault> for Rejection {
    fn from(fault: BodyFault) -> Self {
        match fault {
            BodyFault::Incomplete => Self::BodyIncomplete,
            BodyFault::Misframed(fault) => Self::BodyMisframed(fault),
        }
    }
}

/// RFC 9112 §9.3: a connection goes on by itself on 1.1, and only when told so on 1.0.
pub(super) fn connection_option(version: Version, keep: bool) -> Option<&'static [u8]> {
    match (version, keep) {
        (_, false) => Some(b"close"),
        (Version::Http10, true) => Some(b"keep-alive"),
        (_, true) => None,
    }
}

//! Reading a request head from a connection: in time, within size, and as it stands on the wire.
//!
//! The head is judged from these bytes, not from what a session of Pingora's would make of them: that
//! accepts bare LF, drops a second Content-Length and repairs targets, and what was repaired can no
//! longer be seen.

use std::mem::MaybeUninit;
use std::time::Duration;

use bytes::BytesMut;
use pingora_core::protocols::Stream;
use tokio::io::AsyncReadExt;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::downstream::Downstream;
use crate::policy::gateway::Limits;
use crate::policy::rejection::{HeadFault, Rejection};
use crate::policy::request::{Field, RequestHead, Version};

/// One read's worth; most heads come in one.
const READ_BYTES: usize = 4096;

/// The most fields that `[limits] max_fields` may allow.
pub(crate) const MAX_FIELDS: usize = 256;

/// Waits between requests, for `idle` at most. Whether anything came. A gate that closes waits no longer
/// than its `patience`.
pub(super) async fn first_bytes(
    stream: &Stream,
    buffer: &mut BytesMut,
    idle: Duration,
    closing: &mut watch::Receiver<bool>,
    patience: Duration,
) -> bool {
    let Ok(downstream) = Downstream::of(stream) else { return false };
    let closed = async {
        let _ = closing.wait_for(|closing| *closing).await;
        sleep(patience).await;
    };
    tokio::select! {
        biased;
        read = timeout(idle, downstream.read_first(buffer, READ_BYTES)) => matches!(read, Ok(Ok(1..))),
        () = closed => false,
    }
}

/// Reads until `buffer`, which is not empty, begins with a whole head, and tells where that ends. `None`
/// where the client went.
pub(super) async fn read_head(
    stream: &mut Stream,
    buffer: &mut BytesMut,
    limits: &Limits,
) -> Result<Option<usize>, Rejection> {
    let deadline = Instant::now() + limits.head_timeout;
    let mut scan = Scan::default();
    loop {
        if let Some(end) = scan.head_end(buffer, limits)? {
            return Ok(Some(end));
        }
        buffer.reserve(READ_BYTES);
        match timeout_at(deadline, stream.read_buf(buffer)).await {
            Ok(Ok(1..)) => {}
            Ok(Ok(0) | Err(_)) => return Ok(None),
            Err(_) => return Err(Rejection::HeadTimeout),
        }
    }
}

/// How far a head has been looked at, so that a slow one is not looked at again from its start.
#[derive(Default)]
struct Scan {
    seen: usize,
    line_start: usize,
}

impl Scan {
    /// RFC 9112 §2.1 and §2.2: lines end with CRLF and nothing else does; the head ends with an empty
    /// one, which may not come first.
    fn head_end(&mut self, buffer: &[u8], limits: &Limits) -> Result<Option<usize>, Rejection> {
        while let Some(offset) = buffer[self.seen..].iter().position(|byte| *byte == b'\n') {
            let newline = self.seen + offset;
            if newline == 0 || buffer[newline - 1] != b'\r' {
                return Err(Rejection::MalformedHead(HeadFault::Syntax));
            }
            let line_is_empty = newline - 1 == self.line_start;
            if line_is_empty && self.line_start == 0 {
                return Err(Rejection::MalformedHead(HeadFault::Syntax));
            }
            self.seen = newline + 1;
            if line_is_empty {
                return within(self.seen, limits).map(|()| Some(self.seen));
            }
            self.line_start = self.seen;
        }
        self.seen = buffer.len();
        // A first line without end: the target is to blame, as far as it goes.
        if self.line_start == 0 && buffer.len() > limits.max_target_bytes + 64 {
            return Err(Rejection::TargetTooLong);
        }
        within(buffer.len(), limits).map(|()| None)
    }
}

fn within(bytes: usize, limits: &Limits) -> Result<(), Rejection> {
    if bytes > limits.max_head_bytes { Err(Rejection::HeadTooLarge) } else { Ok(()) }
}

/// A head's parts, borrowed from its bytes.
pub(super) struct Parsed<'a> {
    method: &'a [u8],
    target: &'a [u8],
    version: Version,
    fields: Vec<Field<'a>>,
}

impl<'a> Parsed<'a> {
    /// Splits a whole head into its parts. What the parts may be is for the stage `head` to judge.
    pub(super) fn parse(head: &'a [u8]) -> Result<Self, Rejection> {
        version_is_known(head)?;
        let mut slots = [const { MaybeUninit::uninit() }; MAX_FIELDS];
        let mut request = httparse::Request::new(&mut []);
        match request.parse_with_uninit_headers(head, &mut slots) {
            Ok(httparse::Status::Complete(end)) if end == head.len() => {}
            Err(httparse::Error::TooManyHeaders) => return Err(Rejection::HeadTooLarge),
            _ => return Err(Rejection::MalformedHead(HeadFault::Syntax)),
        }
        let fields = request.headers.iter().map(|field| Field { name: field.name.as_bytes(), value: field.value });
        Ok(Self {
            method: request.method.unwrap_or_default().as_bytes(),
            target: request.path.unwrap_or_default().as_bytes(),
            version: if request.version == Some(1) { Version::Http11 } else { Version::Http10 },
            fields: fields.collect(),
        })
    }

    /// The view that policy judges.
    pub(super) fn view(&'a self) -> RequestHead<'a> {
        RequestHead { method: self.method, target: self.target, version: self.version, fields: &self.fields }
    }
}

/// RFC 9110 §15.6.6: what calls itself HTTP of another version is told so; what does not is malformed.
fn version_is_known(head: &[u8]) -> Result<(), Rejection> {
    let line = head.split(|byte| *byte == b'\r').next().unwrap_or_default();
    let version = line.rsplit(|byte| *byte == b' ').next().unwrap_or_default();
    match version {
        b"HTTP/1.1" | b"HTTP/1.0" => Ok(()),
        [b'H', b'T', b'T', b'P', b'/', major, b'.', minor] if major.is_ascii_digit() && minor.is_ascii_digit() => {
            Err(Rejection::VersionNotSupported)
        }
        _ => Err(Rejection::MalformedHead(HeadFault::Syntax)),
    }
}

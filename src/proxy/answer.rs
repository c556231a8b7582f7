//! Refusing on the wire: the answer is ours, and the connection lives on where it can.

use std::io::Write;
use std::time::{Duration, SystemTime};

use bytes::BytesMut;
use httpdate::HttpDate;
use pingora_core::protocols::Stream;
use pingora_core::protocols::http::v1::server::HttpSession;
use pingora_http::StatusCode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use super::downstream::Downstream;
use crate::policy::problem::Answer;
use crate::policy::request::{RequestHead, Version};

/// So much of a refused body is read away to keep the connection.
const DRAIN_BYTES: u64 = 64 << 10;

/// And for so long.
const DRAIN_TIME: Duration = Duration::from_secs(1);

/// A client that reads nothing is not waited for longer.
const SEND_TIME: Duration = Duration::from_secs(10);

/// A closing connection reads so much more before it is dropped: a close with bytes unread resets it,
/// and the reset can overtake the answer (RFC 9112 §9.6).
const LINGER_BYTES: u64 = 16 << 20;

/// What becomes of a client's connection once it was answered.
pub(super) enum After {
    /// It goes on with what was read beyond the request.
    Kept(Stream, BytesMut),
    /// It goes on once the rest of a refused body was read away.
    Undrained(Box<HttpSession>),
    /// It closes, in a way that does not lose the answer.
    Closing(Stream),
    /// It is of no more use.
    Gone,
}

/// Answers a request whose body a session has not read to its end. Where the connection is to be kept,
/// the rest has to be read away.
pub(super) async fn send_before_drain(
    session: HttpSession,
    request: &RequestHead<'_>,
    answer: &Answer,
    keep: bool,
) -> After {
    let bytes = serialized(answer, request.method == b"HEAD", connection_option(request.version, keep));
    let Ok(downstream) = Downstream::behind(&session) else { return After::Gone };
    match timeout(SEND_TIME, downstream.write_all(&[&bytes])).await {
        Ok(Ok(())) if keep => After::Undrained(Box::new(session)),
        Ok(Ok(())) => After::Closing(session.into_inner()),
        _ => After::Gone,
    }
}

/// Reads away what is left of a refused body that was answered, to the next request; or closes.
pub(super) async fn drained_to_the_next(mut session: Box<HttpSession>) -> Option<(Stream, BytesMut)> {
    if !drained(&mut session).await {
        linger(session.into_inner()).await;
        return None;
    }
    match reusable(*session).await {
        After::Kept(stream, rest) => Some((stream, rest)),
        _ => None,
    }
}

/// The connection behind a session whose request was read to its end.
pub(super) async fn reusable(session: HttpSession) -> After {
    match session.reuse().await {
        Ok(Some(reused)) => {
            let (stream, rest) = reused.into_parts();
            After::Kept(stream, rest.unwrap_or_default())
        }
        _ => After::Gone,
    }
}

/// Whether a body of this length is short enough to be read away.
pub(super) fn is_soon_drained(length: &[u8]) -> bool {
    let length = std::str::from_utf8(length).ok().and_then(|length| length.parse().ok());
    length.is_some_and(|length: u64| length <= DRAIN_BYTES)
}

/// Reads away what is left of a body, within [`DRAIN_BYTES`] and [`DRAIN_TIME`].
pub(super) async fn drained(session: &mut HttpSession) -> bool {
    let mut left = DRAIN_BYTES;
    let drain = async {
        while !session.is_body_done() {
            match session.read_body_bytes().await {
                Ok(Some(bytes)) => match left.checked_sub(bytes.len() as u64) {
                    Some(rest) => left = rest,
                    None => return false,
                },
                Ok(None) => return true,
                Err(_) => return false,
            }
        }
        true
    };
    timeout(DRAIN_TIME, drain).await.unwrap_or(false)
}

/// Answers on the bare connection, with one write, a request of which nothing is left to read. `rest`
/// was read beyond it.
pub(super) async fn send(
    stream: Stream,
    rest: BytesMut,
    request: &RequestHead<'_>,
    answer: &Answer,
    keep: bool,
) -> After {
    let bytes = serialized(answer, request.method == b"HEAD", connection_option(request.version, keep));
    let Ok(downstream) = Downstream::of(&stream) else { return After::Gone };
    match timeout(SEND_TIME, downstream.write_all(&[&bytes])).await {
        Ok(Ok(())) if keep => After::Kept(stream, rest),
        Ok(Ok(())) => After::Closing(stream),
        _ => After::Gone,
    }
}

/// Answers on the bare connection what never became a request, and ends it.
pub(super) async fn last(stream: Stream, answer: &Answer) -> After {
    let nothing = RequestHead { method: b"", target: b"", version: Version::Http11, fields: &[] };
    send(stream, BytesMut::new(), &nothing, answer, false).await
}

/// RFC 9112 §9.3: a connection goes on by itself on 1.1, and only when told so on 1.0.
pub(super) fn connection_option(version: Version, keep: bool) -> &'static str {
    match (version, keep) {
        (_, false) => "Connection: close\r\n",
        (Version::Http10, true) => "Connection: keep-alive\r\n",
        (_, true) => "",
    }
}

fn serialized(answer: &Answer, head_only: bool, connection: &str) -> Vec<u8> {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::BAD_REQUEST);
    let mut bytes = Vec::with_capacity(512 + answer.body.len());
    // Writing to a vector does not fail.
    let _ = write!(bytes, "HTTP/1.1 {} {}\r\n", status.as_u16(), status.canonical_reason().unwrap_or_default());
    for (name, value) in &answer.fields {
        let _ = write!(bytes, "{name}: {value}\r\n");
    }
    // RFC 9110 §6.6.1
    let _ = write!(bytes, "Date: {}\r\n", HttpDate::from(SystemTime::now()));
    let _ = write!(bytes, "Content-Length: {}\r\n{connection}\r\n", answer.body.len());
    if !head_only {
        bytes.extend_from_slice(&answer.body);
    }
    bytes
}

/// Closes without losing the answer: no more writes, and a while of reading what still comes.
pub(super) async fn linger(mut stream: Stream) {
    if AsyncWriteExt::shutdown(&mut stream).await.is_err() {
        return;
    }
    let mut left = LINGER_BYTES;
    let mut sink = vec![0; 16 << 10];
    let discard = async {
        while let Ok(read @ 1..) = stream.read(&mut sink).await {
            let Some(rest) = left.checked_sub(read as u64) else { return };
            left = rest;
        }
    };
    let _ = timeout(DRAIN_TIME, discard).await;
}

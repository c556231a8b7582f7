//! Reading a body whole: within its size, its time and the gate's budget.

use bytes::{Bytes, BytesMut};
use pingora_core::protocols::http::v1::server::HttpSession;
use pingora_core::{Error, ErrorType};
use tokio::time::{Instant, timeout_at};

use super::budget::Share;
use super::gate::Gate;
use crate::policy::decide::Whole;
use crate::policy::head::Framing;
use crate::policy::rejection::Rejection;

/// A body at hand, and its share of the budget for as long as it is.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) bytes: Bytes,
    _share: Share,
}

/// Why no more of a body came.
pub(super) fn cut_short(error: &Error) -> Rejection {
    match error.etype() {
        ErrorType::ReadTimedout => Rejection::BodyTimeout,
        _ => Rejection::BodyIncomplete,
    }
}

/// Reads all of a body, or says why not.
pub(super) async fn read(session: &mut HttpSession, whole: &Whole<'_>, gate: &Gate) -> Result<Held, Rejection> {
    let mut share = gate.budget.share(whole.identified().limits().buffered_bytes);
    let announced = match whole.identified().framing() {
        Framing::Length(0) => return Ok(Held { bytes: Bytes::new(), _share: share }),
        Framing::Length(length) => length,
        Framing::Chunked => 0,
    };
    let max = whole.max_bytes();
    if !share.grow_to(announced + whole.decoded_bytes()) {
        return Err(Rejection::BuffersFull);
    }
    if whole.identified().expects_continue() {
        session.write_continue_response().await.map_err(|_| Rejection::BodyIncomplete)?;
    }
    let deadline = Instant::now() + whole.identified().limits().body_timeout;
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    loop {
        let chunk = match timeout_at(deadline, session.read_body_bytes()).await {
            Ok(Ok(Some(chunk))) => chunk,
            Ok(Ok(None)) => break,
            Ok(Err(error)) => return Err(cut_short(&error)),
            Err(_) => return Err(Rejection::BodyTimeout),
        };
        let length = (first.len() + rest.len() + chunk.len()) as u64;
        if length > max {
            return Err(whole.overflow());
        }
        if !share.grow_to(length + whole.decoded_bytes()) {
            return Err(Rejection::BuffersFull);
        }
        // Most bodies come in one piece, and that piece is kept as it is.
        if first.is_empty() && rest.is_empty() {
            first = chunk;
        } else {
            if rest.is_empty() {
                rest = BytesMut::from(std::mem::take(&mut first));
            }
            rest.extend_from_slice(&chunk);
        }
    }
    let bytes = if rest.is_empty() { first } else { rest.freeze() };
    if announced > bytes.len() as u64 {
        return Err(Rejection::BodyIncomplete);
    }
    Ok(Held { bytes, _share: share })
}

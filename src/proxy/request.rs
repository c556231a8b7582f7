//! A request that passed, on its way to its upstream.

use std::time::Duration;

use pingora_core::protocols::http::v1::client::HttpSession as UpstreamSession;
use pingora_core::protocols::http::v1::server::HttpSession;
use pingora_http::RequestHeader;
use tokio::time::timeout;

use super::body::{Held, cut_short};
use super::fault::cause;
use crate::policy::forward::{Forward, Hop};
use crate::policy::head::Framing;
use crate::policy::rejection::Rejection;

/// The body of a request that passed.
#[derive(Debug)]
pub(super) enum Outgoing {
    /// At hand, as it was checked.
    Whole(Held),
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

/// The head as the upstream sees it. The body's framing is this hop's own.
pub(super) fn head(forward: &Forward<'_>, hop: &Hop<'_>, outgoing: &Outgoing) -> Result<Box<RequestHeader>, Rejection> {
    let broken = |_| Rejection::UpstreamBroken { cause: "the head cannot be written".to_owned() };
    let fields = forward.fields(hop);
    let target = forward.target();
    let mut head = RequestHeader::build(forward.method(), target.as_bytes(), Some(fields.len() + 1)).map_err(broken)?;
    for (name, value) in fields {
        let name = bytes::Bytes::copy_from_slice(&name);
        head.append_header(name, &*value).map_err(broken)?;
    }
    let takes_body = matches!(forward.method(), "POST" | "PUT" | "PATCH");
    match (outgoing, forward.framing()) {
        (Outgoing::Whole(held), _) if !held.bytes.is_empty() || takes_body => {
            head.append_header("content-length", held.bytes.len().to_string()).map_err(broken)?;
        }
        (Outgoing::Whole(_), _) | (Outgoing::Streamed { .. }, Framing::Length(0)) => {}
        (Outgoing::Streamed { .. }, Framing::Length(length)) => {
            head.append_header("content-length", length.to_string()).map_err(broken)?;
        }
        (Outgoing::Streamed { .. }, Framing::Chunked) => {
            head.append_header("transfer-encoding", "chunked").map_err(broken)?;
        }
    }
    Ok(Box::new(head))
}

/// What became of sending a request.
pub(super) struct Sent {
    /// Bytes of the body that went, or were about to.
    pub(super) bytes: u64,
    /// Whether all of it went: a peer that answers early may close its reading side, and what it said is
    /// read all the same, but its connection has no place for another request.
    pub(super) outcome: Result<bool, Rejection>,
}

/// Sends head and body.
pub(super) async fn send(
    upstream: &mut UpstreamSession,
    head: Box<RequestHeader>,
    outgoing: &Outgoing,
    session: &mut HttpSession,
) -> Sent {
    let mut bytes = if let Outgoing::Whole(held) = outgoing { held.bytes.len() as u64 } else { 0 };
    if let Err(error) = upstream.write_request_header(head).await {
        return Sent { bytes, outcome: Err(Rejection::UpstreamBroken { cause: cause(&error) }) };
    }
    let outcome = match outgoing {
        Outgoing::Whole(held) if held.bytes.is_empty() => Ok(upstream.finish_body().await.is_ok()),
        Outgoing::Whole(held) => {
            Ok(upstream.write_body(&held.bytes).await.is_ok() && upstream.finish_body().await.is_ok())
        }
        Outgoing::Streamed { max_bytes, max_time, wants_continue } => {
            if *wants_continue && session.write_continue_response().await.is_err() {
                return Sent { bytes, outcome: Err(Rejection::BodyIncomplete) };
            }
            let streamed = timeout(*max_time, stream_body(upstream, *max_bytes, session, &mut bytes)).await;
            streamed.unwrap_or(Err(Rejection::BodyTimeout))
        }
    };
    Sent { bytes, outcome }
}

async fn stream_body(
    upstream: &mut UpstreamSession,
    max_bytes: u64,
    session: &mut HttpSession,
    passed: &mut u64,
) -> Result<bool, Rejection> {
    while let Some(chunk) = session.read_body_bytes().await.map_err(|error| cut_short(&error))? {
        *passed += chunk.len() as u64;
        if *passed > max_bytes {
            return Err(Rejection::BodyTooLarge { max_bytes });
        }
        // Written in chunks, an empty one is the last.
        if !chunk.is_empty() && upstream.write_body(&chunk).await.is_err() {
            return Ok(false);
        }
    }
    Ok(upstream.finish_body().await.is_ok())
}

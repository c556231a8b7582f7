//! Carrying a request that passed to its upstream, and the answer back.
//!
//! Once the answer's head is on its way, nothing can be taken back: a failure after that cuts the
//! client's connection off, so that half an answer never looks whole.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use pingora_core::ErrorType;
use pingora_core::protocols::http::v1::client::HttpSession as UpstreamSession;
use pingora_core::protocols::http::v1::server::HttpSession;
use pingora_http::{RequestHeader, Version as SessionVersion};
use tokio::time::{Instant, timeout, timeout_at};

use super::body::{Held, cut_short};
use super::clock::Id;
use super::downstream::Downstream;
use super::gate::Gate;
use super::response::{self, Asked, Ending};
use crate::policy::forward::{Forward, Hop};
use crate::policy::head::Framing;
use crate::policy::rejection::Rejection;
use crate::policy::request::Version;

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

/// How an exchange can fail.
#[derive(Debug)]
pub(super) enum Failure {
    /// The client has got nothing yet, and can be told.
    Refused(Rejection),
    /// The client has got part of an answer.
    Aborted {
        /// Why, for the log.
        cause: String,
        /// Whether a plain close would look like the answer's end.
        looks_whole: bool,
    },
}

impl From<Rejection> for Failure {
    fn from(rejection: Rejection) -> Self {
        Self::Refused(rejection)
    }
}

/// Interim answers of one exchange (RFC 9110 §15.2); a peer that sends more is broken.
const MAX_INTERIM: usize = 16;

/// So often a request that may be repeated is sent again, when a pooled connection turns out closed.
const MAX_RETRIES: usize = 2;

/// Sends the request on and its answer back; `standings` joins the answer's fields. Whether the client's
/// connection goes on.
pub(super) async fn relay(
    gate: &Gate,
    session: &mut HttpSession,
    forward: &Forward<'_>,
    outgoing: Outgoing,
    standings: Vec<(&'static str, String)>,
    (request_id, id): (&str, Id),
) -> Result<bool, Failure> {
    let upstream = forward.upstream_index();
    let deadline = Instant::now() + gate.upstreams.total(upstream);
    let mut retries = 0;
    let mut connected = loop {
        let mut connected = gate.upstreams.connect(upstream).await?;
        let hop = Hop { request_id, trace: (id.trace, id.span), peer_authority: connected.authority };
        let head = request_head(forward, &hop, &outgoing)?;
        let attempt = async {
            send(&mut connected.session, head, &outgoing, session).await?;
            answer_head(&mut connected.session, session).await
        };
        match timeout_at(deadline, attempt).await {
            Ok(Ok(())) => break connected,
            // The pooled connection was closed while it lay idle. RFC 9110 §9.2.2: only what may be
            // repeated is sent again.
            Ok(Err(Lost { answered: false, .. }))
                if connected.reused && repeatable(forward, &outgoing) && retries < MAX_RETRIES =>
            {
                retries += 1;
            }
            Ok(Err(lost)) => return Err(lost.failure),
            Err(_) => return Err(Rejection::UpstreamTimeout { phase: "response head" }.into()),
        }
    };
    // The request is with the upstream; its bytes need not be held while the answer runs.
    drop(outgoing);
    let version =
        if session.req_header().version == SessionVersion::HTTP_10 { Version::Http10 } else { Version::Http11 };
    // What an early answer left of the request is not waited for.
    let keep = session.will_keepalive() && session.is_body_done();
    let asked = Asked { version, head_only: forward.method() == "HEAD", keep };
    let passing = pass_back(&mut connected.session, session, asked, &standings);
    let keep = timeout_at(deadline, passing).await.unwrap_or_else(|_| {
        let cause = "the exchange took longer than 'total'".to_owned();
        Err(Failure::Aborted { cause, looks_whole: version == Version::Http10 })
    })?;
    gate.upstreams.release(connected).await;
    Ok(keep)
}

fn repeatable(forward: &Forward<'_>, outgoing: &Outgoing) -> bool {
    let idempotent = matches!(forward.method(), "GET" | "HEAD" | "OPTIONS" | "PUT" | "DELETE");
    idempotent && matches!(outgoing, Outgoing::Whole(_))
}

/// The head as the upstream sees it. The body's framing is this hop's own.
fn request_head(forward: &Forward<'_>, hop: &Hop<'_>, outgoing: &Outgoing) -> Result<Box<RequestHeader>, Rejection> {
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

/// An attempt that failed, and whether the peer had begun to answer.
struct Lost {
    failure: Failure,
    answered: bool,
}

impl Lost {
    fn before_answer(failure: impl Into<Failure>) -> Self {
        Self { failure: failure.into(), answered: false }
    }
}

async fn send(
    upstream: &mut UpstreamSession,
    head: Box<RequestHeader>,
    outgoing: &Outgoing,
    session: &mut HttpSession,
) -> Result<(), Lost> {
    upstream.write_request_header(head).await.map_err(|error| Lost::before_answer(broken(&error)))?;
    match outgoing {
        Outgoing::Whole(held) => {
            // A peer that answers early may close its reading side: what it said is read all the same.
            if !held.bytes.is_empty() && upstream.write_body(&held.bytes).await.is_err() {
                return Ok(());
            }
            let _ = upstream.finish_body().await;
            Ok(())
        }
        Outgoing::Streamed { max_bytes, max_time, wants_continue } => {
            if *wants_continue {
                session.write_continue_response().await.map_err(|_| Lost::before_answer(Rejection::BodyIncomplete))?;
            }
            let streamed = timeout(*max_time, stream_body(upstream, *max_bytes, session)).await;
            streamed.unwrap_or(Err(Rejection::BodyTimeout)).map_err(Lost::before_answer)
        }
    }
}

async fn stream_body(
    upstream: &mut UpstreamSession,
    max_bytes: u64,
    session: &mut HttpSession,
) -> Result<(), Rejection> {
    let mut passed = 0_u64;
    loop {
        match session.read_body_bytes().await {
            Ok(Some(chunk)) => {
                passed += chunk.len() as u64;
                if passed > max_bytes {
                    return Err(Rejection::BodyTooLarge { max_bytes });
                }
                // Written in chunks, nothing is the last chunk.
                if !chunk.is_empty() && upstream.write_body(&chunk).await.is_err() {
                    return Ok(());
                }
            }
            Ok(None) => {
                let _ = upstream.finish_body().await;
                return Ok(());
            }
            Err(error) => return Err(cut_short(&error)),
        }
    }
}

/// Reads up to the final head; interim ones are passed on to whom may get them.
async fn answer_head(upstream: &mut UpstreamSession, session: &HttpSession) -> Result<(), Lost> {
    for count in 0..=MAX_INTERIM {
        upstream.read_response().await.map_err(|error| Lost {
            failure: broken(&error).into(),
            answered: count > 0
                || error.etype() != &ErrorType::ConnectionClosed && error.etype() != &ErrorType::ReadError,
        })?;
        let Some(head) = upstream.resp_header() else { break };
        match head.status.as_u16() {
            // Ours is sent when the body is wanted, not when the peer wants it.
            100 => {}
            // RFC 9110 §7.8: nobody asked for an upgrade.
            101 => break,
            102..=199 if session.req_header().version == SessionVersion::HTTP_11 => {
                if let (Ok(bytes), Ok(downstream)) =
                    (response::interim(&upstream.get_headers_raw_bytes()), Downstream::behind(session))
                {
                    // A client that is gone shows when the final answer is written.
                    let _ = downstream.write_all(&[&bytes]).await;
                }
            }
            102..=199 => {}
            200..=599 => return Ok(()),
            _ => break,
        }
    }
    let cause = "an answer that nobody asked for, or without end of interim ones".to_owned();
    Err(Lost { failure: Rejection::UpstreamBroken { cause }.into(), answered: true })
}

/// Passes the final answer on, its body as it comes. Whether the client's connection goes on.
async fn pass_back(
    upstream: &mut UpstreamSession,
    session: &HttpSession,
    asked: Asked,
    standings: &[(&'static str, String)],
) -> Result<bool, Failure> {
    let refused = |cause| Failure::Refused(Rejection::UpstreamBroken { cause });
    let downstream = Downstream::behind(session).map_err(|error| refused(error.to_string()))?;
    let (mut head, ending) = response::head(&upstream.get_headers_raw_bytes(), asked, standings).map_err(refused)?;
    let looks_whole = ending == Ending::UntilClose;
    let unwritten = |error: std::io::Error| Failure::Aborted { cause: format!("client: {error}"), looks_whole };
    let unread =
        |error: Box<pingora_core::Error>| Failure::Aborted { cause: format!("upstream: {error}"), looks_whole };
    loop {
        let mut next = pin!(upstream.read_body_ref());
        let piece = match poll_fn(|cx| Poll::Ready(next.as_mut().poll(cx))).await {
            Poll::Ready(piece) => piece,
            // While the peer pauses, the client gets what there is.
            Poll::Pending => {
                downstream.write_all(&[&head]).await.map_err(unwritten)?;
                head.clear();
                next.await
            }
        };
        let piece = match piece {
            Ok(Some(piece)) if piece.is_empty() => continue,
            Ok(Some(piece)) => piece,
            Ok(None) => break,
            Err(error) => {
                // What came before goes out, so that the client sees where it was cut off.
                let _ = downstream.write_all(&[&head]).await;
                return Err(unread(error));
            }
        };
        let (before, behind) = ending.around(piece);
        downstream.write_all(&[&head, before.as_bytes(), piece, behind]).await.map_err(unwritten)?;
        head.clear();
    }
    downstream.write_all(&[&head, ending.end()]).await.map_err(unwritten)?;
    Ok(asked.keep && ending != Ending::UntilClose)
}

fn broken(error: &pingora_core::Error) -> Rejection {
    Rejection::UpstreamBroken { cause: error.to_string() }
}

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
use pingora_http::{Method, RequestHeader, ResponseHeader, StatusCode, Version};
use tokio::io::AsyncWriteExt;
use tokio::time::{Instant, timeout, timeout_at};

use super::body::{Held, cut_short};
use super::clock::Id;
use super::downstream::Downstream;
use super::gate::Gate;
use super::upstream::Connected;
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

/// How an exchange can fail.
#[derive(Debug)]
pub(super) enum Failure {
    /// The client has got nothing yet, and can be told.
    Refused(Rejection),
    /// The client has got part of an answer.
    Aborted(String),
}

impl From<Rejection> for Failure {
    fn from(rejection: Rejection) -> Self {
        Self::Refused(rejection)
    }
}

/// Interim answers of one exchange (RFC 9110 §15.2); a peer that sends more is broken.
const MAX_INTERIM: usize = 16;

/// A client that reads nothing gets no more of an answer that was cut off.
const FLUSH_TIME: Duration = Duration::from_secs(1);

/// So often a request that may be repeated is sent again, when a pooled connection turns out closed.
const MAX_RETRIES: usize = 2;

/// Sends the request on and its answer back. `standings` joins the answer's fields.
pub(super) async fn relay(
    gate: &Gate,
    session: &mut HttpSession,
    forward: &Forward<'_>,
    outgoing: Outgoing,
    standings: Vec<(&'static str, String)>,
    (request_id, id): (&str, Id),
) -> Result<(), Failure> {
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
    match timeout_at(deadline, pass_back(&mut connected, session, standings)).await {
        Ok(Ok(())) => {}
        Ok(Err(failure)) => return Err(failure),
        Err(_) => return Err(Failure::Aborted("the exchange took longer than 'total'".to_owned())),
    }
    gate.upstreams.release(connected).await;
    Ok(())
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
async fn answer_head(upstream: &mut UpstreamSession, session: &mut HttpSession) -> Result<(), Lost> {
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
            102..=199 if session.req_header().version == Version::HTTP_11 => {
                let _ = session.write_response_header_ref(head).await;
            }
            102..=199 => {}
            200..=599 => {
                let broken = |cause| Lost { failure: Rejection::UpstreamBroken { cause }.into(), answered: true };
                return misframed(upstream).map_or(Ok(()), |cause| Err(broken(cause)));
            }
            _ => break,
        }
    }
    let cause = "an answer that nobody asked for, or without end of interim ones".to_owned();
    Err(Lost { failure: Rejection::UpstreamBroken { cause }.into(), answered: true })
}

/// RFC 9112 §6.1 and §6.3: what makes the end of an answer a matter of opinion. The session keeps quiet
/// about a length beside a coding, so the raw head is asked.
fn misframed(upstream: &UpstreamSession) -> Option<String> {
    let headers = &upstream.resp_header()?.headers;
    if headers.get_all("content-length").iter().any(|length| !length.as_bytes().iter().all(u8::is_ascii_digit)) {
        return Some("an answer whose length is not one number".to_owned());
    }
    let mut codings = headers.get_all("transfer-encoding").iter();
    let coding = codings.next()?;
    if !coding.as_bytes().eq_ignore_ascii_case(b"chunked") || codings.next().is_some() {
        return Some("an answer in a transfer coding other than chunked".to_owned());
    }
    let names_length = |line: &[u8]| line.get(..15).is_some_and(|name| name.eq_ignore_ascii_case(b"content-length:"));
    let twice = upstream.get_headers_raw_bytes().split(|byte| *byte == b'\n').any(names_length);
    twice.then(|| "an answer with both Content-Length and Transfer-Encoding".to_owned())
}

/// Passes the final answer on, its body as it comes.
async fn pass_back(
    connected: &mut Connected<'_>,
    session: &mut HttpSession,
    standings: Vec<(&'static str, String)>,
) -> Result<(), Failure> {
    let upstream = &mut connected.session;
    let Some(head) = upstream.resp_header() else {
        return Err(Rejection::UpstreamBroken { cause: "no head".to_owned() }.into());
    };
    let head = response_head(head, session, standings)?;
    let aborted = |error: Box<pingora_core::Error>| Failure::Aborted(error.to_string());
    session.write_response_header(head).await.map_err(aborted)?;
    loop {
        let mut next = pin!(upstream.read_body_ref());
        let chunk = match poll_fn(|cx| Poll::Ready(next.as_mut().poll(cx))).await {
            Poll::Ready(chunk) => chunk,
            // While the peer pauses, the client gets what there is.
            Poll::Pending => {
                flush(session).await.map_err(Failure::Aborted)?;
                next.await
            }
        };
        let Some(chunk) = chunk.map_err(aborted)? else { break };
        // Written in chunks, nothing is the last chunk.
        if !chunk.is_empty() {
            session.write_body(chunk).await.map_err(aborted)?;
        }
    }
    session.finish_body().await.map_err(aborted)?;
    Ok(())
}

/// The head as the client sees it: without what concerns our hop to the peer, framed for its own.
fn response_head(
    head: &ResponseHeader,
    session: &HttpSession,
    standings: Vec<(&'static str, String)>,
) -> Result<Box<ResponseHeader>, Rejection> {
    let broken = |_| Rejection::UpstreamBroken { cause: "the answer's head cannot be written".to_owned() };
    let mut head = head.clone();
    let nominated: Vec<String> = head
        .headers
        .get_all("connection")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(',').map(|name| name.trim().to_owned()))
        .collect();
    for name in nominated.iter().map(String::as_str).chain(HOP_BY_HOP) {
        head.remove_header(name);
    }
    head.set_version(Version::HTTP_11);
    // RFC 9110 §8.6: with 204 it must not be sent; a client that believed it would wait for the next answer.
    if head.status == StatusCode::NO_CONTENT {
        head.remove_header("content-length");
    }
    let request = session.req_header();
    // RFC 9112 §6.3: these have no body, whatever they say.
    let no_body =
        matches!(head.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED) || request.method == Method::HEAD;
    let unframed = !no_body && !head.headers.contains_key("content-length");
    // A 1.0 client reads until the close.
    if unframed && request.version == Version::HTTP_11 {
        head.insert_header("Transfer-Encoding", "chunked").map_err(broken)?;
    }
    for (name, value) in standings {
        head.insert_header(name, value).map_err(broken)?;
    }
    Ok(Box::new(head))
}

/// RFC 9110 §7.6.1.
const HOP_BY_HOP: [&str; 7] =
    ["connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"];

fn broken(error: &pingora_core::Error) -> Rejection {
    Rejection::UpstreamBroken { cause: error.to_string() }
}

/// Sends what was written so far; Pingora's session flushes by itself only where there is no length.
async fn flush(session: &HttpSession) -> Result<(), String> {
    match session.stream().as_any().downcast_ref::<Downstream>() {
        Some(downstream) => downstream.flush_written().await.map_err(|error| error.to_string()),
        None => Ok(()),
    }
}

/// Ends a connection whose answer was cut off. One that would have ended with the connection is reset,
/// for its client could not tell that end from a whole one.
pub(super) async fn abort(session: HttpSession) {
    let framed = session.response_written().is_some_and(|head| {
        head.headers.contains_key("content-length") || head.headers.contains_key("transfer-encoding")
    });
    let mut stream = session.into_inner();
    if framed {
        let _ = timeout(FLUSH_TIME, stream.flush()).await;
    } else if let Some(downstream) = stream.as_any().downcast_ref::<Downstream>() {
        downstream.reset_on_close();
    }
}

//! One request, from its head to its answer: the pipeline, with the waiting between its steps.
//!
//! A request that is refused by its head alone, and brings no body, is answered on the bare connection:
//! no session of Pingora's is made for it.

use std::time::Duration;

use bytes::BytesMut;
use pingora_core::protocols::Stream;
use pingora_core::protocols::http::v1::server::HttpSession;

use super::account::Account;
use super::answer::{self, After};
use super::body;
use super::clock::Id;
use super::downstream::Downstream;
use super::gate::Gate;
use super::relay;
use super::request::Outgoing;
use super::rules::Rules;
use super::wire::Parsed;
use crate::policy::decide::{Permit, identify};
use crate::policy::forward::{Forward, kept_request_id};
use crate::policy::rejection::{HeadFault, Rejection};
use crate::policy::request::{Connection, RequestHead, Version};
use crate::policy::trail::Trail;

/// Serves the request whose head is the first `end` bytes of `buffer`. `last` where the gate is ending
/// and the connection should, too. What goes on with the connection: the stream and what was read beyond
/// this request.
pub(super) async fn serve(
    gate: &Gate,
    rules: &Rules,
    connection: Connection,
    stream: Stream,
    mut buffer: BytesMut,
    end: usize,
    last: bool,
) -> Option<(Stream, BytesMut)> {
    // What is left in the buffer is the body's beginning, or the next request's.
    let head = buffer.split_to(end);
    let (stream, behind) = match take(gate, rules, connection, (stream, &head, buffer), last).await {
        After::Kept(stream, rest) => return Some((stream, rest)),
        After::Undrained(session) => answer::drained_to_the_next(session).await?,
        After::Closing(stream) => {
            answer::linger(stream).await;
            return None;
        }
        After::Gone => return None,
    };
    Some((stream, behind))
}

/// Judges a request and answers it. By the end of this it has been told of.
async fn take(
    gate: &Gate,
    rules: &Rules,
    connection: Connection,
    (stream, head, behind): (Stream, &[u8], BytesMut),
    last: bool,
) -> After {
    let id = gate.ids.fresh();
    let fresh = id.to_string();
    let parsed = match Parsed::parse(head) {
        Ok(parsed) => parsed,
        Err(rejection) => {
            let answer = Account::open(gate, rules, connection, &fresh, None).refuse(rejection);
            return answer::last(stream, &answer).await;
        }
    };
    let request = parsed.view();
    let listener = &rules.gateway.listeners[connection.listener];
    let request_id = kept_request_id(listener, connection.peer, &request).unwrap_or(&fresh);
    let persists = request.persists() && !last;
    let mut account = Account::open(gate, rules, connection, request_id, Some(request));
    let admitted = match admit(gate, rules, connection, &request, &mut account.trail) {
        // Nothing is read of a body that follows nothing certain.
        Err(rejection) if rejection.breaks_connection() || !request.announces_body() => {
            let keep = persists && !rejection.breaks_connection();
            let answer = account.refuse(rejection);
            return answer::send(stream, behind, &request, &answer, keep).await;
        }
        admitted => admitted,
    };
    let prefix = head_for_session(&request, persists, &behind);
    // What goes on needs room for as long as it lasts; a connection that idles should not hold it.
    Box::pin(with_session(gate, rules, (stream, prefix), &request, admitted, account, (request_id, id))).await
}

/// Goes on with a request that passed so far, or whose refused body has to be read away.
async fn with_session<'a>(
    gate: &Gate,
    rules: &'a Rules,
    (stream, prefix): (Stream, BytesMut),
    request: &RequestHead<'_>,
    admitted: Result<Permit<'a>, Rejection>,
    mut account: Account<'a>,
    ids: (&str, Id),
) -> After {
    let mut session = match session(stream, prefix, rules.gateway.limits.body_timeout).await {
        Ok(session) => session,
        Err(stream) => {
            // What it refuses in a head of ours we refused before; to be told so is better than silence.
            let answer = account.refuse(Rejection::MalformedHead(HeadFault::Syntax));
            return answer::last(stream, &answer).await;
        }
    };
    let outcome = match admitted {
        Ok(permit) => go_on(gate, rules, &mut session, permit, &mut account, ids).await,
        Err(rejection) => Err(rejection.into()),
    };
    match outcome {
        Ok(keep) => {
            account.passed();
            if keep { answer::reusable(session).await } else { After::Closing(session.into_inner()) }
        }
        Err(relay::Failure::Refused(rejection)) => refuse(session, request, account, rejection).await,
        Err(relay::Failure::Aborted { cause, looks_whole, .. }) => {
            account.cut(cause);
            if looks_whole && let Ok(downstream) = Downstream::behind(&session) {
                downstream.reset_on_close();
            }
            After::Gone
        }
    }
}

/// Everything that the head alone decides.
fn admit<'a>(
    gate: &Gate,
    rules: &'a Rules,
    connection: Connection,
    request: &'a RequestHead<'a>,
    trail: &mut Trail<'a>,
) -> Result<Permit<'a>, Rejection> {
    let now = gate.clock.now();
    let identified = identify(&rules.gateway, connection, request, &gate.limits, now, trail)?;
    identified.charge(&gate.limits, now, trail)?;
    identified.permit(trail)
}

/// The head that Pingora's session is told, and what was read behind it. It needs to know how the body
/// is framed, whether the connection goes on and whether the answer has a body; everything else was
/// judged from the bytes on the wire, and a second reader could only see it differently.
fn head_for_session(request: &RequestHead<'_>, persists: bool, behind: &[u8]) -> BytesMut {
    let version: &[u8] = if request.version == Version::Http10 { b"1.0" } else { b"1.1" };
    let connection: &[u8] = if persists { b"keep-alive" } else { b"close" };
    let mut bytes = BytesMut::with_capacity(256 + behind.len());
    let mut put = |parts: &[&[u8]]| parts.iter().for_each(|part| bytes.extend_from_slice(part));
    put(&[request.method, b" / HTTP/", version, b"\r\nHost: gate\r\nConnection: ", connection, b"\r\n"]);
    for name in ["content-length", "transfer-encoding"] {
        request.values(name).for_each(|value| put(&[name.as_bytes(), b": ", value, b"\r\n"]));
    }
    put(&[b"\r\n", behind]);
    bytes
}

/// A session of Pingora's for a request whose head was judged already; or the stream, where it makes
/// nothing of what it is told.
async fn session(stream: Stream, prefix: BytesMut, read_timeout: Duration) -> Result<HttpSession, Stream> {
    let mut session = HttpSession::new(stream);
    session.set_pipelining_enabled(true);
    session.set_close_on_response_before_downstream_finish(false);
    session.set_pipelined_prefix(prefix);
    session.set_read_timeout(Some(read_timeout));
    if matches!(session.read_request().await, Ok(Some(_))) { Ok(session) } else { Err(session.into_inner()) }
}

/// Reads the body as the permit says, has it inspected, and only then touches an upstream. Whether the
/// client's connection goes on.
async fn go_on<'a>(
    gate: &Gate,
    rules: &'a Rules,
    session: &mut HttpSession,
    permit: Permit<'a>,
    account: &mut Account<'a>,
    ids: (&str, Id),
) -> Result<bool, relay::Failure> {
    let (forward, outgoing): (Forward<'a>, Outgoing) = match permit {
        Permit::Whole(whole) => {
            // Until here it was the gate's own time.
            account.trail.laps.lap();
            let held = body::read(session, &whole, gate).await;
            account.traffic.reading = account.trail.laps.lap();
            let held = held?;
            account.traffic.request_bytes = held.bytes.len() as u64;
            (whole.inspect(&held.bytes, &mut account.trail)?, Outgoing::Whole(held))
        }
        Permit::Streamed(streamed) => {
            let max_bytes = streamed.max_bytes();
            let max_time = streamed.identified().limits().body_timeout;
            let wants_continue = streamed.identified().expects_continue();
            (streamed.forward(), Outgoing::Streamed { max_bytes, max_time, wants_continue })
        }
    };
    relay::relay(&rules.upstreams[forward.upstream_index()], session, &forward, outgoing, account, ids).await
}

/// Tells why, and keeps the connection where what comes next on it is still certain.
async fn refuse(
    mut session: HttpSession,
    request: &RequestHead<'_>,
    mut account: Account<'_>,
    rejection: Rejection,
) -> After {
    let breaks = rejection.breaks_connection();
    let answer = account.refuse(rejection);
    // A client that waits for 100 may now send its body, or not: nobody can tell what comes next.
    let unsure = request.value("expect").is_some() && !session.is_body_done();
    let mut keep = !breaks && !unsure && session.will_keepalive();
    if keep && !session.is_body_done() {
        keep = match request.value("content-length") {
            Some(length) => answer::is_soon_drained(length),
            // How much is left shows only when it came, and the answer has to say whether it is the last.
            None => answer::drained(&mut session).await,
        };
    }
    if keep && session.is_body_done() {
        return match answer::reusable(session).await {
            After::Kept(stream, rest) => answer::send(stream, rest, request, &answer, true).await,
            other => other,
        };
    }
    answer::send_before_drain(session, request, &answer, keep).await
}

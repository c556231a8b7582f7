//! One request, from its head to its answer: the pipeline, with the waiting between its steps.
//!
//! A request that is refused by its head alone, and brings no body, is answered on the bare connection:
//! no session of Pingora's is made for it.

use std::time::Duration;

use bytes::BytesMut;
use pingora_core::protocols::Stream;
use pingora_core::protocols::http::v1::server::HttpSession;

use super::answer;
use super::body;
use super::clock::Id;
use super::downstream::Downstream;
use super::gate::Gate;
use super::relay;
use super::request::Outgoing;
use super::wire::Parsed;
use crate::policy::decide::{Permit, identify};
use crate::policy::forward::{Forward, kept_request_id};
use crate::policy::gateway::Gateway;
use crate::policy::problem::Answer;
use crate::policy::rate_limit;
use crate::policy::rejection::{HeadFault, Rejection};
use crate::policy::request::{Connection, RequestHead, Version};
use crate::policy::stage::Stage;
use crate::policy::trail::Trail;

/// What goes on with the connection: the stream and what was read beyond this request.
type Reusable = Option<(Stream, BytesMut)>;

/// Serves the request whose head is the first `end` bytes of `buffer`. `last` where the gate is ending
/// and the connection should, too.
pub(super) async fn serve(
    gate: &Gate,
    gateway: &Gateway,
    connection: Connection,
    stream: Stream,
    mut buffer: BytesMut,
    end: usize,
    last: bool,
) -> Reusable {
    // What is left in the buffer is the body's beginning, or the next request's.
    let head = buffer.split_to(end);
    let id = gate.ids.fresh();
    let fresh = id.to_string();
    let parsed = match Parsed::parse(&head) {
        Ok(parsed) => parsed,
        Err(rejection) => return answer::last(stream, &gateway.face.answer(&rejection, &fresh)).await,
    };
    let request = parsed.view();
    let listener = &gateway.listeners[connection.listener];
    let request_id = kept_request_id(listener, connection.peer, &request).unwrap_or(&fresh);
    let persists = request.persists() && !last;
    let mut trail = Trail::default();
    let admitted = admit(gate, gateway, connection, &request, &mut trail);
    // Nothing is read of a body that follows nothing certain.
    if let Err(rejection) = &admitted
        && (rejection.breaks_connection() || !request.announces_body())
    {
        let answer = refusal(gateway, &trail, rejection, request_id);
        let keep = persists && !rejection.breaks_connection();
        return answer::send(stream, buffer, &request, &answer, keep).await;
    }
    let prefix = head_for_session(&request, persists, &buffer);
    // What goes on needs room for as long as it lasts; a connection that idles should not hold it.
    Box::pin(with_session(gate, gateway, (stream, prefix), &request, admitted, trail, (request_id, id))).await
}

/// Goes on with a request that passed so far, or whose refused body has to be read away.
async fn with_session<'a>(
    gate: &Gate,
    gateway: &Gateway,
    (stream, prefix): (Stream, BytesMut),
    request: &RequestHead<'_>,
    admitted: Result<Permit<'a>, Rejection>,
    mut trail: Trail<'a>,
    (request_id, id): (&str, Id),
) -> Reusable {
    let mut session = match session(stream, prefix, gateway.limits.body_timeout).await {
        Ok(session) => session,
        Err(stream) => {
            // What it refuses in a head of ours we refused before; to be told so is better than silence.
            let rejection = Rejection::MalformedHead(HeadFault::Syntax);
            return answer::last(stream, &refusal(gateway, &trail, &rejection, request_id)).await;
        }
    };
    let outcome = match admitted {
        Ok(permit) => go_on(gate, &mut session, permit, &mut trail, (request_id, id)).await,
        Err(rejection) => Err(rejection.into()),
    };
    match outcome {
        Ok(keep) => {
            tell_findings(&trail, request_id);
            if keep {
                return reusable(session).await;
            }
            answer::linger(session.into_inner()).await;
            None
        }
        Err(relay::Failure::Refused(rejection)) => {
            let answer = refusal(gateway, &trail, &rejection, request_id);
            refuse(session, request, &answer, !rejection.breaks_connection()).await
        }
        Err(relay::Failure::Aborted { cause, looks_whole }) => {
            tracing::warn!(request_id, cause, "answer cut off");
            if looks_whole && let Ok(downstream) = Downstream::behind(&session) {
                downstream.reset_on_close();
            }
            None
        }
    }
}

/// Everything that the head alone decides.
fn admit<'a>(
    gate: &Gate,
    gateway: &'a Gateway,
    connection: Connection,
    request: &'a RequestHead<'a>,
    trail: &mut Trail<'a>,
) -> Result<Permit<'a>, Rejection> {
    let now = gate.clock.now();
    let identified = identify(gateway, connection, request, &gate.limits, now, trail)?;
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
    session: &mut HttpSession,
    permit: Permit<'a>,
    trail: &mut Trail<'a>,
    ids: (&str, Id),
) -> Result<bool, relay::Failure> {
    let (forward, outgoing): (Forward<'a>, Outgoing) = match permit {
        Permit::Whole(whole) => {
            let held = body::read(session, &whole, gate).await?;
            (whole.inspect(&held.bytes, trail)?, Outgoing::Whole(held))
        }
        Permit::Streamed(streamed) => {
            let max_bytes = streamed.max_bytes();
            let max_time = streamed.identified().limits().body_timeout;
            let wants_continue = streamed.identified().expects_continue();
            (streamed.forward(), Outgoing::Streamed { max_bytes, max_time, wants_continue })
        }
    };
    relay::relay(gate, session, &forward, outgoing, rate_limit::fields(&trail.standings), ids).await
}

/// The answer to a refused request, in the clothes that its endpoint wears.
fn refusal(gateway: &Gateway, trail: &Trail<'_>, rejection: &Rejection, request_id: &str) -> Answer {
    tell_findings(trail, request_id);
    let wire = rejection.wire();
    let (stage, code, internal) = (wire.stage.name(), wire.code, rejection.internal());
    // What the caller did is the caller's; what the upstream did is somebody's to mend.
    if wire.stage == Stage::Forward {
        tracing::warn!(request_id, status = wire.status, code, internal = internal.as_deref(), "upstream failed");
    } else {
        tracing::debug!(request_id, status = wire.status, stage, code, internal = internal.as_deref(), "refused");
    }
    let face = trail.endpoint.and_then(|endpoint| endpoint.face.as_deref()).unwrap_or(&gateway.face);
    let mut answer = face.answer(rejection, request_id);
    answer.fields.extend(rate_limit::fields(&trail.standings));
    answer
}

fn tell_findings(trail: &Trail<'_>, request_id: &str) {
    for finding in &trail.findings {
        let wire = finding.wire();
        tracing::debug!(request_id, stage = wire.stage.name(), code = wire.code, "would refuse");
    }
}

/// Tells why, and keeps the connection where what follows on it is still certain.
async fn refuse(mut session: HttpSession, request: &RequestHead<'_>, answer: &Answer, keep: bool) -> Reusable {
    // A client that waits for 100 may now send its body, or not: nobody can tell what comes next.
    let unsure = request.value("expect").is_some() && !session.is_body_done();
    let mut keep = keep && !unsure && session.will_keepalive();
    if keep && !session.is_body_done() {
        keep = match request.value("content-length") {
            Some(length) => answer::is_soon_drained(length),
            // How much is left shows only when it came, and the answer has to say whether it is the last.
            None => answer::drained(&mut session).await,
        };
    }
    if keep && session.is_body_done() {
        let (stream, rest) = reusable(session).await?;
        return answer::send(stream, rest, request, answer, true).await;
    }
    match answer::send_before_drain(&mut session, request, answer, keep).await {
        Ok(true) => reusable(session).await,
        Ok(false) => {
            answer::linger(session.into_inner()).await;
            None
        }
        Err(_) => None,
    }
}

async fn reusable(session: HttpSession) -> Reusable {
    let (stream, rest) = session.reuse().await.ok()??.into_parts();
    Some((stream, rest.unwrap_or_default()))
}

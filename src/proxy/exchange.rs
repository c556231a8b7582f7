//! One request, from its head to its answer: the pipeline, with the waiting between its steps.

use bytes::BytesMut;
use pingora_core::protocols::Stream;
use pingora_core::protocols::http::v1::server::HttpSession;

use super::answer;
use super::body;
use super::gate::Gate;
use super::relay::{self, Outgoing};
use super::wire::Parsed;
use crate::policy::decide::{Permit, Trail, identify};
use crate::policy::forward::{Forward, kept_request_id};
use crate::policy::gateway::Gateway;
use crate::policy::rate_limit;
use crate::policy::rejection::{HeadFault, Rejection};
use crate::policy::request::{Connection, RequestHead};

/// What goes on with the connection: the stream and what was read beyond this request.
type Reusable = Option<(Stream, BytesMut)>;

/// Serves the request whose head is the first `end` bytes of `buffer`. `last` where the gate is ending
/// and the connection should, too.
pub(super) async fn serve(
    gate: &Gate,
    gateway: &Gateway,
    connection: Connection,
    stream: Stream,
    buffer: BytesMut,
    end: usize,
    last: bool,
) -> Reusable {
    // The session takes the buffer; policy keeps reading the head as it stood on the wire.
    let head = buffer[..end].to_vec();
    let mut session = HttpSession::new(stream);
    session.set_pipelining_enabled(true);
    session.set_close_on_response_before_downstream_finish(false);
    session.set_pipelined_prefix(buffer);
    session.set_read_timeout(Some(gateway.limits.body_timeout));
    let id = gate.ids.fresh();
    let parsed = match (Parsed::parse(&head), session.read_request().await) {
        (Ok(parsed), Ok(Some(_))) => parsed,
        (parsed, _) => {
            let rejection = parsed.err().unwrap_or(Rejection::MalformedHead(HeadFault::Syntax));
            let answer = gateway.face.answer(&rejection, &id.to_string());
            return refuse_unparsed(session, &answer).await;
        }
    };
    if last {
        session.set_server_keepalive(None);
    }
    let request = parsed.view();
    let listener = &gateway.listeners[connection.listener];
    let fresh = id.to_string();
    let request_id = kept_request_id(listener, connection.peer, &request).unwrap_or(&fresh);
    let mut trail = Trail::default();
    let outcome = match judge(gate, gateway, connection, &request, &mut session, &mut trail).await {
        Ok((forward, outgoing)) => {
            let standings = rate_limit::fields(&trail.standings);
            relay::relay(gate, &mut session, &forward, outgoing, standings, (request_id, id)).await
        }
        Err(rejection) => Err(relay::Failure::Refused(rejection)),
    };
    for finding in &trail.findings {
        let wire = finding.wire();
        tracing::debug!(request_id, stage = wire.stage.name(), code = wire.code, "would refuse");
    }
    match outcome {
        Ok(()) => reusable(session).await,
        Err(relay::Failure::Refused(rejection)) => {
            refuse(gateway, session, &request, &trail, &rejection, request_id).await
        }
        Err(relay::Failure::Aborted(cause)) => {
            tracing::warn!(request_id, cause, "answer cut off");
            relay::abort(&session);
            None
        }
    }
}

/// Everything before an upstream is touched.
async fn judge<'a>(
    gate: &Gate,
    gateway: &'a Gateway,
    connection: Connection,
    request: &'a RequestHead<'a>,
    session: &mut HttpSession,
    trail: &mut Trail<'a>,
) -> Result<(Forward<'a>, Outgoing), Rejection> {
    let now = gate.clock.now();
    let identified = identify(gateway, connection, request, &gate.limits, now, trail)?;
    identified.charge(&gate.limits, now, trail)?;
    match identified.permit(trail)? {
        Permit::Whole(whole) => {
            let held = body::read(session, &whole, gate).await?;
            let forward = whole.inspect(&held.bytes, trail)?;
            Ok((forward, Outgoing::Whole(held)))
        }
        Permit::Streamed(streamed) => {
            let max_bytes = streamed.max_bytes();
            let wants_continue = streamed.identified().expects_continue();
            Ok((streamed.forward(), Outgoing::Streamed { max_bytes, wants_continue }))
        }
    }
}

/// Tells why, and keeps the connection where what follows on it is still certain.
async fn refuse(
    gateway: &Gateway,
    mut session: HttpSession,
    request: &RequestHead<'_>,
    trail: &Trail<'_>,
    rejection: &Rejection,
    request_id: &str,
) -> Reusable {
    let wire = rejection.wire();
    let (stage, code, internal) = (wire.stage.name(), wire.code, rejection.internal());
    tracing::debug!(request_id, status = wire.status, stage, code, internal = internal.as_deref(), "refused");
    let face = trail.endpoint.and_then(|endpoint| endpoint.face.as_deref()).unwrap_or(&gateway.face);
    let mut answer = face.answer(rejection, request_id);
    answer.fields.extend(rate_limit::fields(&trail.standings));
    // A client that waits for 100 may now send its body, or not: nobody can tell what comes next.
    let unsure = request.value("expect").is_some() && !session.is_body_done();
    let keep = !rejection.breaks_connection() && !unsure;
    match answer::write(&mut session, &answer, keep).await {
        Ok(true) => reusable(session).await,
        Ok(false) => {
            answer::linger(session.into_inner()).await;
            None
        }
        Err(_) => None,
    }
}

/// A head that Pingora's session has no request for, or that has no parts.
async fn refuse_unparsed(session: HttpSession, answer: &crate::policy::problem::Answer) -> Reusable {
    let mut stream = session.into_inner();
    answer::send_closing(&mut stream, answer).await;
    answer::linger(stream).await;
    None
}

async fn reusable(session: HttpSession) -> Reusable {
    let (stream, rest) = session.reuse().await.ok()??.into_parts();
    Some((stream, rest.unwrap_or_default()))
}

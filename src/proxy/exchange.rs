//! One request, from its head to its answer: the pipeline, with the waiting between its steps.

use super::account::Account;
use super::body;
use super::clock::Id;
use super::deadline::Alarm;
use super::downstream::{Client, Fate};
use super::gate::Gate;
use super::relay::{self, Failure, Outgoing};
use super::rules::Rules;
use crate::http1::RequestHead;
use crate::policy::connection::Connection;
use crate::policy::decide::{Permit, identify};
use crate::policy::forward::{Forward, kept_request_id};
use crate::policy::rejection::Rejection;
use crate::policy::trail::Trail;

/// Judges a request and answers it. By the end of this it has been told of.
pub(super) async fn serve<C: Client>(
    gate: &Gate,
    rules: &Rules,
    connection: Connection,
    request: &RequestHead<'_>,
    client: &mut C,
    alarm: &mut Alarm,
) -> Fate {
    let id = gate.ids.fresh();
    let fresh = id.to_string();
    let listener = &rules.gateway.listeners[connection.listener];
    let request_id = kept_request_id(listener, connection.peer, request).unwrap_or(&fresh);
    let mut account = Account::open(gate, rules, connection, request_id, Some(*request));
    let admitted = admit(gate, rules, connection, request, &mut account.trail);
    let outcome = match admitted {
        // What goes on needs room for as long as it lasts; what is refused by its head does not.
        Ok(permit) => Box::pin(go_on(gate, rules, client, permit, &mut account, (request_id, id), alarm)).await,
        Err(rejection) => Err(rejection.into()),
    };
    match outcome {
        Ok(fate) => {
            account.passed();
            fate
        }
        Err(Failure::Refused(rejection)) => {
            let breaks = rejection.breaks_connection();
            let answer = account.refuse(rejection);
            client.refuse(&answer, breaks, alarm).await
        }
        Err(Failure::Aborted { cause, looks_whole, .. }) => {
            account.cut(cause);
            if looks_whole { Fate::Reset } else { Fate::Gone }
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

/// Reads the body as the permit says, has it inspected, and only then touches an upstream.
async fn go_on<'a, C: Client>(
    gate: &Gate,
    rules: &'a Rules,
    client: &mut C,
    permit: Permit<'a>,
    account: &mut Account<'a>,
    ids: (&str, Id),
    alarm: &mut Alarm,
) -> Result<Fate, Failure> {
    let (forward, outgoing): (Forward<'a>, Outgoing<C::Arrived>) = match permit {
        Permit::Whole(whole) => {
            // Until here it was the gate's own time.
            account.trail.laps.lap();
            let held = body::read(client, &whole, gate, alarm).await;
            account.traffic.reading = account.trail.laps.lap();
            let held = held?;
            account.traffic.request_bytes = held.bytes().len() as u64;
            (whole.inspect(held.bytes(), &mut account.trail)?, Outgoing::Whole(held))
        }
        Permit::Streamed(streamed) => {
            let max_bytes = streamed.max_bytes();
            let max_time = streamed.identified().limits().body_timeout;
            let wants_continue = streamed.identified().expects_continue();
            (streamed.forward(), Outgoing::Streamed { max_bytes, max_time, wants_continue })
        }
    };
    relay::relay(&rules.upstreams[forward.upstream_index()], client, &forward, outgoing, account, ids, alarm).await
}

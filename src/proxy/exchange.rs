//! One request, from its head to its answer: the pipeline, with the waiting between its steps.

use super::account::Account;
use super::body::{self, Held};
use super::deadline::Alarm;
use super::downstream::{Client, Fate};
use super::gate::Gate;
use super::pace::Pace;
use super::relay::{self, Failure, Ids, Outgoing};
use super::rules::Rules;
use crate::http1::RequestHead;
use crate::policy::authenticate::{Evidence, Need};
use crate::policy::connection::Connection;
use crate::policy::decide::{Arrived, Identification, Identified, Permit, Whole, arrive};
use crate::policy::forward::{Forward, kept_request_id};
use crate::policy::rejection::Rejection;
use crate::policy::time::Timestamp;
use crate::policy::trail::Trail;

/// Judges a request and answers it. By the end of this it has been told of.
pub(super) async fn serve<C: Client>(
    gate: &Gate,
    rules: &Rules,
    connection: Connection<'_>,
    request: &RequestHead<'_>,
    client: &mut C,
    alarm: &mut Alarm,
) -> Fate {
    let id = gate.ids.fresh();
    let (fresh, span) = (id.trace_text(), id.span_text());
    let listener = &rules.gateway.listeners[connection.listener];
    let request_id = kept_request_id(listener, connection.peer, request).unwrap_or(&fresh);
    let mut account = Account::open(gate, rules, connection, request_id, Some(*request));
    let admitted = match admit(gate, rules, connection, request, &mut account.trail) {
        Ok(Admitted::Permitted(permit)) => Ok(permit),
        // Whoever has to be asked needs room for as long as that lasts.
        Ok(Admitted::Unknown(arrived, need)) => Box::pin(ask(gate, arrived, need, &mut account)).await,
        Err(rejection) => Err(rejection),
    };
    let passed = match admitted.and_then(|permit| inspect(gate, client, permit, &mut account)) {
        Ok(Judged::Passes(passed)) => Ok(passed),
        // A body that is waited for needs room for as long as that lasts.
        Ok(Judged::Unread(whole)) => Box::pin(read(gate, client, *whole, &mut account, alarm)).await,
        Err(rejection) => Err(rejection),
    };
    let outcome = match passed {
        Ok((forward, outgoing)) => {
            let ids = Ids { request: request_id, trace: (&fresh, &span) };
            let group = &rules.upstreams[forward.upstream_index()];
            let outcome = relay::relay(group, client, &forward, outgoing, &mut account, ids, alarm).await;
            relay::ended(group, &mut account);
            outcome
        }
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

/// A request that may go, and its body.
type Passed<'a, A> = (Forward<'a>, Outgoing<A>);

/// What is known of a request so far.
#[expect(clippy::large_enum_variant, reason = "the large one is the usual one; a box would be taken for each request")]
enum Judged<'a, A> {
    /// It may go.
    Passes(Passed<'a, A>),
    /// Its body has to come first.
    Unread(Box<Whole<'a>>),
}

/// What the head alone came to.
#[expect(clippy::large_enum_variant, reason = "the large one is the usual one; a box would be taken for each request")]
enum Admitted<'a> {
    /// All that it decides.
    Permitted(Permit<'a>),
    /// Somebody has to be asked who it is.
    Unknown(Box<Arrived<'a>>, Need<'a>),
}

/// Everything that the head alone decides.
fn admit<'a>(
    gate: &Gate,
    rules: &'a Rules,
    connection: Connection<'a>,
    request: &'a RequestHead<'a>,
    trail: &mut Trail<'a>,
) -> Result<Admitted<'a>, Rejection> {
    let now = gate.clock.now();
    let arrived = arrive(&rules.gateway, connection, request, &gate.limits, now, trail)?;
    let evidence = Evidence::by(&gate.identity);
    match arrived.identify(&evidence, &gate.limits, now, trail)? {
        Identification::Known(identified) => permit(gate, identified, now, trail).map(Admitted::Permitted),
        Identification::Needs(arrived, need) => Ok(Admitted::Unknown(Box::new(arrived), need)),
    }
}

/// Finds out who it is, one question after the other.
async fn ask<'a>(
    gate: &Gate,
    arrived: Box<Arrived<'a>>,
    need: Need<'a>,
    account: &mut Account<'a>,
) -> Result<Permit<'a>, Rejection> {
    let mut evidence = Evidence::by(&gate.identity);
    let (mut arrived, mut need) = (*arrived, need);
    loop {
        // Until here it was the gate's own time.
        account.trail.laps.lap();
        let finding = gate
            .identity
            .find_out(&arrived, &need, gate.clock.now(), || arrived.guard(&gate.limits, gate.clock.now()))
            .await;
        account.traffic.identifying += account.trail.laps.lap();
        evidence.add(&need, finding?);
        let now = gate.clock.now();
        match arrived.identify(&evidence, &gate.limits, now, &mut account.trail)? {
            Identification::Known(identified) => return permit(gate, identified, now, &mut account.trail),
            Identification::Needs(asking, next) => (arrived, need) = (asking, next),
        }
    }
}

fn permit<'a>(
    gate: &Gate,
    identified: Identified<'a>,
    now: Timestamp,
    trail: &mut Trail<'a>,
) -> Result<Permit<'a>, Rejection> {
    identified.charge(&gate.limits, now, trail)?;
    identified.permit(trail)
}

/// Has the body inspected, where there is one and it is at hand.
fn inspect<'a, C: Client>(
    gate: &Gate,
    client: &mut C,
    permit: Permit<'a>,
    account: &mut Account<'a>,
) -> Result<Judged<'a, C::Arrived>, Rejection> {
    match permit {
        Permit::Whole(whole) => match body::at_hand(client, &whole, gate)? {
            Some(held) => inspected(whole, held, account).map(Judged::Passes),
            None => Ok(Judged::Unread(Box::new(whole))),
        },
        Permit::Streamed(streamed) => {
            let max_bytes = streamed.max_bytes();
            let pace = Pace::begin(streamed.identified().limits());
            let wants_continue = streamed.identified().expects_continue();
            Ok(Judged::Passes((streamed.forward(), Outgoing::Streamed { max_bytes, pace, wants_continue })))
        }
    }
}

/// Reads the body and has it inspected.
async fn read<'a, C: Client>(
    gate: &Gate,
    client: &mut C,
    whole: Whole<'a>,
    account: &mut Account<'a>,
    alarm: &mut Alarm,
) -> Result<Passed<'a, C::Arrived>, Rejection> {
    // Until here it was the gate's own time.
    account.trail.laps.lap();
    let held = body::read(client, &whole, gate, alarm).await;
    account.traffic.reading = account.trail.laps.lap();
    inspected(whole, held?, account)
}

fn inspected<'a, A: AsRef<[u8]>>(
    whole: Whole<'a>,
    held: Held<A>,
    account: &mut Account<'a>,
) -> Result<Passed<'a, A>, Rejection> {
    account.traffic.request_bytes = held.bytes().len() as u64;
    let forward = whole.inspect(held.bytes(), &mut account.trail)?;
    Ok((forward, held.inspected()))
}

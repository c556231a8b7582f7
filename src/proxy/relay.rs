//! One exchange with an upstream: the request goes, the answer comes, and the connection is kept or not.
//!
//! Both go on side by side: a peer may answer before it has the whole request, and a client may still send
//! while it is answered. Once the answer's head is on its way, nothing can be taken back: a failure after that
//! cuts the client's connection off, so that half an answer never looks whole.

use std::task::Poll;

use tokio::time::Instant;

use super::account::Account;
use super::buffers::Buffer;
use super::deadline::Alarm;
use super::downstream::{Client, Fate};
use super::passing::Passing;
use super::request::Departing;
pub(super) use super::request::Outgoing;
use super::response::Answering;
use super::tunnel;
use super::upstream::{Connected, Group, PeerConnection, PeerFault};
use crate::http1::Ending;
use crate::policy::forward::{Forward, Hop};
use crate::policy::rate_limit;
use crate::policy::rejection::Rejection;

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
        /// Whether the upstream is to blame, and not the client.
        upstream: bool,
    },
}

impl Failure {
    /// As metrics of the upstream call it; nothing where the client is to blame.
    fn code(&self) -> Option<&'static str> {
        match self {
            Self::Refused(rejection) => Some(rejection.wire().code),
            Self::Aborted { upstream, .. } => upstream.then_some("answer_cut"),
        }
    }
}

impl From<Rejection> for Failure {
    fn from(rejection: Rejection) -> Self {
        Self::Refused(rejection)
    }
}

/// What an exchange is known by, here and there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ids<'a> {
    /// This request's.
    pub(super) request: &'a str,
    /// Its trace's and its span's.
    pub(super) trace: (&'a str, &'a str),
}

/// Interim answers of one exchange (RFC 9110 §15.2); a peer that sends more is broken.
const MAX_INTERIM: usize = 16;

/// So often a request that may be repeated is sent again, when a pooled connection turns out closed.
const MAX_RETRIES: usize = 2;

/// Sends the request on and its answer back. What becomes of the client's connection.
pub(super) async fn relay<'a, C: Client>(
    group: &'a Group,
    client: &mut C,
    forward: &Forward<'_>,
    mut outgoing: Outgoing<C::Arrived>,
    account: &mut Account<'a>,
    ids: Ids<'_>,
    alarm: &mut Alarm,
) -> Result<Fate, Failure> {
    account.traffic.upstream = Some(group.name());
    let deadline = Instant::now() + group.total();
    let framing = outgoing.framing(forward);
    let invite = matches!(outgoing, Outgoing::Streamed { wants_continue: true, .. });
    let mut retries = 0;
    let (mut connected, mut departing, end) = loop {
        let connected = match group.reuse() {
            Ok(connected) => Ok(connected),
            Err(turn) => Box::pin(group.connect(turn, deadline)).await,
        };
        account.traffic.connecting += account.trail.laps.lap();
        let mut connected = connected?;
        account.traffic.peer = Some(connected.address.socket);
        let hop = Hop { request_id: ids.request, trace: ids.trace, peer_authority: connected.authority };
        let mut head = Buffer::lent();
        forward.write_head(&hop, framing, &mut head);
        let mut departing = Departing::new(head, outgoing, framing);
        let answered = answer_head(forward, &mut departing, &mut connected, client, invite, (alarm, deadline)).await;
        account.traffic.request_bytes = departing.body_bytes;
        match answered {
            Ok(end) => break (connected, departing, end),
            // The pooled connection was closed while it lay idle. RFC 9110 §9.2.2: only what may be
            // repeated is sent again.
            Err(Lost { answered: false, rejection }) if connected.reused && is_idempotent(forward) => {
                retries += 1;
                outgoing = match departing.again() {
                    Some(outgoing) if retries <= MAX_RETRIES => outgoing,
                    _ => return Err(group.failed(rejection).into()),
                };
                account.traffic.relaying += account.trail.laps.lap();
            }
            Err(lost) => return Err(group.failed(lost.rejection).into()),
        }
    };
    departing.let_go();
    let peer = &mut connected.connection;
    if let Some(protocol) = forward.upgrade().filter(|_| peer.head(end).is_ok_and(|head| head.status == 101)) {
        return Box::pin(tunnel(peer, end, client, protocol, account, alarm)).await;
    }
    let passing = Passing::begin(peer, end, client, forward.method() == "HEAD", account);
    let mut passing = passing.map_err(|cause| group.failed(Rejection::UpstreamBroken { cause }))?;
    let passed = alarm.within(deadline, |cx| passing.poll_beside(cx, peer, client, &mut departing)).await;
    account.traffic.request_bytes = departing.body_bytes;
    account.traffic.response_bytes = passing.bytes;
    let late = || Err(passing.aborted("the exchange took longer than 'total'".to_owned(), true));
    if let Err(failure) = passed.unwrap_or_else(|_| late()) {
        failure.code().into_iter().for_each(|code| group.meters().failed(code));
        if passing.held {
            // What came before goes out, so that the client sees where it was cut off.
            let _ = alarm.within(Instant::now(), |cx| client.poll_send(cx, b"", false)).await;
        }
        return Err(failure);
    }
    if departing.went_whole() && passing.peer_persists {
        connected.release();
    }
    Ok(client.answered())
}

/// Passes an agreement to another protocol on, and then carries what is said in it.
async fn tunnel<C: Client>(
    peer: &mut PeerConnection,
    end: usize,
    client: &mut C,
    protocol: &str,
    account: &mut Account<'_>,
    alarm: &mut Alarm,
) -> Result<Fate, Failure> {
    let aborted = |cause| Failure::Aborted { cause, looks_whole: false, upstream: false };
    let broken = |fault: PeerFault| Failure::Refused(Rejection::UpstreamBroken { cause: fault.to_string() });
    account.answering(101);
    let idle = account.idle_timeout();
    let side = {
        let head = peer.head(end).map_err(broken)?;
        let standings = rate_limit::fields(&account.trail.standings);
        let answering = Answering { head: &head, standings: &standings, ending: Ending::Nothing };
        client.upgrade(&answering, protocol.as_bytes()).await.map_err(|error| aborted(format!("client: {error}")))?
    };
    // Only who can speak another protocol has offered one.
    let Some(side) = side else { return Err(aborted("the client has no place for a tunnel".to_owned())) };
    peer.take(end);
    let ((sent, received), outcome) = tunnel::run(side, peer.side(), idle, alarm).await;
    account.traffic.request_bytes = sent;
    account.traffic.response_bytes = received;
    match outcome {
        Ok(()) => Ok(Fate::Gone),
        Err(fault) => Err(aborted(fault.to_string())),
    }
}

/// Counts an exchange that has ended, however it did.
pub(super) fn ended(group: &Group, account: &mut Account<'_>) {
    let traffic = &mut account.traffic;
    traffic.relaying += account.trail.laps.lap();
    group.meters().took(traffic.connecting + traffic.relaying);
}

fn is_idempotent(forward: &Forward<'_>) -> bool {
    matches!(forward.method(), "GET" | "HEAD" | "OPTIONS" | "PUT" | "DELETE")
}

/// An attempt that failed, and whether the peer had begun to answer.
struct Lost {
    rejection: Rejection,
    answered: bool,
}

impl Lost {
    fn broken(cause: impl ToString) -> Self {
        Self { rejection: Rejection::UpstreamBroken { cause: cause.to_string() }, answered: true }
    }
}

/// Sends the request, and reads up to the final head; interim ones are passed on. The length of that head.
async fn answer_head<C: Client>(
    forward: &Forward<'_>,
    departing: &mut Departing<C::Arrived>,
    connected: &mut Connected<'_>,
    client: &mut C,
    invite: bool,
    (alarm, deadline): (&mut Alarm, Instant),
) -> Result<usize, Lost> {
    let peer = &mut connected.connection;
    let late = |_| Lost { rejection: Rejection::UpstreamTimeout { phase: "response head" }, answered: true };
    if invite {
        let invited = Box::pin(alarm.wait_for(deadline, client.invite())).await.map_err(late)?;
        invited.map_err(|_| Lost { rejection: Rejection::BodyIncomplete, answered: true })?;
    }
    for count in 0..=MAX_INTERIM {
        let end = alarm.within(deadline, |cx| {
            if let Poll::Ready(Err(rejection)) = departing.poll(cx, client, peer) {
                return Poll::Ready(Err(Lost { rejection, answered: true }));
            }
            peer.poll_head(cx).map_err(|fault| {
                let silent =
                    count == 0 && !peer.has_spoken() && matches!(fault, PeerFault::Closed | PeerFault::Read(_));
                // Where the request did not even go, that is the reason.
                let cause = departing.take_fault().unwrap_or(fault);
                Lost { answered: !silent, ..Lost::broken(cause) }
            })
        });
        let end = end.await.map_err(late)??;
        let head = peer.head(end).map_err(Lost::broken)?;
        match head.status {
            // Ours is sent when the body is wanted, not when the peer wants it.
            100 => {}
            // RFC 9110 §7.8: to a protocol that was offered, and to no other.
            101 => match forward.upgrade() {
                Some(protocol) if head.agrees_to(protocol.as_bytes()) => return Ok(end),
                _ => return Err(Lost::broken("an upgrade that nobody asked for")),
            },
            102..=199 => {
                let answering = Answering { head: &head, standings: &[], ending: Ending::Nothing };
                // A client that is gone shows when the final answer is written.
                let _ = Box::pin(alarm.wait_for(deadline, client.interim(&answering))).await.map_err(late)?;
            }
            _ => return Ok(end),
        }
        peer.take(end);
    }
    Err(Lost::broken("interim answers without end"))
}

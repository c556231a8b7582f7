//! One exchange with an upstream: the request goes, the answer comes, and the connection is kept or not.
//!
//! Both go on side by side: a peer may answer before it has the whole request, and a client may still send
//! while it is answered. Once the answer's head is on its way, nothing can be taken back: a failure after that
//! cuts the client's connection off, so that half an answer never looks whole.

use std::future::poll_fn;
use std::io;
use std::task::{Context, Poll, ready};

use tokio::time::Instant;

use super::account::Account;
use super::clock::Id;
use super::deadline::Alarm;
use super::downstream::{Client, Fate};
use super::request::Departing;
pub(super) use super::request::Outgoing;
use super::response::Answering;
use super::upstream::{Connected, Group, PeerConnection, PeerFault};
use crate::http1::{Body, Decoded, Ending};
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

/// Interim answers of one exchange (RFC 9110 §15.2); a peer that sends more is broken.
const MAX_INTERIM: usize = 16;

/// So often a request that may be repeated is sent again, when a pooled connection turns out closed.
const MAX_RETRIES: usize = 2;

/// Sends the request on and its answer back. What becomes of the client's connection.
pub(super) async fn relay<'a, C: Client>(
    group: &'a Group,
    client: &mut C,
    forward: &Forward<'_>,
    outgoing: Outgoing<C::Arrived>,
    account: &mut Account<'a>,
    ids: (&str, Id),
    alarm: &mut Alarm,
) -> Result<Fate, Failure> {
    account.traffic.upstream = Some(group.name());
    let outcome = exchange(group, client, forward, outgoing, account, ids, alarm).await;
    let traffic = &mut account.traffic;
    traffic.relaying += account.trail.laps.lap();
    group.meters().took(traffic.connecting + traffic.relaying);
    outcome
}

async fn exchange<'a, C: Client>(
    group: &'a Group,
    client: &mut C,
    forward: &Forward<'_>,
    outgoing: Outgoing<C::Arrived>,
    account: &mut Account<'a>,
    (request_id, id): (&str, Id),
    alarm: &mut Alarm,
) -> Result<Fate, Failure> {
    let deadline = Instant::now() + group.total();
    let framing = outgoing.framing(forward);
    let mut retries = 0;
    let (mut connected, mut departing, end) = loop {
        let connected = group.connect(deadline).await;
        account.traffic.connecting += account.trail.laps.lap();
        let mut connected = connected?;
        account.traffic.peer = Some(connected.address.socket);
        let hop = Hop { request_id, trace: (id.trace, id.span), peer_authority: connected.authority };
        let mut head = Vec::with_capacity(1024);
        forward.write_head(&hop, framing, &mut head);
        let mut departing = Departing::new(head, &outgoing, framing);
        let invite = matches!(outgoing, Outgoing::Streamed { wants_continue: true, .. });
        let attempt = answer_head(&mut departing, &mut connected, client, invite);
        let attempt = alarm.within(deadline, attempt).await;
        account.traffic.request_bytes = departing.body_bytes;
        match attempt {
            Ok(Ok(end)) => break (connected, departing, end),
            // The pooled connection was closed while it lay idle. RFC 9110 §9.2.2: only what may be
            // repeated is sent again.
            Ok(Err(Lost { answered: false, .. }))
                if connected.reused && repeatable(forward, &outgoing) && retries < MAX_RETRIES =>
            {
                account.traffic.relaying += account.trail.laps.lap();
                retries += 1;
            }
            Ok(Err(lost)) => return Err(group.failed(lost.rejection).into()),
            Err(_) => return Err(group.failed(Rejection::UpstreamTimeout { phase: "response head" }).into()),
        }
    };
    let peer = &mut connected.connection;
    let passing = Passing::begin(peer, end, client, forward.method() == "HEAD", account);
    let mut passing = passing.map_err(|cause| group.failed(Rejection::UpstreamBroken { cause }))?;
    let passed = alarm.within(deadline, passing.run(peer, client, &mut departing)).await;
    account.traffic.request_bytes = departing.body_bytes;
    account.traffic.response_bytes = passing.bytes;
    let passed = passed.unwrap_or_else(|_| Err(passing.aborted("the exchange took longer than 'total'".to_owned(), true)));
    passed.inspect_err(|failure| failure.code().into_iter().for_each(|code| group.meters().failed(code)))?;
    if departing.went_whole() && passing.peer_persists {
        connected.release();
    }
    Ok(client.answered())
}

fn repeatable<A>(forward: &Forward<'_>, outgoing: &Outgoing<A>) -> bool {
    let idempotent = matches!(forward.method(), "GET" | "HEAD" | "OPTIONS" | "PUT" | "DELETE");
    idempotent && matches!(outgoing, Outgoing::Whole(_))
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
    departing: &mut Departing<'_>,
    connected: &mut Connected<'_>,
    client: &mut C,
    invite: bool,
) -> Result<usize, Lost> {
    let peer = &mut connected.connection;
    if invite && client.invite().await.is_err() {
        return Err(Lost { rejection: Rejection::BodyIncomplete, answered: true });
    }
    for count in 0..=MAX_INTERIM {
        let end = poll_fn(|cx| {
            if let Poll::Ready(Err(rejection)) = departing.poll(cx, client, peer) {
                return Poll::Ready(Err(Lost { rejection, answered: true }));
            }
            peer.poll_head(cx).map_err(|fault| {
                let silent = count == 0 && !peer.has_spoken() && matches!(fault, PeerFault::Closed | PeerFault::Read(_));
                // Where the request did not even go, that is the reason.
                let cause = departing.take_fault().unwrap_or(fault);
                Lost { answered: !silent, ..Lost::broken(cause) }
            })
        });
        let end = end.await?;
        let head = peer.head(end).map_err(Lost::broken)?;
        match head.status {
            // Ours is sent when the body is wanted, not when the peer wants it.
            100 => {}
            // RFC 9110 §7.8
            101 => return Err(Lost::broken("an upgrade that nobody asked for")),
            102..=199 => {
                // A client that is gone shows when the final answer is written.
                let _ = client.interim(&Answering { head: &head, standings: &[], ending: Ending::Nothing }).await;
            }
            _ => return Ok(end),
        }
        peer.take(end);
    }
    Err(Lost::broken("interim answers without end"))
}

/// A final answer on its way to the client, its body as it comes.
struct Passing {
    body: Body,
    /// What is on its way now.
    piece: Option<Decoded>,
    /// The head has not left as yet.
    held: bool,
    /// The head is leaving by itself.
    leaving: bool,
    looks_whole: bool,
    peer_persists: bool,
    /// Why the peer takes no more of the request, where it does not.
    deaf: Option<PeerFault>,
    bytes: u64,
}

impl Passing {
    /// Begins with the head, which is the first `end` bytes of what came.
    fn begin<C: Client>(
        peer: &mut PeerConnection,
        end: usize,
        client: &mut C,
        to_head: bool,
        account: &mut Account<'_>,
    ) -> Result<Self, String> {
        let head = peer.head(end).map_err(|fault| fault.to_string())?;
        let ending = head.ending(to_head).map_err(|fault| fault.message().to_owned())?;
        let standings = rate_limit::fields(&account.trail.standings);
        account.answering(head.status);
        let looks_whole = client.begin(&Answering { head: &head, standings: &standings, ending });
        let peer_persists = head.persists() && ending != Ending::UntilClose;
        peer.take(end);
        let body = Body::of_response(ending);
        let nothing = body.is_done().then_some(Decoded { taken: 0, data: 0, done: true });
        let (held, leaving) = (true, false);
        Ok(Self { body, piece: nothing, held, leaving, looks_whole, peer_persists, deaf: None, bytes: 0 })
    }

    /// Passes it on to its end, and beside it what is left of the request.
    async fn run<C: Client>(
        &mut self,
        peer: &mut PeerConnection,
        client: &mut C,
        departing: &mut Departing<'_>,
    ) -> Result<(), Failure> {
        let passed = poll_fn(|cx| {
            // Whatever becomes of the request now, the peer has made up its mind.
            let _ = departing.poll(cx, client, peer);
            if let Some(fault) = departing.take_fault() {
                self.deaf = Some(fault);
            }
            self.poll(cx, peer, client)
        })
        .await;
        if passed.is_err() && self.held {
            // What came before goes out, so that the client sees where it was cut off.
            let _ = poll_fn(|cx| client.poll_send(cx, b"", false)).await;
        }
        passed
    }

    fn poll<C: Client>(
        &mut self,
        cx: &mut Context<'_>,
        peer: &mut PeerConnection,
        client: &mut C,
    ) -> Poll<Result<(), Failure>> {
        loop {
            if self.leaving {
                ready!(self.poll_send(cx, client, b"", false))?;
                self.leaving = false;
            }
            if let Some(piece) = self.piece {
                ready!(self.poll_send(cx, client, &peer.pending()[..piece.data], piece.done))?;
                self.bytes += piece.data as u64;
                peer.take(piece.taken);
                self.piece = None;
                if piece.done {
                    return Poll::Ready(Ok(()));
                }
            }
            if peer.has_spoken() {
                let decoded = peer.decode(&mut self.body).map_err(|fault| self.unread(&fault))?;
                if decoded.data > 0 || decoded.done {
                    self.piece = Some(decoded);
                    continue;
                }
                peer.take(decoded.taken);
            }
            match peer.poll_fill(cx, self.body.left()) {
                Poll::Ready(Ok(0)) => match self.deaf.take() {
                    None if self.body.ends_with_connection() => {
                        self.piece = Some(Decoded { taken: 0, data: 0, done: true });
                    }
                    // A reset is told once, and to whoever writes just as well: what then reads like an end is
                    // none (RFC 9112 §8).
                    fault => return Poll::Ready(Err(self.unread(&fault.unwrap_or(PeerFault::Closed)))),
                },
                Poll::Ready(Ok(_)) => {}
                Poll::Ready(Err(fault)) => return Poll::Ready(Err(self.unread(&fault))),
                // While the peer pauses, the client gets what there is.
                Poll::Pending if self.held => self.leaving = true,
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    fn poll_send<C: Client>(
        &mut self,
        cx: &mut Context<'_>,
        client: &mut C,
        piece: &[u8],
        last: bool,
    ) -> Poll<Result<(), Failure>> {
        self.held = false;
        client.poll_send(cx, piece, last).map_err(|error: io::Error| self.aborted(format!("client: {error}"), false))
    }

    fn unread(&self, fault: &PeerFault) -> Failure {
        self.aborted(format!("upstream: {fault}"), true)
    }

    fn aborted(&self, cause: String, upstream: bool) -> Failure {
        Failure::Aborted { cause, looks_whole: self.looks_whole, upstream }
    }
}

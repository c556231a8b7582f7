//! One exchange with an upstream: the request goes, the answer comes, and the connection is kept or not.
//!
//! Once the answer's head is on its way, nothing can be taken back: a failure after that cuts the
//! client's connection off, so that half an answer never looks whole.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use pingora_core::protocols::http::v1::client::HttpSession as UpstreamSession;
use pingora_core::protocols::http::v1::server::HttpSession;
use pingora_core::{Error, ErrorType};
use pingora_http::Version as SessionVersion;
use tokio::time::{Instant, timeout_at};

use super::account::Account;
use super::clock::Id;
use super::downstream::Downstream;
use super::fault::cause;
use super::request::{self, Outgoing};
use super::response::{self, Asked, Ending};
use super::upstream::Group;
use crate::policy::forward::{Forward, Hop};
use crate::policy::rate_limit;
use crate::policy::rejection::Rejection;
use crate::policy::request::Version;

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

/// Sends the request on and its answer back. Whether the client's connection goes on.
pub(super) async fn relay<'a>(
    group: &'a Group,
    session: &mut HttpSession,
    forward: &Forward<'_>,
    outgoing: Outgoing,
    account: &mut Account<'a>,
    ids: (&str, Id),
) -> Result<bool, Failure> {
    account.traffic.upstream = Some(group.name());
    let outcome = exchange(group, session, forward, outgoing, account, ids).await;
    let traffic = &mut account.traffic;
    traffic.relaying += account.trail.laps.lap();
    group.meters().took(traffic.connecting + traffic.relaying);
    outcome
}

async fn exchange<'a>(
    group: &'a Group,
    session: &mut HttpSession,
    forward: &Forward<'_>,
    outgoing: Outgoing,
    account: &mut Account<'a>,
    (request_id, id): (&str, Id),
) -> Result<bool, Failure> {
    let deadline = Instant::now() + group.total();
    let mut retries = 0;
    let (mut connected, sent_whole) = loop {
        let connected = group.connect(deadline).await;
        account.traffic.connecting += account.trail.laps.lap();
        let mut connected = connected?;
        account.traffic.peer = Some(connected.address.socket);
        let hop = Hop { request_id, trace: (id.trace, id.span), peer_authority: connected.authority };
        let head = request::head(forward, &hop, &outgoing)?;
        let attempt = async {
            let sent = request::send(&mut connected.session, head, &outgoing, session).await;
            account.traffic.request_bytes = sent.bytes;
            let whole = sent.outcome?;
            answer_head(&mut connected.session, session).await.map(|()| whole)
        };
        match timeout_at(deadline, attempt).await {
            Ok(Ok(sent_whole)) => break (connected, sent_whole),
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
    // The request is with the upstream; its bytes need not be held while the answer runs.
    drop(outgoing);
    let version =
        if session.req_header().version == SessionVersion::HTTP_10 { Version::Http10 } else { Version::Http11 };
    // What an early answer left of the request is not waited for.
    let keep = session.will_keepalive() && session.is_body_done();
    let asked = Asked { version, head_only: forward.method() == "HEAD", keep };
    let passing = pass_back(&mut connected.session, session, asked, account);
    let passed = timeout_at(deadline, passing).await.unwrap_or_else(|_| {
        let cause = "the exchange took longer than 'total'".to_owned();
        Err(Failure::Aborted { cause, looks_whole: version == Version::Http10, upstream: true })
    });
    let keep = passed.inspect_err(|failure| failure.code().into_iter().for_each(|code| group.meters().failed(code)))?;
    if sent_whole {
        connected.release().await;
    }
    Ok(keep)
}

fn repeatable(forward: &Forward<'_>, outgoing: &Outgoing) -> bool {
    let idempotent = matches!(forward.method(), "GET" | "HEAD" | "OPTIONS" | "PUT" | "DELETE");
    idempotent && matches!(outgoing, Outgoing::Whole(_))
}

/// An attempt that failed, and whether the peer had begun to answer.
struct Lost {
    rejection: Rejection,
    answered: bool,
}

impl From<Rejection> for Lost {
    fn from(rejection: Rejection) -> Self {
        Self { rejection, answered: false }
    }
}

/// Reads up to the final head; interim ones are passed on to whom may get them.
async fn answer_head(upstream: &mut UpstreamSession, session: &HttpSession) -> Result<(), Lost> {
    let broken = |cause: &str| {
        let rejection = Rejection::UpstreamBroken { cause: cause.to_owned() };
        Err(Lost { rejection, answered: true })
    };
    for count in 0..=MAX_INTERIM {
        upstream.read_response().await.map_err(|error| {
            let silent = matches!(error.etype(), ErrorType::ConnectionClosed | ErrorType::ReadError);
            Lost { rejection: Rejection::UpstreamBroken { cause: cause(&error) }, answered: count > 0 || !silent }
        })?;
        match upstream.resp_header().map(|head| head.status.as_u16()) {
            // Ours is sent when the body is wanted, not when the peer wants it.
            Some(100) => {}
            // RFC 9110 §7.8
            Some(101) => return broken("an upgrade that nobody asked for"),
            Some(102..=199) => pass_interim(upstream, session).await,
            Some(200..=599) => return Ok(()),
            _ => return broken("a status that is none"),
        }
    }
    broken("interim answers without end")
}

/// RFC 9110 §15.2: not to a client of 1.0. One that is gone shows when the final answer is written.
async fn pass_interim(upstream: &UpstreamSession, session: &HttpSession) {
    let interim = response::interim(&upstream.get_headers_raw_bytes());
    if let (Ok(bytes), Ok(downstream), SessionVersion::HTTP_11) =
        (interim, Downstream::behind(session), session.req_header().version)
    {
        let _ = downstream.write_all(&[&bytes]).await;
    }
}

/// Passes the final answer on, its body as it comes. Whether the client's connection goes on.
async fn pass_back(
    upstream: &mut UpstreamSession,
    session: &HttpSession,
    asked: Asked,
    account: &mut Account<'_>,
) -> Result<bool, Failure> {
    let refused = |cause| Failure::Refused(Rejection::UpstreamBroken { cause });
    let downstream = Downstream::behind(session).map_err(|error| refused(error.to_string()))?;
    let standings = rate_limit::fields(&account.trail.standings);
    let (mut head, status, ending) =
        response::head(&upstream.get_headers_raw_bytes(), asked, &standings).map_err(refused)?;
    account.answering(status);
    let looks_whole = ending == Ending::UntilClose;
    let unwritten =
        |error: std::io::Error| Failure::Aborted { cause: format!("client: {error}"), looks_whole, upstream: false };
    let unread = |error: Box<Error>| Failure::Aborted {
        cause: format!("upstream: {}", cause(&error)),
        looks_whole,
        upstream: true,
    };
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
            Ok(Some([])) => continue,
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
        account.traffic.response_bytes += piece.len() as u64;
        head.clear();
    }
    downstream.write_all(&[&head, ending.end()]).await.map_err(unwritten)?;
    Ok(asked.keep && ending != Ending::UntilClose)
}

//! A client's bytes, request after request, as a connection takes them; only the waiting is left out.

use std::net::IpAddr;

use portcullis::http1::{Body, Framing, HeadLimits, ParsedRequest, RequestHead, Scan, Version, request_framing};
use portcullis::limits::LocalLimits;
use portcullis::policy::authenticate::{Evidence, NoWitness};
use portcullis::policy::connection::Connection;
use portcullis::policy::decide::{Identification, Permit, arrive};
use portcullis::policy::forward::{Forward, Hop};
use portcullis::policy::gateway::Gateway;
use portcullis::policy::rejection::Rejection;
use portcullis::policy::time::Timestamp;
use portcullis::policy::trail::Trail;

use super::Source;
use crate::wire::case::End;
use crate::wire::outcome::{Came, Requests, shown};
use crate::wire::rules::{PEER, without_chance};

/// What the gate reads away of a refused body.
const DRAINED: usize = 64 << 10;

/// A request line holds this beside its target.
const AROUND_TARGET: usize = 64;

/// What comes of all that comes.
pub(in crate::wire) fn judged(gateway: &Gateway, mut source: Source<'_>) -> Requests {
    let (limits, mut came) = (LocalLimits::default(), Vec::new());
    loop {
        if source.held.is_empty() && !source.more() {
            return Requests { came, end: End::Kept };
        }
        match one(gateway, &limits, &mut source) {
            Ok((outcome, true)) => came.push(outcome),
            Ok((outcome, false)) => {
                came.push(outcome);
                return Requests { came, end: End::Closed };
            }
            Err(end) => return Requests { came, end },
        }
    }
}

/// What comes of the next request, and whether another may follow it; or within what the bytes ended.
fn one(gateway: &Gateway, limits: &LocalLimits, source: &mut Source<'_>) -> Result<(Came, bool), End> {
    let within = HeadLimits {
        bytes: gateway.limits.max_head_bytes,
        first_line_bytes: gateway.limits.max_target_bytes + AROUND_TARGET,
    };
    let mut scan = Scan::default();
    let end = loop {
        match scan.head_end(&source.held, &within) {
            Ok(Some(end)) => break end,
            Ok(None) if source.more() => {}
            Ok(None) => return Err(End::WithinHead),
            Err(fault) => return Ok((refused(&fault.into()), false)),
        }
    };
    let head = source.take(end);
    let parsed = match ParsedRequest::parse(&head) {
        Ok(parsed) => parsed,
        Err(fault) => return Ok((refused(&fault.into()), false)),
    };
    let request = parsed.view();
    let framing = request_framing(&request).unwrap_or(Framing::Length(0));
    let mut body = Body::of_request(framing);
    let mut waits = request.version == Version::Http11 && request.value("expect").is_some();
    match judge(gateway, limits, &request, &mut body, &mut waits, source) {
        Ok(came) => Ok((came, request.persists())),
        Err(Stop::Unfinished) => Err(End::WithinBody),
        Err(Stop::Refused(rejection)) => {
            // Whether a client that was told nothing sends its body all the same, nobody can tell.
            let unsure = waits && !body.is_done();
            let may_go_on = !rejection.breaks_connection() && request.persists() && !unsure;
            let goes_on = may_go_on && read(&mut body, source, DRAINED).is_ok();
            Ok((refused(&rejection), goes_on))
        }
    }
}

/// Why a request is not forwarded.
enum Stop {
    Refused(Rejection),
    Unfinished,
}

impl From<Rejection> for Stop {
    fn from(rejection: Rejection) -> Self {
        Self::Refused(rejection)
    }
}

fn judge(
    gateway: &Gateway,
    limits: &LocalLimits,
    request: &RequestHead<'_>,
    body: &mut Body,
    waits: &mut bool,
    source: &mut Source<'_>,
) -> Result<Came, Stop> {
    let connection = Connection::plain(0, IpAddr::from([127, 0, 0, 1]));
    let (now, mut trail) = (Timestamp::from_seconds(1_782_864_000), Trail::default());
    let arrived = arrive(gateway, connection, request, limits, now, &mut trail)?;
    let Identification::Known(identified) = arrived.identify(&Evidence::by(&NoWitness), limits, now, &mut trail)?
    else {
        panic!("nobody has to be asked here");
    };
    identified.charge(limits, now, &mut trail)?;
    let most = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX);
    let permit = identified.permit(&mut trail)?;
    *waits = false;
    Ok(match permit {
        Permit::Whole(whole) => {
            let bytes = read(body, source, most(whole.max_bytes())).map_err(|unread| unread.stop(whole.overflow()))?;
            let framing =
                (!bytes.is_empty() || request.method == b"POST").then_some(Framing::Length(bytes.len() as u64));
            forwarded(&whole.inspect(&bytes, &mut trail)?, framing, &bytes)
        }
        Permit::Streamed(streamed) => {
            let overflow = streamed.overflow();
            let bytes = read(body, source, most(streamed.max_bytes())).map_err(|unread| unread.stop(overflow))?;
            let forward = streamed.forward();
            let framing = Some(forward.framing()).filter(|framing| !framing.is_empty());
            forwarded(&forward, framing, &bytes)
        }
    })
}

/// Why a body could not be read.
enum Unread {
    Misframed(portcullis::http1::ChunkFault),
    TooMuch,
    Unfinished,
}

impl Unread {
    fn stop(self, overflow: Rejection) -> Stop {
        match self {
            Self::Misframed(fault) => Stop::Refused(Rejection::BodyMisframed(fault)),
            Self::TooMuch => Stop::Refused(overflow),
            Self::Unfinished => Stop::Unfinished,
        }
    }
}

fn read(body: &mut Body, source: &mut Source<'_>, most: usize) -> Result<Vec<u8>, Unread> {
    let mut data = Vec::new();
    while !body.is_done() {
        let step = body.decode(&mut source.held).map_err(Unread::Misframed)?;
        data.extend_from_slice(&source.take(step.taken)[..step.data]);
        if data.len() > most {
            return Err(Unread::TooMuch);
        }
        // What is wrong behind the data shows with the next step.
        if !step.done && step.data == 0 && !source.more() {
            return Err(Unread::Unfinished);
        }
    }
    Ok(data)
}

fn forwarded(forward: &Forward<'_>, framing: Option<Framing>, body: &[u8]) -> Came {
    let hop = Hop { request_id: "request-1", trace: (&"1".repeat(32), &"1".repeat(16)), peer_authority: PEER };
    let mut head = bytes::BytesMut::new();
    forward.write_head(&hop, framing, &mut head);
    Came::Forwarded { head: shown(&without_chance(&head)), body: shown(body) }
}

fn refused(rejection: &Rejection) -> Came {
    let wire = rejection.wire();
    Came::Refused { status: wire.status, told: Some((wire.code.to_owned(), rejection.detail().into_owned())) }
}

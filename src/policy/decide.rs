//! The pipeline on one screen: three pure steps, with the caller's waiting between them.
//!
//! *identify* (`arrive`, then authenticate) yields who it is and which counters to charge; the caller charges them. *permit* yields
//! the right to read so many bytes. *inspect* turns that right and the bytes into a [`Forward`], which
//! nothing else can make: what has none cannot be forwarded.

use std::net::IpAddr;
use std::path::Path;

use super::authenticate::{Authenticator, Caller, ContentDigest, Evidence, Need, Outcome, Witness};
use super::body::{self, Document};
use super::connection::Connection;
use super::forward::Forward;
use super::gateway::{Endpoint, Gateway, Listener, Report};
use super::head::{self, Head};
use super::media_type::{self, BodyKind, Format};
use super::quota::{Charge, ChargeKey, Limits};
use super::rejection::Rejection;
use super::route::Route;
use super::stage::Stage;
use super::time::Timestamp;
use super::trail::Trail;
use super::{access, authenticate, authorize, gateway, params, rate_limit};
use crate::http1::Framing;
use crate::http1::RequestHead;

/// A request that may be asked who sends it.
#[derive(Debug)]
pub struct Arrived<'a> {
    pub(super) gateway: &'a Gateway,
    pub(super) connection: Connection<'a>,
    pub(super) endpoint: &'a Endpoint,
    pub(super) head: Head<'a>,
    pub(super) client: IpAddr,
    route: Route,
}

/// What came of asking.
#[derive(Debug)]
pub enum Identification<'a> {
    /// The caller is known.
    Known(Identified<'a>),
    /// Something has to be found out, with which to ask again.
    Needs(Arrived<'a>, Need<'a>),
}

/// A request whose caller is known.
#[derive(Debug)]
pub struct Identified<'a> {
    pub(super) arrived: Arrived<'a>,
    pub(super) caller: Option<Caller<'a>>,
    /// What the body has to be, where the caller has signed that.
    content: Option<Box<ContentDigest>>,
}

/// The right to read a body, and how.
#[derive(Debug)]
pub enum Permit<'a> {
    /// All of it, then [`Whole::inspect`].
    Whole(Whole<'a>),
    /// As it comes, with [`Streamed::forward`].
    Streamed(Streamed<'a>),
}

/// The right to read a whole body of a bounded size.
#[derive(Debug)]
pub struct Whole<'a> {
    identified: Identified<'a>,
    kind: BodyKind,
}

/// The right to pass a body on unread.
#[derive(Debug)]
pub struct Streamed<'a> {
    identified: Identified<'a>,
}

/// Everything at once, for whoever has everything at hand: tests, benchmarks, fuzzers, `explain`.
#[expect(clippy::too_many_arguments, reason = "a decision depends on all of these, and on nothing else")]
pub fn decide<'a>(
    gateway: &'a Gateway,
    connection: Connection<'a>,
    request: &'a RequestHead<'a>,
    body: &[u8],
    limits: &impl Limits,
    witness: &impl Witness,
    now: Timestamp,
    trail: &mut Trail<'a>,
) -> Result<Forward<'a>, Rejection> {
    let mut evidence = Evidence::by(witness);
    let mut arrived = arrive(gateway, connection, request, limits, now, trail)?;
    let identified = loop {
        match arrived.identify(&evidence, limits, now, trail)? {
            Identification::Known(identified) => break identified,
            Identification::Needs(asking, need) => {
                evidence.add(&need, witness.testify(&need));
                arrived = asking;
            }
        }
    };
    identified.charge(limits, now, trail)?;
    match identified.permit(trail)? {
        Permit::Whole(whole) if body.len() as u64 > whole.max_bytes() => Err(whole.overflow()),
        Permit::Whole(whole) => whole.inspect(body, trail),
        Permit::Streamed(streamed) if body.len() as u64 > streamed.max_bytes() => Err(streamed.overflow()),
        Permit::Streamed(streamed) => Ok(streamed.forward()),
    }
}

/// Head, route, access, guard.
pub fn arrive<'a>(
    gateway: &'a Gateway,
    connection: Connection<'a>,
    request: &'a RequestHead<'a>,
    limits: &impl Limits,
    now: Timestamp,
    trail: &mut Trail<'a>,
) -> Result<Arrived<'a>, Rejection> {
    let listener = &gateway.listeners[connection.listener];
    let head = trail.timed(Stage::Head, head::check(request, listener, &gateway.limits))?;
    // Known this early for the log alone; a stranger to the routes is somebody, too.
    let client = access::client_address(listener, connection.peer, request);
    trail.client = client.as_ref().ok().copied();
    let route = trail.timed(Stage::Route, gateway.routes.find(&head.target.path, head.method))?;
    let endpoint = &gateway.endpoints[route.endpoint];
    trail.endpoint = Some(endpoint);
    let client = trail.timed(Stage::Access, client.and_then(|client| access::check(&listener.access, client)))?;
    let arrived = Arrived { gateway, connection, endpoint, head, client, route };
    trail.timed(Stage::Guard, arrived.guard(limits, now).and_then(|()| total(listener, limits, now)))?;
    Ok(arrived)
}

/// Who floods waits.
fn total(listener: &Listener, limits: &impl Limits, now: Timestamp) -> Result<(), Rejection> {
    let Some(total) = &listener.total else { return Ok(()) };
    let total = Charge { quota: total, key: ChargeKey::Listener(&listener.name) };
    match limits.charge(&[total], now) {
        Ok(_) => Ok(()),
        Err(exceeded) => Err(Rejection::ListenerSpent { retry_after: exceeded.retry_after }),
    }
}

impl<'a> Arrived<'a> {
    /// Who guesses waits, before any hash or signature is computed. To be asked again where that had to wait its
    /// turn: guesses that come at once would all be within their bound.
    pub fn guard(&self, limits: &impl Limits, now: Timestamp) -> Result<(), Rejection> {
        limits.peek(&self.failures(), now).map_err(|retry_after| Rejection::TooManyFailures { retry_after })
    }

    fn failures(&self) -> Charge<'a, 'static> {
        Charge { quota: &self.gateway.guard, key: ChargeKey::Address(access::counted(self.client)) }
    }

    /// Authenticate: to be asked again with the answer to each [`Need`].
    pub fn identify(
        self,
        evidence: &Evidence<'_>,
        limits: &impl Limits,
        now: Timestamp,
        trail: &mut Trail<'a>,
    ) -> Result<Identification<'a>, Rejection> {
        let report = self.endpoint.report;
        let known = match authenticate::check(&self, evidence, now) {
            Ok(Outcome::Needs(need)) => return Ok(Identification::Needs(self, need)),
            Ok(Outcome::Known(caller, content)) => Ok((caller, content)),
            Err(rejection) => {
                if rejection.is_failed_credential() {
                    // A guess costs one; that the counter may be empty by now changes nothing.
                    let _ = limits.charge(&[self.failures()], now);
                }
                Err(rejection)
            }
        };
        // Where it only reports, it sets no identity: nobody could tell a checked one from a claimed one.
        let known = report.applied(Stage::Authenticate, known, trail)?;
        let (caller, content) = known.filter(|_| !report.covers(Stage::Authenticate)).unwrap_or_default();
        trail.caller.clone_from(&caller);
        Ok(Identification::Known(Identified { arrived: self, caller, content }))
    }

    /// Who needs to know something.
    pub fn authenticator(&self, need: &Need<'_>) -> &'a Authenticator {
        &self.gateway.authenticators[need.authenticator]
    }

    /// The request as it came.
    pub fn request(&self) -> &'a RequestHead<'a> {
        self.head.request
    }

    /// The client's address.
    pub fn client(&self) -> IpAddr {
        self.client
    }
}

impl<'a> Identified<'a> {
    /// Rate limit: charges every quota that applies, or none.
    pub fn charge(&self, limits: &impl Limits, now: Timestamp, trail: &mut Trail<'a>) -> Result<(), Rejection> {
        let Self { arrived, caller, .. } = self;
        let claims = rate_limit::claims(arrived.endpoint, caller.as_ref());
        let charges = rate_limit::charges(arrived, caller.as_ref(), &claims)?;
        let charged = limits.charge(&charges, now);
        let (standings, outcome) = match charged {
            Ok(standings) => (standings, Ok(())),
            Err(exceeded) => {
                let refused = rate_limit::refused(&exceeded);
                (exceeded.standings, Err(refused))
            }
        };
        trail.standings = standings;
        arrived.endpoint.report.applied(Stage::RateLimit, outcome, trail).map(|_| ())
    }

    /// Authorize, media type, params, declared length.
    pub fn permit(self, trail: &mut Trail<'a>) -> Result<Permit<'a>, Rejection> {
        let Arrived { endpoint, head, route, .. } = &self.arrived;
        let (endpoint, report) = (*endpoint, endpoint.report);
        report.applied(Stage::Authorize, authorize::check(endpoint, self.caller.as_ref()), trail)?;
        let kind = report.applied(Stage::MediaType, media_type::check(endpoint, head), trail)?;
        report.applied(Stage::Params, params::check(endpoint, head, route), trail)?;
        // What only reports a wrong type cannot read it, and lets it by.
        let kind = match kind.unwrap_or(BodyKind::Unchecked) {
            // Whether it is what was signed shows at its end, so nothing of it goes before.
            BodyKind::Unchecked if self.content.is_some() => BodyKind::Checked { format: Format::Opaque, coding: None },
            kind => kind,
        };
        if matches!(head.framing, Framing::Length(length) if length > endpoint.body.max_bytes) {
            return Err(Rejection::BodyTooLarge { max_bytes: endpoint.body.max_bytes });
        }
        Ok(match kind {
            BodyKind::Unchecked => Permit::Streamed(Streamed { identified: self }),
            kind => Permit::Whole(Whole { identified: self, kind }),
        })
    }

    /// The limits in force when the request came.
    pub fn limits(&self) -> &'a gateway::Limits {
        &self.arrived.gateway.limits
    }

    /// Where a body waits that is not held in memory.
    pub fn spool_folder(&self) -> Option<&'a Path> {
        self.arrived.gateway.spool_folder.as_deref()
    }

    /// How the body is framed.
    pub fn framing(&self) -> Framing {
        self.arrived.head.framing
    }

    /// Whether the client waits for 100 before it sends the body.
    pub fn expects_continue(&self) -> bool {
        self.arrived.head.expects_continue
    }
}

impl<'a> Whole<'a> {
    /// So many bytes may be read.
    pub fn max_bytes(&self) -> u64 {
        match self.kind {
            BodyKind::Absent => 0,
            BodyKind::MustBeEmpty(_) if !self.only_reports_type() => 0,
            _ => self.identified.arrived.endpoint.body.max_bytes,
        }
    }

    fn only_reports_type(&self) -> bool {
        self.identified.arrived.endpoint.report.covers(Stage::MediaType)
    }

    /// So many more bytes it may take once decoded.
    pub fn decoded_bytes(&self) -> u64 {
        match self.kind {
            BodyKind::Checked { coding: Some(_), .. } => self.identified.arrived.endpoint.body.max_bytes,
            _ => 0,
        }
    }

    /// What to say where more came.
    pub fn overflow(&self) -> Rejection {
        match &self.kind {
            BodyKind::MustBeEmpty(rejection) if !self.only_reports_type() => rejection.clone(),
            _ => Rejection::BodyTooLarge { max_bytes: self.identified.arrived.endpoint.body.max_bytes },
        }
    }

    /// The request whose body it is.
    pub fn identified(&self) -> &Identified<'a> {
        &self.identified
    }

    /// Digest, body, schema.
    pub fn inspect(self, bytes: &[u8], trail: &mut Trail<'a>) -> Result<Forward<'a>, Rejection> {
        let endpoint = self.identified.arrived.endpoint;
        if self.identified.content.as_ref().is_some_and(|digest| !digest.is_of(bytes)) {
            // Enforced whatever only reports: it is another body than its sender's.
            return Err(Rejection::DigestMismatch);
        }
        let document = match self.kind {
            _ if bytes.is_empty() => {
                let missing = if endpoint.body.schema.is_some() { Err(Rejection::BodyMissing) } else { Ok(None) };
                endpoint.report.applied(Stage::Body, missing, trail)?.flatten()
            }
            BodyKind::Checked { format, coding } => {
                let (max_bytes, max_ratio) =
                    (endpoint.body.max_bytes, self.identified.arrived.gateway.limits.max_decode_ratio);
                let decoded = body::decoded(bytes, coding, max_bytes, max_ratio)?;
                let read: Result<Option<Document>, Rejection> = body::read(&decoded, format, &endpoint.body.json);
                endpoint.report.applied(Stage::Body, read, trail)?.flatten()
            }
            BodyKind::MustBeEmpty(rejection) => endpoint.report.applied(Stage::MediaType, Err(rejection), trail)?,
            BodyKind::Absent | BodyKind::Unchecked => return Err(self.overflow()),
        };
        if let (Some(schema), Some(document)) = (&endpoint.body.schema, &document) {
            let satisfied = schema.check(document).map_err(Rejection::SchemaViolated);
            endpoint.report.applied(Stage::Schema, satisfied, trail)?;
        }
        Ok(Forward::judged(self.identified))
    }
}

impl<'a> Streamed<'a> {
    /// So many bytes may pass.
    pub fn max_bytes(&self) -> u64 {
        self.identified.arrived.endpoint.body.max_bytes
    }

    /// What to say where more came.
    pub fn overflow(&self) -> Rejection {
        Rejection::BodyTooLarge { max_bytes: self.max_bytes() }
    }

    /// The request whose body it is.
    pub fn identified(&self) -> &Identified<'a> {
        &self.identified
    }

    /// Passes it on; the bound is the caller's to keep while the bytes run.
    pub fn forward(self) -> Forward<'a> {
        Forward::judged(self.identified)
    }
}

impl Report {
    /// Whether a stage only reports.
    pub fn covers(self, stage: Stage) -> bool {
        self.stages & (1 << stage as u16) != 0
    }

    /// The one place where a refusal becomes a finding. `Ok(None)` is a refusal that was reported.
    fn applied<T>(
        self,
        stage: Stage,
        outcome: Result<T, Rejection>,
        trail: &mut Trail<'_>,
    ) -> Result<Option<T>, Rejection> {
        match trail.timed(stage, outcome) {
            Ok(value) => Ok(Some(value)),
            // A stage may refuse for another's reason (an ambiguous head, a size): that is enforced.
            Err(rejection) if self.covers(stage) && rejection.wire().stage == stage => {
                trail.findings.push(rejection);
                Ok(None)
            }
            Err(rejection) => Err(rejection),
        }
    }
}

impl FromIterator<Stage> for Report {
    fn from_iter<I: IntoIterator<Item = Stage>>(stages: I) -> Self {
        Self { stages: stages.into_iter().fold(0, |set, stage| set | 1 << stage as u16) }
    }
}

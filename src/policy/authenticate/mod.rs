//! Stage *authenticate*: who is it?
//!
//! Any authenticator that the endpoint names will do. Authenticators that look at the same place (two
//! issuers of bearer tokens) are alternatives: the credential there fails where all of them refuse it. A
//! credential that is presented must hold even where strangers are welcome, and two credentials must name
//! one principal: a request that says two things about its sender is refused rather than read one way.
//!
//! Nothing here waits. What an authenticator needs that takes time or a network (a password hash, a key
//! set that is not there yet, another service's word) is a [`Need`]: a value for the caller, who finds it
//! out and asks again with it among the [`Evidence`].

mod authenticator;
mod authorization;
mod basic;
mod caller;
mod claims;
mod delegate;
mod evidence;
mod fault;
pub mod introspection;
mod jwt;
mod mtls;
mod service;
mod signature;

use smallvec::SmallVec;

pub use authenticator::{Authenticator, AuthenticatorKind, CredentialPlace};
use authorization::Authorization;
pub use caller::{Caller, ClaimPath, Vouched, claim_text};
pub use claims::{ClaimFault, ClaimRules, is_claimed_name};
pub use delegate::{Delegate, MAX_RELAYED_BYTES};
pub use evidence::{Claims, Evidence, Finding, Need, NoWitness, Question, Relayed, Spoken, Unavailable, Witness};
pub use fault::{CredentialFault, OpaqueFault};
pub use introspection::{ClientAuthorization, Introspection};
pub use jwt::{Jwt, KeySource, Published, PublishedAt};
pub use mtls::Mtls;
pub use service::{Service, ServiceUrl, UrlFault};
pub use signature::{ContentDigest, Hmac, Required, Secret, SecretSet, SignatureFault};

use delegate::Asked;
use evidence::Known;

use super::decide::Arrived;
use super::gateway::{Endpoint, Gateway};
use super::rejection::Rejection;
use super::time::Timestamp;

/// What came of asking who it is.
pub(super) enum Outcome<'a> {
    /// This caller, or a welcome stranger; and what the body has to be, where the caller has signed that.
    Known(Option<Caller<'a>>, Option<Box<ContentDigest>>),
    /// Something has to be found out first.
    Needs(Need<'a>),
}

/// What one authenticator makes of a request.
pub(super) enum Verdict<'a> {
    /// There is nothing that it looks at.
    Absent,
    /// This caller.
    Known(Caller<'a>),
    /// This caller, who has signed the request, and the digests of its body.
    Signed(Caller<'a>, Option<Box<ContentDigest>>),
    /// A credential that it does not take.
    Failed(CredentialFault),
    /// It has to be asked again, with an answer to this.
    Needs(Question<'a>),
    /// It cannot tell, and nobody knows when it can.
    Unavailable(Unavailable),
    /// A request that is refused whatever others say: it says two things, or another service has spoken.
    Refused(Rejection),
}

/// Who presents this request?
pub(super) fn check<'a>(
    arrived: &Arrived<'a>,
    evidence: &Evidence<'_>,
    now: Timestamp,
) -> Result<Outcome<'a>, Rejection> {
    let (gateway, endpoint) = (arrived.gateway, arrived.endpoint);
    // RFC 9110 §11.6.2: one field, whoever reads it.
    let authorization = Authorization::of(arrived.head.request)?;
    let mut known: SmallVec<[(CredentialPlace<'a>, Caller<'a>); 2]> = SmallVec::new();
    let mut failed: SmallVec<[(CredentialPlace<'a>, CredentialFault); 2]> = SmallVec::new();
    let (mut content, mut unavailable) = (None, None);
    let mut reads_authorization = false;
    let of_service = |index: &&usize| matches!(gateway.authenticators[**index].place(), CredentialPlace::Service(_));
    let accepted = endpoint.authentication.accepted.iter();
    // Another service is asked once it is known whether anybody else knows the caller.
    for &index in accepted.clone().filter(|index| !of_service(index)).chain(accepted.filter(of_service)) {
        let authenticator = &gateway.authenticators[index];
        let place = authenticator.place();
        reads_authorization |= matches!(place, CredentialPlace::Scheme(_));
        if known.iter().any(|(at, _)| *at == place) {
            continue;
        }
        // Nobody is asked about a request that is refused already. A service that sees `Authorization` may take
        // what others there did not.
        let lost = |at: &CredentialPlace<'_>| {
            let open = matches!(at, CredentialPlace::Scheme(_)) && authenticator.reads_authorization();
            !open && !known.iter().any(|(held, _)| held == at)
        };
        if matches!(place, CredentialPlace::Service(_)) && failed.iter().any(|(at, _)| lost(at)) {
            continue;
        }
        let asked = Asked {
            must: !endpoint.authentication.anonymous && known.is_empty(),
            authorization_taken: known.iter().any(|(_, caller)| caller.by().reads_authorization()),
        };
        match authenticator.check(arrived, authorization, evidence.of(index), asked, now) {
            Verdict::Absent => {}
            Verdict::Known(caller) => known.push((place, caller)),
            Verdict::Signed(caller, digest) => {
                // It binds the body whoever else knows the caller, too.
                content = digest;
                known.push((place, caller));
            }
            Verdict::Failed(fault) => failed.push((place, fault)),
            Verdict::Needs(question) => return Ok(Outcome::Needs(Need { authenticator: index, question })),
            Verdict::Unavailable(why) => unavailable = Some((place, why)),
            Verdict::Refused(rejection) => return Err(rejection),
        }
    }
    // A service that sees `Authorization` is one more reader of it.
    let reads = |caller: &Caller<'_>| caller.by().reads_authorization();
    let held = |place: &CredentialPlace<'_>| {
        let is_scheme = matches!(place, CredentialPlace::Scheme(_));
        known.iter().any(|(at, caller)| at == place || is_scheme && reads(caller))
    };
    if let Some((_, why)) = unavailable.filter(|(place, _)| !held(place)) {
        return Err(Rejection::AuthenticatorUnavailable { cause: why.0 });
    }
    if let Some((_, fault)) = failed.into_iter().rfind(|(place, _)| !held(place)) {
        return Err(unauthenticated(gateway, endpoint, Some(fault)));
    }
    let taken = known.iter().any(|(_, caller)| reads(caller));
    if authorization.is_some() && reads_authorization && !taken {
        // It is a credential, and not for anybody here.
        return Err(unauthenticated(gateway, endpoint, Some(CredentialFault::Scheme)));
    }
    let mut callers = known.into_iter().map(|(_, caller)| caller);
    let first = callers.next();
    match &first {
        Some(caller) if callers.any(|other| other.name() != caller.name()) => Err(Rejection::AmbiguousCredentials),
        None if !endpoint.authentication.anonymous => Err(unauthenticated(gateway, endpoint, None)),
        _ => Ok(Outcome::Known(first, content)),
    }
}

/// RFC 9110 §11.6.1: one challenge for each way in.
fn unauthenticated(gateway: &Gateway, endpoint: &Endpoint, fault: Option<CredentialFault>) -> Rejection {
    let accepted = endpoint.authentication.accepted.iter().map(|index| &gateway.authenticators[*index]);
    let challenges: Vec<String> = accepted.map(|authenticator| authenticator.challenge(fault.as_ref())).collect();
    Rejection::Unauthenticated { challenge: challenges.join(", "), fault }
}

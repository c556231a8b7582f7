//! Stage *authenticate*: who is it?
//!
//! Any authenticator that the endpoint names will do. A credential that is presented must hold even
//! where strangers are welcome, and two credentials must name one principal: a request that says two
//! things about its sender is refused rather than read one way.
//!
//! Nothing here waits. What a later authenticator needs that takes time (a password hash, a key set
//! that is not there yet) is for the caller to fetch, which then asks again.

use super::gateway::{AuthenticatorKind, Endpoint, Gateway};
use super::keys::{KeyFault, Principal};
use super::rejection::Rejection;
use super::time::Timestamp;
use crate::http1::RequestHead;

/// Who presents this request? `None` is a welcome stranger.
pub fn check<'a>(
    gateway: &'a Gateway,
    endpoint: &Endpoint,
    request: &RequestHead<'a>,
    now: Timestamp,
) -> Result<Option<&'a Principal>, Rejection> {
    let mut known: Option<&Principal> = None;
    for index in &endpoint.authentication.accepted {
        let AuthenticatorKind::ApiKey { header, keys } = &gateway.authenticators[*index].kind;
        let Some(presented) = request.single(header)? else { continue };
        let principal = match keys.lookup(presented, now) {
            Ok(principal) => principal,
            Err(fault) => return Err(unauthenticated(gateway, endpoint, Some(fault))),
        };
        if known.is_some_and(|other| other.name() != principal.name()) {
            return Err(Rejection::AmbiguousCredentials);
        }
        known = Some(principal);
    }
    if known.is_none() && !endpoint.authentication.anonymous {
        return Err(unauthenticated(gateway, endpoint, None));
    }
    Ok(known)
}

/// RFC 9110 §11.6.1: one challenge for each way in. `ApiKey` is no registered scheme; the field's name
/// is what a client needs to know.
fn unauthenticated(gateway: &Gateway, endpoint: &Endpoint, fault: Option<KeyFault>) -> Rejection {
    let challenges: Vec<String> = endpoint
        .authentication
        .accepted
        .iter()
        .map(|index| {
            let authenticator = &gateway.authenticators[*index];
            let AuthenticatorKind::ApiKey { header, .. } = &authenticator.kind;
            format!("ApiKey realm=\"{}\", header=\"{header}\"", authenticator.name)
        })
        .collect();
    Rejection::Unauthenticated { challenge: challenges.join(", "), fault }
}

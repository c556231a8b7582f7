//! What nobody asks for, and what nobody can reach: warnings that need the whole configuration.

use std::collections::BTreeSet;

use super::Compiler;
use super::endpoint::Compiled;
use crate::policy::authenticate::{Authenticator, AuthenticatorKind};
use crate::policy::gateway::{Endpoint, Listener};

/// Warns of tables that no endpoint uses, of endpoints that no caller has the scopes for, and of certificates that
/// nobody is asked for. `listeners` where all could be compiled.
pub(super) fn warn(compiled: &Compiled, listeners: Option<&[Listener]>, compiler: &mut Compiler<'_>) {
    // What a broken endpoint uses is not known; then only what is named nowhere is sure to be unused.
    let endpoints: Option<Vec<&Endpoint>> = compiled.endpoints.iter().map(Option::as_ref).collect();
    let whole = endpoints.filter(|_| !compiler.faults.any_error());
    let (mut upstreams, mut authenticators, mut quotas) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for endpoint in whole.iter().flatten() {
        upstreams.insert(endpoint.upstream);
        authenticators.extend(endpoint.authentication.accepted.iter().copied());
        quotas.extend(endpoint.quotas.iter().map(|quota| quota.name.clone()));
    }
    let sure = whole.is_some();
    for index in 0..compiler.upstreams.len() {
        if compiler.upstreams.is_unused(index, sure.then(|| !upstreams.contains(&index))) {
            compiler.upstreams.warn_unused(index, compiler.faults);
        }
    }
    for index in 0..compiler.authenticators.len() {
        if compiler.authenticators.is_unused(index, sure.then(|| !authenticators.contains(&index))) {
            compiler.authenticators.warn_unused(index, compiler.faults);
        }
    }
    let asks = |listener: &Listener| listener.tls.as_ref().is_some_and(|tls| tls.clients.is_some());
    if listeners.is_some_and(|listeners| !listeners.iter().any(asks)) {
        for index in &authenticators {
            unasked(*index, compiler);
        }
    }
    for index in 0..compiler.quotas.len() {
        let unused = sure.then(|| !quotas.contains(&compiler.quotas.name(index).value));
        if compiler.quotas.is_unused(index, unused) {
            compiler.quotas.warn_unused(index, compiler.faults);
        }
    }
    if let Some(endpoints) = whole {
        for (endpoint, at) in endpoints.into_iter().zip(&compiled.places) {
            if let Some(scopes) = beyond_everyone(endpoint, compiler) {
                let message = format!("nobody can reach {} {}", endpoint.method, endpoint.template.text);
                compiler.faults.warning(*at, message).label(format!("no principal has all of {scopes}"));
            }
        }
    }
}

/// Warns of an authenticator that looks at what no client is asked for.
fn unasked(index: usize, compiler: &mut Compiler<'_>) {
    let looks = |authenticator: &Authenticator| matches!(authenticator.kind, AuthenticatorKind::Mtls(_));
    if compiler.authenticators.value(index).is_some_and(looks) {
        let name = compiler.authenticators.name(index);
        let fault = compiler.faults.warning(name.at, format!("nobody can come in by `{}`", name.value));
        fault
            .label("no listener asks for clients' certificates")
            .help("name whom they lead to, as in tls = { client_ca = \"partners.pem\", … }");
    }
}

/// The scopes of an endpoint, where no key file has a principal with all of them.
fn beyond_everyone(endpoint: &Endpoint, compiler: &Compiler<'_>) -> Option<String> {
    if endpoint.scopes.is_empty() {
        return None;
    }
    let reached = endpoint.authentication.accepted.iter().any(|index| {
        let Some(authenticator) = compiler.authenticators.value(*index) else { return true };
        let may = |scopes: &[String]| endpoint.scopes.iter().all(|scope| scopes.contains(scope));
        match &authenticator.kind {
            AuthenticatorKind::ApiKey { keys, .. } => keys.grants().any(|grant| may(&grant.scopes)),
            AuthenticatorKind::Basic { users, .. } => users.principals().any(|principal| may(principal.scopes())),
            AuthenticatorKind::Hmac(hmac) => hmac.secrets.principals().any(|principal| may(principal.scopes())),
            AuthenticatorKind::Mtls(mtls) => match &mtls.principals {
                Some(principals) => principals.values().any(|principal| may(principal.scopes())),
                // No certificate says `scope`.
                None => !mtls.claims.scopes.is_empty(),
            },
            // Whom others vouch for may have any scope.
            _ => true,
        }
    });
    let scopes: Vec<String> = endpoint.scopes.iter().map(|scope| format!("`{scope}`")).collect();
    (!reached).then(|| scopes.join(", "))
}

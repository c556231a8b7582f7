//! A way to prove who one is, as compiled: what it looks at, what it makes of it, and how it is asked for.

use std::time::Duration;

use super::authorization::Authorization;
use super::caller::{Caller, ClaimPath};
use super::delegate::{Asked, Delegate};
use super::evidence::Known;
use super::fault::CredentialFault;
use super::introspection::Introspection;
use super::jwt::Jwt;
use super::mtls::Mtls;
use super::signature::Hmac;
use super::{Verdict, basic};
use crate::policy::decide::Arrived;
use crate::policy::keys::KeySet;
use crate::policy::passwords::Users;
use crate::policy::time::Timestamp;

/// A way to prove who one is.
#[derive(Debug)]
pub struct Authenticator {
    /// Its name in the configuration.
    pub name: String,
    /// Fields that tell the upstream of a caller's claims, each with the claim it is made of.
    pub forwards: Vec<(String, ClaimPath)>,
    /// What it looks at.
    pub kind: AuthenticatorKind,
}

/// What an authenticator looks at.
#[derive(Debug)]
pub enum AuthenticatorKind {
    /// A random key in a field of its own.
    ApiKey {
        /// The field's name, lower case.
        header: String,
        /// The keys that are known, as hashes.
        keys: KeySet,
    },
    /// A name and a password in `Authorization: Basic` (RFC 7617).
    Basic {
        /// Who is known, with hashes of their passwords.
        users: Users,
        /// That a password is right may be remembered for so long.
        cache: Duration,
    },
    /// A signed token in `Authorization: Bearer`.
    Jwt(Box<Jwt>),
    /// The certificate of the client's connection.
    Mtls(Box<Mtls>),
    /// A bearer token that its issuer is asked about.
    Introspection(Box<Introspection>),
    /// A signature over the request by a shared secret.
    Hmac(Hmac),
    /// Whatever another service says of the request.
    Forward(Box<Delegate>),
}

/// Where a credential stands. Authenticators of one place are alternatives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialPlace<'a> {
    /// In a field of its own, lower case.
    Field(&'a str),
    /// In `Authorization`, under this scheme, lower case.
    Scheme(&'static str),
    /// In no field, but in the connection.
    Certificate,
    /// Wherever another service looks; the authenticator's name.
    Service(&'a str),
}

impl Authenticator {
    /// Where its credentials stand.
    pub fn place(&self) -> CredentialPlace<'_> {
        match &self.kind {
            AuthenticatorKind::ApiKey { header, .. } => CredentialPlace::Field(header),
            AuthenticatorKind::Basic { .. } => CredentialPlace::Scheme("basic"),
            AuthenticatorKind::Jwt(_) => CredentialPlace::Scheme("bearer"),
            AuthenticatorKind::Mtls(_) => CredentialPlace::Certificate,
            AuthenticatorKind::Introspection(_) => CredentialPlace::Scheme("bearer"),
            AuthenticatorKind::Hmac(_) => CredentialPlace::Field("signature"),
            AuthenticatorKind::Forward(_) => CredentialPlace::Service(&self.name),
        }
    }

    /// Whether it takes what it takes from `Authorization`, under whatever scheme.
    pub(super) fn reads_authorization(&self) -> bool {
        match &self.kind {
            AuthenticatorKind::Forward(delegate) => delegate.fields.iter().any(|field| field == "authorization"),
            _ => matches!(self.place(), CredentialPlace::Scheme(_)),
        }
    }

    /// Whether a request's field (its name in lower case, `_` as `-`) holds a credential for it.
    pub fn reads(&self, name: &[u8], value: &[u8]) -> bool {
        match (&self.kind, self.place()) {
            (AuthenticatorKind::Forward(delegate), _) => delegate.fields.iter().any(|field| field.as_bytes() == name),
            (AuthenticatorKind::Hmac(_), _) => Hmac::reads(name),
            (_, CredentialPlace::Field(field)) => field.as_bytes() == name,
            (_, CredentialPlace::Scheme(scheme)) => name == b"authorization" && Authorization::is_of(value, scheme),
            (_, CredentialPlace::Service(_) | CredentialPlace::Certificate) => false,
        }
    }

    /// What it makes of a request.
    pub(super) fn check<'a>(
        &'a self,
        arrived: &Arrived<'a>,
        authorization: Option<Authorization<'a>>,
        known: Known<'_>,
        asked: Asked,
        now: Timestamp,
    ) -> Verdict<'a> {
        match &self.kind {
            AuthenticatorKind::ApiKey { header, keys } => match arrived.head.request.single(header) {
                Ok(None) => Verdict::Absent,
                Ok(Some(key)) => match keys.lookup(key, now) {
                    Ok(principal) => Verdict::Known(Caller::listed(self, principal)),
                    Err(fault) => Verdict::Failed(CredentialFault::Key(fault)),
                },
                Err(fault) => Verdict::Refused(fault.into()),
            },
            AuthenticatorKind::Basic { users, cache } => basic::check(self, users, *cache, authorization, (known, now)),
            AuthenticatorKind::Mtls(mtls) => mtls.check(self, &arrived.connection, now),
            AuthenticatorKind::Jwt(jwt) => jwt.check(self, authorization, known, now),
            AuthenticatorKind::Introspection(introspection) => introspection.check(self, authorization, known, now),
            AuthenticatorKind::Hmac(hmac) => hmac.check(self, arrived, known, now),
            AuthenticatorKind::Forward(delegate) => delegate.check(self, arrived, known, asked),
        }
    }

    /// RFC 9110 §11.6.1: how it is asked for. `ApiKey` and `Signature` are no registered schemes; the field's name
    /// is what a client of the one needs to know, and of the other the document that says what to sign.
    pub(super) fn challenge(&self, fault: Option<&CredentialFault>) -> String {
        let realm = &self.name;
        match &self.kind {
            AuthenticatorKind::ApiKey { header, .. } => format!("ApiKey realm=\"{realm}\", header=\"{header}\""),
            AuthenticatorKind::Basic { .. } => basic::challenge(realm),
            AuthenticatorKind::Jwt(_) | AuthenticatorKind::Introspection(_) => bearer(realm, fault),
            // No registered scheme either: it is asked for when the connection is made.
            AuthenticatorKind::Mtls(_) => format!("ClientCertificate realm=\"{realm}\""),
            AuthenticatorKind::Hmac(_) => format!("Signature realm=\"{realm}\""),
            // Nor is this one; the service has challenges of its own where it is asked.
            AuthenticatorKind::Forward(_) => format!("Forward realm=\"{realm}\""),
        }
    }
}

/// RFC 6750 §3: what was wrong with a token is told where one was presented, and no more of it than that.
fn bearer(realm: &str, fault: Option<&CredentialFault>) -> String {
    match fault {
        Some(fault) if fault.is_of_token() => {
            format!("Bearer realm=\"{realm}\", error=\"invalid_token\"")
        }
        _ => format!("Bearer realm=\"{realm}\""),
    }
}

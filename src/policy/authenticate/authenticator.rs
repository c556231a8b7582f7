//! A way to prove who one is, as compiled: what it looks at, what it makes of it, and how it is asked for.

use std::time::Duration;

use super::authorization::Authorization;
use super::caller::{Caller, ClaimPath};
use super::evidence::Known;
use super::fault::CredentialFault;
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
}

/// Where a credential stands. Authenticators of one place are alternatives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialPlace<'a> {
    /// In a field of its own, lower case.
    Field(&'a str),
    /// In `Authorization`, under this scheme, lower case.
    Scheme(&'static str),
}

impl Authenticator {
    /// Where its credentials stand.
    pub fn place(&self) -> CredentialPlace<'_> {
        match &self.kind {
            AuthenticatorKind::ApiKey { header, .. } => CredentialPlace::Field(header),
            AuthenticatorKind::Basic { .. } => CredentialPlace::Scheme("basic"),
        }
    }

    /// Whether a request's field (its name in lower case, `_` as `-`) holds a credential for it.
    pub fn reads(&self, name: &[u8], value: &[u8]) -> bool {
        match self.place() {
            CredentialPlace::Field(field) => field.as_bytes() == name,
            CredentialPlace::Scheme(scheme) => name == b"authorization" && Authorization::is_of(value, scheme),
        }
    }

    /// What it makes of a request. `must` says that nobody else knows the caller yet, and somebody has to.
    pub(super) fn check<'a>(
        &'a self,
        arrived: &Arrived<'a>,
        known: Known<'_>,
        must: bool,
        now: Timestamp,
    ) -> Verdict<'a> {
        let _ = must;
        match &self.kind {
            AuthenticatorKind::ApiKey { header, keys } => match arrived.head.request.single(header) {
                Ok(None) => Verdict::Absent,
                Ok(Some(key)) => match keys.lookup(key, now) {
                    Ok(principal) => Verdict::Known(Caller::listed(self, principal)),
                    Err(fault) => Verdict::Failed(CredentialFault::Key(fault)),
                },
                Err(fault) => Verdict::Refused(fault.into()),
            },
            AuthenticatorKind::Basic { users, cache } => basic::check(self, users, *cache, (arrived, known, now)),
        }
    }

    /// RFC 9110 §11.6.1: how it is asked for. `ApiKey` is no registered scheme; the field's name is what a
    /// client needs to know.
    pub(super) fn challenge(&self, fault: Option<&CredentialFault>) -> String {
        let _ = fault;
        let realm = &self.name;
        match &self.kind {
            AuthenticatorKind::ApiKey { header, .. } => format!("ApiKey realm=\"{realm}\", header=\"{header}\""),
            AuthenticatorKind::Basic { .. } => basic::challenge(realm),
        }
    }
}

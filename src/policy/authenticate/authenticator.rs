//! A way to prove who one is, as compiled: what it looks at, what it makes of it, and how it is asked for.

use super::Verdict;
use super::authorization::Authorization;
use super::caller::{Caller, ClaimPath};
use super::evidence::Known;
use super::fault::CredentialFault;
use super::signature::Hmac;
use crate::policy::decide::Arrived;
use crate::policy::keys::{KeySet, Principal};
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
    /// A signature over the request by a shared secret.
    Hmac(Hmac),
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
            AuthenticatorKind::Hmac(_) => CredentialPlace::Field("signature"),
        }
    }

    /// Whether a request's field (its name in lower case, `_` as `-`) holds a credential for it.
    pub fn reads(&self, name: &[u8], value: &[u8]) -> bool {
        match self.place() {
            _ if matches!(self.kind, AuthenticatorKind::Hmac(_)) => Hmac::reads(name),
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
            AuthenticatorKind::Hmac(hmac) => hmac.check(self, arrived, known, now),
        }
    }

    /// The principals that a file lists, where that is all who can come by it.
    pub fn principals(&self) -> &[Principal] {
        match &self.kind {
            AuthenticatorKind::ApiKey { keys, .. } => keys.principals(),
            AuthenticatorKind::Hmac(hmac) => hmac.secrets.principals(),
        }
    }

    /// RFC 9110 §11.6.1: how it is asked for. `ApiKey` and `Signature` are no registered schemes; the field's name
    /// is what a client of the one needs to know, and of the other the document that says what to sign.
    pub(super) fn challenge(&self, fault: Option<&CredentialFault>) -> String {
        let _ = fault;
        let realm = &self.name;
        match &self.kind {
            AuthenticatorKind::ApiKey { header, .. } => format!("ApiKey realm=\"{realm}\", header=\"{header}\""),
            AuthenticatorKind::Hmac(_) => format!("Signature realm=\"{realm}\""),
        }
    }
}

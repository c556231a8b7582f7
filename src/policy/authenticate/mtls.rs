//! Certificates of clients' connections (RFC 8446 §4.4.2): whether the listener's authorities vouch for one, and
//! who it is by its names.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::Verdict;
use super::authenticator::Authenticator;
use super::caller::Caller;
use super::claims::ClaimRules;
use super::evidence::Claims;
use super::fault::CredentialFault;
use crate::policy::certificate::{CertificateFault, ClientCertificate};
use crate::policy::connection::Connection;
use crate::policy::keys::{Principal, hex};
use crate::policy::time::Timestamp;

/// Certificates of clients.
#[derive(Debug)]
pub struct Mtls {
    /// Whose are taken, as RFC 4514 writes their names; anybody's whom the listener believes, where there are none.
    pub issuers: Vec<String>,
    /// Which of a certificate's names are what to the gate.
    pub claims: ClaimRules,
    /// Who may come, by name, and what they may do; everybody, where it is not said.
    pub principals: Option<BTreeMap<String, Principal>>,
}

impl Mtls {
    pub(super) fn check<'a>(
        &'a self,
        by: &'a Authenticator,
        connection: &Connection<'_>,
        now: Timestamp,
    ) -> Verdict<'a> {
        let Some(certificate) = connection.certificate else { return Verdict::Absent };
        if let Err(fault) = self.believed(certificate, now) {
            return Verdict::Failed(fault);
        }
        let mut vouched = match self.claims.vouch(&claims(certificate)) {
            Ok(vouched) => vouched,
            Err(fault) => return Verdict::Failed(CredentialFault::Claims(fault)),
        };
        if let Some(principals) = &self.principals {
            let Some(listed) = principals.get(&vouched.name) else {
                return Verdict::Failed(CredentialFault::NotListed);
            };
            // The file says what it may do; what the certificate says of it stays known.
            vouched.scopes = listed.scopes().to_vec();
            vouched.plan = listed.plan().map(str::to_owned);
        }
        Verdict::Known(Caller::vouched(by, Arc::new(vouched)))
    }

    fn believed(&self, certificate: &ClientCertificate, now: Timestamp) -> Result<(), CredentialFault> {
        certificate.verdict.map_err(CredentialFault::Certificate)?;
        // A connection may live longer than what it began with.
        if certificate.not_after.seconds() < now.seconds() {
            return Err(CredentialFault::Certificate(CertificateFault::Expired));
        }
        match self.issuers.is_empty() || self.issuers.contains(&certificate.issuer) {
            true => Ok(()),
            false => Err(CredentialFault::Certificate(CertificateFault::UnknownIssuer)),
        }
    }
}

/// What a certificate says, by name. Where it has one name of a kind it is a text, else a list.
fn claims(certificate: &ClientCertificate) -> Claims {
    let names = |names: &[String]| match names {
        [] => None,
        [only] => Some(json!(only)),
        several => Some(json!(several)),
    };
    let text = |text: &str| (!text.is_empty()).then(|| json!(text));
    let all: [(&str, Option<Value>); 8] = [
        ("subject", text(&certificate.subject)),
        ("common_name", certificate.common_name.as_deref().and_then(text)),
        ("dns", names(&certificate.dns_names)),
        ("email", names(&certificate.email_addresses)),
        ("uri", names(&certificate.uris)),
        ("issuer", text(&certificate.issuer)),
        ("serial", text(&certificate.serial)),
        ("fingerprint", text(&hex(&certificate.fingerprint))),
    ];
    all.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

//! Bearer tokens that their issuer has signed (RFC 6750, RFC 7519): whose keys, which rules, who it is.

use std::sync::Arc;
use std::time::Duration;

use super::Verdict;
use super::authenticator::Authenticator;
use super::authorization::Authorization;
use super::caller::Caller;
use super::claims::ClaimRules;
use super::evidence::{Known, Question};
use super::fault::CredentialFault;
use super::service::Service;
use crate::policy::jwt::{KeySet, TokenFault, TokenRules};
use crate::policy::time::Timestamp;

/// Bearer tokens of one issuer.
#[derive(Debug)]
pub struct Jwt {
    /// What they have to be.
    pub rules: TokenRules,
    /// What their signatures are checked with.
    pub keys: KeySource,
    /// What their claims are to the gate.
    pub claims: ClaimRules,
}

/// Where an issuer's keys are.
#[derive(Debug)]
pub enum KeySource {
    /// In the configuration's files.
    Fixed(KeySet),
    /// Where the issuer publishes them.
    Published(Published),
}

/// Keys that come by HTTP, again and again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// Where.
    pub at: PublishedAt,
    /// They are fetched again after so long.
    pub refresh: Duration,
    /// They are used for so long where they cannot be.
    pub max_age: Duration,
}

/// Where keys are published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublishedAt {
    /// Here (RFC 7517 §5).
    Keys(Service),
    /// Where the issuer's own description says (OpenID Connect Discovery 1.0 §4).
    Discovery {
        /// The issuer, which the description has to name as well.
        issuer: String,
        /// The description.
        description: Service,
    },
}

impl PublishedAt {
    /// Whether keys come from the same place, however long that may take to answer.
    pub fn is_place_of(&self, other: &Self) -> bool {
        let same = |one: &Service, other: &Service| one.url == other.url && one.tls == other.tls;
        match (self, other) {
            (Self::Keys(one), Self::Keys(other)) => same(one, other),
            (Self::Discovery { issuer, description }, Self::Discovery { issuer: other, description: others }) => {
                issuer == other && same(description, others)
            }
            _ => false,
        }
    }
}

impl Jwt {
    pub(super) fn check<'a>(
        &'a self,
        by: &'a Authenticator,
        authorization: Option<Authorization<'a>>,
        known: Known<'_>,
        now: Timestamp,
    ) -> Verdict<'a> {
        let Some(token) = authorization.and_then(|it| it.by("bearer")) else { return Verdict::Absent };
        let verified = match &self.keys {
            KeySource::Fixed(keys) => self.rules.verify(token, keys, now),
            KeySource::Published(published) => {
                let held = known.witness.keys(by, published);
                let sought = known.findings().next().is_some();
                match self.rules.verify(token, held.as_deref().unwrap_or(&KeySet::default()), now) {
                    // The issuer may have another key by now, if it is the issuer's token at all.
                    Err(TokenFault::UnknownKey) if !self.rules.claims_to_be_of_issuer(token) => Err(TokenFault::Issuer),
                    Err(TokenFault::UnknownKey) if !sought => return Verdict::Needs(Question::Keys),
                    Err(TokenFault::UnknownKey) if held.is_none() => return Verdict::Unavailable(known.unavailable()),
                    verified => verified,
                }
            }
        };
        match verified {
            Err(fault) => Verdict::Failed(CredentialFault::Token(fault)),
            Ok(claims) => match self.claims.vouch(&claims) {
                Ok(vouched) => Verdict::Known(Caller::vouched(by, Arc::new(vouched))),
                Err(fault) => Verdict::Failed(CredentialFault::Claims(fault)),
            },
        }
    }
}

//! JSON Web Tokens (RFC 7519) as strict as RFC 8725 asks for: what is signed, by whom, for whom, and until when.
//!
//! Used by the stage *authenticate*. Keys and time are arguments. Nothing of a token is believed before its
//! signature holds but what is needed to find the key; and the key says which algorithm it is for, not the token.
//!
//! Why not a library: what checks signatures is ring; around it there are three parts to split and a handful of
//! claims to compare. The libraries at hand keep the last of two members of one name, take any `crit`, look at
//! `nbf` only where told to, and want a crypto provider of their own.

mod algorithm;
mod fault;
mod key;
mod key_set;
mod token;

use std::time::Duration;

use serde_json::{Map, Value};

pub use algorithm::Algorithm;
pub use fault::TokenFault;
pub use key::{KeyUnfit, VerificationKey};
pub use key_set::{KeySet, ReadKeys};

use super::time::Timestamp;
use token::{Token, is_type};

/// What tokens have to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRules {
    /// What they may be signed with, where that is stated; else what the keys are for.
    pub algorithms: Option<Vec<Algorithm>>,
    /// Their `iss`, where it is looked at.
    pub issuer: Option<String>,
    /// One of these has to be in their `aud`; not looked at, where there is none.
    pub audience: Vec<String>,
    /// How far clocks may be apart.
    pub leeway: Duration,
    /// Their `typ`, where it is looked at.
    pub token_type: Option<String>,
    /// No token is longer.
    pub max_bytes: usize,
}

impl TokenRules {
    /// What a token claims, where it holds in all.
    ///
    /// # Errors
    ///
    /// The first reason why not.
    pub fn verify(&self, token: &[u8], keys: &KeySet, now: Timestamp) -> Result<Map<String, Value>, TokenFault> {
        let token = Token::read(token, self.max_bytes)?;
        if let Some(expected) = &self.token_type
            && !token.header.kind.as_deref().is_some_and(|kind| is_type(kind, expected))
        {
            return Err(TokenFault::Type);
        }
        let algorithm = Algorithm::named(&token.header.algorithm).ok_or(TokenFault::Algorithm)?;
        let stated = self.algorithms.as_ref();
        if stated.is_some_and(|stated| !stated.contains(&algorithm)) {
            return Err(TokenFault::Algorithm);
        }
        let mut fitting = keys.fitting(token.header.key_id.as_deref(), algorithm, stated.is_some()).peekable();
        if fitting.peek().is_none() {
            return Err(TokenFault::UnknownKey);
        }
        let signature = token.signature()?;
        if !fitting.any(|key| key.verifies(algorithm, token.signed, &signature)) {
            return Err(TokenFault::Signature);
        }
        let claims = token.payload()?;
        self.in_time(&claims, now)?;
        self.between(&claims)?;
        Ok(claims)
    }

    /// Whether a token whose key is not known says that it is of this issuer. Only then are the issuer's keys worth
    /// another look; it is still a stranger's word.
    pub fn claims_to_be_of_issuer(&self, token: &[u8]) -> bool {
        let Some(issuer) = &self.issuer else { return true };
        let claimed = Token::read(token, self.max_bytes).and_then(|token| token.payload());
        claimed.is_ok_and(|claims| claims.get("iss").and_then(Value::as_str) == Some(issuer))
    }

    /// RFC 7519 §4.1.4 to §4.1.6. A token without an end would be good for ever, so it has to have one.
    fn in_time(&self, claims: &Map<String, Value>, now: Timestamp) -> Result<(), TokenFault> {
        let expires = seconds(claims, "exp")?.ok_or(TokenFault::Claim("exp"))?;
        let (begins, issued) = (seconds(claims, "nbf")?, seconds(claims, "iat")?);
        for name in ["iss", "aud"] {
            let sound = match (name, claims.get(name)) {
                (_, None | Some(Value::String(_))) => true,
                ("aud", Some(Value::Array(items))) => items.iter().all(Value::is_string),
                _ => false,
            };
            if !sound {
                return Err(TokenFault::Claim(name));
            }
        }
        let (now, leeway) = (now.nanos() as f64 / 1e9, self.leeway.as_secs_f64());
        if expires + leeway <= now {
            return Err(TokenFault::Expired);
        }
        if begins.is_some_and(|begins| begins > now + leeway) {
            return Err(TokenFault::NotYet);
        }
        if issued.is_some_and(|issued| issued > now + leeway) {
            return Err(TokenFault::IssuedAhead);
        }
        Ok(())
    }

    /// RFC 7519 §4.1.1 and §4.1.3: compared as they are, by case and to the last slash.
    fn between(&self, claims: &Map<String, Value>) -> Result<(), TokenFault> {
        if let Some(issuer) = &self.issuer
            && claims.get("iss").and_then(Value::as_str) != Some(issuer)
        {
            return Err(TokenFault::Issuer);
        }
        match self.audience.is_empty() || is_for(claims.get("aud"), &self.audience) {
            true => Ok(()),
            false => Err(TokenFault::Audience),
        }
    }
}

/// Whether an `aud`, one text or a list of them, holds any of these.
pub(super) fn is_for(audience: Option<&Value>, any_of: &[String]) -> bool {
    let is_one = |item: &Value| item.as_str().is_some_and(|name| any_of.iter().any(|own| own == name));
    match audience {
        Some(Value::Array(items)) => items.iter().any(is_one),
        Some(one) => is_one(one),
        None => false,
    }
}

/// RFC 7519 §2: seconds since the epoch, perhaps with a fraction.
fn seconds(claims: &Map<String, Value>, name: &'static str) -> Result<Option<f64>, TokenFault> {
    match claims.get(name) {
        None => Ok(None),
        Some(value) => match value.as_f64() {
            Some(seconds) if seconds >= 0.0 => Ok(Some(seconds)),
            _ => Err(TokenFault::Claim(name)),
        },
    }
}

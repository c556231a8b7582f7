//! From what is claimed of somebody to a caller: its name, what it may do, its plan.
//!
//! The same for a token's claims, an issuer's answer, a service's fields and a certificate's names.

use serde_json::Value;

use super::caller::{ClaimPath, Vouched};
use super::evidence::Claims;

/// A name is no longer.
const MOST_NAME_BYTES: usize = 256;

/// Which claims are what to the gate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimRules {
    /// The caller's name.
    pub principal: ClaimPath,
    /// What it may do: all of these add up. Where it is not said, `scope` (RFC 8693 §4.2), else `scp`.
    pub scopes: Option<Vec<ClaimPath>>,
    /// Its plan.
    pub plan: Option<ClaimPath>,
    /// What has to be claimed at all.
    pub require: Vec<ClaimPath>,
}

/// Why nobody comes of what is claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClaimFault {
    /// A claim that is required lacks.
    Missing,
    /// There is no name, or none that could stand in a field.
    Principal,
}

impl ClaimFault {
    /// As the log says it.
    pub const fn message(self) -> &'static str {
        match self {
            Self::Missing => "a required claim is missing",
            Self::Principal => "no claim names the principal",
        }
    }
}

impl ClaimRules {
    /// The caller that is claimed.
    ///
    /// # Errors
    ///
    /// Where a claim lacks that has to be there, or says nothing that can be used.
    pub fn vouch(&self, claims: Claims) -> Result<Vouched, ClaimFault> {
        let lacks = |path: &ClaimPath| path.of(&claims).is_none_or(Value::is_null);
        if self.require.iter().any(lacks) {
            return Err(ClaimFault::Missing);
        }
        let name = self.principal.of(&claims).and_then(only_text).filter(|name| is_name(name));
        let name = name.ok_or(ClaimFault::Principal)?.to_owned();
        let scopes = self.scopes(&claims);
        let plan = self.plan.as_ref().and_then(|path| path.of(&claims)).and_then(Value::as_str).map(str::to_owned);
        Ok(Vouched { name, scopes, plan, claims })
    }

    fn scopes(&self, claims: &Claims) -> Vec<String> {
        let mut scopes: Vec<String> = Vec::new();
        let mut add = |value: &Value| {
            let texts = match value {
                Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
                one => one.as_str().map(|text| text.split(' ').collect()).unwrap_or_else(Vec::new),
            };
            for text in texts {
                if !text.is_empty() && !scopes.iter().any(|known| known == text) {
                    scopes.push(text.to_owned());
                }
            }
        };
        match &self.scopes {
            Some(paths) => paths.iter().filter_map(|path| path.of(claims)).for_each(add),
            None => claims.get("scope").or_else(|| claims.get("scp")).into_iter().for_each(&mut add),
        }
        scopes
    }
}

/// A text; of a list (a certificate's names) its only item, for which of several it should be nobody says.
fn only_text(value: &Value) -> Option<&str> {
    match value {
        Value::Array(items) => match items.as_slice() {
            [only] => only.as_str(),
            _ => None,
        },
        one => one.as_str(),
    }
}

/// It goes into fields and logs as it is.
fn is_name(name: &str) -> bool {
    let printable = name.bytes().all(|byte| matches!(byte, 0x20..=0x7e));
    (1..=MOST_NAME_BYTES).contains(&name.len()) && printable && name.trim() == name
}

//! Stage *authorize*: has the caller the scope, and is what is claimed of it what the endpoint asks for?

use serde_json::Value;

use super::authenticate::{Caller, ClaimPath};
use super::gateway::Endpoint;
use super::rejection::Rejection;

/// What must be claimed of a caller: all of these.
#[derive(Clone, Debug, PartialEq)]
pub struct ClaimRule(pub Vec<ClaimIs>);

/// What one claim must be.
#[derive(Clone, Debug, PartialEq)]
pub struct ClaimIs {
    /// Which.
    pub path: ClaimPath,
    /// One of these. Of a claim that is a list, one of its items must be one of these.
    pub any_of: Vec<Value>,
}

/// Judges what the caller may do; a stranger has no scopes, and nothing is claimed of it.
pub fn check(endpoint: &Endpoint, caller: Option<&Caller<'_>>) -> Result<(), Rejection> {
    let granted = caller.map_or(&[][..], Caller::scopes);
    let lacking: Vec<String> = endpoint.scopes.iter().filter(|scope| !granted.contains(scope)).cloned().collect();
    if !lacking.is_empty() {
        return Err(Rejection::InsufficientScope { required: endpoint.scopes.clone(), lacking });
    }
    if endpoint.allow.is_empty() || endpoint.allow.iter().any(|rule| rule.unmet(caller).is_empty()) {
        return Ok(());
    }
    // The rule that is met in most is the one that is told of: it is what the caller came nearest to.
    let nearest = endpoint.allow.iter().map(|rule| rule.unmet(caller)).min_by_key(Vec::len);
    Err(Rejection::ClaimNotAllowed { claims: nearest.unwrap_or_default() })
}

impl ClaimRule {
    /// The names of the claims that are not what they must be.
    fn unmet(&self, caller: Option<&Caller<'_>>) -> Vec<String> {
        let met = |it: &&ClaimIs| caller.and_then(|caller| caller.claim(&it.path)).is_some_and(|claim| it.holds(claim));
        self.0.iter().filter(|it| !met(it)).map(|it| it.path.as_str().to_owned()).collect()
    }
}

impl ClaimIs {
    fn holds(&self, claim: &Value) -> bool {
        match claim {
            Value::Array(items) => items.iter().any(|item| self.any_of.contains(item)),
            one => self.any_of.contains(one),
        }
    }
}

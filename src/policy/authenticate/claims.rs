//! Which claims are what to the gate: from what is said of somebody to whom it is.

use serde_json::Value;

use super::caller::{ClaimPath, Vouched};
use super::evidence::Claims;

/// No name of a principal is longer.
const MAX_NAME_BYTES: usize = 256;

/// Which claims are what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimRules {
    /// The caller's name.
    pub principal: ClaimPath,
    /// What stands before it, so that nobody who can choose a name there has that of somebody else's principal.
    pub prefix: String,
    /// What it may do: all that are there add up. None stated: `scope`, or `scp` where that lacks.
    pub scopes: Vec<ClaimPath>,
    /// The plan that its quotas follow.
    pub plan: Option<ClaimPath>,
    /// Claims without which it is not taken.
    pub require: Vec<ClaimPath>,
}

/// Why what is said of somebody does not say who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClaimFault {
    /// Nothing names it.
    NoPrincipal,
    /// What names it is no name.
    Principal,
    /// Scopes that are neither text nor a list of texts.
    Scopes,
    /// A plan that is no text.
    Plan,
    /// A claim lacks that there has to be.
    Required,
}

impl Default for ClaimRules {
    fn default() -> Self {
        Self {
            principal: ClaimPath::new("sub"),
            prefix: String::new(),
            scopes: Vec::new(),
            plan: None,
            require: Vec::new(),
        }
    }
}

impl ClaimRules {
    /// Who it is of whom this is said.
    ///
    /// # Errors
    ///
    /// Where it does not say so in one way.
    pub fn vouch(&self, claims: &Claims) -> Result<Vouched, ClaimFault> {
        let name = match self.principal.of(claims) {
            None | Some(Value::Null) => return Err(ClaimFault::NoPrincipal),
            Some(Value::String(name)) if is_claimed_name(name) => format!("{}{name}", self.prefix),
            Some(_) => return Err(ClaimFault::Principal),
        };
        let lacks = |path: &ClaimPath| path.of(claims).is_none_or(Value::is_null);
        if self.require.iter().any(lacks) {
            return Err(ClaimFault::Required);
        }
        let plan = match self.plan.as_ref().and_then(|path| path.of(claims)) {
            None | Some(Value::Null) => None,
            Some(Value::String(plan)) => Some(plan.clone()),
            Some(_) => return Err(ClaimFault::Plan),
        };
        Ok(Vouched { name, scopes: self.scopes(claims)?, plan, claims: claims.clone() })
    }

    fn scopes(&self, claims: &Claims) -> Result<Vec<String>, ClaimFault> {
        let mut scopes = Vec::new();
        if self.scopes.is_empty() {
            // RFC 8693 §4.2 and RFC 9068 §2.2.3; `scp` is what Microsoft and Okta call the same.
            let said = ["scope", "scp"].iter().find_map(|name| claims.get(*name).filter(|said| !said.is_null()));
            said.map_or(Ok(()), |said| add(said, &mut scopes))?;
        }
        for said in self.scopes.iter().filter_map(|path| path.of(claims)) {
            add(said, &mut scopes)?;
        }
        Ok(scopes)
    }
}

/// Adds those that are not there yet, in their order.
fn add(said: &Value, scopes: &mut Vec<String>) -> Result<(), ClaimFault> {
    let mut each = |scope: &str| {
        if !scope.is_empty() && !scopes.iter().any(|known| known == scope) {
            scopes.push(scope.to_owned());
        }
    };
    match said {
        Value::Null => {}
        // RFC 6749 §3.3
        Value::String(text) => text.split(' ').for_each(each),
        Value::Array(items) => {
            for item in items {
                each(item.as_str().ok_or(ClaimFault::Scopes)?);
            }
        }
        _ => return Err(ClaimFault::Scopes),
    }
    Ok(())
}

/// What can stand in a field and a log as it is, and cannot be mistaken for another.
pub fn is_claimed_name(name: &str) -> bool {
    (1..=MAX_NAME_BYTES).contains(&name.len())
        && name.bytes().all(|byte| matches!(byte, 0x20..=0x7e))
        && !name.starts_with(' ')
        && !name.ends_with(' ')
}

impl ClaimFault {
    /// As the log says it.
    pub const fn message(self) -> &'static str {
        match self {
            Self::NoPrincipal => "no principal is claimed",
            Self::Principal => "the principal is no name: 1 to 256 printable characters of ASCII",
            Self::Scopes => "the scopes are neither text nor a list of texts",
            Self::Plan => "the plan is no text",
            Self::Required => "a required claim is missing",
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn vouch(rules: &ClaimRules, claims: Value) -> Result<Vouched, ClaimFault> {
        rules.vouch(claims.as_object().expect("an object"))
    }

    #[test]
    fn a_principal_is_one_name() {
        let rules = ClaimRules::default();
        for good in ["a", "Ada Lovelace", "auth0|5f7c8ec7c33c6c004bbafe82", &"x".repeat(256)] {
            assert_eq!(vouch(&rules, json!({ "sub": good })).map(|it| it.name).as_deref(), Ok(good));
        }
        for bad in [json!(""), json!(" a"), json!("a "), json!("é"), json!("a\nb"), json!(7), json!("x".repeat(257))] {
            assert_eq!(vouch(&rules, json!({ "sub": bad })), Err(ClaimFault::Principal));
        }
        assert_eq!(vouch(&rules, json!({ "client_id": "a" })), Err(ClaimFault::NoPrincipal));
        assert_eq!(vouch(&rules, json!({ "sub": null })), Err(ClaimFault::NoPrincipal));
    }

    #[test]
    fn names_of_one_place_can_be_told_from_those_of_another() {
        let rules = ClaimRules { prefix: "staff:".to_owned(), ..ClaimRules::default() };
        assert_eq!(vouch(&rules, json!({ "sub": "acme" })).map(|it| it.name).as_deref(), Ok("staff:acme"));
    }

    #[test]
    fn scopes_add_up_in_their_order() {
        let scopes = |paths: &[&str], mut claims: Value| {
            claims["sub"] = json!("a");
            let scopes = paths.iter().map(|path| ClaimPath::new(*path)).collect();
            vouch(&ClaimRules { scopes, ..ClaimRules::default() }, claims).map(|it| it.scopes.join(","))
        };
        let ok = |text: &str| Ok(text.to_owned());
        assert_eq!(scopes(&[], json!({ "scope": "b a  b", "scp": "c" })), ok("b,a"));
        assert_eq!(scopes(&[], json!({ "scp": ["c", "d"] })), ok("c,d"));
        assert_eq!(scopes(&[], json!({})), ok(""));
        let roles = json!({ "scope": "a", "realm_access": { "roles": ["r", "a"] } });
        assert_eq!(scopes(&["realm_access.roles", "scope", "none"], roles), ok("r,a"));
        for bad in [json!(7), json!(["a", 7]), json!({ "a": 1 }), json!([["a"]])] {
            assert_eq!(scopes(&[], json!({ "scope": bad })), Err(ClaimFault::Scopes));
        }
    }

    #[test]
    fn what_is_required_is_there_and_a_plan_is_a_text() {
        let rules = ClaimRules {
            plan: Some(ClaimPath::new("plan")),
            require: vec![ClaimPath::new("org.id")],
            ..ClaimRules::default()
        };
        let vouched = vouch(&rules, json!({ "sub": "a", "org": { "id": 0 }, "plan": "gold" })).expect("it is good");
        assert_eq!(vouched.plan.as_deref(), Some("gold"));
        assert_eq!(vouch(&rules, json!({ "sub": "a" })), Err(ClaimFault::Required));
        assert_eq!(vouch(&rules, json!({ "sub": "a", "org": { "id": null } })), Err(ClaimFault::Required));
        assert_eq!(vouch(&rules, json!({ "sub": "a", "org": { "id": 1 }, "plan": 1 })), Err(ClaimFault::Plan));
    }
}

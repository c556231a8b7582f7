//! Who is behind a request, as every later stage asks of it: by name, scopes, plan and claims.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::Value;

use super::authenticator::Authenticator;
use super::evidence::Claims;
use crate::policy::keys::Principal;

/// Who is behind a request, and which authenticator says so.
#[derive(Clone, Debug)]
pub struct Caller<'a> {
    by: &'a Authenticator,
    who: Who<'a>,
}

#[derive(Clone, Debug)]
enum Who<'a> {
    Listed(&'a Principal),
    Vouched(Arc<Vouched>),
}

/// A principal that stands in no file of the gate's: a token, a certificate or another service vouches for it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Vouched {
    /// The name.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<String>,
    /// Which plan its quotas follow.
    pub plan: Option<String>,
    /// All else that is said of it.
    pub claims: Claims,
}

impl<'a> Caller<'a> {
    /// A principal that stands in a file.
    pub fn listed(by: &'a Authenticator, principal: &'a Principal) -> Self {
        Self { by, who: Who::Listed(principal) }
    }

    /// One that somebody vouches for.
    pub fn vouched(by: &'a Authenticator, vouched: Arc<Vouched>) -> Self {
        Self { by, who: Who::Vouched(vouched) }
    }

    /// Which authenticator says so.
    pub fn by(&self) -> &'a Authenticator {
        self.by
    }

    /// The name, in printable ASCII.
    pub fn name(&self) -> &str {
        match &self.who {
            Who::Listed(principal) => principal.name(),
            Who::Vouched(vouched) => &vouched.name,
        }
    }

    /// What it may do.
    pub fn scopes(&self) -> &[String] {
        match &self.who {
            Who::Listed(principal) => principal.scopes(),
            Who::Vouched(vouched) => &vouched.scopes,
        }
    }

    /// Which plan its quotas follow.
    pub fn plan(&self) -> Option<&str> {
        match &self.who {
            Who::Listed(principal) => principal.plan(),
            Who::Vouched(vouched) => vouched.plan.as_deref(),
        }
    }

    /// What is said of it under this name.
    pub fn claim(&self, path: &ClaimPath) -> Option<&Value> {
        match &self.who {
            Who::Listed(_) => None,
            Who::Vouched(vouched) => path.of(&vouched.claims),
        }
    }

    /// What the upstream is told of its claims, each a field's name and value.
    pub fn forwards(&self) -> impl Iterator<Item = (&'a str, Cow<'_, str>)> {
        self.by.forwards.iter().filter_map(|(field, path)| Some((field.as_str(), claim_text(self.claim(path)?)?)))
    }
}

/// Where a claim stands: a member's name, or names separated by dots where it stands deeper.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimPath(String);

impl ClaimPath {
    /// The claim of this name.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands there. A name that has dots in it is looked for whole, first (`https://example.com/roles`).
    pub fn of<'c>(&self, claims: &'c Claims) -> Option<&'c Value> {
        if let Some(whole) = claims.get(&self.0) {
            return Some(whole);
        }
        let mut names = self.0.split('.');
        let outermost = claims.get(names.next()?)?;
        names.try_fold(outermost, |value, name| value.as_object()?.get(name))
    }
}

/// A claim as a counter's key or a field's value: text as it is, numbers and truth as JSON writes them, a list
/// of these with commas between. None where it is something else, or could not be told apart from another,
/// or could not stand in a field.
pub fn claim_text(value: &Value) -> Option<Cow<'_, str>> {
    let text: Cow<'_, str> = match value {
        Value::String(text) => Cow::Borrowed(text),
        Value::Number(_) | Value::Bool(_) => Cow::Owned(value.to_string()),
        Value::Array(items) => {
            let item = |item| claim_text(item).filter(|text| !text.contains(','));
            let texts: Option<Vec<Cow<'_, str>>> =
                items.iter().filter(|item| !item.is_array()).map(item).collect::<Option<_>>();
            let texts = texts.filter(|texts| texts.len() == items.len())?;
            Cow::Owned(texts.join(","))
        }
        Value::Null | Value::Object(_) => return None,
    };
    // RFC 9110 §5.5: no control, and no blank at either end.
    let printable = text.bytes().all(|byte| matches!(byte, 0x20..=0x7e)) && text.trim() == text && !text.is_empty();
    printable.then_some(text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn found(path: &str) -> Option<Value> {
        let claims = json!({ "a": { "b": { "c": 1 }, "b.c": 2 }, "a.b": 3, "https://x.example/roles": ["r"] });
        ClaimPath::new(path).of(claims.as_object().expect("an object")).cloned()
    }

    #[test]
    fn claims_are_found_by_name_and_by_path() {
        assert_eq!(found("a.b"), Some(json!(3)));
        assert_eq!(found("a.b.c"), Some(json!(1)));
        assert_eq!(found("https://x.example/roles"), Some(json!(["r"])));
        for absent in ["", "b", "a.c", "a.b.c.d", "a..b", "a."] {
            assert_eq!(found(absent), None, "{absent}");
        }
    }

    #[test]
    fn only_what_is_one_text_becomes_one() {
        let text = |value: Value| claim_text(&value).map(Cow::into_owned);
        for (value, expected) in [
            (json!("a b"), "a b"),
            (json!("a,b"), "a,b"),
            (json!(7), "7"),
            (json!(true), "true"),
            (json!(["a", "b", 1]), "a,b,1"),
        ] {
            assert_eq!(text(value).as_deref(), Some(expected));
        }
        for none in [json!(null), json!({}), json!(""), json!([]), json!("a\r\nb"), json!("é"), json!(" a")] {
            assert_eq!(text(none.clone()), None, "{none}");
        }
        for ambiguous in [json!(["a,b"]), json!([["a"]]), json!(["a", null]), json!([""])] {
            assert_eq!(text(ambiguous.clone()), None, "{ambiguous}");
        }
    }
}

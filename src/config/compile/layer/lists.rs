//! Lists of names: who may come, and what is charged.

use serde_json::Value;

use super::{Standing, each};
use crate::config::compile::Compiler;
use crate::config::faults::Faults;
use crate::config::file::ClaimRuleTable;
use crate::config::located::{List, Located};
use crate::config::source::Place;
use crate::config::text::Text;
use crate::policy::authenticate::{ClaimPath, CredentialPlace};
use crate::policy::authorize::{ClaimIs, ClaimRule};
use crate::policy::gateway::Authentication;

/// Compiles `auth`.
pub(super) fn auth(
    list: &Located<List<Text>>,
    standing: Standing<'_>,
    compiler: &mut Compiler<'_>,
) -> Option<Authentication> {
    if list.is_empty() {
        let fault = compiler.faults.error(list.at, "`auth` names nobody, so nobody could come");
        fault.label("expected authenticators").help("who wants everyone says so: auth = \"none\"");
        return None;
    }
    once_each(list, "authenticator", compiler.faults);
    let mut authentication = Authentication { accepted: Vec::new(), anonymous: false };
    let mut sound = true;
    for item in list.iter() {
        if item.as_str() == "none" {
            authentication.anonymous = true;
            sound &= none_may_stand(item.at, standing, compiler.faults);
            continue;
        }
        match compiler.authenticators.find(item, compiler.faults) {
            Some(index) => authentication.accepted.push(index),
            None => sound = false,
        }
    }
    distinct_fields(list, &authentication.accepted, compiler);
    authentication.accepted.dedup();
    sound.then_some(authentication)
}

/// Public is said of each method, never inherited.
fn none_may_stand(at: Place, standing: Standing<'_>, faults: &mut Faults) -> bool {
    let place = match standing {
        Standing::Method(_) => return true,
        Standing::Defaults => "in [defaults]",
        Standing::Path(_) => "on a path's table",
    };
    faults
        .error(at, format!("\"none\" can't stand {place}"))
        .label("it opens methods that never say so")
        .help("write it on the table of each method that is meant for everyone");
    false
}

/// Two authenticators that look at one field of their own: which of them a key is for cannot be told. Bearer tokens
/// can, so those of several issuers may stand side by side.
fn distinct_fields(list: &Located<List<Text>>, accepted: &[usize], compiler: &mut Compiler<'_>) {
    let field = |index: usize| match compiler.authenticators.value(index)?.place() {
        CredentialPlace::Field(field) => Some(field.to_owned()),
        CredentialPlace::Scheme(_) | CredentialPlace::Certificate | CredentialPlace::Service(_) => None,
    };
    for (position, index) in accepted.iter().enumerate() {
        let earlier = accepted[..position].iter().find(|other| *other != index && field(**other) == field(*index));
        if let (Some(earlier), Some(_)) = (earlier, field(*index)) {
            let (one, other) = (compiler.authenticators.name(*earlier).at, compiler.authenticators.name(*index).at);
            compiler
                .faults
                .error(list.at, "two of these authenticators read the same field")
                .label("one would refuse what the other takes")
                .also(one, "this one")
                .also(other, "and this one");
        }
    }
}

/// Compiles `allow`.
pub(super) fn allow(list: &Located<List<ClaimRuleTable>>, faults: &mut Faults) -> Option<Vec<ClaimRule>> {
    if list.is_empty() {
        faults.error(list.at, "nobody may come here").label("leave `allow` out where no claim matters");
        return None;
    }
    each(list, |rule| claim_rule(rule, faults))
}

fn claim_rule(rule: &Located<ClaimRuleTable>, faults: &mut Faults) -> Option<ClaimRule> {
    if rule.claims.is_empty() {
        faults.error(rule.at, "this asks for nothing").label("everybody would pass by it");
        return None;
    }
    let claim = |(name, expected): &(Located<String>, Located<Value>)| {
        let any_of = match &expected.value {
            Value::Array(items) => items.clone(),
            one => vec![one.clone()],
        };
        if any_of.is_empty() || any_of.iter().any(|value| value.is_array() || value.is_object()) {
            let fault = faults.error(expected.at, "no claim can be this");
            fault.label("expected a text, a number, `true` or `false`, or a list of such");
            return None;
        }
        Some(ClaimIs { path: ClaimPath::new(name.value.clone()), any_of })
    };
    let claims: Vec<Option<ClaimIs>> = rule.claims.iter().map(claim).collect();
    claims.into_iter().collect::<Option<_>>().map(ClaimRule)
}

/// Compiles `quotas`.
pub(super) fn quotas(list: &[Located<Text>], compiler: &mut Compiler<'_>) -> Option<Vec<Located<usize>>> {
    once_each(list, "quota", compiler.faults);
    each(list, |item| {
        let value = compiler.quotas.find(item, compiler.faults)?;
        Some(Located { value, at: item.at })
    })
}

fn once_each(list: &[Located<Text>], kind: &str, faults: &mut Faults) {
    for (index, item) in list.iter().enumerate() {
        if let Some(first) = list[..index].iter().find(|other| other.as_str() == item.as_str()) {
            let fault = faults.error(item.at, format!("this {kind} stands here twice"));
            fault.label("here again").also(first.at, "here first");
        }
    }
}

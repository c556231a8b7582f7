//! `claims` of an authenticator: which claims are what to the gate, and which the upstream is told of.

use super::is_taken;
use crate::config::compile::listeners::words::field_name;
use crate::config::faults::Faults;
use crate::config::file::{AuthenticatorTable, ClaimsTable};
use crate::config::located::{Field, List, Located, Named};
use crate::config::source::Place;
use crate::config::text::Text;
use crate::policy::authenticate::{ClaimPath, ClaimRules};

/// What `claims` comes to.
pub(super) struct Claims {
    pub(super) rules: ClaimRules,
    /// Fields that tell the upstream of a claim, as they were written.
    pub(super) forwards: Vec<(String, ClaimPath)>,
}

/// Compiles `claims`; `principal` is the claim that names the caller where it is not said.
pub(super) fn claims(field: &Field<ClaimsTable>, principal: &str, faults: &mut Faults) -> Option<Claims> {
    let unsaid = ClaimsTable::default();
    let table = match field {
        Field::Absent => &unsaid,
        Field::Broken => return None,
        Field::Given(table) => &table.value,
    };
    let principal = path(&table.principal, faults).map(|stated| stated.unwrap_or_else(|| ClaimPath::new(principal)));
    let prefix = prefix(&table.prefix, faults);
    let plan = path(&table.plan, faults);
    let (scopes, require) = (paths(&table.scopes, faults), paths(&table.require, faults));
    let forwards = forwards(&table.forward, faults);
    let rules = ClaimRules { principal: principal?, prefix: prefix?, scopes: scopes?, plan: plan?, require: require? };
    Some(Claims { rules, forwards: forwards? })
}

/// What may stand before a name, which goes into fields and logs as it is.
fn prefix(field: &Field<Text>, faults: &mut Faults) -> Option<String> {
    match field {
        Field::Absent => Some(String::new()),
        Field::Broken => None,
        Field::Given(written) if is_prefix(written.as_str()) => Some(written.as_str().to_owned()),
        Field::Given(written) => {
            faults.error(written.at, "no name can begin so").label("expected 1 to 64 of letters, digits and `._@-:/`");
            None
        }
    }
}

fn is_prefix(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._@-:/".contains(&byte))
}

/// The inner `None` where it is not said.
fn path(field: &Field<Text>, faults: &mut Faults) -> Option<Option<ClaimPath>> {
    match field {
        Field::Absent => Some(None),
        Field::Broken => None,
        Field::Given(written) => claim(written.as_str(), written.at, faults).map(Some),
    }
}

fn paths(field: &Field<List<Text>>, faults: &mut Faults) -> Option<Vec<ClaimPath>> {
    match field {
        Field::Absent => Some(Vec::new()),
        Field::Broken => None,
        Field::Given(list) => {
            let read: Vec<Option<ClaimPath>> =
                list.value.iter().map(|written| claim(written.as_str(), written.at, faults)).collect();
            read.into_iter().collect()
        }
    }
}

fn claim(name: &str, at: Place, faults: &mut Faults) -> Option<ClaimPath> {
    if name.is_empty() || name.trim() != name || name.chars().any(char::is_control) {
        let fault = faults.error(at, "no claim has this name");
        fault.label("expected a name such as \"sub\", or \"realm_access.roles\" for one within another");
        return None;
    }
    Some(ClaimPath::new(name))
}

fn forwards(named: &Named<Text>, faults: &mut Faults) -> Option<Vec<(String, ClaimPath)>> {
    let mut sound = !named.broken;
    let mut forwards: Vec<(String, ClaimPath)> = Vec::new();
    for entry in &named.entries {
        let field = forwarded_field(&entry.name, faults);
        let path = entry.value.as_ref().and_then(|claimed| claim(claimed.as_str(), entry.name.at, faults));
        if let Some(field) = &field
            && forwards.iter().any(|(known, _)| known.eq_ignore_ascii_case(field))
        {
            faults.error(entry.name.at, "this field is set twice").label("names of fields have no case");
            sound = false;
        }
        match (field, path) {
            // Written to the upstream as it is written here.
            (Some(_), Some(path)) => forwards.push((entry.name.value.clone(), path)),
            _ => sound = false,
        }
    }
    sound.then_some(forwards)
}

fn forwarded_field(name: &Located<String>, faults: &mut Faults) -> Option<String> {
    let field = field_name(&name.value, name, faults)?;
    let reason = match field.as_str() {
        "authorization" | "proxy-authorization" | "cookie" => "credentials come in it",
        taken if is_taken(taken) => "it has a meaning of its own",
        _ => return Some(field),
    };
    faults.error(name.at, "no claim can be told in this field").label(reason);
    None
}

/// A field that credentials come in, of whichever authenticator, tells of no claim.
pub(super) fn told_apart(tables: &Named<AuthenticatorTable>, faults: &mut Faults) {
    let tables = || tables.entries.iter().filter_map(|entry| entry.value.as_ref());
    let own = tables().filter_map(|table| table.header.given());
    let seen = tables().filter_map(|table| table.fields.given()).flat_map(|list| list.iter());
    let credentials: Vec<&Located<Text>> = own.chain(seen).collect();
    for told in tables().filter_map(|table| table.claims.given()).flat_map(|claims| &claims.forward.entries) {
        let same = |written: &&&Located<Text>| written.as_str().eq_ignore_ascii_case(&told.name.value);
        if let Some(credential) = credentials.iter().find(same) {
            let fault = faults.error(told.name.at, "no claim can be told in this field");
            fault.label("credentials come in it").also(credential.at, "as this says");
        }
    }
}

//! `kind = "mtls"`: certificates of clients' connections.

use std::collections::BTreeMap;

use super::claims::claims;
use crate::config::environment::Environment;
use crate::config::faults::Faults;
use crate::config::file::AuthenticatorTable;
use crate::config::key_file::{self, Purpose};
use crate::config::located::{Field, List, Located};
use crate::config::suggest::{nearest, one_of};
use crate::config::text::Text;
use crate::config::toml_text::file_name;
use crate::policy::authenticate::{ClaimPath, Mtls};
use crate::policy::certificate::distinguished_name;
use crate::policy::keys::Principal;

/// What a certificate says, as claims.
const NAMES: [&str; 8] = ["subject", "common_name", "dns", "email", "uri", "issuer", "serial", "fingerprint"];

/// What it compiles to, and the fields that tell the upstream of a certificate.
pub(super) fn mtls(
    table: &AuthenticatorTable,
    environment: &dyn Environment,
    faults: &mut Faults,
) -> Option<(Mtls, Vec<(String, ClaimPath)>)> {
    let claims = claims(&table.claims, "common_name", faults);
    let named = names_are_known(table, faults);
    let issuers = issuers(&table.issuers, faults);
    let principals = principals(table, environment, faults);
    let claims = claims.filter(|_| named)?;
    Some((Mtls { issuers: issuers?, claims: claims.rules, principals: principals? }, claims.forwards))
}

/// Whether certificates say all that is asked of them. What they never say is a name that nobody would have.
fn names_are_known(table: &AuthenticatorTable, faults: &mut Faults) -> bool {
    let Field::Given(claims) = &table.claims else { return true };
    let lists = [&claims.scopes, &claims.require].into_iter().filter_map(Field::given).flat_map(|list| &list.value.0);
    let forwards = claims.forward.entries.iter().filter_map(|entry| Some((entry.value.as_ref()?, entry.name.at)));
    let alone = [&claims.principal, &claims.plan].into_iter().filter_map(Field::given);
    let all = alone.chain(lists).map(|written| (&written.value, written.at)).chain(forwards);
    let mut sound = true;
    for (name, at) in all.filter(|(name, _)| !NAMES.contains(&name.as_str())) {
        let near = nearest(name.as_str(), NAMES).filter(|_| !name.is_secret());
        let fault = faults.error(at, format!("no certificate says `{name}`"));
        match near {
            Some(near) => fault.label(format!("did you mean `{near}`?")),
            None => fault.label(format!("expected {}", one_of(NAMES))),
        };
        sound = false;
    }
    for (key, at) in [("scopes", claims.scopes.given().map(|it| it.at)), ("plan", claims.plan.given().map(|it| it.at))]
    {
        if let (Some(at), Field::Given(principals)) = (at, &table.principals) {
            let fault = faults.error(at, format!("`{key}` means nothing beside `principals`"));
            fault.label("this has to go: the file says it").also(principals.at, "");
            sound = false;
        }
    }
    sound
}

/// The names of those whose certificates are taken; none where the listener decides.
fn issuers(field: &Field<List<Text>>, faults: &mut Faults) -> Option<Vec<String>> {
    let list = match field {
        Field::Absent => return Some(Vec::new()),
        Field::Broken => return None,
        Field::Given(list) => list,
    };
    if list.is_empty() {
        let fault = faults.error(list.at, "no certificate is taken");
        fault.label("leave it out where the listener's `client_ca` decides");
        return None;
    }
    let read = |written: &Located<Text>| match distinguished_name(written.as_str()) {
        Ok(name) => Some(name),
        Err(reason) => {
            let fault = faults.error(written.at, "this is no distinguished name").label(reason.0);
            fault.help("`openssl x509 -noout -issuer -nameopt RFC2253 -in CERTIFICATE` tells it, behind `issuer=`");
            None
        }
    };
    let read: Vec<Option<String>> = list.iter().map(read).collect();
    read.into_iter().collect()
}

/// The inner `None` where everybody may come.
fn principals(
    table: &AuthenticatorTable,
    environment: &dyn Environment,
    faults: &mut Faults,
) -> Option<Option<BTreeMap<String, Principal>>> {
    let written = match &table.principals {
        Field::Absent => return Some(None),
        Field::Broken => return None,
        Field::Given(written) => written,
    };
    let path = faults.source(written.at.file).relative(written.as_str());
    let name = file_name(written, &path);
    let keys = key_file::read(Purpose::Principals, name, path, written.at, environment, faults)?;
    let listed = keys.principals();
    if listed.is_empty() {
        faults.warning(written.at, "this file lists nobody").label("nobody comes in this way");
    }
    Some(Some(listed.into_iter().map(|it| (it.name().to_owned(), it.clone())).collect()))
}

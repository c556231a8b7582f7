//! `kind = "mtls"`: certificates of clients' connections.

use std::collections::BTreeMap;

use super::claims::claims;
use crate::config::environment::Environment;
use crate::config::faults::Faults;
use crate::config::file::AuthenticatorTable;
use crate::config::key_file;
use crate::config::located::Field;
use crate::config::toml_text::file_name;
use crate::policy::authenticate::{ClaimPath, Mtls};
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
    let issuers = match &table.issuers {
        Field::Absent => Some(Vec::new()),
        Field::Broken => None,
        Field::Given(list) if list.is_empty() => {
            faults
                .error(list.at, "no certificate is taken")
                .label("leave it out where the listener's `client_ca` decides");
            None
        }
        Field::Given(list) => Some(list.value.iter().map(|item| item.as_str().to_owned()).collect()),
    };
    let principals = principals(table, environment, faults);
    let claims = claims?;
    let named = claims.forwards.iter().map(|(_, path)| path).chain([&claims.rules.principal]);
    let unknown = named.into_iter().find(|path| !NAMES.contains(&path.as_str()));
    if let (Some(unknown), Field::Given(at)) = (unknown, &table.claims) {
        let fault = faults.error(at.at, format!("no certificate says `{}`", unknown.as_str()));
        fault.label(format!("expected one of {}", NAMES.join(", ")));
        return None;
    }
    Some((Mtls { issuers: issuers?, claims: claims.rules, principals: principals? }, claims.forwards))
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
    let keys = key_file::read(file_name(written, &path), path, written.at, environment, faults)?;
    Some(Some(keys.principals().into_iter().map(|it| (it.name().to_owned(), it.clone())).collect()))
}

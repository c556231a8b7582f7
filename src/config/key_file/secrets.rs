//! The secrets of a key file, for signatures. They stand there by reference, so that the file holds none; one that
//! is written out is a fault, and blanked before any of the file is shown.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use ring::hmac;
use schemars::JsonSchema;
use toml::de::DeTable;

use super::holders::{check_name, grant};
use super::moment::Moment;
use super::{Purpose, blanked};
use crate::config::environment::Environment;
use crate::config::faults::Faults;
use crate::config::located::{Field, List, Located, Named};
use crate::config::read::{FromToml, Reader, Value, read_table};
use crate::config::source::Place;
use crate::config::text::Text;
use crate::config::toml_text::parse;
use crate::policy::authenticate::{Secret, SecretSet};
use crate::policy::keys::{Principal, Validity};
use crate::policy::time::Timestamp;

/// As long as the hash: what is shorter is easier to guess than a signature (RFC 2104 §3).
const LEAST_BYTES: usize = 32;
/// In front of a secret that is no text.
const BASE64: &str = "base64:";

/// What a key file holds, read for its secrets.
#[derive(Clone, Debug, Default)]
struct SecretFile {
    principal: Named<MachineTable>,
}

read_table!(SecretFile, "a key file" { principal });

/// A caller, and its secrets.
#[derive(Clone, Debug, Default)]
struct MachineTable {
    /// Any of which will do.
    secrets: Field<List<SecretTable>>,
    keys: Field<Unread>,
    password: Field<Unread>,
    scopes: Field<List<Text>>,
    plan: Field<Text>,
}

read_table!(MachineTable, "a principal's table" { secrets, keys, password, scopes, plan });

/// One secret.
#[derive(Clone, Debug, Default)]
struct SecretTable {
    /// `keyid` of its signatures.
    id: Field<Text>,
    /// By reference.
    secret: Field<Text>,
    /// From when on it is good no more.
    expires: Field<Moment>,
    /// From when on it is good.
    not_before: Field<Moment>,
    /// Taken out of use by hand.
    disabled: Field<bool>,
}

read_table!(SecretTable, "a table such as { id = \"acme-1\", secret = \"${env:ACME_SECRET}\" }" {
    id, secret, expires, not_before, disabled,
});

/// What is somebody else's to read, and may be anything.
#[derive(Clone, Copy, Debug, JsonSchema)]
pub(super) struct Unread {}

impl FromToml for Unread {
    fn expected() -> String {
        "anything".into()
    }

    fn from_toml(_: &Value<'_>, _: &mut Reader<'_>) -> Option<Self> {
        Some(Self {})
    }
}

/// Reads the secrets of a key file. `named_at` is where the configuration names it.
pub(in crate::config) fn read_secrets(
    name: String,
    path: PathBuf,
    named_at: Place,
    environment: &dyn Environment,
    faults: &mut Faults,
) -> Option<SecretSet> {
    let source = blanked(name, path, Some(named_at), environment, faults)?;
    let before = faults.error_count();
    let read = |table: &DeTable<'_>, reader: &mut Reader<'_>| SecretFile::read_entries(table.iter(), reader);
    let file = parse(source, environment, faults, read);
    let set = secret_set(&file, environment.now(), faults);
    (faults.error_count() == before).then_some(set)
}

fn secret_set(file: &SecretFile, now: Timestamp, faults: &mut Faults) -> SecretSet {
    let mut set = SecretSet::default();
    let mut seen: HashMap<String, Place> = HashMap::new();
    for entry in &file.principal.entries {
        check_name(Purpose::Keys, &entry.name, faults);
        let Some(table) = &entry.value else { continue };
        let grant = grant(&table.scopes, &table.plan, faults);
        let principal = set.add_principal(Principal::new(entry.name.value.as_str(), Arc::new(grant)));
        let secrets = table.secrets.given().map(|secrets| secrets.as_ref()).unwrap_or_default();
        let others = !table.keys.is_absent() || !table.password.is_absent();
        if secrets.is_empty() && !table.secrets.is_broken() && !others {
            let fault = faults.warning(entry.name.at, format!("`{}` has no secrets", entry.name.value));
            fault.label("nobody can come in by this name");
        }
        for secret in secrets {
            let Some((id, secret)) = read_secret(secret, principal, now, faults) else { continue };
            match seen.get(id.as_str()) {
                Some(first) => {
                    let fault = faults.error(id.at, "two secrets have the same id");
                    fault.label("here again").also(*first, "here first");
                }
                None => {
                    seen.insert(id.as_str().to_owned(), id.at);
                    set.add_secret(id.as_str().to_owned(), secret);
                }
            }
        }
    }
    set
}

fn read_secret<'t>(
    table: &'t Located<SecretTable>,
    principal: usize,
    now: Timestamp,
    faults: &mut Faults,
) -> Option<(&'t Located<Text>, Secret)> {
    let id = stated(table.at, &table.id, "id", "expected `id`, which its signatures have as `keyid`", faults);
    let label = "expected `secret`, by reference, as in \"${env:ACME_SECRET}\"";
    let secret = stated(table.at, &table.secret, "secret", label, faults);
    let id = id.filter(|id| is_id(id, faults));
    let key = secret.and_then(|secret| key(secret, faults));
    let validity = validity(table, now, faults);
    Some((id?, Secret { principal, key: key?, validity }))
}

fn validity(table: &SecretTable, now: Timestamp, faults: &mut Faults) -> Validity {
    let moment = |field: &Field<Moment>| field.given().map(|given| given.value.0);
    let (not_before, expires) = (moment(&table.not_before), moment(&table.expires));
    if let Field::Given(given) = &table.expires {
        if expires <= Some(now) {
            faults.warning(given.at, "this secret has expired").label("it opens nothing any more");
        } else if not_before >= expires {
            faults.error(given.at, "this secret is never good").label("it expires before it begins");
        }
    }
    let disabled = table.disabled.given().is_some_and(|disabled| disabled.value);
    Validity { not_before, expires, disabled }
}

fn stated<'t>(
    at: Place,
    field: &'t Field<Text>,
    key: &str,
    label: &str,
    faults: &mut Faults,
) -> Option<&'t Located<Text>> {
    if field.is_absent() {
        faults.absent(at, format!("this secret has no `{key}`")).label(label);
    }
    field.given()
}

/// It stands in a field between quotes.
fn is_id(id: &Located<Text>, faults: &mut Faults) -> bool {
    let fits = |byte: u8| byte.is_ascii_graphic() && !b"\"\\".contains(&byte);
    let sound = (1..=128).contains(&id.as_str().len()) && id.as_str().bytes().all(fits);
    if !sound {
        faults
            .error(id.at, "this is no id of a secret")
            .label("expected 1 to 128 visible characters of ASCII, no quote");
    }
    sound
}

/// No message tells of the secret's characters.
fn key(written: &Located<Text>, faults: &mut Faults) -> Option<hmac::Key> {
    if !written.is_secret() {
        faults.blank(written.at);
        let fault = faults.error(written.at, "a secret does not stand in the key file");
        fault
            .label("expected a reference, as in \"${env:ACME_SECRET}\"")
            .help("whoever could read this file knows the secret: make a new one");
        return None;
    }
    let text = written.as_str();
    let bytes = match text.strip_prefix(BASE64) {
        None => text.as_bytes().to_vec(),
        Some(encoded) => match BASE64_STANDARD.decode(encoded) {
            Ok(bytes) => bytes,
            Err(_) => {
                let fault = faults.error(written.at, "this secret is not what it begins with");
                fault.label("expected base64 behind `base64:`, with its padding");
                return None;
            }
        },
    };
    if bytes.len() < LEAST_BYTES {
        let fault = faults.error(written.at, "this secret is too short");
        fault.label(format!("expected at least {LEAST_BYTES} bytes")).help("make one: openssl rand -hex 32");
        return None;
    }
    Some(hmac::Key::new(hmac::HMAC_SHA256, &bytes))
}

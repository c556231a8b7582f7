//! Key files: who holds which API keys, as hashes, and how `portcullis key new` adds one.
//!
//! A file holds no keys, but someone may write one in the place of its hash; so what stands there and is
//! no hash is blanked before any of the file can be shown.

mod append;
mod blank;
mod moment;
pub(super) mod secrets;

use std::collections::HashMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use toml::de::DeTable;

use super::environment::Environment;
use super::faults::Faults;
use super::located::{Field, List, Located, Named};
use super::read::{Reader, read_table};
use super::source::{Place, Source};
use super::text::Text;
use super::toml_text::{parse, read_text};
use crate::policy::keys::{Key, KeyHash, KeySet, Principal};
use crate::policy::time::Timestamp;

pub use append::{AppendError, append};
use moment::Moment;
pub(super) use moment::seconds;
use secrets::Unread;

/// What a key file holds.
#[derive(Clone, Debug, Default, JsonSchema)]
struct KeyFile {
    /// The principals, by name.
    principal: Named<PrincipalTable>,
}

read_table!(KeyFile, "a key file" { principal });

/// A caller, and its keys.
#[derive(Clone, Debug, Default, JsonSchema)]
struct PrincipalTable {
    /// Its keys, any of which will do.
    keys: Field<List<KeyTable>>,
    /// Its secrets, which are for signatures.
    secrets: Field<Unread>,
    /// What it may do.
    scopes: Field<List<Text>>,
    /// Which plan its quotas follow.
    plan: Field<Text>,
}

read_table!(PrincipalTable, "a principal's table" { keys, secrets, scopes, plan });

/// One key.
#[derive(Clone, Debug, Default, JsonSchema)]
struct KeyTable {
    /// SHA-256 of the key.
    sha256: Field<Text>,
    /// From when on it is good no more.
    expires: Field<Moment>,
    /// From when on it is good.
    not_before: Field<Moment>,
    /// Taken out of use by hand.
    disabled: Field<bool>,
}

read_table!(KeyTable, "a table such as { sha256 = \"9f86d0…\", expires = 2027-01-01 }" {
    sha256, expires, not_before, disabled,
});

/// Reads a key file. `named_at` is where the configuration names it.
pub(super) fn read(
    name: String,
    path: PathBuf,
    named_at: Place,
    environment: &dyn Environment,
    faults: &mut Faults,
) -> Option<KeySet> {
    let source = read_text(name, path, Some(named_at), environment, faults)?;
    let blanked = blank::what_is_no_hash(source.text());
    let shown = Source::new(source.name().into(), source.path().into(), blanked);
    let before = faults.error_count();
    let read = |table: &DeTable<'_>, reader: &mut Reader<'_>| KeyFile::read_entries(table.iter(), reader);
    let file = parse(shown, environment, faults, read);
    let set = key_set(&file, environment.now(), faults);
    (faults.error_count() == before).then_some(set)
}

fn key_set(file: &KeyFile, now: Timestamp, faults: &mut Faults) -> KeySet {
    let mut set = KeySet::default();
    let mut seen: HashMap<KeyHash, Place> = HashMap::new();
    for entry in &file.principal.entries {
        check_name(&entry.name, faults);
        let Some(table) = &entry.value else { continue };
        let principal = set.add_principal(Principal {
            name: entry.name.value.clone(),
            scopes: scopes(&table.scopes, faults),
            plan: table.plan.given().map(|plan| plan.as_str().to_owned()),
        });
        let keys = table.keys.given().map(|keys| keys.as_ref()).unwrap_or_default();
        if keys.is_empty() && !table.keys.is_broken() && table.secrets.is_absent() {
            let fault = faults.warning(entry.name.at, format!("`{}` has no keys", entry.name.value));
            fault.label("nobody can come in by this name");
        }
        for key in keys {
            let Some((hash, at, key)) = read_key(key, principal, now, faults) else { continue };
            match seen.get(&hash) {
                Some(first) => {
                    let fault = faults.error(at, "two keys have the same hash");
                    fault.label("here again").also(*first, "here first");
                }
                None => {
                    seen.insert(hash, at);
                    set.add_key(hash, key);
                }
            }
        }
    }
    set
}

fn read_key(
    table: &Located<KeyTable>,
    principal: usize,
    now: Timestamp,
    faults: &mut Faults,
) -> Option<(KeyHash, Place, Key)> {
    let written = match &table.sha256 {
        Field::Given(written) => written,
        Field::Broken => return None,
        Field::Absent => {
            faults.absent(table.at, "this key has no hash").label("expected `sha256`, 64 hexadecimal digits");
            return None;
        }
    };
    let Some(hash) = parse_hash(written.as_str()) else {
        faults
            .error(written.at, "this is no SHA-256")
            .label("expected 64 hexadecimal digits")
            .if_whole()
            .help("`portcullis key new` makes a key and its hash; the file never holds the key");
        return None;
    };
    let moment = |field: &Field<Moment>| field.given().map(|given| given.value.0);
    let (not_before, expires) = (moment(&table.not_before), moment(&table.expires));
    if let Field::Given(given) = &table.expires {
        if expires <= Some(now) {
            faults.warning(given.at, "this key has expired").label("it opens nothing any more");
        } else if not_before >= expires {
            faults.error(given.at, "this key is never good").label("it expires before it begins");
        }
    }
    let disabled = table.disabled.given().is_some_and(|disabled| disabled.value);
    Some((hash, written.at, Key { principal, not_before, expires, disabled }))
}

fn parse_hash(text: &str) -> Option<KeyHash> {
    let digits: Vec<u32> = text.chars().map(|digit| digit.to_digit(16)).collect::<Option<_>>()?;
    let bytes: Vec<u8> =
        digits.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte * 16 + *digit as u8)).collect();
    bytes.try_into().ok().filter(|_| digits.len() == 64)
}

/// The name goes into fields and logs as it is.
fn check_name(name: &Located<String>, faults: &mut Faults) {
    if !is_principal_name(&name.value) {
        let fault = faults.error(name.at, "this is no name of a principal");
        fault.label("expected 1 to 128 of letters, digits and `._@-`");
    }
}

/// Whether a principal may have this name.
pub fn is_principal_name(name: &str) -> bool {
    (1..=128).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._@-".contains(&byte))
}

fn scopes(field: &Field<List<Text>>, faults: &mut Faults) -> Vec<String> {
    let Field::Given(list) = field else { return Vec::new() };
    list.iter().filter_map(|scope| super::compile::scope(scope, faults)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes() {
        assert_eq!(parse_hash(&"0f".repeat(32)), Some([15; 32]));
        for wrong in ["", "0f", &"0f".repeat(33), &"0g".repeat(32), &"é".repeat(32)] {
            assert_eq!(parse_hash(wrong), None, "{wrong}");
        }
    }
}

//! From the tables of a key file to a set of keys, or to everything that is wrong with them.

use std::collections::HashMap;
use std::fmt;

use toml::de::DeTable;

use super::moment::Moment;
use super::{KeyFile, KeyTable, PrincipalTable, Purpose, is_key_name, is_principal_name, parse_hash, pieces};
use crate::config::environment::Environment;
use crate::config::faults::Faults;
use crate::config::located::{Field, List, Located, NamedEntry};
use crate::config::read::Reader;
use crate::config::source::{Place, Source};
use crate::config::text::Text;
use crate::config::toml_text::parse_in_pieces;
use crate::policy::authenticate::is_claimed_name;
use crate::policy::keys::{Grant, KeyHash, KeySet, KeySetBuilder, Validity, hex};
use crate::policy::time::Timestamp;

/// A principal, and its keys.
#[derive(Clone, Debug)]
pub struct Holder {
    /// The principal's name.
    pub name: String,
    /// What it may do.
    pub grant: Grant,
    /// Its keys, in the order of the file.
    pub keys: Vec<HeldKey>,
    at: Place,
}

/// One of its keys.
#[derive(Clone)]
pub struct HeldKey {
    /// What it is called.
    pub name: Option<String>,
    /// When it is good.
    pub validity: Validity,
    hash: KeyHash,
    at: Place,
}

impl HeldKey {
    /// As much of its hash as is ever shown: 8 hexadecimal digits.
    pub fn short_hash(&self) -> String {
        hex(&self.hash[..4])
    }
}

impl fmt::Debug for HeldKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("HeldKey").field(&self.short_hash()).field(&self.name).field(&self.validity).finish()
    }
}

/// Reads the text of a key file, which is blanked already, and hands each principal to `each` as well.
pub(super) fn read(
    purpose: Purpose,
    shown: Source,
    environment: &dyn Environment,
    faults: &mut Faults,
    mut each: impl FnMut(Holder),
) -> Option<KeySet> {
    let pieces = pieces::of(shown.text());
    let (before, now) = (faults.error_count(), environment.now());
    let mut all = Gathered::default();
    parse_in_pieces(shown, &pieces, environment, faults, |table: &DeTable<'_>, reader: &mut Reader<'_>| {
        let file = KeyFile::read_entries(table.iter(), reader);
        for entry in &file.principal.entries {
            if let Some(holder) = holder(purpose, entry, now, reader.faults) {
                all.add(&holder, reader.faults);
                each(holder);
            }
        }
    });
    let set = all.finish(faults)?;
    (faults.error_count() == before).then_some(set)
}

/// What was read so far, and where it stands.
#[derive(Default)]
struct Gathered {
    building: KeySetBuilder,
    /// Within one piece TOML itself sees to it that no name comes again.
    names: HashMap<Box<str>, Place>,
    /// Of each key, its hash.
    hashes: Vec<Place>,
}

impl Gathered {
    fn add(&mut self, holder: &Holder, faults: &mut Faults) {
        if let Some(first) = self.names.insert(holder.name.as_str().into(), holder.at) {
            twice("two principals have the same name", first, holder.at, faults);
        }
        self.hashes.extend(holder.keys.iter().map(|key| key.at));
        let keys = holder.keys.iter().map(|key| (key.hash, key.validity));
        self.building.add(&holder.name, &holder.grant, keys);
    }

    fn finish(self, faults: &mut Faults) -> Option<KeySet> {
        let set = self.building.finish();
        for twin in set.as_ref().err().into_iter().flatten() {
            let [first, again] = [twin.first, twin.again].map(|key| self.hashes[key]);
            twice("two keys have the same hash", first, again, faults);
        }
        set.ok()
    }
}

fn twice(message: &str, first: Place, again: Place, faults: &mut Faults) {
    faults.error(again, message).label("here again").also(first, "here first");
}

fn holder(purpose: Purpose, entry: &NamedEntry<PrincipalTable>, now: Timestamp, faults: &mut Faults) -> Option<Holder> {
    check_name(purpose, &entry.name, faults);
    let table = entry.value.as_ref()?;
    let grant = grant(&table.scopes, &table.plan, faults);
    let keys = table.keys.given().map(|keys| keys.as_ref()).unwrap_or_default();
    let others = !table.secrets.is_absent() || !table.password.is_absent();
    if purpose == Purpose::Keys && keys.is_empty() && !table.keys.is_broken() && !others {
        let fault = faults.warning(entry.name.at, format!("`{}` has no keys", entry.name.value));
        fault.label("nobody can come in by this name");
    }
    key_names(keys, faults);
    let keys = keys.iter().filter_map(|key| held_key(key, now, faults)).collect();
    Some(Holder { name: entry.name.value.clone(), grant, keys, at: entry.name.at })
}

/// The name goes into fields and logs as it is.
pub(super) fn check_name(purpose: Purpose, name: &Located<String>, faults: &mut Faults) {
    let (sound, expected) = match purpose {
        Purpose::Keys => (is_principal_name(name), "expected 1 to 128 of letters, digits and `._@-`"),
        Purpose::Principals => {
            (is_claimed_name(name), "expected 1 to 256 printable characters of ASCII, no blank at either end")
        }
    };
    if !sound {
        faults.error(name.at, "this is no name of a principal").label(expected);
    }
}

/// What a principal may do, whichever way it comes in.
pub(super) fn grant(scopes: &Field<List<Text>>, plan: &Field<Text>, faults: &mut Faults) -> Grant {
    Grant { scopes: self::scopes(scopes, faults), plan: plan.given().map(|plan| plan.as_str().to_owned()) }
}

/// Names are for people, who would not know which of two keys is meant.
fn key_names(keys: &[Located<KeyTable>], faults: &mut Faults) {
    let mut seen = HashMap::new();
    for name in keys.iter().filter_map(|key| key.name.given()) {
        if !is_key_name(name.as_str()) {
            let fault = faults.error(name.at, "this is no name of a key");
            fault.label("expected 1 to 64 of letters, digits and `._-`");
        } else if let Some(first) = seen.insert(name.as_str(), name.at) {
            twice("two keys of one principal have the same name", first, name.at, faults);
        }
    }
}

fn held_key(table: &Located<KeyTable>, now: Timestamp, faults: &mut Faults) -> Option<HeldKey> {
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
    let name = table.name.given().map(|name| name.as_str().to_owned());
    Some(HeldKey { name, validity: validity(table, now, faults), hash, at: written.at })
}

fn validity(table: &KeyTable, now: Timestamp, faults: &mut Faults) -> Validity {
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
    Validity { not_before, expires, disabled }
}

fn scopes(field: &Field<List<Text>>, faults: &mut Faults) -> Vec<String> {
    let Field::Given(list) = field else { return Vec::new() };
    list.iter().filter_map(|scope| crate::config::compile::scope(scope, faults)).collect()
}

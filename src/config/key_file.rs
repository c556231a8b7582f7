//! Key files: who holds which API keys, as hashes, and how `portcullis key new` adds one; whose passwords and
//! secrets are which.
//!
//! A file holds no keys, but someone may write one in the place of its hash; so what stands there and is
//! no hash is blanked before any of the file can be shown.

mod append;
mod blank;
mod disable;
mod edit;
mod holders;
mod moment;
mod passwords;
mod pieces;
mod secrets;
mod set_password;

use std::path::{Path, PathBuf};

use schemars::JsonSchema;

use super::ConfigErrors;
use super::environment::{Environment, Recorder};
use super::faults::Faults;
use super::located::{Field, List, Named};
use super::read::read_table;
use super::source::{Place, Source};
use super::text::Text;
use super::toml_text::read_text_shown;
use crate::policy::keys::{KeyHash, KeySet};

pub use append::{NewKey, append};
pub use disable::{Change, Which, disable, enable};
pub use edit::EditError;
pub use holders::{HeldKey, Holder};
use moment::Moment;
use passwords::Password;
pub(super) use passwords::read_users;
use secrets::Unread;
pub(super) use secrets::read_secrets;
pub(super) use set_password::set_password;

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
    /// What its password is checked against, for `[authenticator.NAME] kind = "basic"`.
    password: Field<Password>,
}

read_table!(PrincipalTable, "a principal's table" { keys, secrets, scopes, plan, password });

/// One key.
#[derive(Clone, Debug, Default, JsonSchema)]
struct KeyTable {
    /// What it is called, for who looks after it.
    name: Field<Text>,
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
    name, sha256, expires, not_before, disabled,
});

/// What a key file is read for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Its principals come in by their keys.
    Keys,
    /// Something else says who it is, and the file what they may do: they need no keys, and have whatever names
    /// they are known by there.
    Principals,
}

/// Reads a key file. `named_at` is where the configuration names it.
pub(super) fn read(
    purpose: Purpose,
    name: String,
    path: PathBuf,
    named_at: Place,
    environment: &dyn Environment,
    faults: &mut Faults,
) -> Option<KeySet> {
    let source = blanked(name, path, Some(named_at), environment, faults)?;
    holders::read(purpose, source, environment, faults, |_| {})
}

/// Who holds which keys, for whoever looks after a key file; what came by reference stands there as the
/// reference.
///
/// # Errors
///
/// All that is wrong with the file, warnings too.
pub fn list(path: &Path, environment: &dyn Environment) -> Result<Vec<Holder>, ConfigErrors> {
    let recorder = Recorder::new(environment);
    let (mut faults, mut holders) = (Faults::default(), Vec::new());
    let source = blanked(path.display().to_string(), path.to_owned(), None, &recorder, &mut faults);
    let read = |source| holders::read(Purpose::Keys, source, &recorder, &mut faults, |holder| holders.push(holder));
    let set = source.and_then(read);
    if set.is_none() {
        return Err(ConfigErrors(faults.finish()));
    }
    let secrets = recorder.finish().secrets;
    let mask = |shown: &mut String| *shown = secrets.mask(shown).unwrap_or_else(|| std::mem::take(shown));
    for holder in &mut holders {
        holder.grant.scopes.iter_mut().chain(&mut holder.grant.plan).for_each(mask);
        holder.keys.iter_mut().filter_map(|key| key.name.as_mut()).for_each(mask);
    }
    Ok(holders)
}

/// The text of a key file, fit to be shown: it is this that is read, so that nothing else is.
fn blanked(
    name: String,
    path: PathBuf,
    named_at: Option<Place>,
    environment: &dyn Environment,
    faults: &mut Faults,
) -> Option<Source> {
    let shown = |text: &str| blank::what_is_no_hash(text.to_owned());
    let source = read_text_shown(name, path, named_at, environment, faults, shown)?;
    Some(source.shown_as(blank::what_is_no_hash))
}

fn parse_hash(text: &str) -> Option<KeyHash> {
    let mut hash = KeyHash::default();
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let (pairs, odd) = text.as_bytes().as_chunks();
    if pairs.len() != hash.len() || !odd.is_empty() {
        return None;
    }
    for (byte, [high, low]) in hash.iter_mut().zip(pairs) {
        *byte = digit(*high)? * 16 + digit(*low)?;
    }
    Some(hash)
}

/// Whether a principal may have this name.
pub fn is_principal_name(name: &str) -> bool {
    (1..=128).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._@-".contains(&byte))
}

/// Whether a key may have this name.
pub fn is_key_name(name: &str) -> bool {
    (1..=64).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
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

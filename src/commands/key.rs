//! `portcullis key`: makes API keys, shows which there are, takes them out of use. A key is shown once, when
//! it is made; only its hash is kept, and no more than 8 digits of that are ever printed of a key file.

mod list;
mod password;

use std::fmt::Display;
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{MetadataExt, fchown};
use std::path::Path;

use sha2::{Digest, Sha256};

use super::Failure;
use super::arguments::{KeyCommand, KeysOf};
use crate::config::key_file::{self, Change, EditError, NewKey, Which};
use crate::policy::keys::hex;

/// 192 bits: half as many again as no one can guess.
const KEY_BYTES: usize = 24;

pub(super) fn key(command: &KeyCommand) -> Result<(), Failure> {
    match command {
        KeyCommand::New { file, principal, name, not_before, expires } => {
            let (key, hash) = fresh().map_err(|error| Failure::Running(format!("no random numbers: {error}")))?;
            let (Some(file), Some(principal)) = (file, principal) else {
                println!("key     {key}\nsha256  {hash}");
                return Ok(());
            };
            let (name, not_before, expires) = (name.as_deref(), not_before.as_deref(), expires.as_deref());
            add(file, principal, &key, &NewKey { hash: &hash, name, not_before, expires })
        }
        KeyCommand::List { file, principal, json } => list::list(file.as_deref(), principal.as_deref(), *json),
        KeyCommand::Revoke(keys) => switch(keys, key_file::disable, "disabled"),
        KeyCommand::Enable(keys) => switch(keys, key_file::enable, "enabled"),
        KeyCommand::Password { file, principal } => password::password(file, principal),
    }
}

/// A fresh key, and its hash in hexadecimal. The prefix lets scanners of source code find a lost one.
pub(super) fn fresh() -> io::Result<(String, String)> {
    let mut random = [0_u8; KEY_BYTES];
    getrandom::fill(&mut random)?;
    let key = format!("pk_{}", hex(&random));
    let hash = hex(&Sha256::digest(key.as_bytes()));
    Ok((key, hash))
}

fn add(file: &Path, principal: &str, key: &str, new: &NewKey<'_>) -> Result<(), Failure> {
    let text = match std::fs::read_to_string(file) {
        Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
        read => read.map_err(|error| running(file, &error))?,
    };
    let longer = key_file::append(&text, principal, new).map_err(|error| wrong(file, &error))?;
    replace(file, &longer).map_err(|error| running(file, &error))?;
    eprintln!("Added to {} for '{principal}'. This is the key; it is not shown again:", file.display());
    println!("{key}");
    Ok(())
}

/// Takes keys out of use or back into it.
fn switch(
    keys: &KeysOf,
    edit: fn(&str, &str, Which<'_>) -> Result<Change, EditError>,
    word: &str,
) -> Result<(), Failure> {
    let KeysOf { file, principal, key, all } = keys;
    let which = match key {
        _ if *all => Which::All,
        Some(key) => Which::Called(key),
        None => Which::Only,
    };
    let text = std::fs::read_to_string(file).map_err(|error| running(file, &error))?;
    let change = edit(&text, principal, which).map_err(|error| {
        let more = if matches!(error, EditError::Several(_)) { "; say which with --key, or --all" } else { "" };
        Failure::Wrong(format!("{}: '{principal}': {error}{more}", file.display()))
    })?;
    if !change.changed.is_empty() {
        replace(file, &change.text).map_err(|error| running(file, &error))?;
    }
    let told = |key: &String, how: &str| println!("{}: '{principal}': {key} {how}", file.display());
    change.already.iter().for_each(|key| told(key, &format!("was {word} already")));
    change.changed.iter().for_each(|key| told(key, &format!("is {word}")));
    Ok(())
}

fn running(file: &Path, error: &dyn Display) -> Failure {
    Failure::Running(format!("{}: {error}", file.display()))
}

fn wrong(file: &Path, error: &dyn Display) -> Failure {
    Failure::Wrong(format!("{}: {error}", file.display()))
}

/// Writes beside the file and renames: a full disk or a crash leaves the old keys, not half of them. Owner
/// and mode stay, so that the gate can read it whoever changed it; and a link stays a link.
pub(super) fn replace(file: &Path, text: &str) -> io::Result<()> {
    let file = &std::fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut fresh = tempfile::NamedTempFile::new_in(folder)?;
    fresh.write_all(text.as_bytes())?;
    if let Ok(known) = std::fs::metadata(file) {
        let ours = fresh.as_file().metadata()?;
        if (ours.uid(), ours.gid()) != (known.uid(), known.gid()) {
            fchown(fresh.as_file(), Some(known.uid()), Some(known.gid()))
                .map_err(|error| io::Error::new(error.kind(), format!("its owner can't be kept: {error}")))?;
        }
        fresh.as_file().set_permissions(known.permissions())?;
    }
    fresh.as_file().sync_all()?;
    fresh.persist(file).map(|_| ()).map_err(|error| error.error)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn what_is_replaced_keeps_its_mode_and_the_links_that_lead_to_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("keys.toml"), "old").expect("a writable folder");
        let mode = std::fs::Permissions::from_mode(0o640);
        std::fs::set_permissions(at("keys.toml"), mode).expect("it is ours");
        symlink("keys.toml", at("link.toml")).expect("a writable folder");
        replace(&at("link.toml"), "new").expect("it can be replaced");
        assert_eq!(std::fs::read_to_string(at("keys.toml")).expect("it is there"), "new");
        let mode = std::fs::metadata(at("keys.toml")).expect("it is there").mode();
        assert_eq!(mode & 0o777, 0o640);
        assert!(std::fs::symlink_metadata(at("link.toml")).expect("it is there").is_symlink());
    }
}

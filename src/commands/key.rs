//! `portcullis key`: makes API keys. A key is shown once; only its hash is kept.

use std::io::{ErrorKind, Write};
use std::path::Path;

use sha2::{Digest, Sha256};

use super::Failure;
use crate::config::key_file;
use crate::policy::keys::hex;

/// 192 bits: half as many again as no one can guess.
const KEY_BYTES: usize = 24;

/// A fresh key, and its hash in hexadecimal. The prefix lets scanners of source code find a lost one.
pub(super) fn fresh() -> Result<(String, String), Failure> {
    let mut random = [0_u8; KEY_BYTES];
    getrandom::fill(&mut random).map_err(|error| Failure::Running(format!("no random numbers: {error}")))?;
    let key = format!("pk_{}", hex(&random));
    let hash = hex(&Sha256::digest(key.as_bytes()));
    Ok((key, hash))
}

pub(super) fn new(file: Option<&Path>, principal: Option<&str>, expires: Option<&str>) -> Result<(), Failure> {
    let (key, hash) = fresh()?;
    let (Some(file), Some(principal)) = (file, principal) else {
        println!("key     {key}\nsha256  {hash}");
        return Ok(());
    };
    let told = |error: &dyn std::fmt::Display| Failure::Running(format!("{}: {error}", file.display()));
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
        Err(error) => return Err(told(&error)),
    };
    let longer = key_file::append(&text, principal, &hash, expires)
        .map_err(|error| Failure::Wrong(format!("{}: {error}", file.display())))?;
    replace(file, &longer).map_err(|error| told(&error))?;
    eprintln!("Added to {} for '{principal}'. This is the key; it is not shown again:", file.display());
    println!("{key}");
    Ok(())
}

/// Writes beside the file and renames: a full disk or a crash leaves the old keys, not half of them.
pub(super) fn replace(file: &Path, text: &str) -> std::io::Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut fresh = tempfile::NamedTempFile::new_in(folder)?;
    fresh.write_all(text.as_bytes())?;
    fresh.as_file().sync_all()?;
    if let Ok(known) = std::fs::metadata(file) {
        std::fs::set_permissions(fresh.path(), known.permissions())?;
    }
    fresh.persist(file).map(|_| ()).map_err(|error| error.error)
}

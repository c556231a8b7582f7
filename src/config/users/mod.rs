//! Files of users with passwords: as Apache's `htpasswd -B` writes them ([`htpasswd`]), or, where the name ends
//! with `.toml`, key files whose principals have a `password` (`super::key_file`).
//!
//! Neither holds a password, but somebody may have written one in the place of its hash; and a hash alone is
//! enough to guess by. So whatever stands in the place of one is never shown.

mod htpasswd;
mod set;

use std::path::{Path, PathBuf};

use super::environment::Environment;
use super::faults::Faults;
use super::key_file;
use super::source::Place;
use crate::policy::passwords::{HashFault, PasswordHash, Users};

pub use set::set;

/// What to do about a hash that can't be taken.
const REMEDY: &str = "`portcullis key password` writes one that is taken, and so does `htpasswd -B -C 12`";

/// Reads a file of users. `named_at` is where the configuration names it.
pub(super) fn read(
    name: String,
    path: PathBuf,
    named_at: Place,
    environment: &dyn Environment,
    faults: &mut Faults,
) -> Option<Users> {
    let before = faults.error_count();
    let mut hashes = Hashes::default();
    let users = match is_toml(&path) {
        true => key_file::read_users(name, path, named_at, environment, faults, &mut hashes),
        false => htpasswd::read(name, path, named_at, environment, faults, &mut hashes),
    }?;
    hashes.warn(faults);
    (faults.error_count() == before).then_some(users)
}

/// Whether a file of users is a key file.
pub fn is_toml(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("toml"))
}

/// The hashes of one file, as they are read.
#[derive(Default)]
pub(super) struct Hashes {
    /// The first of those that are computed too quickly, and how many there are.
    cheap: Option<(Place, usize)>,
}

impl Hashes {
    /// The hash that stands there. What it is is not repeated.
    pub(super) fn read(&mut self, text: &str, at: Place, faults: &mut Faults) -> Option<PasswordHash> {
        let hash = match PasswordHash::parse(text) {
            Ok(hash) => hash,
            Err(HashFault::Foreign(kind)) => {
                let fault = faults.error(at, format!("passwords are not checked against this: it is {kind}"));
                fault.label("expected bcrypt or argon2").help(REMEDY);
                return None;
            }
            Err(HashFault::Broken(why)) => {
                faults.error(at, "no password can be checked against this hash").label(why).help(REMEDY);
                return None;
            }
            Err(HashFault::Unknown) => {
                let fault = faults.error(at, "this is no hash of a password");
                fault.label("expected bcrypt (`$2y$…`) or argon2 (`$argon2id$…`)").help(REMEDY);
                return None;
            }
        };
        if hash.is_ruinous() {
            let fault = faults.error(at, "this hash takes so long to compute that a few requests stop the gate");
            fault.label("expected bcrypt of cost 14 at most, or argon2 with 1 GiB and 16 passes at most");
            return None;
        }
        if hash.is_cheap() {
            self.cheap = Some(self.cheap.map_or((at, 1), |(first, count)| (first, count + 1)));
        }
        Some(hash)
    }

    fn warn(&self, faults: &mut Faults) {
        let Some((at, count)) = self.cheap else { return };
        let message = match count {
            1 => "this hash is computed so quickly that whoever steals it can try many passwords".to_owned(),
            _ => format!("{count} hashes here are computed so quickly that whoever steals them can try many passwords"),
        };
        let label = "expected bcrypt of cost 10 at least, or argon2 with 8 MiB in all passes at least";
        faults.warning(at, message).label(label).help(REMEDY);
    }
}

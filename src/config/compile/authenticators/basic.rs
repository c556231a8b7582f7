//! `kind = "basic"`: names and passwords, from the file that has their hashes.

use std::time::Duration;

use super::stated;
use crate::config::environment::Environment;
use crate::config::faults::Faults;
use crate::config::file::AuthenticatorTable;
use crate::config::located::Located;
use crate::config::toml_text::file_name;
use crate::config::users;
use crate::policy::authenticate::AuthenticatorKind;

/// That a password is right is remembered for so long, where nothing is said.
const CACHE: Duration = Duration::from_secs(60);

pub(super) fn basic(
    name: &Located<String>,
    table: &AuthenticatorTable,
    environment: &dyn Environment,
    faults: &mut Faults,
) -> Option<AuthenticatorKind> {
    let written = stated(name, &table.users, "users", "users = \"users.htpasswd\"", faults)?;
    let path = faults.source(written.at.file).relative(written.as_str());
    let users = users::read(file_name(written, &path), path, written.at, environment, faults)?;
    if users.principals().len() == 0 {
        faults.warning(written.at, "this file holds no users").label("nobody comes in this way");
    }
    let cache = table.cache.given().map_or(CACHE, |given| given.value.0);
    Some(AuthenticatorKind::Basic { users, cache })
}

//! `kind = "hmac"`: requests that machines sign with a secret.

use std::time::Duration;

use super::stated;
use crate::config::environment::Environment;
use crate::config::faults::Faults;
use crate::config::file::AuthenticatorTable;
use crate::config::key_file::read_secrets;
use crate::config::located::{Field, Located};
use crate::config::toml_text::file_name;
use crate::policy::authenticate::{Hmac, SecretSet};

/// Where nothing is said of the window.
const WINDOW: Duration = Duration::from_secs(5 * 60);
/// Moments of signatures are whole seconds.
const LEAST: Duration = Duration::from_secs(1);
/// What was signed is remembered for so long, and twice that where a clock runs ahead.
const MOST: Duration = Duration::from_secs(3600);

pub(super) fn hmac(
    name: &Located<String>,
    table: &AuthenticatorTable,
    environment: &dyn Environment,
    faults: &mut Faults,
) -> Option<Hmac> {
    let secrets = secrets(name, table, environment, faults);
    let window = window(table, faults);
    Some(Hmac { secrets: secrets?, window: window? })
}

fn secrets(
    name: &Located<String>,
    table: &AuthenticatorTable,
    environment: &dyn Environment,
    faults: &mut Faults,
) -> Option<SecretSet> {
    let written = stated(name, &table.keys, "keys", "keys = \"machines.toml\"", faults)?;
    let path = faults.source(written.at.file).relative(written.as_str());
    let secrets = read_secrets(file_name(written, &path), path, written.at, environment, faults)?;
    if secrets.is_empty() {
        faults.warning(written.at, "this file holds no secrets").label("nobody comes in this way");
    }
    Some(secrets)
}

fn window(table: &AuthenticatorTable, faults: &mut Faults) -> Option<Duration> {
    match &table.window {
        Field::Absent => Some(WINDOW),
        Field::Broken => None,
        Field::Given(given) if (LEAST..=MOST).contains(&given.value.0) => Some(given.value.0),
        Field::Given(given) => {
            let fault = faults.error(given.at, "a signature can't be good for this long");
            fault.label("expected \"1s\" to \"1h\"");
            None
        }
    }
}

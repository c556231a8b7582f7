//! Where the keys are that tokens are checked with: in a file, with the issuer, or a secret that it shares.

use std::time::Duration;

use crate::config::compile::authenticators::bearer::by_reference;
use crate::config::compile::authenticators::service::{InTheClear, service};
use crate::config::compile::trust::Trust;
use crate::config::environment::describe;
use crate::config::faults::Faults;
use crate::config::file::AuthenticatorTable;
use crate::config::located::{Field, Located};
use crate::config::text::Text;
use crate::config::toml_text::file_name;
use crate::config::units::DurationText;
use crate::policy::authenticate::{KeySource, Published, PublishedAt, Service};
use crate::policy::jwt::{Algorithm, KeySet, VerificationKey};

const TIMEOUT: Duration = Duration::from_secs(5);
const REFRESH: Duration = Duration::from_secs(5 * 60);
const MAX_AGE: Duration = Duration::from_secs(24 * 3600);

/// Discovery 1.0 §4: below the issuer.
const DESCRIPTION: &str = "/.well-known/openid-configuration";

/// Where the keys are: one of five ways.
pub(super) fn keys(
    name: &Located<String>,
    table: &AuthenticatorTable,
    algorithms: Option<&Option<Vec<Algorithm>>>,
    trust: &Trust<'_>,
    faults: &mut Faults,
) -> Option<KeySource> {
    let ways = [("jwks_url", &table.jwks_url), ("jwks", &table.jwks), ("key", &table.key), ("secret", &table.secret)];
    let mut stated = ways.iter().filter(|(_, field)| !field.is_absent());
    let first = stated.next();
    if let Some((second, field)) = stated.next() {
        let at = field.given().map_or(name.at, |given| given.at);
        let fault = faults.error(at, format!("`{}` has its keys from several places", name.value));
        fault.label(format!("expected one of `jwks_url`, `jwks`, `key` and `secret`; here is `{second}` as well"));
        return None;
    }
    let published = matches!(first, None | Some(("jwks_url", _)));
    if !published {
        means_nothing(table, faults);
    }
    match first {
        None => match &table.issuer {
            Field::Given(issuer) => discovery(issuer, table, trust, faults),
            Field::Broken => None,
            Field::Absent => {
                let fault = faults.absent(name.at, format!("`{}` has no keys", name.value));
                fault.label("expected `issuer`, `jwks_url`, `jwks`, `key` or `secret`");
                None
            }
        },
        Some((_, Field::Absent | Field::Broken)) => None,
        Some(("jwks_url", Field::Given(url))) => {
            let danger = "anybody on the way could put keys of their own into it";
            let service = service(url, table, TIMEOUT, InTheClear::Refused(danger), trust, faults);
            self::published(PublishedAt::Keys(service?), table)
        }
        Some(("jwks", Field::Given(written))) => {
            let content = read(written, trust, faults)?;
            set(written, &content, faults).map(KeySource::Fixed)
        }
        Some(("key", Field::Given(written))) => {
            let content = read(written, trust, faults)?;
            match VerificationKey::from_pem(&content) {
                Ok(key) => Some(KeySource::Fixed([key].into_iter().collect())),
                Err(unfit) => {
                    faults.error(written.at, "no token can be checked with this file").label(unfit.0);
                    None
                }
            }
        }
        Some((_, Field::Given(written))) => secret(written, algorithms?.as_deref(), faults),
    }
}

/// What is for keys that come by HTTP.
fn means_nothing(table: &AuthenticatorTable, faults: &mut Faults) {
    let all = [
        ("refresh", table.refresh.given().map(|given| given.at)),
        ("max_age", table.max_age.given().map(|given| given.at)),
        ("timeout", table.timeout.given().map(|given| given.at)),
        ("ca", table.ca.given().map(|given| given.at)),
    ];
    for (key, at) in all {
        if let Some(at) = at {
            faults.error(at, format!("`{key}` means nothing to keys from a file")).label("this has to go");
        }
    }
}

fn discovery(
    issuer: &Located<Text>,
    table: &AuthenticatorTable,
    trust: &Trust<'_>,
    faults: &mut Faults,
) -> Option<KeySource> {
    let danger = "anybody on the way could say where other keys are";
    let base: Service = service(issuer, table, TIMEOUT, InTheClear::Refused(danger), trust, faults)?;
    let url = format!("{}{DESCRIPTION}", issuer.as_str().trim_end_matches('/'));
    match base.at(&url) {
        Ok(description) => {
            let issuer = issuer.as_str().to_owned();
            published(PublishedAt::Discovery { issuer, description }, table)
        }
        Err(reason) => {
            faults.error(issuer.at, "this issuer's description can't be found").label(reason);
            None
        }
    }
}

fn published(at: PublishedAt, table: &AuthenticatorTable) -> Option<KeySource> {
    let time = |field: &Field<DurationText>, unstated| match field {
        Field::Absent => Some(unstated),
        Field::Broken => None,
        Field::Given(stated) => Some(stated.value.0),
    };
    let (refresh, max_age) = (time(&table.refresh, REFRESH)?, time(&table.max_age, MAX_AGE)?);
    Some(KeySource::Published(Published { at, refresh, max_age: max_age.max(refresh) }))
}

fn set(written: &Located<Text>, content: &[u8], faults: &mut Faults) -> Option<KeySet> {
    let read = match KeySet::from_jwks(content) {
        Ok(read) => read,
        Err(reason) => {
            faults.error(written.at, "this file is no JWK set").label(reason);
            return None;
        }
    };
    if read.keys.is_empty() {
        let reason = read.ignored.first().map_or("it is empty", |(_, unfit)| unfit.0);
        faults.error(written.at, "no token can be checked with this set").label(reason);
        return None;
    }
    for (position, unfit) in &read.ignored {
        let fault = faults.warning(written.at, format!("key {} of this set is not used", position + 1));
        fault.label(unfit.0);
    }
    Some(read.keys)
}

/// One key for each algorithm that it is stated for; HS256 where nothing is.
fn secret(written: &Located<Text>, algorithms: Option<&[Algorithm]>, faults: &mut Faults) -> Option<KeySource> {
    let secret = by_reference(written, "${env:JWT_SECRET}", faults)?;
    let algorithms = algorithms.unwrap_or(&[Algorithm::Hs256]);
    let key = |algorithm: &Algorithm| match VerificationKey::from_secret(secret.as_bytes(), *algorithm) {
        Ok(key) => Some(key),
        Err(_) => {
            let message = format!("this secret is too short for {}", algorithm.name());
            let least = algorithm.least_secret_bytes();
            faults.error(written.at, message).label(format!("expected at least {least} bytes, as long as the hash"));
            None
        }
    };
    algorithms.iter().map(key).collect::<Option<KeySet>>().map(KeySource::Fixed)
}

fn read(written: &Located<Text>, trust: &Trust<'_>, faults: &mut Faults) -> Option<Vec<u8>> {
    let path = faults.source(written.at.file).relative(written.as_str());
    match trust.environment.read(&path) {
        Ok(content) => Some(content),
        Err(error) => {
            let name = file_name(written, &path);
            faults.error(written.at, format!("can't read `{name}`")).label(describe(&error));
            None
        }
    }
}

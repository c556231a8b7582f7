//! `kind = "jwt"`: bearer tokens that their issuer has signed.

use std::time::Duration;

use super::claims::claims;
use super::service::{InTheClear, service};
use crate::config::compile::trust::Trust;
use crate::config::environment::describe;
use crate::config::faults::Faults;
use crate::config::file::AuthenticatorTable;
use crate::config::located::{Field, List, Located};
use crate::config::suggest::{nearest, one_of};
use crate::config::text::Text;
use crate::config::toml_text::file_name;
use crate::config::units::{DurationText, SizeText};
use crate::policy::authenticate::{ClaimPath, Jwt, KeySource, Published, PublishedAt, Service};
use crate::policy::jwt::{Algorithm, KeySet, TokenRules, VerificationKey};

const TIMEOUT: Duration = Duration::from_secs(5);
const REFRESH: Duration = Duration::from_secs(5 * 60);
const MAX_AGE: Duration = Duration::from_secs(24 * 3600);
const LEEWAY: Duration = Duration::from_secs(30);
const MAX_TOKEN_BYTES: u64 = 8 << 10;

/// More of a leeway makes an end of no token.
const LONGEST_LEEWAY: Duration = Duration::from_secs(5 * 60);

/// Discovery 1.0 §4: below the issuer.
const DESCRIPTION: &str = "/.well-known/openid-configuration";

/// What it compiles to, and the fields that tell the upstream of claims.
pub(super) fn jwt(
    name: &Located<String>,
    table: &AuthenticatorTable,
    trust: &Trust<'_>,
    faults: &mut Faults,
) -> Option<(Jwt, Vec<(String, ClaimPath)>)> {
    let algorithms = algorithms(table, faults);
    let claims = claims(&table.claims, "sub", faults);
    let keys = keys(name, table, algorithms.as_ref(), trust, faults);
    let issuer = text(&table.issuer);
    let audience = match &table.audience {
        Field::Absent => Some(Vec::new()),
        Field::Broken => None,
        Field::Given(list) => Some(list.value.iter().map(|item| item.as_str().to_owned()).collect()),
    };
    if table.issuer.is_absent() {
        let fault = faults.warning(name.at, format!("`{}` does not look at who issued a token", name.value));
        fault.label("whoever has one of its keys can issue tokens for this gate").help("say it: issuer = \"…\"");
    }
    if table.audience.is_absent() {
        let fault = faults.warning(name.at, format!("`{}` does not look at whom a token is for", name.value));
        fault.label("tokens for other services are taken here as well").help("say it: audience = \"…\"");
    }
    let leeway = leeway(&table.leeway, faults);
    let claims = claims?;
    let rules = TokenRules {
        algorithms: algorithms?,
        issuer: issuer?,
        audience: audience?,
        leeway: leeway?,
        token_type: text(&table.token_type)?,
        max_bytes: max_token(&table.max_token)?,
    };
    Some((Jwt { rules, keys: keys?, claims: claims.rules }, claims.forwards))
}

/// The longest token that is read.
pub(super) fn max_token(field: &Field<SizeText>) -> Option<usize> {
    let bytes = match field {
        Field::Absent => MAX_TOKEN_BYTES,
        Field::Broken => return None,
        Field::Given(size) => size.value.0,
    };
    Some(usize::try_from(bytes).unwrap_or(usize::MAX))
}

/// The inner `None` where it is not said.
fn text(field: &Field<Text>) -> Option<Option<String>> {
    match field {
        Field::Absent => Some(None),
        Field::Broken => None,
        Field::Given(written) => Some(Some(written.as_str().to_owned())),
    }
}

fn leeway(field: &Field<DurationText>, faults: &mut Faults) -> Option<Duration> {
    match field {
        Field::Absent => Some(LEEWAY),
        Field::Broken => None,
        Field::Given(stated) if stated.value.0 > LONGEST_LEEWAY => {
            let fault = faults.error(stated.at, "clocks are not so far apart");
            fault.label("expected at most \"5m\": for so long tokens are taken that have ended");
            None
        }
        Field::Given(stated) => Some(stated.value.0),
    }
}

/// The inner `None` where they are not stated. A secret and a public key are never for the same token: who could
/// choose between them would sign with what everybody knows.
fn algorithms(table: &AuthenticatorTable, faults: &mut Faults) -> Option<Option<Vec<Algorithm>>> {
    let list: &Located<List<Text>> = match &table.algorithms {
        Field::Absent => return Some(None),
        Field::Broken => return None,
        Field::Given(list) if list.is_empty() => {
            faults.error(list.at, "no token could be signed").label("leave it out, or name algorithms");
            return None;
        }
        Field::Given(list) => list,
    };
    let read: Vec<Option<Algorithm>> = list.iter().map(|item| algorithm(item, table, faults)).collect();
    read.into_iter().collect::<Option<_>>().map(Some)
}

fn algorithm(item: &Located<Text>, table: &AuthenticatorTable, faults: &mut Faults) -> Option<Algorithm> {
    let names = Algorithm::ALL.map(Algorithm::name);
    let Some(algorithm) = Algorithm::named(item.as_str()) else {
        let near = nearest(item.as_str(), names).filter(|_| !item.is_secret());
        let (message, label) = match item.as_str() {
            none if none.eq_ignore_ascii_case("none") => {
                ("tokens without a signature are not taken".to_owned(), "anybody can make one".to_owned())
            }
            "ES512" => ("ES512 is not built".to_owned(), "the gate's cryptography has no P-521".to_owned()),
            _ => {
                let label = near
                    .map_or_else(|| format!("expected {}", one_of(names)), |near| format!("did you mean `{near}`?"));
                (format!("there is no algorithm `{}`", item.value), label)
            }
        };
        faults.error(item.at, message).label(label);
        return None;
    };
    let has_secret = !table.secret.is_absent();
    if algorithm.is_symmetric() != has_secret {
        let fault = faults.error(item.at, format!("`{}` does not go with these keys", algorithm.name()));
        match has_secret {
            true => fault.label("expected HS256, HS384 or HS512 beside a `secret`"),
            false => fault.label("this one takes a `secret` that issuer and gate share"),
        };
        return None;
    }
    Some(algorithm)
}

/// Where the keys are: one of five ways.
fn keys(
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
    if !written.is_secret() {
        let fault = faults.error(written.at, "a secret does not stand in a configuration");
        fault.label("expected a reference such as \"${env:JWT_SECRET}\" or \"${file:/run/secrets/jwt}\"");
        return None;
    }
    let algorithms = algorithms.unwrap_or(&[Algorithm::Hs256]);
    let key = |algorithm: &Algorithm| match VerificationKey::from_secret(written.as_str().as_bytes(), *algorithm) {
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

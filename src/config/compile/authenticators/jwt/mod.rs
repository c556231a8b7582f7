//! `kind = "jwt"`: bearer tokens that their issuer has signed.

mod keys;

use std::time::Duration;

use self::keys::keys;
use super::bearer::{audience, max_token};
use super::claims::claims;
use crate::config::compile::trust::Trust;
use crate::config::faults::Faults;
use crate::config::file::AuthenticatorTable;
use crate::config::located::{Field, List, Located};
use crate::config::suggest::{nearest, one_of};
use crate::config::text::Text;
use crate::config::units::DurationText;
use crate::policy::authenticate::{ClaimPath, Jwt};
use crate::policy::jwt::{Algorithm, TokenRules};

const LEEWAY: Duration = Duration::from_secs(30);

/// More of a leeway makes an end of no token.
const LONGEST_LEEWAY: Duration = Duration::from_secs(5 * 60);

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
    let audience = audience(name, &table.audience, faults);
    if table.issuer.is_absent() {
        let fault =
            faults.warning(name.at, format!("tokens of anybody who has its keys are good for `{}`", name.value));
        fault.label("expected who issues them, as in issuer = \"https://id.example.com/\"").if_whole();
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

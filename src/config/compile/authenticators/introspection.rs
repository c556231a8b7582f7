//! `kind = "introspection"`: tokens that their issuer is asked about.

use std::time::Duration;

use super::claims::{Claims, claims};
use super::service::{InTheClear, service};
use super::stated;
use crate::config::compile::trust::Trust;
use crate::config::faults::Faults;
use crate::config::file::AuthenticatorTable;
use crate::config::located::{Field, List, Located};
use crate::config::text::Text;
use crate::policy::authenticate::{ClientAuthorization, Introspection};

const TIMEOUT: Duration = Duration::from_secs(1);
const CACHE: Duration = Duration::from_secs(10);
const MAX_TOKEN_BYTES: u64 = 8 * 1024;

const DANGER: &str = "anybody on the way could read the tokens, and say which of them are good";

pub(super) fn introspection(
    name: &Located<String>,
    table: &AuthenticatorTable,
    trust: &Trust<'_>,
    faults: &mut Faults,
) -> Option<(Introspection, Claims)> {
    let url = stated(name, &table.url, "url", "url = \"https://login.example.com/introspect\"", faults);
    let service = url.and_then(|url| service(url, table, TIMEOUT, InTheClear::Refused(DANGER), trust, faults));
    let client = client(table, faults);
    let audience = audience(name, &table.audience, faults);
    let claims = claims(&table.claims, "sub", faults);
    let max_token = match &table.max_token {
        Field::Absent => Some(MAX_TOKEN_BYTES),
        Field::Broken => None,
        Field::Given(size) => Some(size.value.0),
    };
    let cache = match &table.cache {
        Field::Absent => Some(CACHE),
        Field::Broken => None,
        Field::Given(cache) => Some(cache.value.0),
    };
    let claims = claims?;
    let introspection = Introspection {
        service: service?,
        client: client?,
        audience: audience?,
        max_token_bytes: usize::try_from(max_token?).unwrap_or(usize::MAX),
        claims: claims.rules.clone(),
        cache: cache?,
    };
    Some((introspection, claims))
}

/// Who the gate is to the service; the inner `None` where it is nobody.
fn client(table: &AuthenticatorTable, faults: &mut Faults) -> Option<Option<ClientAuthorization>> {
    match (&table.client_id, &table.secret) {
        (Field::Absent, Field::Absent) => Some(None),
        (Field::Given(id), Field::Absent) => {
            let fault = faults.absent(id.at, "this client has no secret");
            fault.label("expected `secret` beside it, as in secret = \"${env:CLIENT_SECRET}\"");
            None
        }
        (Field::Absent, Field::Given(secret)) => {
            let fault = faults.absent(secret.at, "this secret is nobody's");
            fault.label("expected `client_id` beside it, as in client_id = \"gate\"");
            // It may have a fault of its own.
            let _ = by_reference(secret, faults);
            None
        }
        (id, secret) => {
            let secret = secret.given().and_then(|secret| by_reference(secret, faults));
            Some(Some(ClientAuthorization::new(id.given()?.as_str(), secret?)))
        }
    }
}

/// No message tells of the secret's characters.
fn by_reference<'t>(written: &'t Located<Text>, faults: &mut Faults) -> Option<&'t str> {
    if !written.is_secret() {
        faults.blank(written.at);
        let fault = faults.error(written.at, "a secret does not stand in the configuration");
        fault
            .label("expected a reference, as in \"${env:CLIENT_SECRET}\"")
            .help("whoever could read this file knows the secret: make a new one");
        return None;
    }
    Some(written.as_str())
}

fn audience(name: &Located<String>, field: &Field<List<Text>>, faults: &mut Faults) -> Option<Vec<String>> {
    match field {
        Field::Broken => None,
        Field::Absent => {
            let message = format!("tokens for anybody are good for `{}`", name.value);
            let fault = faults.warning(name.at, message).if_whole();
            fault.label("expected whom they have to be for, as in audience = [\"crm\"]");
            Some(Vec::new())
        }
        Field::Given(list) if list.is_empty() => {
            faults.error(list.at, "no token is for nobody").label("expected a name, as in audience = [\"crm\"]");
            None
        }
        Field::Given(list) => Some(list.iter().map(|text| text.as_str().to_owned()).collect()),
    }
}

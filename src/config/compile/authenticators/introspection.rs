//! `kind = "introspection"`: tokens that their issuer is asked about.

use std::time::Duration;

use super::bearer::{audience, by_reference, max_token};
use super::claims::{Claims, claims};
use super::service::{InTheClear, service};
use super::stated;
use crate::config::compile::trust::Trust;
use crate::config::faults::Faults;
use crate::config::file::AuthenticatorTable;
use crate::config::located::{Field, Located};
use crate::policy::authenticate::{ClientAuthorization, Introspection};

const TIMEOUT: Duration = Duration::from_secs(1);
const CACHE: Duration = Duration::from_secs(10);

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
    let max_token = max_token(&table.max_token);
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
        max_token_bytes: max_token?,
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
            let _ = by_reference(secret, "${env:CLIENT_SECRET}", faults);
            None
        }
        (id, secret) => {
            let secret = secret.given().and_then(|secret| by_reference(secret, "${env:CLIENT_SECRET}", faults));
            Some(Some(ClientAuthorization::new(id.given()?.as_str(), secret?)))
        }
    }
}

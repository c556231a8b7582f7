//! `kind = "forward"`: another service says who it is.

use std::time::Duration;

use super::claims::{Claims, claims};
use super::service::{InTheClear, service};
use super::{is_taken, stated};
use crate::config::compile::listeners::words::field_name;
use crate::config::compile::trust::Trust;
use crate::config::faults::Faults;
use crate::config::file::AuthenticatorTable;
use crate::config::located::{Field, List, Located};
use crate::config::text::Text;
use crate::policy::authenticate::{ClaimPath, ClaimRules, Delegate};

const TIMEOUT: Duration = Duration::from_secs(1);

const DANGER: &str = "anybody on the way can read the credentials, and say whose they are";

pub(super) fn delegate(
    name: &Located<String>,
    table: &AuthenticatorTable,
    trust: &Trust<'_>,
    faults: &mut Faults,
) -> Option<(Delegate, Claims)> {
    let url = stated(name, &table.url, "url", "url = \"https://login.example.com/check\"", faults);
    let service = url.and_then(|url| service(url, table, TIMEOUT, InTheClear::Warned(DANGER), trust, faults));
    let fields = fields(&table.fields, faults);
    let claims = claims(&table.claims, "x-authenticated-principal", faults)?.lower_case();
    Some((Delegate { service: service?, fields: fields?, claims: claims.rules.clone() }, claims))
}

/// The request's fields that hold a credential, in lower case.
fn fields(field: &Field<List<Text>>, faults: &mut Faults) -> Option<Vec<String>> {
    match field {
        Field::Broken => None,
        Field::Absent => Some(vec!["authorization".to_owned(), "cookie".to_owned()]),
        Field::Given(list) if list.is_empty() => {
            let fault = faults.error(list.at, "this service would see nothing of a caller");
            fault.label("expected the fields that hold its credentials, as in fields = [\"Cookie\"]");
            None
        }
        Field::Given(list) => {
            let read: Vec<Option<String>> = list.iter().map(|written| credential(written, faults)).collect();
            let mut fields: Vec<String> = read.into_iter().collect::<Option<_>>()?;
            fields.sort_unstable();
            fields.dedup();
            Some(fields)
        }
    }
}

fn credential(written: &Located<Text>, faults: &mut Faults) -> Option<String> {
    let field = field_name(written.as_str(), written, faults)?;
    if is_taken(&field) || field == "proxy-authorization" {
        faults.error(written.at, "no credential comes in this field").label("it has a meaning of its own");
        return None;
    }
    Some(field)
}

impl Claims {
    /// Claims are fields of an answer, whose names have no case.
    fn lower_case(self) -> Self {
        let lower = |path: &ClaimPath| ClaimPath::new(path.as_str().to_ascii_lowercase());
        let all = |paths: &[ClaimPath]| paths.iter().map(lower).collect();
        let rules = ClaimRules {
            principal: lower(&self.rules.principal),
            scopes: all(&self.rules.scopes),
            plan: self.rules.plan.as_ref().map(lower),
            require: all(&self.rules.require),
        };
        Self { rules, forwards: self.forwards.iter().map(|(field, path)| (field.clone(), lower(path))).collect() }
    }
}

//! `[authenticator.NAME]`: the ways a caller can prove who it is.

mod basic;
mod bearer;
mod claims;
mod delegate;
mod hmac;
mod introspection;
mod jwt;
mod mtls;
mod service;

use super::listeners::words::field_name;
use super::names::Register;
use super::trust::Trust;
use crate::config::environment::Environment;
use crate::config::faults::Faults;
use crate::config::file::{AuthenticatorTable, AuthenticatorWord};
use crate::config::key_file::{self, Purpose};
use crate::config::located::{Field, Located, Named};
use crate::config::text::Text;
use crate::config::toml_text::file_name;
use crate::policy::authenticate::{Authenticator, AuthenticatorKind};
use crate::policy::keys::KeySet;

/// Compiles all authenticators, key files included.
pub(super) fn authenticators(
    tables: &Named<AuthenticatorTable>,
    trust: &Trust<'_>,
    faults: &mut Faults,
) -> Register<Authenticator> {
    claims::told_apart(tables, faults);
    Register::new("authenticator", tables, faults, |name, table, faults| authenticator(name, table, trust, faults))
}

fn authenticator(
    name: &Located<String>,
    table: &AuthenticatorTable,
    trust: &Trust<'_>,
    faults: &mut Faults,
) -> Option<Authenticator> {
    let environment = trust.environment;
    if name.value == "none" {
        faults.error(name.at, "no authenticator can be called `none`").label("in `auth`, \"none\" stands for everyone");
    }
    let kind = match &table.kind {
        Field::Given(kind) => kind,
        Field::Broken => return None,
        Field::Absent => {
            let message = format!("the authenticator `{}` has no kind", name.value);
            faults.absent(name.at, message).label("expected `kind`, as in kind = \"api_key\"");
            return None;
        }
    };
    for (key, at) in table.written().filter(|(key, _)| !kind.value.keys().contains(key)) {
        let message = format!("`{key}` means nothing to this kind of authenticator");
        faults.error(at, message).label("this has to go").also(kind.at, "");
    }
    let found = match kind.value {
        AuthenticatorWord::ApiKey => api_key(name, table, environment, faults).map(|kind| (kind, Vec::new())),
        AuthenticatorWord::Basic => basic::basic(name, table, environment, faults).map(|kind| (kind, Vec::new())),
        AuthenticatorWord::Mtls => {
            let compiled = mtls::mtls(table, environment, faults);
            compiled.map(|(mtls, forwards)| (AuthenticatorKind::Mtls(Box::new(mtls)), forwards))
        }
        AuthenticatorWord::Jwt => {
            let compiled = jwt::jwt(name, table, trust, faults);
            compiled.map(|(jwt, forwards)| (AuthenticatorKind::Jwt(Box::new(jwt)), forwards))
        }
        AuthenticatorWord::Introspection => introspection::introspection(name, table, trust, faults)
            .map(|(it, claims)| (AuthenticatorKind::Introspection(Box::new(it)), claims.forwards)),
        AuthenticatorWord::Forward => delegate::delegate(name, table, trust, faults)
            .map(|(it, claims)| (AuthenticatorKind::Forward(Box::new(it)), claims.forwards)),
        AuthenticatorWord::Hmac => {
            hmac::hmac(name, table, environment, faults).map(|hmac| (AuthenticatorKind::Hmac(hmac), Vec::new()))
        }
    };
    let (kind, forwards) = found?;
    Some(Authenticator { name: name.value.clone(), forwards, kind })
}

fn api_key(
    name: &Located<String>,
    table: &AuthenticatorTable,
    environment: &dyn Environment,
    faults: &mut Faults,
) -> Option<AuthenticatorKind> {
    let header = header(name, table, faults);
    let keys = keys(name, table, environment, faults);
    Some(AuthenticatorKind::ApiKey { header: header?, keys: keys? })
}

fn header(name: &Located<String>, table: &AuthenticatorTable, faults: &mut Faults) -> Option<String> {
    let written = stated(name, &table.header, "header", "header = \"X-API-Key\"", faults)?;
    let header = field_name(written.as_str(), written, faults)?;
    let reason = match header.as_str() {
        "authorization" | "proxy-authorization" => "its value begins with a scheme, which no key does",
        "cookie" => "it holds more than one thing",
        "signature" | "signature-input" => "signatures over requests stand there",
        other if is_taken(other) => "it has a meaning of its own",
        _ => return Some(header),
    };
    faults.error(written.at, "keys can't come in this field").label(reason);
    None
}

fn keys(
    name: &Located<String>,
    table: &AuthenticatorTable,
    environment: &dyn Environment,
    faults: &mut Faults,
) -> Option<KeySet> {
    let written = stated(name, &table.keys, "keys", "keys = \"partner-keys.toml\"", faults)?;
    let path = faults.source(written.at.file).relative(written.as_str());
    let keys = key_file::read(Purpose::Keys, file_name(written, &path), path, written.at, environment, faults)?;
    if keys.is_empty() {
        faults.warning(written.at, "this file holds no keys").label("nobody comes in this way");
    }
    Some(keys)
}

fn stated<'t>(
    name: &Located<String>,
    field: &'t Field<Text>,
    key: &str,
    example: &str,
    faults: &mut Faults,
) -> Option<&'t Located<Text>> {
    if field.is_absent() {
        let message = format!("the authenticator `{}` has no `{key}`", name.value);
        faults.absent(name.at, message).label(format!("expected as in {example}"));
    }
    field.given()
}

/// Fields that are read, dropped or set by the gate itself, in lower case: no parameter and no key can
/// come in them.
pub(super) fn is_taken(field: &str) -> bool {
    const TAKEN: [&str; 24] = [
        // What frames a message and concerns this hop only (RFC 9110 §7.6.1).
        "connection",
        "content-length",
        "expect",
        "host",
        "http2-settings",
        "keep-alive",
        "proxy-authenticate",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        // What other stages judge.
        "accept",
        "content-encoding",
        "content-type",
        // Who and where: the gate says so itself.
        "forwarded",
        "traceparent",
        "tracestate",
        "via",
        "x-authenticated-principal",
        "x-real-ip",
        "x-request-id",
        "x-forwarded-for",
        "x-forwarded-proto",
    ];
    TAKEN.contains(&field) || field.starts_with("x-forwarded-")
}

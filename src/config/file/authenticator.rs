//! `[authenticator.NAME]`: the ways a caller can prove who it is.

use schemars::JsonSchema;

use crate::config::located::{Field, List, Named};
use crate::config::read::{read_table, read_words};
use crate::config::source::Place;
use crate::config::text::Text;
use crate::config::units::{DurationText, SizeText};

/// A way to prove who one is. Endpoints name it in `auth`.
#[derive(Clone, Debug, Default, JsonSchema)]
#[schemars(deny_unknown_fields, extend("x-required" = ["kind"]))]
pub struct AuthenticatorTable {
    /// What it looks at. Each of the other keys tells which kinds have it.
    pub kind: Field<AuthenticatorWord>,
    /// `api_key`: the request field that holds the key, as in `X-API-Key`.
    pub header: Field<Text>,
    /// `api_key`, `hmac`: the file that holds the hashes of the keys, as `portcullis key new` writes it, or the
    /// secrets.
    pub keys: Field<Text>,
    /// `basic`: the file that holds the hashes of the passwords: as `htpasswd -B` writes it, or a key file
    /// (`.toml`) whose principals have a `password`.
    pub users: Field<Text>,
    /// `jwt`: who issues the tokens; their `iss` must be this. Where no key is named, they are found by
    /// OpenID discovery below it.
    pub issuer: Field<Text>,
    /// `jwt`, `introspection`: whom the tokens are for; their `aud` must hold one of these.
    pub audience: Field<List<Text>>,
    /// `jwt`: where the issuer publishes its keys (RFC 7517).
    pub jwks_url: Field<Text>,
    /// `jwt`: the file that holds the issuer's keys as a JWK set.
    pub jwks: Field<Text>,
    /// `jwt`: the PEM file that holds the issuer's public key, or a certificate of it.
    pub key: Field<Text>,
    /// `jwt`: the secret that issuer and gate share, by reference, for HS256, HS384 and HS512; at least as
    /// long as the hash. `introspection`: the client's secret.
    pub secret: Field<Text>,
    /// `jwt`: the algorithms that tokens may be signed with.
    pub algorithms: Field<List<Text>>,
    /// `jwt`: how far clocks may be apart. Unstated: `30s`.
    pub leeway: Field<DurationText>,
    /// `jwt`: what the token's `typ` must be, as in `at+jwt`. Unstated: not looked at.
    pub token_type: Field<Text>,
    /// `jwt`, `introspection`: no token is longer. Unstated: `8 KiB`.
    pub max_token: Field<SizeText>,
    /// `jwt`, `introspection`, `mtls`, `forward`: which claims are what to the gate.
    pub claims: Field<ClaimsTable>,
    /// `mtls`: issuers whose certificates are taken, as in `CN=Partners CA,O=Example`. Unstated: all that the
    /// listener's `client_ca` leads to.
    pub issuers: Field<List<Text>>,
    /// `mtls`: the key file whose principals may come, with their scopes and plans; they need no keys there.
    /// Unstated: everybody whose certificate holds, without scopes.
    pub principals: Field<Text>,
    /// `introspection`, `forward`: the service that is asked.
    pub url: Field<Text>,
    /// `introspection`: who the gate is to that service.
    pub client_id: Field<Text>,
    /// `forward`: the request's fields that hold a credential for the service; it sees no others. Unstated:
    /// `Authorization` and `Cookie`.
    pub fields: Field<List<Text>>,
    /// `basic`, `introspection`: an answer may be used again for so long. Unstated: `1m`, for introspection `10s`.
    pub cache: Field<DurationText>,
    /// `jwt`, `introspection`, `forward`: a service may take so long to answer. Unstated: `5s`, for
    /// `forward` and `introspection` `1s`.
    pub timeout: Field<DurationText>,
    /// `jwt`: keys that came by HTTP are fetched again after so long. Unstated: `5m`.
    pub refresh: Field<DurationText>,
    /// `jwt`: keys that came by HTTP are used for so long where they cannot be fetched again. Unstated: `1d`.
    pub max_age: Field<DurationText>,
    /// `hmac`: a signature is good for so long before and after its making, and once. Unstated: `5m`.
    pub window: Field<DurationText>,
    /// `jwt`, `introspection`, `forward`: the certificates that the service's must lead to, a PEM file.
    /// Unstated: the system's.
    pub ca: Field<Text>,
}

read_table!(AuthenticatorTable, "an authenticator's table" {
    kind, header, keys, users, issuer, audience, jwks_url, jwks, key, secret, algorithms, leeway, token_type,
    max_token, claims, issuers, principals, url, client_id, fields, cache, timeout, refresh, max_age, window, ca,
});

impl AuthenticatorTable {
    /// The keys that were written, but for `kind`, each where its value stands.
    pub fn written(&self) -> impl Iterator<Item = (&'static str, Place)> {
        fn at<T>(name: &'static str, field: &Field<T>) -> Option<(&'static str, Place)> {
            field.given().map(|given| (name, given.at))
        }
        let all = [
            at("header", &self.header),
            at("keys", &self.keys),
            at("users", &self.users),
            at("issuer", &self.issuer),
            at("audience", &self.audience),
            at("jwks_url", &self.jwks_url),
            at("jwks", &self.jwks),
            at("key", &self.key),
            at("secret", &self.secret),
            at("algorithms", &self.algorithms),
            at("leeway", &self.leeway),
            at("token_type", &self.token_type),
            at("max_token", &self.max_token),
            at("claims", &self.claims),
            at("issuers", &self.issuers),
            at("principals", &self.principals),
            at("url", &self.url),
            at("client_id", &self.client_id),
            at("fields", &self.fields),
            at("cache", &self.cache),
            at("timeout", &self.timeout),
            at("refresh", &self.refresh),
            at("max_age", &self.max_age),
            at("window", &self.window),
            at("ca", &self.ca),
        ];
        all.into_iter().flatten()
    }
}

/// What an authenticator looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema)]
#[schemars(rename_all = "snake_case", inline)]
pub enum AuthenticatorWord {
    /// A random key in a field of its own.
    ApiKey,
    /// A signed token in `Authorization: Bearer` (RFC 7519).
    Jwt,
    /// A name and a password in `Authorization: Basic` (RFC 7617).
    Basic,
    /// The certificate of a client's TLS connection.
    Mtls,
    /// A token in `Authorization: Bearer` that its issuer is asked about (RFC 7662).
    Introspection,
    /// Whatever another service says of the request.
    Forward,
    /// A signature over the request by a shared secret (RFC 9421).
    Hmac,
}

read_words!(AuthenticatorWord {
    "api_key" => ApiKey,
    "jwt" => Jwt,
    "basic" => Basic,
    "mtls" => Mtls,
    "introspection" => Introspection,
    "forward" => Forward,
    "hmac" => Hmac,
});

impl AuthenticatorWord {
    /// As it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ApiKey => "api_key",
            Self::Jwt => "jwt",
            Self::Basic => "basic",
            Self::Mtls => "mtls",
            Self::Introspection => "introspection",
            Self::Forward => "forward",
            Self::Hmac => "hmac",
        }
    }

    /// The keys that mean something to it.
    pub const fn keys(self) -> &'static [&'static str] {
        match self {
            Self::ApiKey => &["header", "keys"],
            Self::Jwt => &[
                "issuer",
                "audience",
                "jwks_url",
                "jwks",
                "key",
                "secret",
                "algorithms",
                "leeway",
                "token_type",
                "max_token",
                "claims",
                "timeout",
                "refresh",
                "max_age",
                "ca",
            ],
            Self::Basic => &["users", "cache"],
            Self::Mtls => &["claims", "issuers", "principals"],
            Self::Introspection => {
                &["audience", "max_token", "claims", "url", "client_id", "secret", "cache", "timeout", "ca"]
            }
            Self::Forward => &["claims", "url", "fields", "timeout", "ca"],
            Self::Hmac => &["keys", "window"],
        }
    }
}

/// Which claims are what to the gate: of a token, of a service's answer (its fields, in lower case), or of a
/// certificate. A claim within another is written with dots: `realm_access.roles`.
#[derive(Clone, Debug, Default, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct ClaimsTable {
    /// The caller's name. Unstated: `sub`; of a certificate `common_name`; of a service's answer
    /// `x-authenticated-principal`.
    pub principal: Field<Text>,
    /// Stands before the caller's name, as in `staff:`, so that names which others give cannot be those of principals
    /// in a key file. Unstated: nothing.
    pub prefix: Field<Text>,
    /// What the caller may do: texts with blanks between, or lists of texts; all that are there add up.
    /// Unstated: `scope`, or `scp` where that lacks.
    pub scopes: Field<List<Text>>,
    /// The plan that its quotas follow. Unstated: none.
    pub plan: Field<Text>,
    /// Claims without which a caller is not taken.
    pub require: Field<List<Text>>,
    /// Fields that the upstream is told claims by, as in `{ X-Tenant = "tenant" }`. Nobody else can set them.
    pub forward: Named<Text>,
}

read_table!(ClaimsTable, "a table such as { principal = \"sub\", scopes = \"scope\" }" {
    principal, prefix, scopes, plan, require, forward,
});

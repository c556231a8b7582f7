//! `[authenticator.NAME]`: the ways a caller can prove who it is.

use schemars::JsonSchema;

use super::Anything;
use crate::config::located::Field;
use crate::config::read::{read_table, read_words};
use crate::config::text::Text;

/// A way to prove who one is. Endpoints name it in `auth`.
#[derive(Clone, Debug, Default, JsonSchema)]
#[schemars(deny_unknown_fields, extend("x-required" = ["kind"]))]
pub struct AuthenticatorTable {
    /// What it looks at.
    pub kind: Field<AuthenticatorWord>,
    /// `api_key`: the request field that holds the key, as in `X-API-Key`.
    pub header: Field<Text>,
    /// `api_key`: the file that holds the hashes of the keys, as `portcullis key new` writes it.
    pub keys: Field<Text>,
    /// `jwt`: not built yet.
    pub issuer: Field<Anything>,
    /// `jwt`: not built yet.
    pub audience: Field<Anything>,
    /// `jwt`: not built yet.
    pub jwks_url: Field<Anything>,
    /// `jwt`: not built yet.
    pub jwks: Field<Anything>,
    /// `jwt`: not built yet.
    pub algorithms: Field<Anything>,
    /// `jwt`: not built yet.
    pub leeway: Field<Anything>,
    /// `jwt`, `hmac`: not built yet.
    pub key: Field<Anything>,
    /// `jwt`: not built yet.
    pub claims: Field<Anything>,
    /// `basic`: not built yet.
    pub users: Field<Anything>,
    /// `mtls`: not built yet.
    pub issuers: Field<Anything>,
    /// `introspection`, `forward`: not built yet.
    pub url: Field<Anything>,
    /// `introspection`: not built yet.
    pub client_id: Field<Anything>,
    /// `introspection`, `hmac`: not built yet.
    pub secret: Field<Anything>,
}

read_table!(AuthenticatorTable, "an authenticator's table" {
    kind, header, keys, issuer, audience, jwks_url, jwks, algorithms, leeway, key, claims, users,
    issuers, url, client_id, secret,
});

impl AuthenticatorTable {
    /// The keys that only kinds have which are not built yet, where they were written.
    pub fn not_built(&self) -> impl Iterator<Item = (&'static str, crate::config::source::Place)> {
        [
            ("issuer", &self.issuer),
            ("audience", &self.audience),
            ("jwks_url", &self.jwks_url),
            ("jwks", &self.jwks),
            ("algorithms", &self.algorithms),
            ("leeway", &self.leeway),
            ("key", &self.key),
            ("claims", &self.claims),
            ("users", &self.users),
            ("issuers", &self.issuers),
            ("url", &self.url),
            ("client_id", &self.client_id),
            ("secret", &self.secret),
        ]
        .into_iter()
        .filter_map(|(name, field)| field.given().map(|given| (name, given.at)))
    }
}

/// What an authenticator looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema)]
#[schemars(rename_all = "snake_case", inline)]
pub enum AuthenticatorWord {
    /// A random key in a field of its own.
    ApiKey,
    /// Not built yet.
    Jwt,
    /// Not built yet.
    Basic,
    /// Not built yet.
    Mtls,
    /// Not built yet.
    Introspection,
    /// Not built yet.
    Forward,
    /// Not built yet.
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

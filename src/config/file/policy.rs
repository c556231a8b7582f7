//! What may be said of endpoints: in `[defaults]`, on a path's table and on a method's. The nearest
//! wins, whole values; only `query`, `header` and `path` add up by name.

use schemars::JsonSchema;

use super::{BodySchemaTable, BodyWord, ClaimRuleTable, ErrorsTable, JsonTable, ParameterTable};
use crate::config::located::{Field, List, Named};
use crate::config::read::{read_table, read_words};
use crate::config::text::Text;
use crate::config::units::SizeText;

/// What holds for an endpoint. The nearest table wins (method, path, `[defaults]`), whole values, never
/// merged lists; only `query`, `header` and `path` add up by name.
#[derive(Clone, Debug, Default, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct PolicyTable {
    /// Where requests go: the name of an `[upstream]`. Every endpoint has one from somewhere.
    pub upstream: Field<Text>,
    /// Who may come: names of authenticators, any of which will do; `"none"`, said on the method's own
    /// table, for everyone; or `"none"` beside names, for strangers as well. Every endpoint has one from
    /// somewhere.
    pub auth: Field<List<Text>>,
    /// Scopes that the caller must have, all of them. Unstated: none.
    pub scopes: Field<List<Text>>,
    /// What must be claimed of the caller, as in `{ department = "sales" }`: in one of these all claims must be as
    /// it is said; of a claim that is a list, one item. Unstated: nothing.
    pub allow: Field<List<ClaimRuleTable>>,
    /// Names of quotas that are charged together or not at all; `[]` for none. Every endpoint has one
    /// from somewhere.
    pub quotas: Field<List<Text>>,
    /// Size of the body as sent, and again of the body decoded; past it 413. Unstated: `1 MiB`.
    pub max_body: Field<SizeText>,
    /// Media types that the body may have (`application/json`); others get 415. Each is named, without
    /// parameters: there are no patterns, and JSON and forms are UTF-8. Unstated: no body.
    pub media_types: Field<List<Text>>,
    /// The JSON Schema file that the body must satisfy; else 422. A body must then be there, and each of
    /// `media_types` must be one that the gate can read: JSON or a form.
    pub body_schema: Field<BodySchemaTable>,
    /// `any` streams the body through unchecked, of `media_types` where those are stated. Unstated: it is
    /// checked.
    pub body: Field<BodyWord>,
    /// What JSON bodies may hold beyond what every reader understands alike.
    pub json: Field<JsonTable>,
    /// Media types that this endpoint answers with, each named, without parameters; who accepts none of
    /// them gets 406. Unstated: not looked at.
    pub produces: Field<List<Text>>,
    /// Query parameters by name, each a JSON Schema with `required`. Where any is declared, unknown,
    /// repeated and undecodable names get 422; where none is, the query passes as sent.
    pub query: Named<ParameterTable>,
    /// Request fields by name, each a JSON Schema with `required`.
    pub header: Named<ParameterTable>,
    /// Path parameters by name, each a JSON Schema, for names in the path. In `[defaults]`, for every path
    /// that has a parameter of the name.
    pub path: Named<ParameterTable>,
    /// Stages that only report: what they would have refused passes, counted and logged.
    pub report: Field<List<StageWord>>,
    /// What refusals look like here.
    pub errors: Field<ErrorsTable>,
    /// Protocols that a GET may switch to, such as `websocket`: what the upstream then agrees to passes both ways,
    /// unread, until one side ends it. Unstated: none.
    pub upgrade: Field<List<Text>>,
    /// Send the caller's name upstream as `X-Authenticated-Principal`. Unstated: false.
    pub forward_identity: Field<bool>,
    /// Leave the credential in the request that the upstream sees. Unstated: false.
    pub forward_credentials: Field<bool>,
    /// Request fields that are dropped unless named here, such as `X-Original-URL` and
    /// `X-HTTP-Method-Override`.
    pub pass_headers: Field<List<Text>>,
}

read_table!(PolicyTable, "a table of what holds for the endpoint" {
    upstream, auth, scopes, allow, quotas, max_body, media_types, body_schema, body, json, produces, query,
    header, path, report, errors, upgrade, forward_identity, forward_credentials, pass_headers,
});

/// A stage that may only report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema)]
#[schemars(rename_all = "snake_case")]
pub enum StageWord {
    /// Query, header and path parameters.
    Params,
    /// The body's type and coding, and what the caller accepts.
    MediaType,
    /// The body's syntax, not its size.
    Body,
    /// The body's JSON Schema.
    Schema,
    /// Quotas.
    RateLimit,
    /// Scopes.
    Authorize,
    /// Who the caller is; only on a method's own table, and then nobody is known there.
    Authenticate,
    /// Always enforces, as do the others below: they are words so that the fault can say so.
    #[schemars(skip)]
    Head,
    /// Always enforces.
    #[schemars(skip)]
    Route,
    /// Always enforces.
    #[schemars(skip)]
    Access,
    /// Always enforces.
    #[schemars(skip)]
    Guard,
    /// Always enforces.
    #[schemars(skip)]
    Forward,
}

read_words!(StageWord {
    "params" => Params,
    "media_type" => MediaType,
    "body" => Body,
    "schema" => Schema,
    "rate_limit" => RateLimit,
    "authorize" => Authorize,
    "authenticate" => Authenticate,
} {
    "head" => Head,
    "route" => Route,
    "access" => Access,
    "guard" => Guard,
    "forward" => Forward,
});

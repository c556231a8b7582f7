//! What an operator wrote, type by type: the language itself.
//!
//! The comments on the types and their fields are the reference: they become the descriptions in
//! `schemas/portcullis.schema.json`, which editors show. Nothing here is required, judged or looked up;
//! that is the compiler's part (`compile`).

mod anything;
mod authenticator;
mod body;
mod claim_rule;
mod endpoint;
mod errors;
mod listener;
mod log;
mod parameter;
mod policy;
mod process;
mod quota;
mod upstream;

use schemars::JsonSchema;

use super::located::{Field, List, Named};
use super::read::read_table;
use super::text::Text;

pub use anything::Anything;
pub use authenticator::{AuthenticatorTable, AuthenticatorWord, ClaimsTable};
pub use body::{BodySchemaTable, BodyWord, JsonTable, RangeWord};
pub use claim_rule::ClaimRuleTable;
pub use endpoint::{MethodEntry, PathTable};
pub use errors::{ErrorsTable, StatusMap};
pub use listener::{AccessTable, AdminTable, ClientAuthWord, ListenerTable, ReadyWord, TlsTable};
pub use log::{AccessLogTable, ProgramLogTable};
pub use parameter::{Keyword, ParameterTable};
pub use policy::{PolicyTable, StageWord};
pub use process::{GuardTable, LimitsTable};
pub use quota::QuotaTable;
pub use upstream::{HostWord, TimeoutsTable, UpstreamTable};

/// The configuration of Portcullis, a gate before a REST API.
#[derive(Clone, Debug, Default, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct ConfigFile {
    /// Further files, as patterns relative to this one (`endpoints/*.toml`). They may hold `[endpoint]`,
    /// `[upstream]`, `[authenticator]` and `[quota]` tables.
    pub include: Field<List<Text>>,
    /// Folders under which a schema's `$ref` may point beside the folder of the schema itself.
    pub schema_roots: Field<List<Text>>,
    /// Where the gate listens, by name.
    pub listener: Named<ListenerTable>,
    /// The listener for those who run the gate.
    pub admin: Field<AdminTable>,
    /// A line for each request.
    pub access_log: Field<AccessLogTable>,
    /// What the gate tells of itself.
    pub program_log: Field<ProgramLogTable>,
    /// The groups of servers behind the gate, by name.
    pub upstream: Named<UpstreamTable>,
    /// The ways a caller can prove who it is, by name.
    pub authenticator: Named<AuthenticatorTable>,
    /// How much may pass, by name.
    pub quota: Named<QuotaTable>,
    /// Counters shared by several gates: not built yet.
    pub store: Field<Anything>,
    /// How many failed credentials an address may present.
    pub guard: Field<GuardTable>,
    /// Sizes and times that hold for every request.
    pub limits: Field<LimitsTable>,
    /// What refusals look like, where an endpoint does not say otherwise.
    pub errors: Field<ErrorsTable>,
    /// What holds for every endpoint that does not say otherwise.
    pub defaults: Field<PolicyTable>,
    /// The API: `[endpoint."/customers/{id:integer}".GET]`. A segment is literal, `{name}`,
    /// `{name:integer}` or `{name:uuid}`; a last `{name*}` takes the rest of the path.
    pub endpoint: Named<PathTable>,
}

read_table!(ConfigFile, "a configuration" {
    include, schema_roots, listener, admin, access_log, program_log, upstream, authenticator, quota, store,
    guard, limits, errors, defaults, endpoint,
});

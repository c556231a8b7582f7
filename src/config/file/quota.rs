//! `[quota.NAME]`: how much may pass.

use schemars::JsonSchema;

use crate::config::located::{Field, List};
use crate::config::read::read_table;
use crate::config::text::Text;
use crate::config::units::RateText;

/// Rates that belong together, and by what they are counted. Endpoints name it in `quotas`.
#[derive(Clone, Debug, Default, JsonSchema)]
#[schemars(deny_unknown_fields, extend("x-required" = ["by", "allow"]))]
pub struct QuotaTable {
    /// What each counter stands for: `principal` (strangers by their address), `client_address` (IPv6 by
    /// its /64), `header:X-Tenant` (requests without the field by address), `claim:tenant` (callers without the claim
    /// by address) or `endpoint`. Lists are not built yet.
    pub by: Field<List<Text>>,
    /// The rates, as in `["100/s", "50_000/day"]`; a request needs room in all of them. Rates of an hour
    /// and longer are sliding counters, which never admit over their count in any window.
    pub allow: Field<List<RateText>>,
    /// How many requests may come at once at the shortest rate, where that is below an hour. Unstated:
    /// its count.
    pub burst: Field<u64>,
    /// The rates for strangers, where those are welcome beside callers that are known; each by its address.
    /// Unstated: as for everybody.
    pub strangers: Field<List<RateText>>,
}

read_table!(QuotaTable, "a quota's table" { by, allow, burst, strangers });

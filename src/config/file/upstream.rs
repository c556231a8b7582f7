//! `[upstream.NAME]`: the servers behind the gate.

use schemars::JsonSchema;

use crate::config::located::{Field, List};
use crate::config::read::{read_table, read_words};
use crate::config::text::Text;
use crate::config::units::DurationText;

/// A group of servers that answer alike.
#[derive(Clone, Debug, Default, JsonSchema)]
#[schemars(deny_unknown_fields, extend("x-required" = ["peers"]))]
pub struct UpstreamTable {
    /// The servers, as in `http://127.0.0.1:9001`. `https://` is not built yet.
    pub peers: Field<List<Text>>,
    /// What the servers see as `Host`. Unstated: `peer`.
    pub host: Field<HostWord>,
    /// How long they may take.
    pub timeouts: Field<TimeoutsTable>,
}

read_table!(UpstreamTable, "an upstream's table" { peers, host, timeouts });

/// What an upstream sees as `Host`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema)]
#[schemars(rename_all = "snake_case", inline)]
pub enum HostWord {
    /// The peer's own name and port.
    Peer,
    /// What the client sent.
    Preserve,
}

read_words!(HostWord { "peer" => Peer, "preserve" => Preserve });

/// How long an upstream may take.
#[derive(Clone, Debug, Default, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct TimeoutsTable {
    /// For a connection to stand. Unstated: `1s`.
    pub connect: Field<DurationText>,
    /// An unused connection is kept for so long. Unstated: `60s`.
    pub idle: Field<DurationText>,
    /// From the first byte sent to the last byte of the answer received. Unstated: `30s`.
    pub total: Field<DurationText>,
}

read_table!(TimeoutsTable, "a table such as { connect = \"1s\", total = \"30s\" }" {
    connect, idle, total,
});

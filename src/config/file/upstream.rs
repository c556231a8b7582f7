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
    /// The servers, as in `http://127.0.0.1:9001` or `https://crm.internal`.
    pub peers: Field<List<Text>>,
    /// What the servers see as `Host`. Unstated: `peer`.
    pub host: Field<HostWord>,
    /// How long they may take.
    pub timeouts: Field<TimeoutsTable>,
    /// `https://`: the certificates (a PEM file) that the servers' own must lead to. Unstated: the system's.
    pub ca: Field<Text>,
    /// `https://`: the certificate that the gate shows to the servers, and what leads to its issuer, as a PEM
    /// file; stands together with `client_key`. Unstated: none.
    pub client_certificate: Field<Text>,
    /// `https://`: the PEM file with that certificate's private key.
    pub client_key: Field<Text>,
    /// `https://`: the name, or address, that the servers' certificates must hold. Unstated: each server's
    /// own, as `peers` has it.
    pub server_name: Field<Text>,
}

read_table!(UpstreamTable, "an upstream's table" {
    peers, host, timeouts, ca, client_certificate, client_key, server_name,
});

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

//! `[limits]` and `[guard]`: what holds for the process and for every request.

use schemars::JsonSchema;

use crate::config::located::{Field, List};
use crate::config::read::read_table;
use crate::config::text::Text;
use crate::config::units::{DurationText, RateText, SizeText, SpeedText};

/// Sizes and times that hold for every request.
#[derive(Clone, Debug, Default, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct LimitsTable {
    /// All bodies held at once, of all listeners; past it 503. Unstated: `256 MiB`.
    pub buffered: Field<SizeText>,
    /// A request's head; past it 431. Unstated: `64 KiB`.
    pub max_head: Field<SizeText>,
    /// Fields of a request's head; past it 431. Unstated: 100.
    pub max_fields: Field<u64>,
    /// A request's target; past it 414. Unstated: `8 KiB`.
    pub max_target: Field<SizeText>,
    /// A decoded body may be so many times as large as what was sent; past it 413. Unstated: 100.
    pub max_decode_ratio: Field<u64>,
    /// From the first byte of a head to its last; past it 408. Unstated: `10s`.
    pub head_timeout: Field<DurationText>,
    /// From the end of a head to the end of its body; past it 408. Unstated: `30s`.
    pub body_timeout: Field<DurationText>,
    /// A body that comes more slowly, on average and from its sixth second on, gets 408. Unstated: `240 B/s`.
    pub min_body_rate: Field<SpeedText>,
    /// A checked body that is larger waits for its end in a file and not in memory. Unstated: `1 MiB`.
    pub spool_above: Field<SizeText>,
    /// All bodies that wait in files; past it 503. Unstated: `1 GiB`.
    pub spool: Field<SizeText>,
    /// Where these files are; each is gone with its request, or with the gate. Unstated: the system's folder
    /// for temporary files.
    pub spool_folder: Field<Text>,
    /// Between requests on one connection. Unstated: `60s`.
    pub idle_timeout: Field<DurationText>,
    /// After a stop was asked for, requests in flight may take so long. Unstated: `25s`.
    pub drain: Field<DurationText>,
    /// Connections open at once, of all listeners. Unstated: 10000.
    pub max_connections: Field<u64>,
    /// Threads that serve; 0 for one a core. Unstated: 0.
    pub threads: Field<u64>,
}

read_table!(LimitsTable, "a table of limits" {
    buffered, max_head, max_fields, max_target, max_decode_ratio, head_timeout, body_timeout,
    min_body_rate, spool_above, spool, spool_folder, idle_timeout, drain, max_connections, threads,
});

/// Failed credentials that one address may present before it has to wait; past it 429. Always on.
#[derive(Clone, Debug, Default, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct GuardTable {
    /// The rates of failures. Unstated: `30/min`.
    pub failures: Field<List<RateText>>,
    /// How many failures may come at once at the shortest rate. Unstated: 10.
    pub burst: Field<u64>,
}

read_table!(GuardTable, "a table such as { failures = \"30/min\", burst = 10 }" { failures, burst });

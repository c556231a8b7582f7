//! `[access_log]` and `[program_log]`: what is written down of requests, and of the gate itself.

use schemars::JsonSchema;

use crate::config::located::Field;
use crate::config::read::read_table;
use crate::config::text::Text;
use crate::config::units::SizeText;

/// A line for each request.
#[derive(Clone, Debug, Default, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct AccessLogTable {
    /// `stdout`, `off`, or a file that lines are added to. Unstated: `stdout`.
    pub to: Field<Text>,
    /// Lines that wait to be written, `64 KiB` to `1 GiB`; past it they are dropped and counted. Unstated:
    /// `4 MiB`.
    pub buffer: Field<SizeText>,
}

read_table!(AccessLogTable, "a table such as { to = \"access.log\" }" { to, buffer });

/// What the gate tells of itself, on standard error.
#[derive(Clone, Debug, Default, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct ProgramLogTable {
    /// How much is told: `off`, `error`, `warn`, `info`, `debug` or `trace`, also by module, as in
    /// `info,portcullis::proxy=debug`. The variable `RUST_LOG` goes before it. Unstated: `info`.
    pub levels: Field<Text>,
}

read_table!(ProgramLogTable, "a table such as { levels = \"info\" }" { levels });

//! `[upstream.NAME]`: the servers behind the gate.

mod peers;
mod tls;

use std::time::Duration;

use super::names::Register;
use super::trust::Trust;
use crate::config::faults::Faults;
use crate::config::file::{HostWord, TimeoutsTable, UpstreamTable};
use crate::config::located::{Field, Located, Named};
use crate::config::units::DurationText;
use crate::policy::gateway::{HostField, Upstream, UpstreamTimeouts};

/// Compiles all upstreams.
pub(super) fn upstreams(tables: &Named<UpstreamTable>, trust: &Trust<'_>, faults: &mut Faults) -> Register<Upstream> {
    Register::new("upstream", tables, faults, |name, table, faults| upstream(name, table, trust, faults))
}

fn upstream(name: &Located<String>, table: &UpstreamTable, trust: &Trust<'_>, faults: &mut Faults) -> Option<Upstream> {
    let peers = peers::peers(name, table, faults);
    let tls = tls::tls(table, peers.as_deref(), trust, faults);
    let timeouts = timeouts(&table.timeouts, faults);
    let host = match table.host {
        Field::Broken => return None,
        Field::Absent => HostField::Peer,
        Field::Given(ref word) => match word.value {
            HostWord::Peer => HostField::Peer,
            HostWord::Preserve => HostField::Preserve,
        },
    };
    let peers = peers?.into_iter().map(|peer| peer.value).collect();
    Some(Upstream { name: name.value.clone(), peers, host, timeouts: timeouts?, tls: tls? })
}

fn timeouts(table: &Field<TimeoutsTable>, faults: &mut Faults) -> Option<UpstreamTimeouts> {
    let unsaid = TimeoutsTable::default();
    let table = match table {
        Field::Absent => &unsaid,
        Field::Broken => return None,
        Field::Given(table) => &table.value,
    };
    let connect = timeout(&table.connect, 1)?;
    let total = timeout(&table.total, 30)?;
    if let Field::Given(given) = &table.connect
        && connect > total
    {
        faults
            .warning(given.at, "connecting may take longer than the whole exchange")
            .label(format!("`total` is {}", seconds(total)));
    }
    Some(UpstreamTimeouts { connect, idle: timeout(&table.idle, 60)?, total })
}

fn timeout(field: &Field<DurationText>, default_seconds: u64) -> Option<Duration> {
    match field {
        Field::Absent => Some(Duration::from_secs(default_seconds)),
        Field::Broken => None,
        Field::Given(given) => Some(given.value.0),
    }
}

fn seconds(duration: Duration) -> String {
    format!("{}s", duration.as_secs_f64())
}

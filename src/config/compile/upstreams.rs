//! `[upstream.NAME]`: the servers behind the gate.

use std::time::Duration;

use super::names::Register;
use crate::config::faults::Faults;
use crate::config::file::{HostWord, TimeoutsTable, UpstreamTable};
use crate::config::located::{Field, Located, Named};
use crate::config::text::Text;
use crate::config::units::DurationText;
use crate::policy::gateway::{HostField, Peer, Upstream, UpstreamTimeouts};

const EXPECTED: &str = "expected a server such as \"http://127.0.0.1:9001\"";

/// Compiles all upstreams.
pub(super) fn upstreams(tables: &Named<UpstreamTable>, faults: &mut Faults) -> Register<Upstream> {
    Register::new("upstream", tables, faults, upstream)
}

fn upstream(name: &Located<String>, table: &UpstreamTable, faults: &mut Faults) -> Option<Upstream> {
    let peers = peers(name, table, faults);
    let timeouts = timeouts(&table.timeouts, faults);
    let host = match table.host {
        Field::Broken => return None,
        Field::Absent => HostField::Peer,
        Field::Given(ref word) => match word.value {
            HostWord::Peer => HostField::Peer,
            HostWord::Preserve => HostField::Preserve,
        },
    };
    Some(Upstream { name: name.value.clone(), peers: peers?, host, timeouts: timeouts? })
}

fn peers(name: &Located<String>, table: &UpstreamTable, faults: &mut Faults) -> Option<Vec<Peer>> {
    let written = match &table.peers {
        Field::Broken => return None,
        Field::Absent => {
            let message = format!("the upstream `{}` has no servers", name.value);
            faults.absent(name.at, message).label("expected `peers`, as in peers = [\"http://127.0.0.1:9001\"]");
            return None;
        }
        Field::Given(list) if list.is_empty() => {
            faults.error(list.at, "this upstream has no servers").label(EXPECTED);
            return None;
        }
        Field::Given(list) => &list.value,
    };
    let read: Vec<Option<Peer>> = written.iter().map(|text| peer(text, faults)).collect();
    let peers = read.into_iter().collect::<Option<Vec<_>>>()?;
    for (index, peer) in peers.iter().enumerate() {
        if let Some(first) = peers[..index].iter().position(|other| other == peer) {
            let fault = faults.error(written[index].at, "this server stands here twice");
            fault.label("here again").also(written[first].at, "here first");
        }
    }
    Some(peers)
}

fn peer(text: &Located<Text>, faults: &mut Faults) -> Option<Peer> {
    match parse_peer(text.as_str()) {
        Ok(peer) => Some(peer),
        Err((message, label)) => {
            faults.error(text.at, message).label(label);
            None
        }
    }
}

/// A message and a label where it is none.
fn parse_peer(text: &str) -> Result<Peer, (&'static str, &'static str)> {
    if text.starts_with("https://") {
        return Err(("upstreams by TLS are not built yet", "expected http://"));
    }
    let Some(authority) = text.strip_prefix("http://") else {
        return Err(("this is no server", EXPECTED));
    };
    if authority.contains(['/', '?', '#']) {
        return Err(("a server has no path: requests are forwarded with the path they came with", EXPECTED));
    }
    if authority.contains('@') {
        return Err(("a server's address holds no credentials", EXPECTED));
    }
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((host, port)) if host.parse::<std::net::Ipv6Addr>().is_ok() => {
                (host, port.strip_prefix(':').or(port.is_empty().then_some("80")))
            }
            _ => return Err(("this is no IPv6 address", "expected as in \"http://[::1]:9001\"")),
        },
        None => match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, Some("80")),
        },
    };
    let named = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:".contains(&byte);
    if host.is_empty() || host.len() > 253 || !host.bytes().all(named) {
        return Err(("this server has no name or address", EXPECTED));
    }
    let digits = port.filter(|port| port.bytes().all(|byte| byte.is_ascii_digit()));
    match digits.and_then(|port| port.parse().ok()).filter(|port| *port != 0) {
        Some(port) => Ok(Peer { host: host.into(), port }),
        None => Err(("this server's port is none", "expected 1 to 65535")),
    }
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

//! The servers of an upstream: where each one is, and under which name it has to show itself.

use std::net::{IpAddr, Ipv6Addr};

use rustls::pki_types::ServerName;

use crate::config::faults::Faults;
use crate::config::file::UpstreamTable;
use crate::config::located::{Field, Located};
use crate::config::text::Text;
use crate::policy::gateway::Peer;

const EXPECTED: &str = "expected a server such as \"http://127.0.0.1:9001\" or \"https://crm.internal\"";

/// What its address says of a server.
struct Written {
    host: String,
    port: u16,
    tls: bool,
}

/// Compiles the servers of an upstream.
pub(super) fn peers(name: &Located<String>, table: &UpstreamTable, faults: &mut Faults) -> Option<Vec<Located<Peer>>> {
    // Read even where there are no servers, for the sake of its fault.
    let stated_name = server_name(&table.server_name, faults);
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
    let read: Vec<Option<Located<Peer>>> =
        written.iter().map(|text| peer(text, stated_name.as_ref(), faults)).collect();
    let peers = read.into_iter().collect::<Option<Vec<_>>>()?;
    for (index, peer) in peers.iter().enumerate() {
        if let Some(first) = peers[..index].iter().find(|other| is_same_server(other, peer)) {
            faults.error(peer.at, "this server stands here twice").label("here again").also(first.at, "here first");
        }
    }
    Some(peers)
}

/// The name that holds for all servers; the inner `None` where each has its own.
fn server_name(field: &Field<Text>, faults: &mut Faults) -> Option<Option<ServerName<'static>>> {
    match field {
        Field::Absent => Some(None),
        Field::Broken => None,
        Field::Given(written) => match ServerName::try_from(written.as_str().to_owned()) {
            Ok(name) => Some(Some(name)),
            Err(_) => {
                let fault = faults.error(written.at, "no certificate can hold this name");
                fault.label("expected a name such as \"crm.internal\", or an address, without port");
                None
            }
        },
    }
}

/// `stated` is `None` where the name for all servers was reported.
fn peer(
    text: &Located<Text>,
    stated: Option<&Option<ServerName<'static>>>,
    faults: &mut Faults,
) -> Option<Located<Peer>> {
    let Written { host, port, tls } = match parse(text.as_str()) {
        Ok(written) => written,
        Err((message, label)) => {
            faults.error(text.at, message).label(label);
            return None;
        }
    };
    let server_name = match stated? {
        _ if !tls => None,
        Some(name) => Some(name.clone()),
        None => match ServerName::try_from(host.clone()) {
            Ok(name) => Some(name),
            Err(_) => {
                let fault = faults.error(text.at, "no certificate can hold this server's name");
                fault.label("expected another, or `server_name` beside `peers`");
                return None;
            }
        },
    };
    Some(Located { value: Peer { host, port, server_name }, at: text.at })
}

/// Whether two ways of writing lead to one server, however it is spoken to.
fn is_same_server(one: &Peer, other: &Peer) -> bool {
    let same_host = match (one.host.parse::<IpAddr>(), other.host.parse::<IpAddr>()) {
        (Ok(one), Ok(other)) => one == other,
        _ => one.host.eq_ignore_ascii_case(&other.host),
    };
    same_host && one.port == other.port
}

/// A message and a label where it is none.
fn parse(text: &str) -> Result<Written, (&'static str, &'static str)> {
    let (tls, authority, default_port) = match (text.strip_prefix("http://"), text.strip_prefix("https://")) {
        (Some(authority), _) => (false, authority, "80"),
        (_, Some(authority)) => (true, authority, "443"),
        _ => return Err(("this is no server", EXPECTED)),
    };
    if authority.contains(['/', '?', '#']) {
        return Err(("a server has no path: requests are forwarded with the path they came with", EXPECTED));
    }
    if authority.contains('@') {
        return Err(("a server's address holds no credentials", EXPECTED));
    }
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((host, port)) if host.parse::<Ipv6Addr>().is_ok() => {
                (host, port.strip_prefix(':').or(port.is_empty().then_some(default_port)))
            }
            _ => return Err(("this is no IPv6 address", "expected as in \"http://[::1]:9001\"")),
        },
        None => match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, Some(default_port)),
        },
    };
    let named = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:".contains(&byte);
    if host.is_empty() || host.len() > 253 || !host.bytes().all(named) {
        return Err(("this server has no name or address", EXPECTED));
    }
    let digits = port.filter(|port| port.bytes().all(|byte| byte.is_ascii_digit()));
    match digits.and_then(|port| port.parse().ok()).filter(|port| *port != 0) {
        Some(port) => Ok(Written { host: host.into(), port, tls }),
        None => Err(("this server's port is none", "expected 1 to 65535")),
    }
}

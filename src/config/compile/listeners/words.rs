//! The words of a listener: addresses, networks, hosts and the names of request fields.

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;

use crate::config::faults::Faults;
use crate::config::file::ListenerTable;
use crate::config::located::{Located, Named};
use crate::config::source::Place;
use crate::config::text::Text;
use crate::http1::is_token;

const EXPECTED_ADDRESS: &str = "expected an address and port such as \"0.0.0.0:8080\" or \"[::]:8080\"";
const EXPECTED_NETWORK: &str = "expected a network such as \"10.0.0.0/8\", or an address";

pub(in crate::config::compile) fn address(written: &Located<Text>, faults: &mut Faults) -> Option<SocketAddr> {
    match written.as_str().parse() {
        Ok(address) => Some(address),
        Err(_) => {
            faults.error(written.at, "this is no address to listen on").label(EXPECTED_ADDRESS);
            None
        }
    }
}

pub(super) fn network(written: &Located<Text>, faults: &mut Faults) -> Option<IpNet> {
    let text = written.as_str();
    let parsed = text.parse::<IpAddr>().map(IpNet::from).or_else(|_| text.parse::<IpNet>());
    let Ok(network) = parsed else {
        faults.error(written.at, "this is no network").label(EXPECTED_NETWORK);
        return None;
    };
    if network != network.trunc() {
        let fault = faults.error(written.at, "this network has bits beyond its prefix");
        let meant = written.unless_secret(format!("did you mean `{}`?", network.trunc()));
        fault.label(meant.unwrap_or_else(|| EXPECTED_NETWORK.into()));
        return None;
    }
    Some(network)
}

/// As requests name it, without port.
pub(super) fn host(written: &Located<Text>, faults: &mut Faults) -> Option<String> {
    let host = written.as_str().to_ascii_lowercase();
    let inner = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let fits = match inner {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte)),
    };
    if fits {
        return Some(host);
    }
    let (message, label) = if host.contains('*') {
        ("patterns of hosts are not built yet", "expected each name, as in \"api.example.com\"")
    } else if host.contains(':') {
        ("a host is served whatever the port", "expected a name without port")
    } else if !host.is_ascii() {
        ("this host is not written as requests do", "expected its form in ASCII, as in \"xn--…\"")
    } else {
        ("this is no host", "expected a name such as \"api.example.com\"")
    };
    faults.error(written.at, message).label(label);
    None
}

pub(in crate::config::compile) fn written_addresses(
    tables: &Named<ListenerTable>,
) -> impl Iterator<Item = (SocketAddr, Place)> {
    tables.entries.iter().filter_map(|entry| {
        let written = entry.value.as_ref()?.address.given()?;
        Some((written.as_str().parse().ok()?, written.at))
    })
}

pub(super) fn addresses_are_free(tables: &Named<ListenerTable>, faults: &mut Faults) {
    let addresses: Vec<(SocketAddr, Place)> = written_addresses(tables).collect();
    for (index, (address, at)) in addresses.iter().enumerate() {
        if let Some((_, first)) = addresses[..index].iter().find(|(other, _)| overlap(*address, *other)) {
            taken(*at, *first, faults);
        }
    }
}

/// Port 0 is any free one; `0.0.0.0` is every address.
pub(in crate::config::compile) fn overlap(one: SocketAddr, other: SocketAddr) -> bool {
    let wild = |address: IpAddr| address.is_unspecified();
    let same_family = one.is_ipv4() == other.is_ipv4();
    let same_address = one.ip() == other.ip() || wild(one.ip()) || wild(other.ip());
    one.port() != 0 && one.port() == other.port() && same_family && same_address
}

pub(in crate::config::compile) fn taken(at: Place, first: Place, faults: &mut Faults) {
    faults.error(at, "this address is listened on already").label("here again").also(first, "here first");
}

/// The name of a request field, in lower case. `_` is no part of one: an upstream may read it as `-`.
pub(in crate::config::compile) fn field_name<T>(
    name: &str,
    written: &Located<T>,
    faults: &mut Faults,
) -> Option<String> {
    if is_token(name.as_bytes()) && !name.contains('_') && name.len() <= 64 {
        return Some(name.to_ascii_lowercase());
    }
    let fault = faults.error(written.at, "this is no name of a request field");
    fault.label(match name.contains('_') {
        true => "expected `-` in place of `_`",
        false => "expected a name such as `X-Tenant`, of at most 64 characters",
    });
    None
}

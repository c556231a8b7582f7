//! `[listener.NAME]` and `[admin]`: where the gate can be reached, and by whom.

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;

use super::names::Register;
use super::quotas::rates;
use crate::config::faults::Faults;
use crate::config::file::{AccessTable, AdminTable, ListenerTable};
use crate::config::located::{Field, List, Located, Named};
use crate::config::source::Place;
use crate::config::text::Text;
use crate::policy::gateway::{Access, Listener};
use crate::policy::head::is_token;
use crate::policy::quota::{Quota, QuotaBy};

const EXPECTED_ADDRESS: &str = "expected an address and port such as \"0.0.0.0:8080\" or \"[::]:8080\"";
const EXPECTED_NETWORK: &str = "expected a network such as \"10.0.0.0/8\", or an address";

/// Compiles all listeners. `start` is where it is said that there are none.
pub(super) fn listeners(tables: &Named<ListenerTable>, start: Place, faults: &mut Faults) -> Option<Vec<Listener>> {
    if tables.entries.is_empty() && !tables.broken {
        faults
            .absent(start, "the gate listens nowhere")
            .label("expected a table such as [listener.public]")
            .help("give it an address: address = \"127.0.0.1:8080\"");
    }
    let register = Register::new("listener", tables, faults, listener);
    addresses_are_free(tables, faults);
    register.into_values()
}

fn listener(name: &Located<String>, table: &ListenerTable, faults: &mut Faults) -> Option<Listener> {
    if let Field::Given(tls) = &table.tls {
        faults.error(tls.at, "TLS is not built yet").label("`tls` has to go");
    }
    let address = match &table.address {
        Field::Given(written) => address(written, faults),
        Field::Broken => None,
        Field::Absent => {
            let message = format!("the listener `{}` has no address", name.value);
            faults.absent(name.at, message).label("expected `address`, as in address = \"0.0.0.0:8080\"");
            None
        }
    };
    let hosts = list(&table.hosts, "no host is served here", faults, host);
    let trusted_proxies = list(&table.trusted_proxies, "", faults, network);
    if let (Field::Given(written), Some(networks)) = (&table.trusted_proxies, &trusted_proxies)
        && networks.iter().any(|network| network.prefix_len() == 0)
    {
        let fault = faults.warning(written.at, "everyone is a trusted proxy here");
        fault.label("any client can then say who and where it is");
    }
    let access = access(&table.access, faults);
    let total = match &table.total {
        Field::Absent => Some(None),
        Field::Broken => None,
        Field::Given(allow) => total(name, allow, faults).map(Some),
    };
    Some(Listener {
        name: name.value.clone(),
        address: address?,
        hosts: hosts?,
        trusted_proxies: trusted_proxies?,
        access: access?,
        total: total?,
    })
}

/// No quota's name has a dot, so this one is nobody else's.
fn total(
    name: &Located<String>,
    allow: &Located<List<crate::config::units::RateText>>,
    faults: &mut Faults,
) -> Option<Quota> {
    if allow.is_empty() {
        faults.error(allow.at, "this total has no rate").label("expected at least one, such as \"10_000/s\"");
        return None;
    }
    let quota = format!("listener.{}", name.value);
    let rates = rates(&quota, allow, &Field::Absent, None, faults)?;
    Some(Quota { name: quota, by: QuotaBy::Endpoint, rates })
}

fn access(table: &Field<AccessTable>, faults: &mut Faults) -> Option<Access> {
    let table = match table {
        Field::Absent => return Some(Access::default()),
        Field::Broken => return None,
        Field::Given(table) => table,
    };
    let allow = list(&table.allow, "nobody may come here", faults, network);
    let deny = list(&table.deny, "", faults, network);
    let access = Access { allow: allow?, deny: deny? };
    let refuses_all = |whole: &str| {
        let Ok(whole) = whole.parse::<IpNet>() else { return false };
        access.deny.iter().any(|network| network.contains(&whole))
    };
    let none_left = !access.allow.is_empty()
        && access.allow.iter().all(|allowed| access.deny.iter().any(|denied| denied.contains(allowed)));
    if none_left || (refuses_all("0.0.0.0/0") && refuses_all("::/0")) {
        faults.error(table.at, "nobody may come here").label("`deny` holds all that `allow` does");
        return None;
    }
    Some(access)
}

/// The items of a list that may be absent. An empty one is a fault that says `empty`, if anything.
fn list<T>(
    field: &Field<List<Text>>,
    empty: &str,
    faults: &mut Faults,
    read: impl Fn(&Located<Text>, &mut Faults) -> Option<T>,
) -> Option<Vec<T>> {
    match field {
        Field::Absent => Some(Vec::new()),
        Field::Broken => None,
        Field::Given(list) if list.is_empty() && !empty.is_empty() => {
            faults.error(list.at, empty).label("leave it out where all may come");
            None
        }
        Field::Given(list) => {
            let items: Vec<Option<T>> = list.iter().map(|item| read(item, faults)).collect();
            items.into_iter().collect()
        }
    }
}

fn address(written: &Located<Text>, faults: &mut Faults) -> Option<SocketAddr> {
    match written.as_str().parse() {
        Ok(address) => Some(address),
        Err(_) => {
            faults.error(written.at, "this is no address to listen on").label(EXPECTED_ADDRESS);
            None
        }
    }
}

fn network(written: &Located<Text>, faults: &mut Faults) -> Option<IpNet> {
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
fn host(written: &Located<Text>, faults: &mut Faults) -> Option<String> {
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

/// The address of the admin listener; the inner `None` where there is none.
pub(super) fn admin(
    table: &Field<AdminTable>,
    listeners: &Named<ListenerTable>,
    faults: &mut Faults,
) -> Option<Option<SocketAddr>> {
    let table = match table {
        Field::Absent => return Some(None),
        Field::Broken => return None,
        Field::Given(table) => table,
    };
    let written = match &table.address {
        Field::Given(written) => written,
        Field::Broken => return None,
        Field::Absent => {
            let fault = faults.absent(table.at, "the admin listener has no address");
            fault.label("expected `address`, as in address = \"127.0.0.1:9900\"");
            return None;
        }
    };
    let admin = address(written, faults)?;
    if !admin.ip().is_loopback() {
        let fault = faults.error(written.at, "the admin listener is for this machine only");
        fault.label("expected a loopback address: who reaches it is not asked for credentials yet");
        return None;
    }
    if let Some((_, first)) = written_addresses(listeners).find(|(other, _)| overlap(admin, *other)) {
        taken(written.at, first, faults);
    }
    Some(Some(admin))
}

fn addresses_are_free(tables: &Named<ListenerTable>, faults: &mut Faults) {
    let addresses: Vec<(SocketAddr, Place)> = written_addresses(tables).collect();
    for (index, (address, at)) in addresses.iter().enumerate() {
        if let Some((_, first)) = addresses[..index].iter().find(|(other, _)| overlap(*address, *other)) {
            taken(*at, *first, faults);
        }
    }
}

fn written_addresses(tables: &Named<ListenerTable>) -> impl Iterator<Item = (SocketAddr, Place)> {
    tables.entries.iter().filter_map(|entry| {
        let written = entry.value.as_ref()?.address.given()?;
        Some((written.as_str().parse().ok()?, written.at))
    })
}

/// Port 0 is any free one; `0.0.0.0` is every address.
fn overlap(one: SocketAddr, other: SocketAddr) -> bool {
    let wild = |address: IpAddr| address.is_unspecified();
    let same_family = one.is_ipv4() == other.is_ipv4();
    let same_address = one.ip() == other.ip() || wild(one.ip()) || wild(other.ip());
    one.port() != 0 && one.port() == other.port() && same_family && same_address
}

fn taken(at: Place, first: Place, faults: &mut Faults) {
    faults.error(at, "this address is listened on already").label("here again").also(first, "here first");
}

/// The name of a request field, in lower case. `_` is no part of one: an upstream may read it as `-`.
pub(super) fn field_name(name: &str, written: &Located<Text>, faults: &mut Faults) -> Option<String> {
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

//! `[listener.NAME]`: where the gate can be reached, and by whom.

mod crl;
mod tls;
pub(super) mod words;

use ipnet::IpNet;

use super::names::Register;
use super::quotas::rates;
use crate::config::environment::Environment;
use crate::config::faults::Faults;
use crate::config::file::{AccessTable, ListenerTable};
use crate::config::located::{Field, List, Located, Named};
use crate::config::source::Place;
use crate::config::text::Text;
use crate::policy::gateway::{Access, Listener};
use crate::policy::quota::{Quota, QuotaBy};
use words::{address, addresses_are_free, host, network};

/// Compiles all listeners. `start` is where it is said that there are none.
pub(super) fn listeners(
    tables: &Named<ListenerTable>,
    start: Place,
    environment: &dyn Environment,
    faults: &mut Faults,
) -> Option<Vec<Listener>> {
    if tables.entries.is_empty() && !tables.broken {
        faults
            .absent(start, "the gate listens nowhere")
            .label("expected a table such as [listener.public]")
            .help("give it an address: address = \"127.0.0.1:8080\"");
    }
    let register =
        Register::new("listener", tables, faults, |name, table, faults| listener(name, table, environment, faults));
    addresses_are_free(tables, faults);
    register.into_values()
}

fn listener(
    name: &Located<String>,
    table: &ListenerTable,
    environment: &dyn Environment,
    faults: &mut Faults,
) -> Option<Listener> {
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
    let http2 = table.http2.given().map_or(!table.tls.is_absent(), |http2| http2.value);
    let tls = match &table.tls {
        Field::Absent => Some(None),
        Field::Broken => None,
        Field::Given(tls) => tls::tls(tls, http2, environment, faults).map(Some),
    };
    Some(Listener {
        name: name.value.clone(),
        address: address?,
        hosts: hosts?,
        trusted_proxies: trusted_proxies?,
        access: access?,
        total: total?,
        http2,
        tls: tls?,
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
    Some(Quota { name: quota, by: QuotaBy::Endpoint, rates, strangers: None })
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

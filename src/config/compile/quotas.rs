//! `[quota.NAME]`: how much may pass, and the rates that the guard and listeners have too.

use std::num::NonZeroU64;
use std::sync::Arc;

use super::listeners::words::field_name;
use super::names::Register;
use crate::config::faults::Faults;
use crate::config::file::QuotaTable;
use crate::config::located::{Field, List, Located, Named};
use crate::config::source::Place;
use crate::config::suggest::nearest;
use crate::config::text::Text;
use crate::config::units::RateText;
use crate::policy::authenticate::ClaimPath;
use crate::policy::quota::{Quota, QuotaBy, Rate};

/// As many as may ever come at once: what counters hold.
const MOST_AT_ONCE: u64 = 1_000_000_000;

/// Compiles all quotas.
pub(super) fn quotas(tables: &Named<QuotaTable>, faults: &mut Faults) -> Register<Arc<Quota>> {
    Register::new("quota", tables, faults, |name, table, faults| quota(name, table, faults).map(Arc::new))
}

fn quota(name: &Located<String>, table: &QuotaTable, faults: &mut Faults) -> Option<Quota> {
    if name.value == "guard" {
        faults.error(name.at, "no quota can be called `guard`").label("the guard's own counters have this name");
    }
    let by = by(name, &table.by, faults);
    let allow = match &table.allow {
        Field::Given(allow) if allow.is_empty() => {
            faults.error(allow.at, "this quota has no rate").label("expected at least one, such as \"100/s\"");
            None
        }
        Field::Given(allow) => Some(&allow.value),
        Field::Broken => None,
        Field::Absent => {
            let message = format!("the quota `{}` does not say how much it allows", name.value);
            faults.absent(name.at, message).label("expected `allow`, as in allow = \"100/s\"");
            None
        }
    };
    let rates = rates(&name.value, allow?, &table.burst, None, faults);
    let strangers = strangers(name, table, faults)?;
    Some(Quota { name: name.value.clone(), by: by?, rates: rates?, strangers })
}

/// No quota's name has a dot, so this one is nobody else's. The inner `None` where strangers are counted as all are.
fn strangers(name: &Located<String>, table: &QuotaTable, faults: &mut Faults) -> Option<Option<Arc<Quota>>> {
    let allow = match &table.strangers {
        Field::Absent => return Some(None),
        Field::Broken => return None,
        Field::Given(allow) => allow,
    };
    if allow.is_empty() {
        faults.error(allow.at, "strangers have no rate here").label("expected at least one, such as \"5/s\"");
        return None;
    }
    let name = format!("{}.strangers", name.value);
    let rates = rates(&name, &allow.value, &Field::Absent, None, faults)?;
    Some(Some(Arc::new(Quota { name, by: QuotaBy::ClientAddress, rates, strangers: None })))
}

fn by(name: &Located<String>, by: &Field<List<Text>>, faults: &mut Faults) -> Option<QuotaBy> {
    match by {
        Field::Broken => None,
        Field::Absent => {
            let message = format!("the quota `{}` does not say by what it counts", name.value);
            faults.absent(name.at, message).label("expected `by`, as in by = \"principal\"");
            None
        }
        Field::Given(list) => match list.value.0.as_slice() {
            [one] => counted_by(one, faults),
            [] => {
                faults.error(list.at, "this quota counts by nothing").label(EXPECTED_BY);
                None
            }
            _ => {
                faults.error(list.at, "counting by several things at once is not built yet").label(EXPECTED_BY);
                None
            }
        },
    }
}

const EXPECTED_BY: &str = "expected `principal`, `client_address`, `header:NAME`, `claim:NAME` or `endpoint`";

fn counted_by(by: &Located<Text>, faults: &mut Faults) -> Option<QuotaBy> {
    match by.as_str() {
        "principal" => return Some(QuotaBy::Principal),
        "client_address" => return Some(QuotaBy::ClientAddress),
        "endpoint" => return Some(QuotaBy::Endpoint),
        _ => {}
    }
    match by.as_str().split_once(':') {
        Some(("header", field)) => return field_name(field, by, faults).map(QuotaBy::Header),
        Some(("claim", claim)) if !claim.is_empty() && claim.trim() == claim => {
            return Some(QuotaBy::Claim(ClaimPath::new(claim)));
        }
        _ => {
            let known = ["principal", "client_address", "endpoint", "header:NAME", "claim:NAME"];
            let near = nearest(by.as_str(), known).filter(|_| !by.is_secret());
            let fault = faults.error(by.at, format!("nothing is counted by `{}`", by.value));
            fault.label(near.map_or(EXPECTED_BY.into(), |near| format!("did you mean `{near}`?")));
        }
    }
    None
}

/// Rates as the counters want them: the shortest window first, each with its name on the wire. Where no
/// burst is said, a rate's is its count; the shortest's may have another default.
pub(super) fn rates(
    name: &str,
    allow: &List<RateText>,
    burst: &Field<u64>,
    default_burst: Option<NonZeroU64>,
    faults: &mut Faults,
) -> Option<Vec<Rate>> {
    let mut sorted: Vec<&Located<RateText>> = allow.iter().collect();
    sorted.sort_by_key(|rate| rate.window);
    for pair in sorted.windows(2) {
        let (shorter, longer) = (pair[0], pair[1]);
        if shorter.window == longer.window {
            faults
                .error(longer.at, format!("two rates for one {}", longer.window_name))
                .label("here again")
                .also(shorter.at, "here first");
            return None;
        }
        if shorter.count >= longer.count {
            faults
                .warning(shorter.at, "this rate is hardly ever reached")
                .label(format!("no more than {} come in a whole {}", longer.count, longer.window_name))
                .also(longer.at, "because of this one");
        }
    }
    let burst = self::burst(sorted.first().map(|rate| &rate.value), burst, faults)?;
    let rate = |(index, rate): (usize, &&Located<RateText>)| Rate {
        policy: if sorted.len() == 1 { name.into() } else { format!("{name}.{}", rate.window_name) },
        count: rate.count,
        window: rate.window,
        burst: burst.or(default_burst).filter(|_| index == 0).unwrap_or(rate.count),
    };
    Some(sorted.iter().enumerate().map(rate).collect())
}

/// The burst of the shortest rate; the inner `None` where it is not said.
fn burst(shortest: Option<&RateText>, burst: &Field<u64>, faults: &mut Faults) -> Option<Option<NonZeroU64>> {
    let given = match burst {
        Field::Absent => return Some(None),
        Field::Broken => return None,
        Field::Given(given) => given,
    };
    if shortest.is_some_and(|rate| rate.window.as_secs() >= 3600) {
        let fault = faults.error(given.at, "rates of an hour and longer have no burst");
        fault.label("they never admit over their count in any window");
        return None;
    }
    match NonZeroU64::new(given.value).filter(|burst| burst.get() <= MOST_AT_ONCE) {
        Some(burst) => Some(Some(burst)),
        None => {
            bad_burst(given.at, faults);
            None
        }
    }
}

fn bad_burst(at: Place, faults: &mut Faults) {
    faults.error(at, "no burst can be of this size").label(format!("expected 1 to {MOST_AT_ONCE}"));
}

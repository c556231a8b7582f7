//! `[limits]` and `[guard]`.

use std::num::NonZeroU64;
use std::path::PathBuf;
use std::time::Duration;

use super::quotas::rates;
use crate::config::faults::Faults;
use crate::config::file::{GuardTable, LimitsTable};
use crate::config::located::{Field, List, Located};
use crate::config::source::{FileId, Place};
use crate::config::units::{DurationText, RateText, SizeText};
use crate::policy::gateway::Limits;
use crate::policy::quota::{Quota, QuotaBy};

pub(super) const KIB: u64 = 1024;
pub(super) const MIB: u64 = 1024 * KIB;

/// What holds where nothing is said. Broken values count as unsaid: the fault is reported, and what is
/// judged by the limits goes on.
pub(super) fn limits(table: &Field<LimitsTable>, faults: &mut Faults) -> Limits {
    let unsaid = LimitsTable::default();
    let table = table.given().map_or(&unsaid, |given| &given.value);
    let seconds = Duration::from_secs;
    let limits = Limits {
        buffered_bytes: size(&table.buffered, 256 * MIB, 64 * KIB, 1 << 50, faults),
        // What reads heads below us stops at 1 MiB and 256 fields.
        max_head_bytes: small(size(&table.max_head, 64 * KIB, KIB, MIB, faults)),
        max_fields: small(number(&table.max_fields, 100, 8, 256, faults)),
        max_target_bytes: small(size(&table.max_target, 8 * KIB, 64, MIB, faults)),
        max_decode_ratio: number(&table.max_decode_ratio, 100, 1, 10_000, faults) as u32,
        head_timeout: duration(&table.head_timeout, seconds(10)),
        body_timeout: duration(&table.body_timeout, seconds(30)),
        min_body_rate: table.min_body_rate.given().map_or(240, |given| given.value.0),
        spool_above_bytes: size(&table.spool_above, MIB, 64 * KIB, 1 << 50, faults),
        spool_bytes: size(&table.spool, 1024 * MIB, MIB, 1 << 50, faults),
        idle_timeout: duration(&table.idle_timeout, seconds(60)),
        drain: duration(&table.drain, seconds(25)),
        max_connections: small(number(&table.max_connections, 10_000, 1, 10_000_000, faults)),
        threads: small(number(&table.threads, 0, 0, 1024, faults)),
    };
    if let Field::Given(target) = &table.max_target
        && limits.max_target_bytes > limits.max_head_bytes
    {
        let fault = faults.error(target.at, "a target has no room in a head that is smaller");
        fault.label(format!("at most `max_head`, {} bytes", limits.max_head_bytes));
    }
    limits
}

/// Where bodies wait that are not held in memory. Whether it can be written to shows when one does.
pub(super) fn spool_folder(table: &Field<LimitsTable>, faults: &Faults) -> Option<PathBuf> {
    let written = table.given()?.value.spool_folder.given()?;
    Some(faults.source(written.at.file).relative(written.as_str()))
}

/// The quota of failed credentials, by client address.
pub(super) fn guard(table: &Field<GuardTable>, faults: &mut Faults) -> Option<Quota> {
    const FAILURES: RateText =
        RateText { count: NonZeroU64::new(30).unwrap(), window: Duration::from_secs(60), window_name: "minute" };
    const BURST: NonZeroU64 = NonZeroU64::new(10).unwrap();

    let unsaid = GuardTable::default();
    let table = match table {
        Field::Absent => &unsaid,
        Field::Broken => return None,
        Field::Given(table) => &table.value,
    };
    let default = List(vec![Located { value: FAILURES, at: Place::start_of(FileId::MAIN) }]);
    let failures = match &table.failures {
        Field::Absent => &default,
        Field::Broken => return None,
        Field::Given(failures) if failures.is_empty() => {
            faults.error(failures.at, "the guard is always on").label("expected at least one rate");
            return None;
        }
        Field::Given(failures) => &failures.value,
    };
    let rates = rates("guard", failures, &table.burst, Some(BURST), faults)?;
    Some(Quota { name: "guard".into(), by: QuotaBy::ClientAddress, rates, strangers: None })
}

fn duration(field: &Field<DurationText>, default: Duration) -> Duration {
    field.given().map_or(default, |given| given.value.0)
}

pub(super) fn size(field: &Field<SizeText>, default: u64, least: u64, most: u64, faults: &mut Faults) -> u64 {
    let Field::Given(given) = field else { return default };
    bounded(given, given.value.0, default, (least, most), " bytes", faults)
}

fn number(field: &Field<u64>, default: u64, least: u64, most: u64, faults: &mut Faults) -> u64 {
    let Field::Given(given) = field else { return default };
    bounded(given, given.value, default, (least, most), "", faults)
}

fn bounded<T>(
    given: &Located<T>,
    value: u64,
    default: u64,
    (least, most): (u64, u64),
    unit: &str,
    faults: &mut Faults,
) -> u64 {
    if (least..=most).contains(&value) {
        return value;
    }
    let what = if value < least { "small" } else { "large" };
    faults.error(given.at, format!("this limit is too {what}")).label(format!("expected {least} to {most}{unit}"));
    default
}

/// All of these are bounded far below what a `usize` holds on any machine we run on.
pub(super) fn small(value: u64) -> usize {
    usize::try_from(value).unwrap_or(usize::MAX)
}

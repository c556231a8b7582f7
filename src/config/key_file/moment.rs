//! Moments as TOML writes them.

use schemars::JsonSchema;
use toml::de::DeValue;
use toml::value::{Date, Datetime, Offset, Time};

use crate::config::read::{FromToml, Reader, Value};
use crate::policy::time::Timestamp;

/// A date (its first second, UTC), or a date and time with an offset.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment(pub(super) Timestamp);

impl FromToml for Moment {
    fn expected() -> String {
        "a date such as 2027-01-01, or a time such as 2027-01-01T12:00:00Z".into()
    }

    fn from_toml(value: &Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let DeValue::Datetime(written) = value.get_ref() else {
            reader.expected(value, &Self::expected());
            return None;
        };
        let seconds = seconds(written);
        if seconds.is_none() {
            let message = "this does not name one moment".into();
            reader.nonsense(value, message, &Self::expected());
        }
        // What lies before 1970 is as past as can be.
        let since_epoch = u64::try_from(seconds?.max(0)).unwrap_or(0);
        Some(Self(Timestamp::from_seconds(since_epoch)))
    }
}

impl JsonSchema for Moment {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Moment".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string" })
    }
}

/// Seconds since the epoch; a date alone is its beginning in UTC, a time without offset is nobody's.
pub(super) fn seconds(written: &Datetime) -> Option<i64> {
    let days = days_since_epoch(written.date?);
    let Some(Time { hour, minute, second, .. }) = written.time else { return Some(days * 86_400) };
    let offset = match written.offset? {
        Offset::Z => 0,
        Offset::Custom { minutes } => i64::from(minutes) * 60,
    };
    let time = i64::from(hour) * 3600 + i64::from(minute) * 60 + i64::from(second.unwrap_or(0));
    Some(days * 86_400 + time - offset)
}

/// Days from 1970-01-01 in the Gregorian calendar, by counting years from a March so that a leap day is
/// a year's last.
fn days_since_epoch(date: Date) -> i64 {
    let (month, day) = (i64::from(date.month), i64::from(date.day));
    let year = i64::from(date.year) - i64::from(month <= 2);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let era_days = year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    era_days + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments() {
        let of = |text: &str| seconds(&text.parse().expect("a TOML datetime"));
        assert_eq!(of("1970-01-01"), Some(0));
        assert_eq!(of("2027-01-01"), Some(1_798_761_600));
        assert_eq!(of("2024-02-29T12:30:01Z"), Some(1_709_209_801));
        assert_eq!(of("2024-03-01T00:00:00+02:00"), Some(1_709_244_000));
        assert_eq!(of("1969-12-31"), Some(-86_400));
        assert_eq!(of("2024-03-01T00:00:00"), None);
        assert_eq!(of("12:00:00"), None);
    }
}

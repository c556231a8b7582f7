//! Values that carry their unit: durations (`"250ms"`), sizes (`"64 KiB"`) and rates (`"100/s"`).

use std::borrow::Cow;
use std::num::NonZeroU64;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::read::{FromToml, Reader, Value};
use super::text::Text;

/// No request, and no connection, lasts so long.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 3600);
/// More than any machine holds, and far from where sums overflow.
const LARGEST: u64 = 1 << 50;
/// One a nanosecond: as finely as time is measured.
const MOST: u64 = 1_000_000_000;

/// A length of time, as in `"250ms"`, `"30s"`, `"2m"`, `"1h"` or `"1d"`; not zero, at most 365 days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DurationText(pub Duration);

/// A number of bytes, as in `"512 B"`, `"64 KiB"` or `"10 MB"`; not zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SizeText(pub u64);

/// Bytes a second, as in `"240 B/s"` or `"1 KiB/s"`; not zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpeedText(pub u64);

/// So many requests in so long a window, as in `"100/s"` or `"50_000/day"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateText {
    /// Requests.
    pub count: NonZeroU64,
    /// In so long.
    pub window: Duration,
    /// The window's name: `second`, `minute`, `hour` or `day`.
    pub window_name: &'static str,
}

impl DurationText {
    const EXPECTED: &'static str = r#"a duration such as "250ms", "30s", "2m", "1h" or "1d""#;

    fn parse(text: &str) -> Result<Self, String> {
        let (number, unit) = number_and_unit(text)?;
        let nanos: u64 = match unit {
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" | "min" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            "d" => 86_400_000_000_000,
            "" => return Err("this duration has no unit".into()),
            _ => return Err("this unit of time is not known".into()),
        };
        match number.checked_mul(nanos).map(Duration::from_nanos) {
            Some(Duration::ZERO) => Err("no duration may be zero".into()),
            Some(duration) if duration <= LONGEST => Ok(Self(duration)),
            _ => Err("this duration is longer than 365 days".into()),
        }
    }
}

impl SizeText {
    const EXPECTED: &'static str = r#"a size such as "512 B", "64 KiB" or "10 MB""#;

    fn parse(text: &str) -> Result<Self, String> {
        let (number, unit) = number_and_unit(text)?;
        let bytes: u64 = match unit {
            "B" => 1,
            "kB" | "KB" => 1000,
            "MB" => 1000 * 1000,
            "GB" => 1000 * 1000 * 1000,
            "KiB" => 1 << 10,
            "MiB" => 1 << 20,
            "GiB" => 1 << 30,
            "" => return Err("this size has no unit".into()),
            _ => return Err("this unit of size is not known".into()),
        };
        match number.checked_mul(bytes) {
            Some(0) => Err("no size may be zero".into()),
            Some(size) if size <= LARGEST => Ok(Self(size)),
            _ => Err("this size is larger than 1 PiB".into()),
        }
    }
}

impl SpeedText {
    const EXPECTED: &'static str = r#"bytes a second such as "240 B/s" or "1 KiB/s""#;

    fn parse(text: &str) -> Result<Self, String> {
        match text.split_once('/') {
            None => Err("this does not say in how long".into()),
            Some((size, "s")) => SizeText::parse(size.trim_end()).map(|size| Self(size.0)),
            Some(_) => Err("this is not by the second".into()),
        }
    }
}

impl RateText {
    const EXPECTED: &'static str = r#"a rate such as "100/s", "30/min", "1_000/hour" or "50_000/day""#;

    fn parse(text: &str) -> Result<Self, String> {
        let Some((number, unit)) = text.split_once('/') else {
            return Err("this rate does not say in how long".into());
        };
        let (seconds, window_name) = match unit.trim_start() {
            "s" | "sec" | "second" => (1, "second"),
            "m" | "min" | "minute" => (60, "minute"),
            "h" | "hour" => (3600, "hour"),
            "d" | "day" => (24 * 3600, "day"),
            _ => return Err("this unit of time is not known".into()),
        };
        let count = match NonZeroU64::new(whole_number(number.trim_end())?) {
            None => return Err("no rate may be zero".into()),
            Some(count) if count.get() > MOST => {
                return Err("this rate is higher than 1_000_000_000".into());
            }
            Some(count) => count,
        };
        Ok(Self { count, window: Duration::from_secs(seconds), window_name })
    }
}

/// `"64 KiB"` as 64 and `KiB`.
fn number_and_unit(text: &str) -> Result<(u64, &str), String> {
    let end = text.find(|it: char| !it.is_ascii_digit() && it != '_').unwrap_or(text.len());
    let unit = text[end..].strip_prefix(' ').unwrap_or(&text[end..]);
    Ok((whole_number(&text[..end])?, unit))
}

/// A number of digits, which `_` may group as in TOML.
fn whole_number(text: &str) -> Result<u64, String> {
    let grouped = text.split('_').all(|group| !group.is_empty() && group.bytes().all(|byte| byte.is_ascii_digit()));
    if !grouped {
        return Err("this does not begin with a whole number".into());
    }
    let digits = text.replace('_', "");
    digits.parse().map_err(|_| "this number is too large".to_owned())
}

/// [`FromToml`] and [`JsonSchema`] for a value with a unit.
macro_rules! unit {
    ($type:ident, $name:literal, $pattern:literal) => {
        impl FromToml for $type {
            fn expected() -> String {
                Self::EXPECTED.into()
            }

            fn from_toml(value: &Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
                let text = Text::from_toml_as(value, reader, Self::EXPECTED)?;
                match Self::parse(text.as_str()) {
                    Ok(read) => Some(read),
                    Err(message) => {
                        reader.nonsense(value, message, Self::EXPECTED);
                        None
                    }
                }
            }
        }

        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({
                    "type": "string",
                    "description": Self::EXPECTED,
                    "pattern": $pattern,
                })
            }
        }
    };
}

unit!(DurationText, "Duration", r"^[0-9_]+ ?(ms|s|m|min|h|d)$|^\$\{.*\}$");
unit!(SizeText, "Size", r"^[0-9_]+ ?(B|kB|KB|MB|GB|KiB|MiB|GiB)$|^\$\{.*\}$");
unit!(SpeedText, "Speed", r"^[0-9_]+ ?(B|kB|KB|MB|GB|KiB|MiB|GiB) ?/s$|^\$\{.*\}$");
unit!(RateText, "Rate", r"^[0-9_]+ ?/ ?(s|sec|second|m|min|minute|h|hour|d|day)$|^\$\{.*\}$");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        let of = |text| DurationText::parse(text).map(|span| span.0.as_millis());
        assert_eq!(of("250ms"), Ok(250));
        assert_eq!(of("1 s"), Ok(1000));
        assert_eq!(of("2m"), Ok(120_000));
        assert_eq!(of("1_0h"), Ok(36_000_000));
        assert_eq!(of("365d"), Ok(31_536_000_000));
        for wrong in [
            "",
            "s",
            "1",
            "1.5s",
            "-1s",
            "0s",
            "366d",
            "1  s",
            "1 S",
            "1week",
            "_1s",
            "1_s",
            "1s ",
            "99999999999999999999s",
            "18446744073709551615d",
        ] {
            assert!(of(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn sizes() {
        let of = |text| SizeText::parse(text).map(|size| size.0);
        assert_eq!(of("512 B"), Ok(512));
        assert_eq!(of("64 KiB"), Ok(65_536));
        assert_eq!(of("64KiB"), Ok(65_536));
        assert_eq!(of("10 MB"), Ok(10_000_000));
        for wrong in ["", "64", "64 kib", "64 K", "0 B", "1e3 B", "2000000 GiB", "９ B"] {
            assert!(of(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn speeds() {
        let of = |text| SpeedText::parse(text).map(|speed| speed.0);
        assert_eq!(of("240 B/s"), Ok(240));
        assert_eq!(of("1KiB /s"), Ok(1024));
        for wrong in ["", "240 B", "240/s", "0 B/s", "1 KiB/min", "1 KiB/ s", "/s"] {
            assert!(of(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn rates() {
        let of = |text| RateText::parse(text).map(|rate| (rate.count.get(), rate.window.as_secs(), rate.window_name));
        assert_eq!(of("100/s"), Ok((100, 1, "second")));
        assert_eq!(of("30/min"), Ok((30, 60, "minute")));
        assert_eq!(of("50_000/day"), Ok((50_000, 86_400, "day")));
        assert_eq!(of("5 / hour"), Ok((5, 3600, "hour")));
        for wrong in ["", "100", "100/", "/s", "0/s", "100/week", "1000000001/s", "1/1s", "1/s/s"] {
            assert!(of(wrong).is_err(), "{wrong}");
        }
    }
}

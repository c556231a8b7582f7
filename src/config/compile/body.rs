//! What may be said of a body's type and form, value by value.

use crate::config::faults::Faults;
use crate::config::file::{JsonTable, RangeWord};
use crate::config::located::{Field, Located};
use crate::config::text::Text;
use crate::policy::body::json::MAX_DEPTH;
use crate::policy::body::{Integers, JsonRules, Precision};
use crate::policy::media_type::MediaType;

const EXPECTED: &str = "expected a media type such as \"application/json\"";

/// Compiles a list of media types.
pub(super) fn media_types(list: &[Located<Text>], faults: &mut Faults) -> Option<Vec<Located<MediaType>>> {
    let mut types: Vec<Located<MediaType>> = Vec::new();
    let mut sound = true;
    for item in list {
        let Some(value) = media_type(item, faults) else {
            sound = false;
            continue;
        };
        if let Some(first) = types.iter().find(|other| other.essence == value.essence) {
            let fault = faults.error(item.at, "this media type stands here twice");
            fault.label("here again").also(first.at, "here first");
        }
        types.push(Located { value, at: item.at });
    }
    sound.then_some(types)
}

fn media_type(item: &Located<Text>, faults: &mut Faults) -> Option<MediaType> {
    let text = item.as_str();
    let (message, label) = if text.contains('*') {
        ("each media type is named", EXPECTED)
    } else if let Some((_, parameter)) = text.split_once(';') {
        match parameter.trim_start().to_ascii_lowercase().starts_with("charset") {
            true => ("a charset is not stated: JSON and forms are UTF-8, and other types pass with any", EXPECTED),
            false => ("media types are told apart without their parameters", EXPECTED),
        }
    } else {
        match MediaType::parse(text) {
            Some(media_type) => return Some(media_type),
            None => ("this is no media type", EXPECTED),
        }
    };
    faults.error(item.at, message).label(label);
    None
}

/// Compiles `json = { … }`.
pub(super) fn json_rules(table: &Located<JsonTable>, faults: &mut Faults) -> Option<JsonRules> {
    let default = JsonRules::default();
    let any = |field: &Field<RangeWord>| match field {
        Field::Absent => Some(false),
        Field::Broken => None,
        Field::Given(word) => Some(word.value == RangeWord::Any),
    };
    let depth = match &table.depth {
        Field::Absent => Some(default.depth),
        Field::Broken => None,
        Field::Given(depth) => {
            let bounded = u16::try_from(depth.value).ok().filter(|depth| (1..=MAX_DEPTH).contains(depth));
            if bounded.is_none() {
                faults.error(depth.at, "no depth can be allowed like this").label(format!("expected 1 to {MAX_DEPTH}"));
            }
            bounded
        }
    };
    Some(JsonRules {
        integers: if any(&table.integers)? { Integers::Any } else { default.integers },
        precision: if any(&table.precision)? { Precision::Any } else { default.precision },
        depth: depth?,
    })
}

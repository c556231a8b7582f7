//! What all bearer tokens have in common: whom they are for, how long they may be, and secrets about them.

use crate::config::faults::Faults;
use crate::config::located::{Field, List, Located};
use crate::config::text::Text;
use crate::config::units::SizeText;

const MAX_TOKEN_BYTES: u64 = 8 << 10;

/// The longest token that is read.
pub(super) fn max_token(field: &Field<SizeText>) -> Option<usize> {
    let bytes = match field {
        Field::Absent => MAX_TOKEN_BYTES,
        Field::Broken => return None,
        Field::Given(size) => size.value.0,
    };
    Some(usize::try_from(bytes).unwrap_or(usize::MAX))
}

/// Whom tokens have to be for; nobody in particular, with a warning, where it is not said.
pub(super) fn audience(name: &Located<String>, field: &Field<List<Text>>, faults: &mut Faults) -> Option<Vec<String>> {
    match field {
        Field::Broken => None,
        Field::Absent => {
            let message = format!("tokens for anybody are good for `{}`", name.value);
            let fault = faults.warning(name.at, message).if_whole();
            fault.label("expected whom they have to be for, as in audience = [\"crm\"]");
            Some(Vec::new())
        }
        Field::Given(list) if list.is_empty() => {
            faults.error(list.at, "no token is for nobody").label("expected a name, as in audience = [\"crm\"]");
            None
        }
        Field::Given(list) => Some(list.iter().map(|text| text.as_str().to_owned()).collect()),
    }
}

/// No message tells of the secret's characters.
pub(super) fn by_reference<'t>(written: &'t Located<Text>, example: &str, faults: &mut Faults) -> Option<&'t str> {
    if !written.is_secret() {
        faults.blank(written.at);
        let fault = faults.error(written.at, "a secret does not stand in the configuration");
        fault
            .label(format!("expected a reference, as in \"{example}\""))
            .help("whoever could read this file knows the secret: make a new one");
        return None;
    }
    Some(written.as_str())
}

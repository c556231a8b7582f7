//! Takes keys of a principal out of use, and back into use, in the text of a key file.

use toml_edit::{Item, TableLike, Value, value};

use super::edit::{EditError, document, keys, text_of};
use super::{is_key_name, parse_hash};

/// So many digits of a hash are enough to mean it; fewer are likely a slip.
const LEAST_DIGITS: usize = 4;

/// Which of a principal's keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which<'a> {
    /// The only one there is.
    Only,
    /// The one of this name, or else the one whose hash begins with these digits, four or more.
    Called(&'a str),
    /// Every one.
    All,
}

/// A changed text, and what was changed in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The text.
    pub text: String,
    /// Keys that were taken out of use or back into it, as [`list`](super::list) shows them.
    pub changed: Vec<String>,
    /// Keys that were so before.
    pub already: Vec<String>,
}

/// The text of a key file in which these keys are good no more.
///
/// # Errors
///
/// Where the text is no key file, or does not say which keys are meant.
pub fn disable(text: &str, principal: &str, which: Which<'_>) -> Result<Change, EditError> {
    set_disabled(text, principal, which, true)
}

/// The text of a key file in which these keys are no longer disabled.
///
/// # Errors
///
/// As those of [`disable`].
pub fn enable(text: &str, principal: &str, which: Which<'_>) -> Result<Change, EditError> {
    set_disabled(text, principal, which, false)
}

fn set_disabled(text: &str, principal: &str, which: Which<'_>, to: bool) -> Result<Change, EditError> {
    let mut document = document(text)?;
    let mut change = Change { text: String::new(), changed: Vec::new(), already: Vec::new() };
    for key in meant(held(document.get_mut("principal"), principal)?, which)? {
        let shown = shown(key);
        let is = match key.get("disabled") {
            None => false,
            Some(written) => written.as_bool().ok_or(EditError::Shape("disabled"))?,
        };
        if is == to {
            change.already.push(shown);
        } else {
            set(key, to);
            change.changed.push(shown);
        }
    }
    change.text = document.to_string();
    Ok(change)
}

fn held<'d>(principals: Option<&'d mut Item>, name: &str) -> Result<Vec<&'d mut dyn TableLike>, EditError> {
    let Some(principals) = principals else { return Err(EditError::NoPrincipal) };
    let principals = principals.as_table_like_mut().ok_or(EditError::Shape("principal"))?;
    let principal = principals.get_mut(name).ok_or(EditError::NoPrincipal)?;
    match principal.as_table_like_mut().ok_or(EditError::Shape("principal.NAME"))?.get_mut("keys") {
        Some(list) => keys(list),
        None => Ok(Vec::new()),
    }
}

fn meant<'d>(held: Vec<&'d mut dyn TableLike>, which: Which<'_>) -> Result<Vec<&'d mut dyn TableLike>, EditError> {
    let all: Vec<String> = held.iter().map(|key| shown(&**key)).collect();
    let is_named = |key: &dyn TableLike, name: &str| text_of(key, "name") == Some(name);
    let any_named = |name: &str| held.iter().any(|key| is_named(&**key, name));
    // A name goes before a hash.
    let name = matches!(which, Which::Called(name) if any_named(name));
    let is_meant = |key: &dyn TableLike| match which {
        Which::Only | Which::All => true,
        Which::Called(called) if name => is_named(key, called),
        Which::Called(digits) => {
            let hash = text_of(key, "sha256").unwrap_or_default().to_ascii_lowercase();
            digits.len() >= LEAST_DIGITS && hash.starts_with(&digits.to_ascii_lowercase())
        }
    };
    let meant: Vec<_> = held.into_iter().filter(|key| is_meant(&**key)).collect();
    match meant.len() {
        0 => Err(EditError::NoKey(all)),
        1 => Ok(meant),
        _ if which == Which::All => Ok(meant),
        _ => Err(EditError::Several(meant.iter().map(|key| shown(&**key)).collect())),
    }
}

/// What a key is called in what is printed: its name and 8 digits of its hash. What is no hash is not shown,
/// it may be a key.
fn shown(key: &dyn TableLike) -> String {
    let hash = text_of(key, "sha256").filter(|hash| parse_hash(hash).is_some());
    let digits = hash.map_or("no hash".into(), |hash| hash[..8].to_ascii_lowercase());
    match text_of(key, "name").filter(|name| is_key_name(name)) {
        Some(name) => format!("{name} ({digits})"),
        None => digits,
    }
}

/// In the place of the old word with its blanks, or behind the last key, with the blanks that closed it.
fn set(key: &mut dyn TableLike, to: bool) {
    if let Some(old) = key.get_mut("disabled").and_then(Item::as_value_mut) {
        let around = old.decor().clone();
        *old = to.into();
        *old.decor_mut() = around;
        return;
    }
    let last = key.iter_mut().last().and_then(|(_, last)| last.as_value_mut().map(Value::decor_mut));
    let suffix = last.and_then(|decor| {
        let blank = decor.suffix()?.as_str()?.to_owned();
        // A comment stays with what it is about.
        let blank = Some(blank).filter(|blank| blank.trim_matches([' ', '\t']).is_empty())?;
        decor.set_suffix("");
        Some(blank)
    });
    let mut disabled = value(to);
    if let (Some(suffix), Some(value)) = (suffix, disabled.as_value_mut()) {
        value.decor_mut().set_suffix(suffix);
    }
    key.insert("disabled", disabled);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text() -> String {
        let hash = |digit: &str| digit.repeat(64);
        format!(
            "# ours\n[principal.acme] # pays late\nkeys = [\n    {{ name = \"laptop\", sha256 = \"{}\" }}, # Ada's\n    \
             {{ sha256 = \"{}\", disabled = false }},\n    {{ name = \"aaaa\", sha256 = \"{}\", expires = 2027-01-01 }},\n]\n\n\
             [principal.one]\nkeys = {{ sha256 = \"{}\" }} # the only one\n\n[[principal.tables.keys]]\nsha256 = \"{}\" # Bob's\n",
            hash("a"),
            hash("b"),
            hash("c"),
            hash("d"),
            hash("e")
        )
    }

    #[test]
    fn a_key_is_disabled_where_it_stands_and_nothing_else_changes() {
        let before = text();
        for (principal, which, written) in [
            ("acme", Which::Called("laptop"), ("aaa\" }, # Ada's", "aaa\", disabled = true }, # Ada's")),
            ("acme", Which::Called("BBBB"), ("disabled = false }", "disabled = true }")),
            ("acme", Which::Called("aaaa"), ("2027-01-01 }", "2027-01-01, disabled = true }")),
            ("one", Which::Only, ("ddd\" } # the", "ddd\", disabled = true } # the")),
            ("tables", Which::Only, ("eee\" # Bob's\n", "eee\" # Bob's\ndisabled = true\n")),
        ] {
            let change = disable(&before, principal, which).expect("it is there");
            assert_eq!(change.text, before.replace(written.0, written.1), "{which:?} of {principal}");
            assert_eq!((change.changed.len(), change.already.len()), (1, 0));
            let again = disable(&change.text, principal, which).expect("it is there");
            assert_eq!((again.text, again.changed, again.already), (change.text.clone(), vec![], change.changed));
            let back = enable(&change.text, principal, which).expect("it is there");
            assert_eq!(back.text, change.text.replace("disabled = true", "disabled = false"));
        }
    }

    #[test]
    fn all_of_them_are_disabled_where_that_is_said() {
        let change = disable(&text(), "acme", Which::All).expect("they are there");
        assert_eq!(change.changed, ["laptop (aaaaaaaa)", "bbbbbbbb", "aaaa (cccccccc)"]);
        assert_eq!(change.text.matches("disabled = true").count(), 3);
    }

    #[test]
    fn what_is_not_one_key_is_refused_with_those_there_are() {
        let fails = |text: &str, principal, which| disable(text, principal, which).expect_err("it is refused");
        let all = || ["laptop (aaaaaaaa)", "bbbbbbbb", "aaaa (cccccccc)"].map(str::to_owned).to_vec();
        assert_eq!(fails(&text(), "acme", Which::Only), EditError::Several(all()));
        assert_eq!(fails(&text(), "acme", Which::Called("desktop")), EditError::NoKey(all()));
        assert_eq!(fails(&text(), "acme", Which::Called("bbb")), EditError::NoKey(all()));
        assert_eq!(fails(&text(), "globex", Which::All), EditError::NoPrincipal);
        assert_eq!(fails("", "acme", Which::All), EditError::NoPrincipal);
        assert_eq!(fails("[principal.acme]", "acme", Which::All), EditError::NoKey(vec![]));
        assert_eq!(fails("[principal]\nacme = 1", "acme", Which::All), EditError::Shape("principal.NAME"));
        assert!(matches!(fails("[", "acme", Which::All), EditError::Syntax(_)));
        let near = text().replace(&"b".repeat(64), &format!("aaaaab{}", "0".repeat(58)));
        let two = EditError::Several(["laptop (aaaaaaaa)", "aaaaab00"].map(str::to_owned).to_vec());
        assert_eq!(fails(&near, "acme", Which::Called("aaaaa")), two);
    }

    #[test]
    fn what_may_be_a_key_is_never_shown() {
        let error = disable("[principal.acme]\nkeys = { sha256 = \"pk_oops\" }", "acme", Which::Called("x"));
        assert_eq!(error, Err(EditError::NoKey(vec!["no hash".into()])));
    }
}

//! Adds the hash of a new key to a key file, leaving its comments and order as they are.

use toml_edit::{Array, ArrayOfTables, Datetime, InlineTable, Item, Table, Value};

use super::edit::{EditError, document, keys, text_of};
use super::{is_key_name, is_principal_name, moment, parse_hash};

/// A key that is to be in a file.
#[derive(Clone, Copy, Debug, Default)]
pub struct NewKey<'a> {
    /// Its SHA-256 in hexadecimal.
    pub hash: &'a str,
    /// What it is to be called.
    pub name: Option<&'a str>,
    /// From when on it is good: a date or time as TOML writes it.
    pub not_before: Option<&'a str>,
    /// From when on it is good no more.
    pub expires: Option<&'a str>,
}

/// The text of a key file with one more key.
///
/// # Errors
///
/// Where the text is no key file, or the arguments don't fit into one; the text is then as it was.
pub fn append(text: &str, principal: &str, new: &NewKey<'_>) -> Result<String, EditError> {
    if !is_principal_name(principal) {
        return Err(EditError::Name);
    }
    let key = key(new)?;
    if text.contains(new.hash) {
        return Err(EditError::Known);
    }
    let mut document = document(text)?;

    let principals = document.entry("principal").or_insert_with(implicit_table);
    let principals = principals.as_table_like_mut().ok_or(EditError::Shape("principal"))?;
    let table = principals.entry(principal).or_insert_with(|| Item::Table(Table::new()));
    let table = table.as_table_like_mut().ok_or(EditError::Shape("principal.NAME"))?;
    let list = table.entry("keys").or_insert_with(|| Item::Value(Value::Array(Array::new())));
    let taken = |key: &&mut dyn toml_edit::TableLike| text_of(&**key, "name") == new.name;
    if new.name.is_some() && keys(list)?.iter().any(taken) {
        return Err(EditError::KeyNameTaken);
    }
    push(list, key)?;
    Ok(document.to_string())
}

/// `[principal]` alone is not written where `[principal.acme]` says it all.
fn implicit_table() -> Item {
    let mut table = Table::new();
    table.set_implicit(true);
    Item::Table(table)
}

fn key(new: &NewKey<'_>) -> Result<InlineTable, EditError> {
    let mut key = InlineTable::new();
    if let Some(name) = new.name {
        if !is_key_name(name) {
            return Err(EditError::KeyName);
        }
        key.insert("name", name.into());
    }
    if parse_hash(new.hash).is_none() {
        return Err(EditError::Hash);
    }
    key.insert("sha256", new.hash.into());
    let mut seconds = [None; 2];
    for (slot, (name, written)) in seconds.iter_mut().zip([("not_before", new.not_before), ("expires", new.expires)]) {
        let Some(written) = written else { continue };
        let written: Datetime = written.parse().map_err(|_| EditError::Moment)?;
        *slot = Some(moment::seconds(&written).ok_or(EditError::Moment)?);
        key.insert(name, written.into());
    }
    match seconds {
        [Some(from), Some(until)] if until <= from => Err(EditError::NeverGood),
        _ => Ok(key),
    }
}

/// Behind the last key, on a line of its own where the others have one.
fn push(keys: &mut Item, key: InlineTable) -> Result<(), EditError> {
    if let Some(tables) = keys.as_array_of_tables_mut() {
        push_table(tables, key);
        return Ok(());
    }
    // One key stands for a list of one.
    if let Item::Value(Value::InlineTable(only)) = keys {
        let mut only = std::mem::take(only);
        // A comment behind the key stays behind the list: within, it would hide the list's end.
        let around = std::mem::take(only.decor_mut());
        let mut list = Array::from_iter([only]);
        *list.decor_mut() = around;
        *keys = Item::Value(Value::Array(list));
    }
    let array = keys.as_array_mut().ok_or(EditError::Shape("keys"))?;
    let lines = array.iter().last().and_then(|last| last.decor().prefix()?.as_str()).map(str::to_owned);
    let mut value = Value::InlineTable(key);
    match lines.filter(|prefix| prefix.contains('\n')) {
        Some(prefix) => {
            // A comment that stands before the last key is not the new one's.
            let line = prefix.rsplit('\n').next().unwrap_or_default();
            value.decor_mut().set_prefix(format!("\n{line}"));
            value.decor_mut().set_suffix("");
            array.push_formatted(value);
        }
        None => array.push(value),
    }
    Ok(())
}

fn push_table(tables: &mut ArrayOfTables, key: InlineTable) {
    tables.push(key.into_table());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn append(text: &str, principal: &str, hash: &str, expires: Option<&str>) -> Result<String, EditError> {
        super::append(text, principal, &NewKey { hash, expires, ..NewKey::default() })
    }

    fn hash(digit: &str) -> String {
        digit.repeat(64)
    }

    #[test]
    fn an_empty_file_gets_its_first_principal() {
        let text = append("", "acme", &hash("a"), Some("2027-01-01")).expect("it fits");
        let expected = format!("[principal.acme]\nkeys = [{{ sha256 = \"{}\", expires = 2027-01-01 }}]\n", hash("a"));
        assert_eq!(text, expected);
    }

    #[test]
    fn comments_and_neighbours_stay() {
        let before = format!(
            "# our partners\n[principal.acme] # pays late\nkeys = [\n    # old\n    {{ sha256 = \"{}\" }},\n]\nscopes = [\"a\"]\n\n[principal.b]\nkeys = {{ sha256 = \"{}\" }} # one\n",
            hash("a"),
            hash("b")
        );
        let text = append(&before, "acme", &hash("c"), None).expect("it fits");
        assert!(text.starts_with("# our partners\n[principal.acme] # pays late\nkeys = [\n    # old\n"), "{text}");
        assert!(text.contains(&format!("\n    {{ sha256 = \"{}\" }}", hash("c"))), "{text}");
        let text = append(&text, "b", &hash("d"), None).expect("it fits");
        assert!(
            text.contains(&format!("{{ sha256 = \"{}\" }}, {{ sha256 = \"{}\" }}]", hash("b"), hash("d"))),
            "{text}"
        );
        let text = append(&text, "o.b@c", &hash("e"), None).expect("it fits");
        assert!(text.contains("[principal.\"o.b@c\"]\n"), "{text}");
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let add = |text: &str| append(text, "acme", &hash("a"), None);
        assert!(matches!(add("principal ="), Err(EditError::Syntax(_))));
        assert_eq!(add("principal = 1"), Err(EditError::Shape("principal")));
        assert_eq!(add("[principal]\nacme = 1"), Err(EditError::Shape("principal.NAME")));
        assert_eq!(add("[principal.acme]\nkeys = 1"), Err(EditError::Shape("keys")));
        assert_eq!(add(&add("").expect("it fits")), Err(EditError::Known));
        assert_eq!(append("", "a b", &hash("a"), None), Err(EditError::Name));
        assert_eq!(append("", "a", "a", None), Err(EditError::Hash));
        assert_eq!(append("", "a", &hash("a"), Some("soon")), Err(EditError::Moment));
        assert_eq!(append("", "a", &hash("a"), Some("12:00:00")), Err(EditError::Moment));
    }

    #[test]
    fn a_name_and_a_beginning_are_written_where_they_are_given() {
        let (a, b) = (hash("a"), hash("b"));
        let new = NewKey { hash: &a, name: Some("laptop"), not_before: Some("2027-01-01"), expires: None };
        let text = super::append("", "acme", &new).expect("it fits");
        assert!(
            text.contains(&format!("[{{ name = \"laptop\", sha256 = \"{a}\", not_before = 2027-01-01 }}]")),
            "{text}"
        );
        let add = |new: NewKey<'_>| super::append(&text, "acme", &NewKey { hash: &b, ..new });
        assert_eq!(add(NewKey { name: Some("laptop"), ..new }), Err(EditError::KeyNameTaken));
        assert_eq!(add(NewKey { name: Some("my laptop"), ..new }), Err(EditError::KeyName));
        assert_eq!(add(NewKey { name: None, expires: Some("2026-12-31"), ..new }), Err(EditError::NeverGood));
        assert!(add(NewKey { name: None, ..new }).is_ok());
        assert!(super::append(&text, "globex", &NewKey { hash: &b, ..new }).is_ok());
    }
}

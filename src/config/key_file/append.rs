//! Adds the hash of a new key to a key file, leaving its comments and order as they are.

use std::fmt;

use toml_edit::{Array, ArrayOfTables, DocumentMut, InlineTable, Item, Table, Value};

use crate::config::tree::Tree;

use super::{is_principal_name, parse_hash};

/// Deeper than any key file nests.
const DEEPEST: usize = 16;

/// Why a hash can't be added to a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AppendError {
    /// The file is not TOML; the parser's own words.
    Syntax(String),
    /// This name in it is something else than a key file has there.
    Shape(&'static str),
    /// No principal can have this name.
    Name,
    /// Not 64 hexadecimal digits.
    Hash,
    /// No date or time.
    Expires,
    /// The file holds this hash already.
    Known,
}

impl fmt::Display for AppendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax(message) => write!(f, "the key file is not TOML: {message}"),
            Self::Shape(name) => write!(f, "`{name}` is not what a key file has there"),
            Self::Name => f.write_str("a principal's name is 1 to 128 of letters, digits and `._@-`"),
            Self::Hash => f.write_str("a hash is 64 hexadecimal digits"),
            Self::Expires => f.write_str("expected a date such as 2027-01-01, or a time such as 2027-01-01T12:00:00Z"),
            Self::Known => f.write_str("the key file holds this hash already"),
        }
    }
}

impl std::error::Error for AppendError {}

/// The text of a key file with one more key. `hash` is the key's SHA-256 in hexadecimal, `expires` a
/// date or time as TOML writes it.
///
/// # Errors
///
/// Where the text is no key file, or the arguments don't fit into one; the text is then as it was.
pub fn append(text: &str, principal: &str, hash: &str, expires: Option<&str>) -> Result<String, AppendError> {
    if !is_principal_name(principal) {
        return Err(AppendError::Name);
    }
    if parse_hash(hash).is_none() {
        return Err(AppendError::Hash);
    }
    if text.contains(hash) {
        return Err(AppendError::Known);
    }
    // The editing parser drops what it read by recursion; no key file nests so deep that this matters.
    if Tree::parse(text).0.depth() > DEEPEST {
        return Err(AppendError::Shape("something"));
    }
    let mut document: DocumentMut =
        text.parse().map_err(|error: toml_edit::TomlError| AppendError::Syntax(error.message().to_owned()))?;
    let key = key(hash, expires)?;

    let principals = document.entry("principal").or_insert_with(implicit_table);
    let principals = principals.as_table_like_mut().ok_or(AppendError::Shape("principal"))?;
    let table = principals.entry(principal).or_insert_with(|| Item::Table(Table::new()));
    let table = table.as_table_like_mut().ok_or(AppendError::Shape("principal.NAME"))?;
    let keys = table.entry("keys").or_insert_with(|| Item::Value(Value::Array(Array::new())));
    push(keys, key)?;
    Ok(document.to_string())
}

/// `[principal]` alone is not written where `[principal.acme]` says it all.
fn implicit_table() -> Item {
    let mut table = Table::new();
    table.set_implicit(true);
    Item::Table(table)
}

fn key(hash: &str, expires: Option<&str>) -> Result<InlineTable, AppendError> {
    let mut key = InlineTable::new();
    key.insert("sha256", hash.into());
    if let Some(expires) = expires {
        let moment: toml_edit::Datetime = expires.parse().map_err(|_| AppendError::Expires)?;
        if super::moment::seconds(&moment).is_none() {
            return Err(AppendError::Expires);
        }
        key.insert("expires", moment.into());
    }
    Ok(key)
}

/// Behind the last key, on a line of its own where the others have one.
fn push(keys: &mut Item, key: InlineTable) -> Result<(), AppendError> {
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
    let array = keys.as_array_mut().ok_or(AppendError::Shape("keys"))?;
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
        assert!(matches!(add("principal ="), Err(AppendError::Syntax(_))));
        assert_eq!(add("principal = 1"), Err(AppendError::Shape("principal")));
        assert_eq!(add("[principal]\nacme = 1"), Err(AppendError::Shape("principal.NAME")));
        assert_eq!(add("[principal.acme]\nkeys = 1"), Err(AppendError::Shape("keys")));
        assert_eq!(add(&add("").expect("it fits")), Err(AppendError::Known));
        assert_eq!(append("", "a b", &hash("a"), None), Err(AppendError::Name));
        assert_eq!(append("", "a", "a", None), Err(AppendError::Hash));
        assert_eq!(append("", "a", &hash("a"), Some("soon")), Err(AppendError::Expires));
        assert_eq!(append("", "a", &hash("a"), Some("12:00:00")), Err(AppendError::Expires));
    }
}

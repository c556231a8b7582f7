//! Changes the text of a key file, leaving its comments and order as they are: what all changes share.

use std::fmt;

use toml_edit::{DocumentMut, InlineTable, Item, TableLike, Value};

use crate::config::tree::Tree;

/// Deeper than any key file nests.
const DEEPEST: usize = 16;

/// Why a key file can't be changed so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EditError {
    /// The file is not TOML; the parser's own words.
    Syntax(String),
    /// This name in it is something else than a key file has there.
    Shape(&'static str),
    /// No principal can have this name.
    Name,
    /// No key can have this name.
    KeyName,
    /// A key of this principal has the name already.
    KeyNameTaken,
    /// Not 64 hexadecimal digits.
    Hash,
    /// No date or time.
    Moment,
    /// The key would expire before it begins.
    NeverGood,
    /// The file holds this hash already.
    Known,
    /// The file has no principal of this name.
    NoPrincipal,
    /// None of the principal's keys, which are these, was meant.
    NoKey(Vec<String>),
    /// Several of the principal's keys may be meant: these.
    Several(Vec<String>),
}

impl fmt::Display for EditError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax(message) => write!(f, "the key file is not TOML: {message}"),
            Self::Shape(name) => write!(f, "`{name}` is not what a key file has there"),
            Self::Name => f.write_str("a principal's name is 1 to 128 of letters, digits and `._@-`"),
            Self::KeyName => f.write_str("a key's name is 1 to 64 of letters, digits and `._-`"),
            Self::KeyNameTaken => f.write_str("a key of this principal has that name already"),
            Self::Hash => f.write_str("a hash is 64 hexadecimal digits"),
            Self::Moment => f.write_str("expected a date such as 2027-01-01, or a time such as 2027-01-01T12:00:00Z"),
            Self::NeverGood => f.write_str("this key is never good: it expires before it begins"),
            Self::Known => f.write_str("the key file holds this hash already"),
            Self::NoPrincipal => f.write_str("there is no principal of this name"),
            Self::NoKey(keys) if keys.is_empty() => f.write_str("this principal has no keys"),
            Self::NoKey(keys) => write!(f, "no key of this principal is meant by that; there are {}", keys.join(", ")),
            Self::Several(keys) => write!(f, "several keys may be meant: {}", keys.join(", ")),
        }
    }
}

impl std::error::Error for EditError {}

/// The text as what can be changed.
pub(super) fn document(text: &str) -> Result<DocumentMut, EditError> {
    // The editing parser drops what it read by recursion; no key file nests so deep that this matters.
    if Tree::parse(text).0.depth() > DEEPEST {
        return Err(EditError::Shape("something"));
    }
    text.parse().map_err(|error: toml_edit::TomlError| EditError::Syntax(error.message().to_owned()))
}

/// The keys of a principal, in whichever way they are written.
pub(super) fn keys(keys: &mut Item) -> Result<Vec<&mut dyn TableLike>, EditError> {
    const WRONG: EditError = EditError::Shape("keys");
    match keys {
        Item::ArrayOfTables(tables) => Ok(tables.iter_mut().map(|table| table as &mut dyn TableLike).collect()),
        Item::Table(only) => Ok(vec![only]),
        Item::Value(Value::InlineTable(only)) => Ok(vec![only]),
        Item::Value(Value::Array(array)) => array
            .iter_mut()
            .map(|key| key.as_inline_table_mut().map(|key: &mut InlineTable| key as &mut dyn TableLike).ok_or(WRONG))
            .collect(),
        Item::Value(_) | Item::None => Err(WRONG),
    }
}

/// A text in a key's table.
pub(super) fn text_of<'k>(key: &'k dyn TableLike, name: &str) -> Option<&'k str> {
    key.get(name).and_then(Item::as_str)
}

//! From parsed TOML to the types of [`super::file`]: what each value may be, and what is said where it
//! is something else.
//!
//! Not serde: it stops at the first error, and knows keys only by what is wrong with them. Here a table
//! reads all of its keys, each fault is kept with its place, and reading goes on. What a value is good
//! for (whether an upstream of that name exists) is not asked here.

mod macros;
mod values;

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::environment::Environment;
use super::faults::Faults;
use super::source::{FileId, Place};
use super::suggest::{nearest, one_of};
use super::text::cut;

pub(super) use macros::{read_table, read_words, unknown_word};

/// A value as the TOML parser gives it.
pub(super) type Value<'i> = Spanned<DeValue<'i>>;
/// A key as the TOML parser gives it.
pub(super) type Key<'i> = Spanned<std::borrow::Cow<'i, str>>;

/// Reads one file.
pub(super) struct Reader<'a> {
    /// The file.
    pub(super) file: FileId,
    /// Where in the file the text begins that was parsed: at its first byte, but for pieces of a large one.
    pub(super) from: usize,
    /// Where secrets come from.
    pub(super) environment: &'a dyn Environment,
    /// Where faults go to.
    pub(super) faults: &'a mut Faults,
}

/// A type that can be written in TOML.
pub(super) trait FromToml: Sized {
    /// What should have been written, as in "expected {}".
    fn expected() -> String;

    /// The value; where there is none, a fault has been reported.
    fn from_toml(value: &Value<'_>, reader: &mut Reader<'_>) -> Option<Self>;
}

/// A type that can be the field of a table.
pub(super) trait Slot {
    /// What was written under the field's name.
    fn fill(&mut self, value: &Value<'_>, reader: &mut Reader<'_>);

    /// Something was written that may have been meant for this field, and was reported.
    fn spoil(&mut self);
}

impl Reader<'_> {
    /// The place of a span in this file.
    pub(super) fn place<T>(&self, spanned: &Spanned<T>) -> Place {
        self.place_of(spanned.span())
    }

    /// The place of these bytes of the text that was parsed.
    pub(super) fn place_of(&self, span: Range<usize>) -> Place {
        Place::new(self.file, self.from + span.start..self.from + span.end)
    }

    /// Reports a value of another type than expected.
    pub(super) fn expected(&mut self, value: &Value<'_>, expected: &str) {
        let found = kind(value.get_ref());
        self.faults.error(self.place(value), format!("this can't be {found}")).label(format!("expected {expected}"));
    }

    /// Reports a value of the right type that makes no sense.
    pub(super) fn nonsense(&mut self, value: &Value<'_>, message: String, expected: &str) {
        self.faults.error(self.place(value), message).label(format!("expected {expected}"));
    }

    /// The value as a table.
    pub(super) fn table<'v, 'i>(&mut self, value: &'v Value<'i>, expected: &str) -> Option<&'v DeTable<'i>> {
        match value.get_ref() {
            DeValue::Table(table) => Some(table),
            _ => {
                self.expected(value, expected);
                None
            }
        }
    }

    /// Reports a key that its table does not have, and returns the one that may have been meant.
    pub(super) fn unknown_key(&mut self, key: &Key<'_>, known: &[&'static str]) -> Option<&'static str> {
        let written = key.get_ref().as_ref();
        let near = nearest(written, known.iter().copied());
        let at = self.place(key);
        let fault = self.faults.error(at, format!("there is no key `{}` here", cut(written)));
        match near {
            Some(near) => fault.label(format!("did you mean `{near}`?")),
            // Behind a broken header, the keys of a table seem to be keys of another.
            None => {
                fault.label("unknown key").help(format!("known here: {}", one_of(known.iter().copied()))).if_whole()
            }
        };
        near
    }
}

/// The type of a value, as a sentence names it.
fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "an integer",
        DeValue::Float(_) => "a float",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "an array",
        DeValue::Table(_) => "a table",
    }
}

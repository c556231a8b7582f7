//! From parsed TOML to the types of [`super::file`]: what each value may be, and what is said where it
//! is something else.
//!
//! Not serde: it stops at the first error, and knows keys only by what is wrong with them. Here a table
//! reads all of its keys, each fault is kept with its place, and reading goes on. What a value is good
//! for (whether an upstream of that name exists) is not asked here.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::environment::Environment;
use super::faults::Faults;
use super::located::{Field, List, Located, Named, NamedEntry};
use super::source::{FileId, Place};
use super::suggest::{nearest, one_of};

/// A value as the TOML parser gives it.
pub(super) type Value<'i> = Spanned<DeValue<'i>>;
/// A key as the TOML parser gives it.
pub(super) type Key<'i> = Spanned<std::borrow::Cow<'i, str>>;

/// Reads one file.
pub(super) struct Reader<'a> {
    /// The file.
    pub(super) file: FileId,
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
        Place::new(self.file, spanned.span())
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
        let fault = self.faults.error(at, format!("there is no key `{written}` here"));
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

impl<T: FromToml> Slot for Field<T> {
    fn fill(&mut self, value: &Value<'_>, reader: &mut Reader<'_>) {
        let at = reader.place(value);
        *self = match T::from_toml(value, reader) {
            Some(value) => Self::Given(Located { value, at }),
            None => Self::Broken,
        };
    }

    fn spoil(&mut self) {
        if self.is_absent() {
            *self = Self::Broken;
        }
    }
}

impl<T: FromToml> Slot for Named<T> {
    fn fill(&mut self, value: &Value<'_>, reader: &mut Reader<'_>) {
        let Some(table) = reader.table(value, &format!("tables by name, each {}", T::expected())) else {
            self.broken = true;
            return;
        };
        for (key, value) in table {
            let name = Located { value: key.get_ref().to_string(), at: reader.place(key) };
            let value = T::from_toml(value, reader);
            self.entries.push(NamedEntry { name, value });
        }
    }

    fn spoil(&mut self) {
        self.broken = true;
    }
}

impl<T: FromToml> FromToml for List<T> {
    fn expected() -> String {
        format!("{}, or a list of such", T::expected())
    }

    fn from_toml(value: &Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let DeValue::Array(items) = value.get_ref() else {
            let at = reader.place(value);
            let value = T::from_toml(value, reader)?;
            return Some(Self(vec![Located { value, at }]));
        };
        // All items are read, for the sake of their faults, before the list is given up.
        let read: Vec<Option<Located<T>>> = items
            .iter()
            .map(|item| {
                let at = reader.place(item);
                T::from_toml(item, reader).map(|value| Located { value, at })
            })
            .collect();
        read.into_iter().collect::<Option<Vec<_>>>().map(Self)
    }
}

impl FromToml for bool {
    fn expected() -> String {
        "`true` or `false`".into()
    }

    fn from_toml(value: &Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        match value.get_ref() {
            DeValue::Boolean(value) => Some(*value),
            _ => {
                reader.expected(value, &Self::expected());
                None
            }
        }
    }
}

impl FromToml for u64 {
    fn expected() -> String {
        "a whole number".into()
    }

    fn from_toml(value: &Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let DeValue::Integer(written) = value.get_ref() else {
            reader.expected(value, &Self::expected());
            return None;
        };
        // TOML's own integers end here too.
        match i64::from_str_radix(written.as_str(), written.radix()).map(u64::try_from) {
            Ok(Ok(number)) => Some(number),
            Ok(Err(_)) => {
                reader.nonsense(value, "this can't be negative".into(), &Self::expected());
                None
            }
            Err(_) => {
                reader.nonsense(value, "this number is too large".into(), "at most 9223372036854775807");
                None
            }
        }
    }
}

/// Makes a struct of [`Slot`]s readable: its fields are the keys that its table may have.
///
/// `read_table!(Listener, "a listener's table" { address, hosts })` implements [`FromToml`], and
/// `read_entries`, which reads from part of a table.
macro_rules! read_table {
    ($type:ident, $expected:literal { $($field:ident),* $(,)? }) => {
        impl $type {
            /// The keys that this table may have.
            pub(in crate::config) const KEYS: &'static [&'static str] = &[$(stringify!($field)),*];

            /// Reads these entries of a table.
            pub(in crate::config) fn read_entries<'v, 'i: 'v>(
                entries: impl Iterator<Item = (&'v $crate::config::read::Key<'i>, &'v $crate::config::read::Value<'i>)>,
                reader: &mut $crate::config::read::Reader<'_>,
            ) -> Self {
                use $crate::config::read::Slot as _;
                let mut this = Self::default();
                for (key, value) in entries {
                    match key.get_ref().as_ref() {
                        $(stringify!($field) => this.$field.fill(value, reader),)*
                        _ => match reader.unknown_key(key, Self::KEYS) {
                            $(Some(stringify!($field)) => this.$field.spoil(),)*
                            _ => {}
                        },
                    }
                }
                this
            }
        }

        impl $crate::config::read::FromToml for $type {
            fn expected() -> String {
                $expected.into()
            }

            fn from_toml(
                value: &$crate::config::read::Value<'_>,
                reader: &mut $crate::config::read::Reader<'_>,
            ) -> Option<Self> {
                let table = reader.table(value, $expected)?;
                Some(Self::read_entries(table.iter(), reader))
            }
        }
    };
}
pub(super) use read_table;

/// Makes an enum of words readable: `read_words!(HostWord { "peer" => Peer, "preserve" => Preserve })`.
/// Words in a second pair of braces are understood, but never proposed.
macro_rules! read_words {
    ($type:ident { $($word:literal => $variant:ident),* $(,)? } $({ $($hidden:literal => $rare:ident),* $(,)? })?) => {
        impl $crate::config::read::FromToml for $type {
            fn expected() -> String {
                $crate::config::suggest::one_of([$($word),*])
            }

            fn from_toml(
                value: &$crate::config::read::Value<'_>,
                reader: &mut $crate::config::read::Reader<'_>,
            ) -> Option<Self> {
                let text = $crate::config::text::Text::from_toml_as(value, reader, &Self::expected())?;
                match text.as_str() {
                    $($word => Some(Self::$variant),)*
                    $($($hidden => Some(Self::$rare),)*)?
                    _ => {
                        $crate::config::read::unknown_word(value, &text, &[$($word),*], reader);
                        None
                    }
                }
            }
        }
    };
}
pub(super) use read_words;

/// Reports a word that is none of those known.
pub(super) fn unknown_word(value: &Value<'_>, written: &super::text::Text, known: &[&str], reader: &mut Reader<'_>) {
    let at = reader.place(value);
    let known = known.iter().copied();
    // What a secret is near to would tell of the secret.
    let near = match written.is_secret() {
        true => None,
        false => nearest(written.as_str(), known.clone()),
    };
    let fault = reader.faults.error(at, format!("`{written}` is not a word known here"));
    match near {
        Some(near) => fault.label(format!("did you mean `{near}`?")).help(format!("known are {}", one_of(known))),
        None => fault.label(format!("expected {}", one_of(known))),
    };
}

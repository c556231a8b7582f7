//! How the structs and enums of [`crate::config::file`] are made readable, so that they are written as
//! plain types with one line each.

use super::{Reader, Value};
use crate::config::suggest::{nearest, one_of};
use crate::config::text::Text;

/// Makes a struct of `Slot`s readable: its fields are the keys that its table may have.
///
/// `read_table!(Listener, "a listener's table" { address, hosts })` implements `FromToml`, and
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
pub(in crate::config) use read_table;

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
pub(in crate::config) use read_words;

/// Reports a word that is none of those known.
pub(in crate::config) fn unknown_word(value: &Value<'_>, written: &Text, known: &[&str], reader: &mut Reader<'_>) {
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

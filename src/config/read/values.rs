//! Values of the common types: fields and lists of others, tables by name, booleans and whole numbers.

use toml::de::DeValue;

use super::{FromToml, Reader, Slot, Value};
use crate::config::located::{Field, List, Located, Named, NamedEntry};

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

//! What was written, and where: the types that the fields of a [`super::file::ConfigFile`] have.
//!
//! A field is absent, or broken, or given. Broken ones have had their fault; the compiler passes over
//! them in silence, so that one slip is one fault.

use std::borrow::Cow;
use std::ops::Deref;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::source::Place;

/// A value and the place it was written at.
#[derive(Clone, Debug)]
pub struct Located<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub at: Place,
}

impl<T> Deref for Located<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

/// A key of a table.
#[derive(Clone, Debug, Default)]
pub enum Field<T> {
    /// It was not written.
    #[default]
    Absent,
    /// It was written, or something near to it, and a fault has been reported.
    Broken,
    /// It was written.
    Given(Located<T>),
}

impl<T> Field<T> {
    /// The value, where there is one.
    pub fn given(&self) -> Option<&Located<T>> {
        match self {
            Self::Given(located) => Some(located),
            Self::Absent | Self::Broken => None,
        }
    }

    /// Whether nothing was written.
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    /// Whether a fault has been reported in its stead.
    pub fn is_broken(&self) -> bool {
        matches!(self, Self::Broken)
    }
}

/// A list; one value stands for a list of one.
#[derive(Clone, Debug, Default)]
pub struct List<T>(pub Vec<Located<T>>);

impl<T> Deref for List<T> {
    type Target = [Located<T>];

    fn deref(&self) -> &[Located<T>] {
        &self.0
    }
}

/// Tables by name, as in `[upstream.crm]`, in the order of the file.
#[derive(Clone, Debug)]
pub struct Named<T> {
    /// What was written.
    pub entries: Vec<NamedEntry<T>>,
    /// Something was reported that may have been one of these.
    pub broken: bool,
}

/// One of the tables.
#[derive(Clone, Debug)]
pub struct NamedEntry<T> {
    /// Its name, at the place where it is first written.
    pub name: Located<String>,
    /// What is in it; `None` where it was not a table.
    pub value: Option<T>,
}

impl<T> Default for Named<T> {
    fn default() -> Self {
        Self { entries: Vec::new(), broken: false }
    }
}

impl<T> Named<T> {
    /// The names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|entry| entry.name.as_str())
    }

    /// The one of this name.
    pub fn find(&self, name: &str) -> Option<&NamedEntry<T>> {
        self.entries.iter().find(|entry| *entry.name.value == *name)
    }
}

// To an editor all of these look like what they hold.

impl<T: JsonSchema> JsonSchema for Field<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn schema_id() -> Cow<'static, str> {
        T::schema_id()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

impl<T: JsonSchema> JsonSchema for List<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("ListOf{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let one = generator.subschema_for::<T>();
        json_schema!({ "anyOf": [one, { "type": "array", "items": one }] })
    }
}

impl<T: JsonSchema> JsonSchema for Named<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("NamedBy{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let one = generator.subschema_for::<T>();
        json_schema!({ "type": "object", "additionalProperties": one })
    }
}

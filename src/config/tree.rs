//! A parsed TOML text, however deep it nests.
//!
//! The parser bounds how deep values nest and how many dots a key has, but a key of eighty dots in each
//! of eighty inline tables still makes thousands of tables within each other. Whoever walks or drops
//! those by recursion runs out of stack, so this drops them one by one; and no reader of ours follows a
//! table deeper than its type goes.

use std::ops::Deref;

use toml::de::{DeTable, DeValue, Error};

/// The table of a whole text.
#[derive(Default)]
pub(super) struct Tree<'t>(DeTable<'t>);

impl<'t> Tree<'t> {
    /// Everything that can be understood of a text, and every fault of its syntax.
    pub(super) fn parse(text: &'t str) -> (Self, Vec<Error>) {
        let (table, errors) = DeTable::parse_recoverable(text);
        (Self(table.into_inner()), errors)
    }

    /// How many tables and arrays lie within each other.
    pub(super) fn depth(&self) -> usize {
        let mut deepest = 0;
        let mut waiting: Vec<(usize, &DeValue<'_>)> = self.0.values().map(|value| (1, value.get_ref())).collect();
        while let Some((depth, value)) = waiting.pop() {
            deepest = deepest.max(depth);
            match value {
                DeValue::Table(table) => waiting.extend(table.values().map(|value| (depth + 1, value.get_ref()))),
                DeValue::Array(items) => waiting.extend(items.iter().map(|value| (depth + 1, value.get_ref()))),
                _ => {}
            }
        }
        deepest
    }

    /// Adds what another part of the text says; where both say something, the first word counts.
    pub(super) fn merge(&mut self, mut other: Self) {
        merge(&mut self.0, &mut other.0);
    }
}

/// Recursion ends where the parts have no table in common: both have those of one header at most.
fn merge<'t>(into: &mut DeTable<'t>, from: &mut DeTable<'t>) {
    for (key, mut value) in std::mem::take(from) {
        match into.get_mut(key.get_ref().as_ref()).map(|known| known.get_mut()) {
            None => drop(into.insert(key, value)),
            Some(DeValue::Table(known)) => {
                if let DeValue::Table(more) = value.get_mut() {
                    merge(known, more);
                }
                dismantle(value.into_inner());
            }
            Some(_) => dismantle(value.into_inner()),
        }
    }
}

fn dismantle(value: DeValue<'_>) {
    let mut waiting = vec![value];
    while let Some(value) = waiting.pop() {
        match value {
            DeValue::Table(table) => waiting.extend(table.into_iter().map(|(_, value)| value.into_inner())),
            DeValue::Array(items) => waiting.extend(items.into_iter().map(|value| value.into_inner())),
            _ => {}
        }
    }
}

impl Drop for Tree<'_> {
    fn drop(&mut self) {
        dismantle(DeValue::Table(std::mem::take(&mut self.0)));
    }
}

impl<'t> Deref for Tree<'t> {
    type Target = DeTable<'t>;

    fn deref(&self) -> &DeTable<'t> {
        &self.0
    }
}

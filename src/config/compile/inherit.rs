//! The nearest wins: a method's table, its path's, `[defaults]`. Whole values, never merged lists; only
//! `query`, `header` and `path` add up by name.

use super::layer::Layer;
use super::parameters::Declared;
use crate::config::located::{Field, Located};

/// The layers of one endpoint, the nearest first.
pub(super) struct Layers<'l>(pub(super) [&'l Layer; 3]);

impl<'l> Layers<'l> {
    /// What the nearest layer says that says anything.
    pub(super) fn nearest<T>(&self, pick: impl Fn(&Layer) -> &Field<T>) -> &'l Field<T> {
        let of: fn(&'l Layer, &dyn Fn(&Layer) -> &Field<T>) -> &'l Field<T> = |layer, pick| pick(layer);
        let stated = self.0.iter().map(|layer| of(layer, &pick)).find(|field| !field.is_absent());
        stated.unwrap_or_else(|| of(self.0[2], &pick))
    }

    /// What it replaces: what the next layer behind that one says.
    pub(super) fn replaced<T>(&self, pick: impl Fn(&Layer) -> &Field<T>) -> Option<&'l Located<T>> {
        let of: fn(&'l Layer, &dyn Fn(&Layer) -> &Field<T>) -> &'l Field<T> = |layer, pick| pick(layer);
        let mut stated = self.0.iter().map(|layer| of(layer, &pick)).filter(|field| !field.is_absent());
        stated.nth(1).and_then(Field::given)
    }

    /// All declared parameters of one kind, the nearest of each name.
    pub(super) fn parameters(&self, pick: impl Fn(&'l Layer) -> &'l Vec<Declared>) -> Vec<&'l Declared> {
        let mut all: Vec<&Declared> = Vec::new();
        for layer in self.0 {
            for declared in pick(layer) {
                if !all.iter().any(|nearer| nearer.name == declared.name) {
                    all.push(declared);
                }
            }
        }
        all
    }
}

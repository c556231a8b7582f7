//! The nearest wins: a method's table, its path's, `[defaults]`. Whole values, never merged lists; only
//! `query`, `header` and `path` add up by name.

use super::layer::Layer;
use super::parameters::Declared;
use crate::config::located::{Field, Located};

/// The layers of one endpoint, the nearest first.
pub(super) struct Layers<'l>(pub(super) [&'l Layer; 3]);

impl<'l> Layers<'l> {
    /// What the nearest layer says that says anything.
    pub(super) fn nearest<T: 'l>(&self, pick: impl Fn(&'l Layer) -> &'l Field<T>) -> &'l Field<T> {
        let [own, path, defaults] = self.0.map(pick);
        match (own, path) {
            (Field::Absent, Field::Absent) => defaults,
            (Field::Absent, path) => path,
            (own, _) => own,
        }
    }

    /// What it replaces: what the next layer behind that one says.
    pub(super) fn replaced<T: 'l>(&self, pick: impl Fn(&'l Layer) -> &'l Field<T>) -> Option<&'l Located<T>> {
        let mut stated = self.0.into_iter().map(pick).filter(|field| !field.is_absent());
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

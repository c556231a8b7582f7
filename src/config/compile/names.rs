//! Tables by name, and the names by which endpoints ask for them.

use std::collections::HashMap;

use crate::config::faults::Faults;
use crate::config::located::{Located, Named};
use crate::config::source::Place;
use crate::config::suggest::nearest;
use crate::config::text::Text;

/// What a kind of tables was compiled to, and which of them anybody named.
pub(super) struct Register<T> {
    /// As in "there is no upstream `x`".
    kind: &'static str,
    names: Vec<Located<String>>,
    values: Vec<Option<T>>,
    by_name: HashMap<String, usize>,
    mentioned: Vec<bool>,
    any_unread: bool,
    /// Something was reported that may have been one of these.
    broken: bool,
}

impl<T> Register<T> {
    /// Compiles each table; what `compile` gives up has had its fault.
    pub(super) fn new<F>(
        kind: &'static str,
        tables: &Named<F>,
        faults: &mut Faults,
        mut compile: impl FnMut(&Located<String>, &F, &mut Faults) -> Option<T>,
    ) -> Self {
        let mut this = Self {
            kind,
            names: Vec::new(),
            values: Vec::new(),
            by_name: HashMap::new(),
            mentioned: Vec::new(),
            any_unread: false,
            broken: tables.broken,
        };
        for entry in &tables.entries {
            let sound = is_sound(kind, &entry.name, faults);
            let value = entry.value.as_ref().and_then(|table| compile(&entry.name, table, faults));
            this.by_name.insert(entry.name.value.clone(), this.names.len());
            this.names.push(entry.name.clone());
            this.values.push(value.filter(|_| sound));
            this.mentioned.push(false);
        }
        this
    }

    /// The index of the table that is asked for by this name.
    pub(super) fn find(&mut self, name: &Located<Text>, faults: &mut Faults) -> Option<usize> {
        if let Some(index) = self.by_name.get(name.as_str()) {
            self.mentioned[*index] = true;
            return Some(*index);
        }
        if self.broken {
            return None;
        }
        let kind = self.kind;
        let near = nearest(name.as_str(), self.names.iter().map(|known| known.as_str()));
        let near = near.filter(|_| !name.is_secret());
        let fault = faults.absent(name.at, format!("there is no {kind} `{}`", name.value));
        match near {
            Some(near) => fault.label(format!("did you mean `{near}`?")),
            None => fault.label(format!("no [{kind}.…] table has this name")),
        };
        None
    }

    /// The one of this index, where it could be compiled.
    pub(super) fn value(&self, index: usize) -> Option<&T> {
        self.values[index].as_ref()
    }

    /// The name of this index, where it was first written.
    pub(super) fn name(&self, index: usize) -> &Located<String> {
        &self.names[index]
    }

    /// Somewhere a name was meant that could not be read or found.
    pub(super) fn suspect(&mut self) {
        self.any_unread = true;
    }

    /// Whether nobody asks for a table. Where it is not known what endpoints use, what is named anywhere
    /// may be in use; and where a name could not be read, anything.
    pub(super) fn is_unused(&self, index: usize, known: Option<bool>) -> bool {
        known.unwrap_or(!self.mentioned[index] && !self.any_unread)
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.names.len()
    }

    /// All of them, where all could be compiled.
    pub(super) fn into_values(self) -> Option<Vec<T>> {
        self.values.into_iter().collect()
    }

    /// Says that nothing asks for a table.
    pub(super) fn warn_unused(&self, index: usize, faults: &mut Faults) {
        let name = self.name(index);
        faults
            .warning(name.at, format!("the {} `{}` is not used", self.kind, name.value))
            .label("no endpoint names it")
            .if_whole();
    }
}

/// Names go into challenges, rate limit fields, logs and metrics as they are.
fn is_sound(kind: &str, name: &Located<String>, faults: &mut Faults) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    let sound = (1..=64).contains(&name.len()) && name.bytes().all(fits);
    if !sound {
        complain(kind, name.at, faults);
    }
    sound
}

fn complain(kind: &str, at: Place, faults: &mut Faults) {
    faults.error(at, format!("no {kind} can have this name")).label("expected 1 to 64 letters, digits, `_` and `-`");
}

//! Who is behind a credential, and what it may do.

use std::sync::Arc;

/// Who is behind a credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    name: Box<str>,
    grant: Arc<Grant>,
}

/// What a principal may do: the same for many of them, so they share it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Grant {
    /// What it may do.
    pub scopes: Vec<String>,
    /// Which plan its quotas follow.
    pub plan: Option<String>,
}

impl Principal {
    /// A principal that may do this.
    pub fn new(name: impl Into<Box<str>>, grant: Arc<Grant>) -> Self {
        Self { name: name.into(), grant }
    }

    /// The name, unique in its file.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it may do.
    pub fn scopes(&self) -> &[String] {
        &self.grant.scopes
    }

    /// Which plan its quotas follow.
    pub fn plan(&self) -> Option<&str> {
        self.grant.plan.as_deref()
    }
}

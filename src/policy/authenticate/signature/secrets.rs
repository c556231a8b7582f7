//! Secrets that machines sign with: whose they are, and until when. What they are is never printed.

use std::fmt;

use hashbrown::HashMap;
use ring::hmac;

use crate::policy::keys::{KeyFault, Principal, Validity};
use crate::policy::time::Timestamp;

/// The secrets of one file.
#[derive(Default)]
pub struct SecretSet {
    principals: Vec<Principal>,
    /// By `keyid`.
    secrets: HashMap<String, Secret>,
}

/// One secret of a principal.
pub struct Secret {
    /// Index of the principal.
    pub principal: usize,
    /// What its signatures are made with.
    pub key: hmac::Key,
    /// When it is good.
    pub validity: Validity,
}

impl SecretSet {
    /// Adds a principal and returns its index.
    pub fn add_principal(&mut self, principal: Principal) -> usize {
        self.principals.push(principal);
        self.principals.len() - 1
    }

    /// Adds a secret; `false` where the same id is there already.
    pub fn add_secret(&mut self, id: String, secret: Secret) -> bool {
        self.secrets.try_insert(id, secret).is_ok()
    }

    /// The secret that `keyid` names, and whose it is. That is no secret: an id may be looked up in any time.
    pub(super) fn find(&self, id: &str, now: Timestamp) -> Result<(&Secret, &Principal), KeyFault> {
        let secret = self.secrets.get(id).ok_or(KeyFault::Unknown)?;
        secret.validity.check(now)?;
        let principal = self.principals.get(secret.principal).ok_or(KeyFault::Unknown)?;
        Ok((secret, principal))
    }

    /// Whether there is no secret.
    pub fn is_empty(&self) -> bool {
        self.secrets.is_empty()
    }

    /// The principals, in the order of the file.
    pub fn principals(&self) -> impl ExactSizeIterator<Item = &Principal> {
        self.principals.iter()
    }
}

impl fmt::Debug for SecretSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretSet").field("principals", &self.principals).field("secrets", &self.secrets.len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn a_secret_is_good_only_in_its_time() {
        let at = Timestamp::from_seconds;
        let mut set = SecretSet::default();
        let principal = set.add_principal(Principal::new("acme", Arc::default()));
        let secret = |disabled| Secret {
            principal,
            key: hmac::Key::new(hmac::HMAC_SHA256, b"secret"),
            validity: Validity { not_before: Some(at(10)), expires: Some(at(20)), disabled },
        };
        assert!(set.add_secret("a".into(), secret(false)));
        assert!(!set.add_secret("a".into(), secret(false)));
        assert!(set.add_secret("b".into(), secret(true)));
        let found = |id, now| set.find(id, at(now)).map(|(_, principal)| principal.name());
        assert_eq!(found("a", 9), Err(KeyFault::NotYet));
        assert_eq!(found("a", 10), Ok("acme"));
        assert_eq!(found("a", 20), Err(KeyFault::Expired));
        assert_eq!(found("b", 15), Err(KeyFault::Disabled));
        assert_eq!(found("c", 15), Err(KeyFault::Unknown));
    }
}

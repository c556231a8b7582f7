//! API keys, as hashes: who holds one, and until when.
//!
//! A key is 128 random bits or more, so one round of SHA-256 is enough to store it by; passwords need
//! more and are not kept here. A lookup tells nothing of how much of a guess was right: what is
//! compared is the hash of it, and in constant time.

use std::fmt::{self, Write as _};

use hashbrown::HashMap;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::time::Timestamp;

/// SHA-256 of a key.
pub type KeyHash = [u8; 32];

/// A hash as key files, metrics and people write it: two lower-case hexadecimal digits a byte.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing to a String does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Longer values are not hashed at all: no key is.
pub const MAX_KEY_BYTES: usize = 512;

/// The keys of one file.
#[derive(Default)]
pub struct KeySet {
    principals: Vec<Principal>,
    keys: HashMap<KeyHash, Key>,
}

/// Who is behind a credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// The name, unique in its file.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<String>,
    /// Which plan its quotas follow.
    pub plan: Option<String>,
}

/// One key of a principal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Key {
    /// Index of the principal.
    pub principal: usize,
    /// From when on it is good.
    pub not_before: Option<Timestamp>,
    /// From when on it is good no more.
    pub expires: Option<Timestamp>,
    /// Taken out of use by hand.
    pub disabled: bool,
}

/// Why a key that was presented is not taken; for the log, never for the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyFault {
    /// No such key.
    Unknown,
    /// Good later.
    NotYet,
    /// Good no more.
    Expired,
    /// Taken out of use.
    Disabled,
}

impl KeyFault {
    /// As the log says it.
    pub const fn message(self) -> &'static str {
        match self {
            Self::Unknown => "unknown key",
            Self::NotYet => "key not good yet",
            Self::Expired => "key expired",
            Self::Disabled => "key disabled",
        }
    }
}

impl KeySet {
    /// Adds a principal and returns its index.
    pub fn add_principal(&mut self, principal: Principal) -> usize {
        self.principals.push(principal);
        self.principals.len() - 1
    }

    /// Adds a key; `false` where the same hash is there already.
    pub fn add_key(&mut self, hash: KeyHash, key: Key) -> bool {
        self.keys.try_insert(hash, key).is_ok()
    }

    /// Who presents this key?
    pub fn lookup(&self, presented: &[u8], now: Timestamp) -> Result<&Principal, KeyFault> {
        if presented.len() > MAX_KEY_BYTES {
            return Err(KeyFault::Unknown);
        }
        let hash: KeyHash = Sha256::digest(presented).into();
        let (known, key) = self.keys.get_key_value(&hash).ok_or(KeyFault::Unknown)?;
        if !bool::from(known.ct_eq(&hash)) {
            return Err(KeyFault::Unknown);
        }
        if key.disabled {
            return Err(KeyFault::Disabled);
        }
        if key.not_before.is_some_and(|from| now < from) {
            return Err(KeyFault::NotYet);
        }
        if key.expires.is_some_and(|until| now >= until) {
            return Err(KeyFault::Expired);
        }
        self.principals.get(key.principal).ok_or(KeyFault::Unknown)
    }

    /// The principals, in the order of the file.
    pub fn principals(&self) -> &[Principal] {
        &self.principals
    }
}

/// Hashes are no secrets, but there is no reason to print them either.
impl fmt::Debug for KeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeySet").field("principals", &self.principals).field("keys", &self.keys.len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_good_only_in_its_time() {
        let mut set = KeySet::default();
        let principal = set.add_principal(Principal { name: "acme".into(), scopes: vec![], plan: None });
        let at = Timestamp::from_seconds;
        let key = Key { principal, not_before: Some(at(10)), expires: Some(at(20)), disabled: false };
        assert!(set.add_key(Sha256::digest(b"k1").into(), key));
        assert!(!set.add_key(Sha256::digest(b"k1").into(), key));
        assert!(set.add_key(Sha256::digest(b"k2").into(), Key { disabled: true, ..key }));
        assert_eq!(set.lookup(b"k1", at(9)), Err(KeyFault::NotYet));
        assert_eq!(set.lookup(b"k1", at(10)).map(|p| p.name.as_str()), Ok("acme"));
        assert_eq!(set.lookup(b"k1", at(20)), Err(KeyFault::Expired));
        assert_eq!(set.lookup(b"k2", at(15)), Err(KeyFault::Disabled));
        assert_eq!(set.lookup(b"k3", at(15)), Err(KeyFault::Unknown));
        assert_eq!(set.lookup(&[b'k'; 600], at(15)), Err(KeyFault::Unknown));
    }
}

//! The keys of one issuer.

use serde_json::Value;

use super::algorithm::Algorithm;
use super::key::{KeyUnfit, VerificationKey};
use crate::policy::body::{Integers, JsonRules, json};

/// More keys than an issuer has at a time; a set that has more is somebody's attempt at something.
const MOST_KEYS: usize = 128;

/// A token that does not name its key is tried with so many that fit, and no more.
const MOST_TRIED: usize = 8;

/// The keys of one issuer.
#[derive(Debug, Default)]
pub struct KeySet(Vec<VerificationKey>);

/// A JWK set that was read.
#[derive(Debug)]
pub struct ReadKeys {
    /// What can be used of it.
    pub keys: KeySet,
    /// What can't, by position, and why.
    pub ignored: Vec<(usize, KeyUnfit)>,
}

impl KeySet {
    /// A JWK set (RFC 7517 §5). Members that cannot be used are passed over.
    ///
    /// # Errors
    ///
    /// Where it is none.
    pub fn from_jwks(document: &[u8]) -> Result<ReadKeys, &'static str> {
        let rules = JsonRules { integers: Integers::Any, ..JsonRules::default() };
        let document = json::parse(document, &rules).map_err(|_| "it is not strict JSON")?;
        let Some(Value::Array(members)) = document.get("keys") else { return Err("it has no list of `keys`") };
        if members.len() > MOST_KEYS {
            return Err("it holds more keys than an issuer has");
        }
        let mut read = ReadKeys { keys: Self::default(), ignored: Vec::new() };
        for (position, member) in members.iter().enumerate() {
            let key = member.as_object().ok_or(KeyUnfit("it is no object")).and_then(VerificationKey::from_jwk);
            match key {
                Ok(key) => read.keys.0.push(key),
                Err(unfit) => read.ignored.push((position, unfit)),
            }
        }
        Ok(read)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Those that a token of this header may be signed with.
    pub(super) fn fitting<'k>(
        &'k self,
        id: Option<&'k str>,
        algorithm: Algorithm,
        stated: bool,
    ) -> impl Iterator<Item = &'k VerificationKey> {
        self.0.iter().filter(move |key| key.may_be(id) && key.is_for(algorithm, stated)).take(MOST_TRIED)
    }
}

impl FromIterator<VerificationKey> for KeySet {
    fn from_iter<I: IntoIterator<Item = VerificationKey>>(keys: I) -> Self {
        Self(keys.into_iter().collect())
    }
}

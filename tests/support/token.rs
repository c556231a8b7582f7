//! Tokens for cases, signed here: by a key that is nobody's secret, so that a case can say what a token claims.
//!
//! Whether the gate reads tokens right is not for these to show; others' tokens do (`tests/jwt`).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::{Map, Value, json};

/// A key of an issuer's, by number.
pub(crate) struct IssuerKey {
    id: String,
    pair: Ed25519KeyPair,
}

impl IssuerKey {
    pub(crate) fn number(number: u8) -> Self {
        let pair = Ed25519KeyPair::from_seed_unchecked(&[number; 32]).expect("a seed of 32 bytes");
        Self { id: format!("key-{number}"), pair }
    }

    /// As the issuer publishes it.
    pub(crate) fn jwk(&self) -> Value {
        let point = URL_SAFE_NO_PAD.encode(self.pair.public_key());
        json!({ "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": self.id, "x": point })
    }

    /// A token that claims this.
    pub(crate) fn token(&self, claims: &Value) -> String {
        let header = json!({ "alg": "EdDSA", "kid": self.id });
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(&header), part(claims));
        let signature = URL_SAFE_NO_PAD.encode(self.pair.sign(signed.as_bytes()));
        format!("{signed}.{signature}")
    }
}

/// A token as a case writes it: `sub=ada,scope=a b,level=3,groups=x|y`. Without an `exp` it is good for a hundred
/// years. `key=2` signs it with another key than the first.
pub(crate) fn written(text: &str) -> String {
    let mut claims: Map<String, Value> = [("exp".to_owned(), json!(4_900_000_000_u64))].into_iter().collect();
    let mut key = 1;
    for (name, value) in text.split(',').filter_map(|claim| claim.split_once('=')) {
        match (name, value.parse::<u64>()) {
            ("key", Ok(number)) => key = u8::try_from(number).expect("a small number"),
            (_, Ok(number)) => drop(claims.insert(name.to_owned(), json!(number))),
            _ if value.contains('|') => {
                let items: Vec<&str> = value.split('|').filter(|item| !item.is_empty()).collect();
                claims.insert(name.to_owned(), json!(items));
            }
            _ => drop(claims.insert(name.to_owned(), json!(value))),
        }
    }
    IssuerKey::number(key).token(&Value::Object(claims))
}

/// The set of these keys.
pub(crate) fn key_set(numbers: &[u8]) -> String {
    let keys: Vec<Value> = numbers.iter().map(|number| IssuerKey::number(*number).jwk()).collect();
    json!({ "keys": keys }).to_string()
}

//! Signatures over bare messages: what the primitives take, and what they must not.

use portcullis::policy::jwt::{Algorithm, VerificationKey};
use serde_json::Value;

use super::{algorithm, bytes, files};

#[test]
fn signatures_hold_where_they_should_and_nowhere_else() {
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for (file, document) in files("signatures") {
        for group in document["groups"].as_array().expect("groups") {
            let algorithm = algorithm(group["algorithm"].as_str().expect("an algorithm"));
            let key = key(&group["key"], algorithm);
            for case in group["cases"].as_array().expect("cases") {
                let bytes = |name: &str| hex(case[name].as_str().expect("hexadecimal digits"));
                let valid = case["valid"].as_bool().expect("a verdict");
                seen += 1;
                if key.verifies(algorithm, &bytes("message"), &bytes("signature")) != valid {
                    wrong.push(format!("{file}: {} {} should be {valid}", algorithm.name(), case["name"]));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {seen}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(seen >= 500, "{seen} signatures are left");
}

fn key(written: &Value, algorithm: Algorithm) -> VerificationKey {
    match written["secret"].as_str() {
        Some(secret) => VerificationKey::from_secret(&bytes(secret), algorithm).expect("a secret"),
        None => VerificationKey::from_jwk(written.as_object().expect("a JWK")).expect("a key that can be used"),
    }
}

fn hex(digits: &str) -> Vec<u8> {
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).expect("ASCII"), 16).expect("digits");
    digits.as_bytes().chunks(2).map(byte).collect()
}

//! Bearer tokens: the primitive alone (ring checking a signature by a key that is at hand), and all that the gate
//! does with a token: taking it apart, finding the key, the signature, its claims, who it is. What lies between the
//! two is the gate's own share.

use std::hint::black_box;

use criterion::Criterion;
use portcullis::policy::authenticate::{ClaimPath, ClaimRules};
use portcullis::policy::jwt::{Algorithm, KeySet, TokenRules, VerificationKey};
use portcullis::policy::time::Timestamp;
use serde_json::Value;

/// Tokens as PyJWT makes them (tests/jwt).
const TOKENS: &str = include_str!("../../tests/jwt/tokens/valid_python.json");

const ALGORITHMS: [&str; 8] = ["RS256", "PS256", "ES256", "ES384", "EdDSA", "HS256", "HS384", "HS512"];

pub(crate) fn verifying(criterion: &mut Criterion) {
    let document: Value = serde_json::from_str(TOKENS).expect("JSON");
    let cases = document["cases"].as_array().expect("cases");
    for name in ALGORITHMS {
        let title = format!("valid {name} by PyJWT");
        let case = cases.iter().find(|case| case["name"] == title.as_str()).expect("the corpus has it");
        let algorithm = Algorithm::named(name).expect("it is known");
        let token = case["token"].as_str().expect("a token");
        let (set, key) = keys(&document["keys"][case["keys"].as_str().expect("keys")], algorithm);
        let (signed, signature) = token.rsplit_once('.').expect("three parts");
        let signature = base64url(signature);
        let mut group = criterion.benchmark_group(format!("token/{name}"));
        group.bench_function("primitive", |bencher| {
            bencher.iter(|| assert!(key.verifies(algorithm, black_box(signed.as_bytes()), black_box(&signature))));
        });
        let (rules, claims) = rules(&document["policies"][case["policy"].as_str().expect("a policy")], algorithm);
        let now = Timestamp::from_seconds(1_900_000_000);
        group.bench_function("whole", |bencher| {
            bencher.iter(|| {
                let claimed = rules.verify(black_box(token.as_bytes()), &set, now).expect("it holds");
                claims.vouch(&claimed).expect("it names somebody")
            });
        });
        group.finish();
    }
}

/// The same key twice: in a set, and alone.
fn keys(written: &Value, algorithm: Algorithm) -> (KeySet, VerificationKey) {
    let key = || match written["secret"].as_str() {
        Some(secret) => VerificationKey::from_secret(&base64url(secret), algorithm).expect("it is long enough"),
        None => {
            let key = written["jwks"]["keys"][0].as_object().expect("a JWK");
            VerificationKey::from_jwk(key).expect("it can be used")
        }
    };
    ([key()].into_iter().collect(), key())
}

fn rules(policy: &Value, algorithm: Algorithm) -> (TokenRules, ClaimRules) {
    let rules = TokenRules {
        algorithms: Some(vec![algorithm]),
        issuer: policy["issuer"].as_str().map(str::to_owned),
        audience: vec!["crm".to_owned()],
        leeway: std::time::Duration::from_secs(30),
        token_type: None,
        max_bytes: 8192,
    };
    (rules, ClaimRules { plan: Some(ClaimPath::new("plan")), ..ClaimRules::default() })
}

fn base64url(text: &str) -> Vec<u8> {
    use base64::Engine;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(text).expect("base64url")
}

//! Tokens and signatures that others have made, as data: each with the verdict that it must get.
//!
//! `tokens` are judged whole, `signatures` (Wycheproof's, and those of RFCs) by the key alone. How they were made
//! stands in `generate/README.md`.

mod signatures;
mod tokens;

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use portcullis::policy::jwt::{Algorithm, KeySet, VerificationKey};
use serde_json::Value;

/// Every file of a folder beside this one, by name.
fn files(folder: &str) -> Vec<(String, Value)> {
    let folder = Path::new("tests/jwt").join(folder);
    let mut files: Vec<(String, Value)> = std::fs::read_dir(&folder)
        .expect("the folder is there")
        .map(|entry| {
            let path = entry.expect("it can be listed").path();
            let text = std::fs::read(&path).expect("it can be read");
            let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
            (name, serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
        })
        .collect();
    files.sort_by(|one, other| one.0.cmp(&other.0));
    files
}

/// The keys that a case names, or why they are none. A secret is for each of the algorithms that it is long enough for.
fn keys(written: &Value, algorithms: &[Algorithm]) -> Result<KeySet, String> {
    if let Some(pem) = written["pem"].as_str() {
        let key = VerificationKey::from_pem(pem.as_bytes()).map_err(|unfit| unfit.0.to_owned())?;
        return Ok([key].into_iter().collect());
    }
    if let Some(secret) = written["secret"].as_str() {
        let secret = bytes(secret);
        let symmetric = algorithms.iter().filter(|algorithm| algorithm.is_symmetric());
        let keys = symmetric.map(|algorithm| VerificationKey::from_secret(&secret, *algorithm));
        return keys.collect::<Result<KeySet, _>>().map_err(|unfit| unfit.0.to_owned());
    }
    let read = KeySet::from_jwks(written["jwks"].to_string().as_bytes())?;
    Ok(read.keys)
}

fn bytes(base64url: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(base64url).expect("the corpus holds sound base64url here")
}

fn algorithm(name: &str) -> Algorithm {
    Algorithm::named(name).unwrap_or_else(|| panic!("{name} is none of the gate's algorithms"))
}

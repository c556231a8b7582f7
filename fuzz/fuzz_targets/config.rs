//! Any bytes as a configuration, and behind two lines of `---` as its key file and its schema: it loads,
//! or every fault can be told. Nothing that exists only in memory is ever asked of the disk.

#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use portcullis::config;
use portcullis_fuzz::Memory;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let mut parts = text.split("\n---\n");
    // Invalid UTF-8 has to get there, too: only without further files the bytes are taken as they are.
    let main = if text.contains("\n---\n") { parts.next().unwrap_or_default().as_bytes() } else { bytes };
    let mut files = vec![("portcullis.toml", main.to_vec())];
    for name in ["keys.toml", "schema.json"] {
        files.extend(parts.next().map(|part| (name, part.as_bytes().to_vec())));
    }
    let found = match config::load(Path::new("portcullis.toml"), &Memory { files }) {
        Ok(loaded) => loaded.warnings,
        Err(errors) => {
            assert!(!errors.0.is_empty(), "a refusal says why");
            errors.0
        }
    };
    found.iter().for_each(|diagnostic| assert!(!diagnostic.to_string().is_empty()));
});

//! Configurations that nobody would write: whatever bytes come, the reader answers and never panics.
//!
//! The same few thousand texts on every run, so that a find can be found again. The long version is a
//! fuzz target.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};

use portcullis::config::{self, Environment};
use portcullis::policy::time::Timestamp;

/// Files that exist nowhere else.
struct Memory(HashMap<PathBuf, Vec<u8>>);

impl Environment for Memory {
    fn variable(&self, name: &str) -> Option<String> {
        (name == "SET").then(|| "hunter2".to_owned())
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.0.get(path).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn list(&self, _: &Path) -> io::Result<Vec<String>> {
        Ok(self.0.keys().filter_map(|path| path.to_str().map(str::to_owned)).collect())
    }

    fn canonical(&self, path: &Path) -> io::Result<PathBuf> {
        match self.0.contains_key(path) {
            true => Ok(path.to_owned()),
            false => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_seconds(1_767_225_600)
    }
}

const MAIN: &str = include_str!("faults/valid.toml");
const KEYS: &str = include_str!("faults/shared/keys.toml");
const SCHEMA: &str = include_str!("faults/shared/customer.json");

/// Reads a configuration and shows what there is to show of it.
fn load(main: &[u8], keys: &[u8], schema: &[u8]) -> bool {
    let files = [("main.toml", main), ("shared/keys.toml", keys), ("shared/customer.json", schema)];
    let memory = Memory(files.into_iter().map(|(name, content)| (name.into(), content.to_vec())).collect());
    match config::load(Path::new("main.toml"), &memory) {
        Ok(loaded) => {
            loaded.warnings.iter().for_each(|warning| assert!(!warning.styled().is_empty()));
            true
        }
        Err(errors) => {
            assert!(errors.is_fatal() && !errors.to_string().is_empty());
            false
        }
    }
}

/// splitmix64: enough to choose by, and the same everywhere.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % bound.max(1) as u64) as usize
    }

    fn mutate(&mut self, text: &str) -> Vec<u8> {
        const PIECES: [&str; 24] = [
            "\"",
            "'",
            "[",
            "]",
            "{",
            "}",
            "=",
            ".",
            "\n",
            "#",
            "\\",
            "\u{0}",
            "é",
            "${env:SET}",
            "${file:main.toml}",
            "none",
            "-1",
            "9999999999999999999",
            "[endpoint.\"/{a*}/{a}\".GET]\n",
            "\"\"\"",
            "1979-05-27",
            "inf",
            "[[x]]\n",
            "\u{feff}",
        ];
        let mut bytes = text.as_bytes().to_vec();
        for _ in 0..=self.below(4) {
            let at = self.below(bytes.len() + 1);
            let end = (at + self.below(30)).min(bytes.len());
            match self.below(5) {
                0 => drop(bytes.drain(at..end)),
                1 => drop(bytes.splice(at..at, PIECES[self.below(PIECES.len())].bytes())),
                2 => bytes = [&bytes[..end], &bytes[at..]].concat(),
                3 if at < bytes.len() => bytes[at] = self.below(256) as u8,
                _ => bytes.truncate(bytes.len() - self.below(bytes.len() / 4 + 1)),
            }
        }
        bytes
    }
}

#[test]
fn what_is_mutated_here_was_good() {
    assert!(load(MAIN.as_bytes(), KEYS.as_bytes(), SCHEMA.as_bytes()));
}

#[test]
fn mutated_configurations_are_answered() {
    let mut dice = Dice(1);
    let mut good = 0;
    for round in 0..3000 {
        let [mut main, mut keys, mut schema] = [MAIN, KEYS, SCHEMA].map(|text| text.as_bytes().to_vec());
        match round % 4 {
            0 => keys = dice.mutate(KEYS),
            1 => schema = dice.mutate(SCHEMA),
            _ => main = dice.mutate(MAIN),
        }
        good += usize::from(load(&main, &keys, &schema));
    }
    // Neither all broken nor all whole: the mutations reach past the parser.
    assert!((50..2500).contains(&good), "{good} of 3000 loaded");
}

#[test]
fn noise_is_answered() {
    let mut dice = Dice(2);
    for _ in 0..1000 {
        let length = dice.below(200);
        let noise: Vec<u8> = (0..length).map(|_| dice.below(256) as u8).collect();
        assert!(!load(&noise, &noise, &noise));
    }
}

#[test]
fn the_broken_ones_broken_again_are_answered() {
    let mut dice = Dice(3);
    for entry in std::fs::read_dir("tests/faults").expect("the cases are there") {
        let path = entry.expect("the folder can be read").path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            let text = std::fs::read_to_string(&path).expect("a case is text");
            for _ in 0..10 {
                load(&dice.mutate(&text), KEYS.as_bytes(), SCHEMA.as_bytes());
            }
        }
    }
}

#[test]
fn deep_nests_are_answered() {
    let dots = |count| vec!["a"; count].join(".");
    let nested = format!("{}1{}", format!("{{ {} = ", dots(70)).repeat(70), " }".repeat(70));
    for text in [
        format!("{} = 1", dots(100_000)),
        format!("[{}]\n{} = {nested}", dots(70), dots(70)),
        format!("a = {}{}", "[".repeat(100_000), "]".repeat(100_000)),
        format!("a = {}", "[\n".repeat(2_000)),
        format!("a = [\n{}", "b = 1\n".repeat(2_000)),
        format!("[endpoint.\"/a\".GET]\nquery.x.not = {nested}"),
    ] {
        assert!(!load(text.as_bytes(), b"", b""));
        assert!(!load(MAIN.as_bytes(), text.as_bytes(), b""));
    }
    let deep = format!("{}{}", "{\"not\":".repeat(100_000), "}".repeat(100_000));
    assert!(!load(MAIN.as_bytes(), KEYS.as_bytes(), deep.as_bytes()));
    // As deep as a schema may be: whether anything satisfies it is the compiler's affair.
    let deep = format!("{}{{}}{}", "{\"not\":".repeat(120), "}".repeat(120));
    load(MAIN.as_bytes(), KEYS.as_bytes(), deep.as_bytes());
}

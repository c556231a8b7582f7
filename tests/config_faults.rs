//! Broken configurations, each with everything that is said of it.
//!
//! A case is `tests/faults/NAME.toml`, or a folder `tests/faults/NAME/` with a `portcullis.toml` where it
//! takes more files. What is said of it is kept in `tests/faults/expected/NAME.snap`. To add a case, write
//! the file and run the tests with `INSTA_UPDATE=always`; then read what was written.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use portcullis::config::{self, Environment, Machine};
use portcullis::policy::time::Timestamp;

/// This machine's files, on a fixed day and with the same few variables everywhere.
pub(crate) struct Tame;

impl Environment for Tame {
    fn variable(&self, name: &str) -> Option<String> {
        match name {
            "UPSTREAM" => Some("http://secret-user@10.1.2.3:9001/s3cret".into()),
            "LISTEN" => Some("127.0.0.1:8080".into()),
            "SECRET" => Some("hunter2".into()),
            "ADMIN_TOKEN" => Some("correct-horse-battery-staple".into()),
            _ => None,
        }
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        Machine.read(path)
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        Machine.list(folder)
    }

    fn canonical(&self, path: &Path) -> io::Result<PathBuf> {
        Machine.canonical(path)
    }

    fn now(&self) -> Timestamp {
        // 2026-01-01
        Timestamp::from_seconds(1_767_225_600)
    }
}

/// The cases by name. Paths are relative to the package, where tests are run, so that they read the same
/// on every machine.
fn cases() -> BTreeMap<String, PathBuf> {
    let folder = Path::new("tests/faults");
    let mut cases = BTreeMap::new();
    for entry in std::fs::read_dir(folder).expect("the cases are there") {
        let name = entry.expect("the folder can be read").file_name().into_string().expect("names are text");
        let nested = folder.join(&name).join("portcullis.toml");
        if let Some(case) = name.strip_suffix(".toml") {
            cases.insert(case.to_owned(), folder.join(&name));
        } else if nested.exists() {
            cases.insert(name, nested);
        }
    }
    cases
}

fn told(path: &Path) -> String {
    match config::load(path, &Tame) {
        Ok(loaded) => {
            let warnings = config::ConfigErrors(loaded.warnings);
            format!("It loads.\n\n{warnings}\n\n{}", warnings.summary())
        }
        Err(errors) => format!("{errors}\n\n{}", errors.summary()),
    }
}

#[test]
fn each_broken_configuration_is_told_of_in_full() {
    let cases = cases();
    assert!(cases.len() >= 60, "only {} cases", cases.len());
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("faults/expected");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        for (name, path) in &cases {
            let told = told(path);
            for secret in ["hunter2", "s3cret", "horse"] {
                assert!(!told.contains(secret), "{name} tells a secret:\n{told}");
            }
            insta::assert_snapshot!(name.as_str(), told);
        }
    });
}

#[test]
fn no_expectation_is_left_of_a_case_that_is_gone() {
    let cases = cases();
    for entry in std::fs::read_dir("tests/faults/expected").expect("the expectations are there") {
        let name = entry.expect("the folder can be read").file_name().into_string().expect("names are text");
        if let Some(case) = name.strip_suffix(".snap") {
            assert!(cases.contains_key(case), "no case for {name}");
        }
    }
}

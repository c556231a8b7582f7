//! `portcullis check`: the configuration's faults and warnings, or one line that there are none.

use std::io::IsTerminal;
use std::path::Path;

use super::Failure;
use crate::config::{self, ConfigErrors, Diagnostic, Loaded, Machine};
use crate::reload::summary;

pub(super) fn check(file: &Path) -> Result<(), Failure> {
    let loaded = load(file)?;
    println!("{}: good; {}", file.display(), summary(&loaded.gateway));
    Ok(())
}

/// Loads a configuration for whatever is to be done with it; warnings go to standard error.
pub(super) fn load(file: &Path) -> Result<Loaded, Failure> {
    told(file, config::load(file, &Machine))
}

/// Tells the warnings of a reading, and its faults.
pub(super) fn told(file: &Path, outcome: Result<Loaded, ConfigErrors>) -> Result<Loaded, Failure> {
    match outcome {
        Ok(loaded) => {
            loaded.warnings.iter().for_each(|warning| eprintln!("{}\n", rendered(warning)));
            Ok(loaded)
        }
        Err(errors) => Err(wrong(file, &errors)),
    }
}

/// Every fault of a file, and how many there are.
pub(super) fn wrong(file: &Path, errors: &ConfigErrors) -> Failure {
    let shown: Vec<String> = errors.0.iter().map(rendered).collect();
    Failure::Wrong(format!("{}\n\n{}: {}", shown.join("\n\n"), file.display(), errors.summary()))
}

fn rendered(found: &Diagnostic) -> String {
    let colours = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    if colours { found.styled() } else { found.to_string() }
}

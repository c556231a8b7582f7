//! `portcullis check`: the configuration's faults and warnings, or one line that there are none.

use std::io::IsTerminal;
use std::path::Path;

use super::Failure;
use crate::config::{self, Diagnostic, Loaded, Machine};
use crate::policy::gateway::Gateway;

pub(super) fn check(file: &Path) -> Result<(), Failure> {
    let loaded = load(file)?;
    println!("{}: good; {}", file.display(), summary(&loaded.gateway));
    Ok(())
}

/// Loads a configuration for whatever is to be done with it; warnings go to standard error.
pub(super) fn load(file: &Path) -> Result<Loaded, Failure> {
    match config::load(file, &Machine) {
        Ok(loaded) => {
            loaded.warnings.iter().for_each(|warning| eprintln!("{}\n", rendered(warning)));
            Ok(loaded)
        }
        Err(errors) => {
            let shown: Vec<String> = errors.0.iter().map(rendered).collect();
            let name = file.display();
            Err(Failure::Wrong(format!("{}\n\n{name}: {}", shown.join("\n\n"), errors.summary())))
        }
    }
}

fn rendered(found: &Diagnostic) -> String {
    let colours = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    if colours { found.styled() } else { found.to_string() }
}

/// What a configuration holds, in one line.
pub(super) fn summary(gateway: &Gateway) -> String {
    let count = |number: usize, word: &str| format!("{number} {word}{}", if number == 1 { "" } else { "s" });
    [
        count(gateway.listeners.len(), "listener"),
        count(gateway.endpoints.len(), "endpoint"),
        count(gateway.upstreams.len(), "upstream"),
        count(gateway.authenticators.len(), "authenticator"),
    ]
    .join(", ")
}

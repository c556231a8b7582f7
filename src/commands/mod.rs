//! The commands: the only part that prints.

pub mod demo;

/// Runs the command that was asked for.
pub fn run() -> std::process::ExitCode {
    std::process::ExitCode::FAILURE
}

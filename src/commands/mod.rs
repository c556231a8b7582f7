//! The command line: the only room that prints.
//!
//! Exit codes: 0 all good; 1 something failed on the way (a port that is taken, requests cut off at
//! the end of `drain`); 2 the command line or the configuration is wrong, and nothing was started.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "telling a person is what this room is for")]

mod arguments;
mod check;
pub mod demo;
mod key;
mod manual;
mod password;
mod run;
mod serve;

use std::process::ExitCode;

use clap::Parser;

use arguments::{Arguments, Command, KeyCommand};

/// Why a command ended badly; the text was not printed yet.
enum Failure {
    /// Exit code 1.
    Running(String),
    /// Exit code 2.
    Wrong(String),
}

/// Runs the command line of this process.
pub fn run() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Serve { file } => serve::serve(&file),
        Command::Check { file } => check::check(&file),
        Command::Demo { address, data } => demo::demo(address, data.as_deref()),
        Command::Key { command: KeyCommand::New { file, principal, expires } } => {
            key::new(file.as_deref(), principal.as_deref(), expires.as_deref())
        }
        Command::Key { command: KeyCommand::Password { file, principal } } => password::password(&file, &principal),
        Command::Schema => {
            println!("{:#}", crate::config::schema());
            Ok(())
        }
        Command::Completions { shell } => manual::completions(shell),
        Command::Man { dir } => manual::man(dir.as_deref()),
    };
    let (code, text) = match outcome {
        Ok(()) => return ExitCode::SUCCESS,
        Err(Failure::Running(text)) => (1, text),
        Err(Failure::Wrong(text)) => (2, text),
    };
    eprintln!("{}", text.trim_end());
    ExitCode::from(code)
}

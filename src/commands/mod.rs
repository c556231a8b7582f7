//! The command line: the only room that prints.
//!
//! Exit codes: 0 all good; 1 something failed on the way (a port that is taken, requests cut off at
//! the end of `drain`); 2 the command line or the configuration is wrong, and nothing was started.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "telling a person is what this room is for")]

mod check;
pub mod demo;
mod key;
mod run;
mod serve;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// A gate before a REST API: who may come in, what they may bring, how often.
#[derive(Debug, Parser)]
#[command(name = "portcullis", version, about, arg_required_else_help = true)]
#[command(after_help = "Exit codes: 0 good; 1 failed while running; 2 wrong command line or configuration.")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve a configuration, until SIGTERM or Ctrl-C.
    ///
    /// The first signal stops accepting and finishes what is in flight, for `[limits] drain` at most;
    /// a second one ends at once. `RUST_LOG` sets the log's levels: `info,portcullis=debug` tells of every refusal.
    Serve {
        /// The configuration.
        #[arg(default_value = "portcullis.toml", value_name = "FILE")]
        file: PathBuf,
    },
    /// Judge a configuration, with its schemas and key files, and tell every fault at once.
    Check {
        /// The configuration.
        #[arg(default_value = "portcullis.toml", value_name = "FILE")]
        file: PathBuf,
    },
    /// Try it: a customers API behind a gate, two keys, and a request to copy for each status.
    Demo {
        /// Where the gate listens; the API behind it takes a port of its own on loopback.
        #[arg(long, default_value = "127.0.0.1:8080", value_name = "ADDRESS")]
        address: SocketAddr,
        /// Keep the customers, and the configuration to look at, in this folder; without it both are
        /// gone with the demo.
        #[arg(long, value_name = "DIR")]
        data: Option<PathBuf>,
    },
    /// Make API keys.
    Key {
        #[command(subcommand)]
        command: KeyCommand,
    },
    /// Print the JSON Schema of the configuration language, for editors.
    Schema,
}

#[derive(Debug, Subcommand)]
enum KeyCommand {
    /// Make a new key and print it, this once.
    ///
    /// With `--file` its hash is added to that key file; without, the hash is printed too.
    New {
        /// The key file that the hash is added to; made where there is none.
        #[arg(long, value_name = "FILE", requires = "principal")]
        file: Option<PathBuf>,
        /// Whose key it is; a principal that the file does not have yet gets no scopes.
        #[arg(long, value_name = "NAME")]
        principal: Option<String>,
        /// From when on it is good no more: 2027-01-01, or 2027-01-01T12:00:00Z.
        #[arg(long, value_name = "WHEN", requires = "file")]
        expires: Option<String>,
    },
}

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
        Command::Schema => {
            println!("{:#}", crate::config::schema());
            Ok(())
        }
    };
    let (code, text) = match outcome {
        Ok(()) => return ExitCode::SUCCESS,
        Err(Failure::Running(text)) => (1, text),
        Err(Failure::Wrong(text)) => (2, text),
    };
    eprintln!("{}", text.trim_end());
    ExitCode::from(code)
}

//! The words of the command line, and their help: what is typed, what `--help` says, the manual pages and
//! the completions all come from here ([`super::manual`]).

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;

/// A gate before a REST API: who may come in, what they may bring, how often.
#[derive(Debug, Parser)]
#[command(name = "portcullis", version, arg_required_else_help = true)]
#[command(after_help = "Exit codes: 0 good; 1 failed while running; 2 wrong command line or configuration.")]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Serve a configuration, until SIGTERM or Ctrl-C.
    ///
    /// Files that change are read again by themselves, and put in force where they hold; where not, the old
    /// configuration stays and every fault is logged. Standard output gets the access log, unless the
    /// configuration's `[access_log]` says otherwise; standard error gets the program log.
    #[command(after_help = SIGNALS)]
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
    /// Make API keys and hashes of passwords, look at the keys there are, take them out of use.
    Key {
        #[command(subcommand)]
        command: KeyCommand,
    },
    /// Print the JSON Schema of the configuration language, for editors.
    Schema,
    /// Print what lets a shell complete this command line.
    ///
    /// bash looks for it at ~/.local/share/bash-completion/completions/portcullis, zsh for _portcullis in a
    /// folder of its fpath, fish at ~/.config/fish/completions/portcullis.fish.
    Completions {
        /// The shell.
        shell: Shell,
    },
    /// Print the manual page, or write one for each command.
    Man {
        /// Write the pages of all commands into this folder; it is made where there is none.
        #[arg(long, value_name = "DIR")]
        dir: Option<PathBuf>,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum KeyCommand {
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
        /// What to call it, for `list` and `revoke`: 1 to 64 of letters, digits and `._-`.
        #[arg(long, value_name = "NAME", requires = "file")]
        name: Option<String>,
        /// From when on it is good: 2027-01-01, or 2027-01-01T12:00:00Z; without it, at once.
        #[arg(long, value_name = "WHEN", requires = "file")]
        not_before: Option<String>,
        /// From when on it is good no more: 2027-01-01, or 2027-01-01T12:00:00Z.
        #[arg(long, value_name = "WHEN", requires = "file")]
        expires: Option<String>,
    },
    /// Show who holds which keys, whether they are good, and until when.
    ///
    /// A key is shown by its name, or by the first 8 digits of its hash where it has none.
    List {
        /// The key file; without it, those that portcullis.toml in this folder names.
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
        /// Only the keys of this principal.
        #[arg(long, value_name = "NAME")]
        principal: Option<String>,
        /// As JSON: an array with an object for each key.
        #[arg(long)]
        json: bool,
    },
    /// Take keys of a principal out of use: `disabled = true` in the key file.
    ///
    /// A gate that runs sees it within a second; requests in flight are finished. Nothing else in the file
    /// changes, and `enable` is the way back.
    Revoke(KeysOf),
    /// Take keys of a principal back into use that were revoked.
    Enable(KeysOf),
    /// Give a principal another password, for `kind = "basic"`.
    ///
    /// It is typed unseen, or is the first line of standard input. Its hash (argon2id) is written into the file;
    /// a gate that runs takes it up by itself.
    Password {
        /// The file of users: a key file where the name ends with .toml, else lines as htpasswd writes them; made
        /// where there is none.
        #[arg(long, value_name = "FILE")]
        file: PathBuf,
        /// Whose password it is.
        #[arg(long, value_name = "NAME")]
        principal: String,
    },
}

/// Which keys of whom.
#[derive(Debug, Args)]
pub(super) struct KeysOf {
    /// The key file.
    #[arg(long, value_name = "FILE")]
    pub(super) file: PathBuf,
    /// Whose keys.
    #[arg(long, value_name = "NAME")]
    pub(super) principal: String,
    /// The key of this name, or else the one whose hash begins with these digits, four or more; not needed
    /// where the principal has one key only.
    #[arg(long, value_name = "NAME-OR-DIGITS", conflicts_with = "all")]
    pub(super) key: Option<String>,
    /// All keys of the principal.
    #[arg(long)]
    pub(super) all: bool,
}

/// Lines as they stand, in `--help` as in the manual page.
const SIGNALS: &str = "\
Signals:
  TERM, INT  finish what is in flight, for [limits] drain at most
  the same   once more: end at once
  HUP        read the configuration again now
  USR1       open the access log's file again

Environment:
  RUST_LOG   levels of the program log, before those of [program_log]";

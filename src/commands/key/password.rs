//! `portcullis key password`: puts the hash of a password into a file of users. The password is typed unseen, or
//! comes by standard input; it is never an argument, which everybody on the machine could read.

use std::io::{self, BufRead, ErrorKind, IsTerminal, Read, Write};
use std::path::Path;

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

use super::replace;
use crate::commands::Failure;
use crate::config::key_file::is_principal_name;
use crate::config::users::{is_toml, set};
use crate::identity::passwords::hashed;

/// With a name of 128 bytes and a colon, what the gate reads of a credential.
const MAX_BYTES: usize = 639;

pub(super) fn password(file: &Path, principal: &str) -> Result<(), Failure> {
    if !is_principal_name(principal) {
        return Err(Failure::Wrong("a principal's name is 1 to 128 of letters, digits and `._@-`".into()));
    }
    let told = |error: &dyn std::fmt::Display| Failure::Running(format!("{}: {error}", file.display()));
    let text = match std::fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
        Err(error) => return Err(told(&error)),
    };
    let password = match io::stdin().is_terminal() {
        true => typed(principal)?,
        false => piped()?,
    };
    check(&password).map_err(|why| Failure::Wrong(why.into()))?;
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).map_err(|error| Failure::Running(format!("no random numbers: {error}")))?;
    let hash = hashed(password.as_bytes(), salt).map_err(|error| Failure::Running(error.to_string()))?;
    let changed = set(&text, is_toml(file), principal, &hash)
        .map_err(|error| Failure::Wrong(format!("{}: {error}", file.display())))?;
    replace(file, &changed).map_err(|error| told(&error))?;
    eprintln!("{} has the hash of the password of '{principal}'.", file.display());
    Ok(())
}

/// What could not be presented to the gate is refused here.
fn check(password: &str) -> Result<(), &'static str> {
    match password {
        "" => Err("an empty password is none"),
        long if long.len() > MAX_BYTES => Err("this password is longer than 639 bytes"),
        // RFC 7617 §2
        odd if odd.chars().any(char::is_control) => Err("a password holds no control characters"),
        _ => Ok(()),
    }
}

/// Asked for twice.
fn typed(principal: &str) -> Result<Zeroizing<String>, Failure> {
    let first = unseen(&format!("Password of '{principal}': "))?;
    let again = unseen("Once more: ")?;
    match *first == *again {
        true => Ok(first),
        false => Err(Failure::Wrong("these were two passwords; nothing was changed".into())),
    }
}

fn unseen(prompt: &str) -> Result<Zeroizing<String>, Failure> {
    let told = |error: io::Error| Failure::Running(format!("the terminal: {error}"));
    let stdin = io::stdin();
    let _silence = Silence::begin().map_err(told)?;
    eprint!("{prompt}");
    io::stderr().flush().map_err(told)?;
    let mut line = room();
    stdin.lock().take(MAX_BYTES as u64 + 2).read_line(&mut line).map_err(told)?;
    eprintln!();
    Ok(without_end(line))
}

/// The first line, or all there is.
fn piped() -> Result<Zeroizing<String>, Failure> {
    let mut line = room();
    let read = io::stdin().lock().take(MAX_BYTES as u64 + 2).read_line(&mut line);
    read.map_err(|error| Failure::Running(format!("standard input: {error}")))?;
    Ok(without_end(line))
}

/// All the room at once: text that moves leaves itself behind.
fn room() -> Zeroizing<String> {
    Zeroizing::new(String::with_capacity(2 * MAX_BYTES))
}

fn without_end(mut line: Zeroizing<String>) -> Zeroizing<String> {
    let length = line.strip_suffix('\n').map_or(line.len(), |rest| rest.strip_suffix('\r').unwrap_or(rest).len());
    line.truncate(length);
    line
}

/// A terminal that shows nothing of what is typed, for as long as this is.
struct Silence(Termios);

impl Silence {
    fn begin() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        // What was typed ahead was seen, and is no password.
        tcsetattr(io::stdin(), OptionalActions::Flush, &silent)?;
        Ok(Self(before))
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_be_presented_is_a_password() {
        assert_eq!(check("correct horse"), Ok(()));
        assert_eq!(check(&"x".repeat(639)), Ok(()));
        for wrong in ["", "a\tb", "a\nb", "\u{85}", &"x".repeat(640)] {
            assert!(check(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn one_line_ending_is_none_of_it() {
        let line = |text: &str| without_end(Zeroizing::new(text.to_owned())).to_string();
        for (text, password) in [("a\n", "a"), ("a\r\n", "a"), ("a", "a"), ("a \n", "a "), ("a\r", "a\r"), ("\n", "")] {
            assert_eq!(line(text), password);
        }
    }
}

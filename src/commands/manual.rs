//! `portcullis man` and `portcullis completions`: what the command line says of itself to `man` and to shells.
//!
//! Both are made from the definitions that parse ([`super::arguments`]), so neither can be stale.

use std::io::{self, Write};
use std::path::Path;

use clap::CommandFactory;
use clap_complete::Shell;
use clap_mangen::Man;

use super::Failure;
use super::arguments::Arguments;

/// Prints the main page, or writes the pages of all commands into a folder.
pub(super) fn man(dir: Option<&Path>) -> Result<(), Failure> {
    let mut command = command().disable_help_subcommand(true);
    command.build();
    let Some(dir) = dir else {
        return print(&page(&command).map_err(|error| Failure::Running(error.to_string()))?);
    };
    let written = std::fs::create_dir_all(dir).and_then(|()| write_pages(&command, dir));
    written.map_err(|error| Failure::Running(format!("{}: {error}", dir.display())))
}

/// Prints the completions of a shell.
pub(super) fn completions(shell: Shell) -> Result<(), Failure> {
    print(&completions_text(shell))
}

fn write_pages(command: &clap::Command, dir: &Path) -> io::Result<()> {
    let name = command.get_display_name().unwrap_or_else(|| command.get_name());
    std::fs::write(dir.join(format!("{name}.1")), page(command)?)?;
    command.get_subcommands().try_for_each(|inner| write_pages(inner, dir))
}

/// The page of one command, of a tree that was built.
fn page(command: &clap::Command) -> io::Result<Vec<u8>> {
    let mut page = Vec::new();
    // No date, so that a version's pages are the same whenever they are made. An empty one would not be
    // quoted, and the source would stand in its place.
    let man = Man::new(command.clone()).date(" ").source(concat!("portcullis ", env!("CARGO_PKG_VERSION")));
    man.manual("Portcullis").render(&mut page)?;
    Ok(page)
}

fn completions_text(shell: Shell) -> Vec<u8> {
    let (mut command, mut text) = (command(), Vec::new());
    clap_complete::generate(shell, &mut command, "portcullis", &mut text);
    text
}

fn command() -> clap::Command {
    Arguments::command()
}

/// Unlike `print!`, without a panic where the reader has enough: `portcullis man | head`.
fn print(text: &[u8]) -> Result<(), Failure> {
    match io::stdout().write_all(text) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::Running(error.to_string())),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;

    use super::*;

    /// Each command with the words that lead to it, the program first.
    fn commands() -> Vec<(Vec<String>, clap::Command)> {
        let mut command = command();
        command.build();
        let (mut open, mut found) = (vec![(vec!["portcullis".to_owned()], command)], Vec::new());
        while let Some((words, command)) = open.pop() {
            let shown = command.get_subcommands().filter(|inner| inner.get_name() != "help");
            let inner = shown.map(|inner| ([&words[..], &[inner.get_name().to_owned()]].concat(), inner.clone()));
            open.extend(inner);
            found.push((words, command));
        }
        found
    }

    fn flags(command: &clap::Command) -> Vec<String> {
        command.get_arguments().filter_map(|argument| argument.get_long().map(str::to_owned)).collect()
    }

    /// A hyphen is escaped in a page, so that it stays one.
    fn plain(page: &[u8]) -> String {
        String::from_utf8_lossy(page).replace("\\-", "-")
    }

    #[test]
    fn there_is_a_page_for_each_command_and_it_has_every_flag() {
        let folder = tempfile::tempdir().expect("a folder");
        let dir = folder.path().join("man1");
        assert!(man(Some(&dir)).is_ok(), "a folder that is not there is made");
        let all = commands();
        assert!(all.len() > 8, "{all:?}");
        for (words, command) in &all {
            let page = std::fs::read(dir.join(format!("{}.1", words.join("-")))).expect("each command has a page");
            for flag in flags(command) {
                assert!(plain(&page).contains(&format!("--{flag}")), "{words:?} lacks --{flag}");
            }
        }
        assert_eq!(std::fs::read_dir(&dir).expect("it is there").count(), all.len(), "pages of no command");
    }

    #[test]
    fn the_main_page_names_every_command() {
        let mut command = command();
        command.build();
        let page = plain(&page(&command).expect("memory can be written"));
        for (words, _) in commands().iter().filter(|(words, _)| words.len() == 2) {
            assert!(page.contains(&format!("{}(1)", words.join("-"))), "{words:?} is not in\n{page}");
        }
    }

    #[test]
    fn completions_know_every_command_and_flag() {
        for shell in Shell::value_variants() {
            let text = String::from_utf8(completions_text(*shell)).expect("a script is text");
            for (words, command) in commands() {
                let name = words.last().expect("the program's at least");
                assert!(text.contains(name.as_str()), "{shell} lacks {name}");
                // One shell writes `--flag`, another `-l flag`.
                for flag in flags(&command) {
                    assert!(text.contains(&flag), "{shell} lacks --{flag} of {words:?}");
                }
            }
        }
    }

    #[test]
    fn the_definitions_hold_together_and_everything_has_help() {
        command().debug_assert();
        for (words, command) in commands() {
            assert!(command.get_about().is_some(), "{words:?}");
            let silent = command.get_arguments().find(|argument| argument.get_help().is_none());
            assert!(silent.is_none(), "{words:?}: {silent:?}");
        }
    }
}

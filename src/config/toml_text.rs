//! From the bytes of a file to a TOML table: every fault of syntax, not the first.

use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::de::{DeTable, Error};

use super::environment::{Environment, describe};
use super::faults::Faults;
use super::read::Reader;
use super::recover;
use super::source::{Place, Source};
use super::text::Text;
use super::tree::Tree;

/// Reads a file as UTF-8. `named_at` is where another file names it.
pub(super) fn read_text(
    name: String,
    path: PathBuf,
    named_at: Option<Place>,
    environment: &dyn Environment,
    faults: &mut Faults,
) -> Option<Source> {
    read_text_shown(name, path, named_at, environment, faults, str::to_owned)
}

/// The same, where a fault may not show the file as it is, but only what `shown` makes of it.
pub(super) fn read_text_shown(
    name: String,
    path: PathBuf,
    named_at: Option<Place>,
    environment: &dyn Environment,
    faults: &mut Faults,
    shown: impl Fn(&str) -> String,
) -> Option<Source> {
    let bytes = match environment.read(&path) {
        Ok(bytes) => bytes,
        Err(error) => {
            let message = format!("can't read `{name}`");
            let reason = describe(&error);
            match named_at {
                Some(at) => faults.error(at, message).label(reason),
                None => faults.error_without_place(format!("{message}: {reason}")),
            };
            return None;
        }
    };
    match String::from_utf8(bytes) {
        Ok(text) => Some(Source::new(name, path, text)),
        Err(error) => {
            let valid = error.utf8_error().valid_up_to();
            let shown = shown(&String::from_utf8_lossy(error.as_bytes()));
            let file = faults.add_source(Source::new(name, path, shown));
            faults.error(Place::new(file, valid..valid + 1), "this file is not UTF-8").label("these bytes are no text");
            faults.set_incomplete();
            None
        }
    }
}

/// What a file is called in messages: the path, unless a secret gave it.
pub(super) fn file_name(written: &Text, path: &Path) -> String {
    written.unless_secret(path.display().to_string()).unwrap_or_else(|| written.to_string())
}

/// Parses a file's text and hands its table to `read`; whatever can be understood is read.
pub(super) fn parse<T>(
    source: Source,
    environment: &dyn Environment,
    faults: &mut Faults,
    read: impl FnOnce(&DeTable<'_>, &mut Reader<'_>) -> T,
) -> T {
    let file = faults.add_source(source);
    let source = faults.source(file).clone();
    parse_piece(source.text(), Reader { file, from: 0, environment, faults }, read)
}

/// Does the same with one piece of the text after the other, so that the table of one is held at a time.
pub(super) fn parse_in_pieces(
    source: Source,
    pieces: &[Range<usize>],
    environment: &dyn Environment,
    faults: &mut Faults,
    mut read: impl FnMut(&DeTable<'_>, &mut Reader<'_>),
) {
    let file = faults.add_source(source);
    let source = faults.source(file).clone();
    for piece in pieces {
        let reader = Reader { file, from: piece.start, environment, faults };
        parse_piece(&source.text()[piece.clone()], reader, &mut read);
    }
}

fn parse_piece<T>(text: &str, mut reader: Reader<'_>, read: impl FnOnce(&DeTable<'_>, &mut Reader<'_>) -> T) -> T {
    let (whole, errors) = Tree::parse(text);
    let parts = recover::parts(text, &errors);
    let (table, errors) = if parts.is_empty() { (whole, errors) } else { recover::join(&parts) };
    for error in errors {
        syntax_fault(&error, text.len(), &mut reader);
        reader.faults.set_incomplete();
    }
    read(&table, &mut reader)
}

fn syntax_fault(error: &Error, end: usize, reader: &mut Reader<'_>) {
    let at = reader.place_of(error.span().unwrap_or(end..end));
    // The parser says what is wrong and, after the first comma, what it had expected.
    let message = error.message();
    let (problem, expected) = match message.split_once(", expected ") {
        Some((problem, expected)) if expected != "nothing" => (problem, format!("expected {expected}")),
        Some((problem, _)) => (problem, String::new()),
        None => (message, String::new()),
    };
    reader.faults.error(at, format!("this is not TOML: {problem}")).label(expected);
}

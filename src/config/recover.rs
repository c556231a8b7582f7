//! Reads on behind a bracket that nobody closed.
//!
//! To the parser an array that never ends holds all the lines that follow, each of them a fault or two.
//! But a line that begins a table, or assigns to a key, is no item of an array: there the text is cut,
//! the part before it read as it is (which ends in one fault, the bracket that lacks), and the part from
//! there on as if the bracket had been closed.

use std::borrow::Cow;

use toml::de::Error;

use super::tree::Tree;

/// Each cut means one more pass over the text.
const MOST_CUTS: usize = 50;

/// The parts that a text with these faults is to be read in, each with its bytes where they were; none
/// where it is read as it is.
pub(super) fn parts<'t>(text: &'t str, errors: &[Error]) -> Vec<Cow<'t, str>> {
    let mut parts = Vec::new();
    let mut cut = run_over(text, 0, errors);
    let mut rest = Cow::Borrowed(text);
    while let Some(line) = cut.filter(|_| parts.len() < MOST_CUTS) {
        let behind = blanked(&rest, line);
        parts.push(Cow::Owned(rest[..line - 1].to_owned()));
        let (_, errors) = Tree::parse(&behind);
        cut = run_over(&behind, line, &errors);
        rest = Cow::Owned(behind);
    }
    if !parts.is_empty() {
        parts.push(rest);
    }
    parts
}

/// What the parts say together.
pub(super) fn join<'t>(parts: &'t [Cow<'_, str>]) -> (Tree<'t>, Vec<Error>) {
    let (mut table, mut faults) = (Tree::default(), Vec::new());
    for part in parts {
        let (part, errors) = Tree::parse(part);
        table.merge(part);
        faults.extend(errors);
    }
    (table, faults)
}

/// The beginning of the first line, behind `from`, that an array or inline table has run over.
fn run_over(text: &str, from: usize, errors: &[Error]) -> Option<usize> {
    let lines = errors.iter().filter_map(|error| {
        let at = error.span()?.start;
        let message = error.message();
        let suspicious = message.starts_with("missing comma between")
            || message.starts_with("string values must be quoted")
            || message.starts_with("unexpected `=` in array");
        let line_start = text.get(..at)?.rfind('\n')? + 1;
        let line = text[line_start..].lines().next().unwrap_or_default();
        // In `key = value` the value may well be at fault by itself; the key can't be.
        let own = line_start + own_part(line)?;
        // `[f]` is not even a word to an array.
        let suspicious = suspicious || (message.starts_with("invalid ") && is_header(line));
        (suspicious && line_start > from && at <= own).then_some(line_start)
    });
    lines.min()
}

/// How much of a line can only be a table's header, or the key of an assignment.
fn own_part(line: &str) -> Option<usize> {
    let blank = line.len() - line.trim_start().len();
    if is_header(line) {
        return Some(line.len());
    }
    let equals = line.find('=')?;
    let key = line[blank..equals].trim_end();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    (!key.is_empty() && key.bytes().all(plain)).then_some(equals)
}

/// `[listener.public]`, `[endpoint."/a, b".GET]`: brackets around words, and not `["a", "b"]` or `[1]`.
fn is_header(line: &str) -> bool {
    let line = line.split('#').next().unwrap_or_default().trim();
    let inner = line.trim_start_matches('[');
    inner.len() < line.len() && inner.ends_with(']') && inner.starts_with(|first: char| first.is_ascii_alphabetic())
}

/// The text with everything before `line` made blank but the header that is in force there. No byte
/// changes its place.
fn blanked(text: &str, line: usize) -> String {
    let mut blank = String::with_capacity(text.len());
    let header = text[..line].split_inclusive('\n').rev().find(|line| is_header(line));
    let header_at = header.map(|header| header.as_ptr() as usize - text.as_ptr() as usize);
    let mut at = 0;
    for before in text[..line].split_inclusive('\n') {
        match header_at == Some(at) {
            true => blank.push_str(before),
            false => blank.extend(before.bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' })),
        }
        at += before.len();
    }
    blank + &text[line..]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &str) -> (Vec<String>, String) {
        let (whole, faults) = Tree::parse(text);
        let parts = parts(text, &faults);
        let (table, faults) = if parts.is_empty() { (whole, faults) } else { join(&parts) };
        (faults.iter().map(|fault| fault.message().to_owned()).collect(), format!("{:?}", *table))
    }

    #[test]
    fn a_bracket_that_lacks_is_one_fault() {
        let (faults, table) = faults("[a]\nb = [\"x\"\nc = 1\n\n[d]\ne = [\n  1,\n  2,\n[f]\ng = 2\n");
        assert_eq!(faults.len(), 2, "{faults:?}");
        assert!(faults.iter().all(|fault| fault.starts_with("unclosed array")));
        for key in ["\"b\"", "\"c\"", "\"e\"", "\"g\""] {
            assert!(table.contains(key), "{key} in {table}");
        }
    }

    #[test]
    fn whole_texts_and_plain_slips_are_left_alone() {
        let count = |text| faults(text).0.len();
        assert_eq!(count("a = [\n  [1],\n  [2]\n]\nb = 1\n"), 0);
        assert_eq!(count("a = [\n  1\n  2\n]\nb = 1\n"), 1);
        assert_eq!(count("a = unquoted\nb = 1\n"), 1);
        assert_eq!(count("[a]\nb = 1\nb = 2\n"), 1);
    }
}

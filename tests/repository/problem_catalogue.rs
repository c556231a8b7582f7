//! docs/problems.md against the one match that makes problems: every code stands in the catalogue, under
//! its stage and with its status, and the catalogue has no code that nothing can give.
//!
//! The match is read off the source: an enum whose variants carry data cannot be listed, and a list kept
//! by hand would be one more thing to forget.

use std::collections::BTreeSet;

const SOURCE: &str = include_str!("../../src/policy/rejection/wire.rs");
const CATALOGUE: &str = include_str!("../../docs/problems.md");

/// Stage, status, code.
type Entry = (String, String, String);

#[test]
fn the_catalogue_has_every_problem_and_no_other() {
    let (given, told) = (given(), told());
    assert!(given.len() > 30, "the match was not found: {given:?}");
    let missing: Vec<_> = given.difference(&told).collect();
    let stale: Vec<_> = told.difference(&given).collect();
    assert!(missing.is_empty(), "docs/problems.md lacks (stage, status, code): {missing:?}");
    assert!(stale.is_empty(), "docs/problems.md tells of (stage, status, code): {stale:?}");
}

/// From `(Head, 400, "malformed_request", "Malformed request")` in `Rejection::wire`.
fn given() -> BTreeSet<Entry> {
    let tuples = SOURCE.match_indices('(').filter_map(|(at, _)| {
        let inside = SOURCE[at + 1..].split_once(')')?.0;
        let parts: Vec<&str> = inside.split(", ").collect();
        let &[stage, status, code, _title] = parts.as_slice() else { return None };
        let code = code.strip_prefix('"')?.strip_suffix('"')?;
        let status: u16 = status.parse().ok()?;
        Some((snake(stage), status.to_string(), code.to_owned()))
    });
    tuples.collect()
}

/// From rows as ``| `malformed_request` | 400 | …`` below headings as `## head`.
fn told() -> BTreeSet<Entry> {
    let mut stage = "";
    let mut entries = BTreeSet::new();
    for line in CATALOGUE.lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            stage = heading;
        }
        let cells: Vec<&str> = line.split(" | ").collect();
        let code = cells[0].strip_prefix("| `").and_then(|code| code.strip_suffix('`'));
        if let (Some(code), Some(status)) = (code, cells.get(1).filter(|cell| cell.parse::<u16>().is_ok())) {
            entries.insert((stage.to_owned(), (*status).to_owned(), code.to_owned()));
        }
    }
    entries
}

/// `MediaType` → `media_type`, as a stage is called in a configuration.
fn snake(name: &str) -> String {
    let mut snake = String::new();
    for c in name.trim().chars() {
        if c.is_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.extend(c.to_lowercase());
    }
    snake
}

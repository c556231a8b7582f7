//! `include = ["endpoints/*.toml"]`: a thousand endpoints need not share one file.
//!
//! Included files hold what there can be many of: endpoints, upstreams, authenticators and quotas. They
//! include nothing themselves, so nothing can go in circles, and what holds for everything is found in
//! one place.

use std::path::{Path, PathBuf};

use toml::de::DeTable;

use super::environment::Environment;
use super::faults::Faults;
use super::file::ConfigFile;
use super::located::{Located, Named};
use super::read::Reader;
use super::source::FileId;
use super::suggest::one_of;
use super::text::Text;
use super::toml_text::{file_name, parse, read_text};

/// The tables that an included file may hold.
const SHARED: [&str; 4] = ["endpoint", "upstream", "authenticator", "quota"];

/// Reads every included file into the main one.
pub(super) fn include(into: &mut ConfigFile, main: FileId, environment: &dyn Environment, faults: &mut Faults) {
    let patterns = into.include.given().map(|list| list.value.0.clone()).unwrap_or_default();
    let mut seen = vec![faults.source(main).path().to_owned()];
    for pattern in patterns {
        let source = faults.source(pattern.at.file).clone();
        for path in matching(&pattern, &source.relative(""), environment, faults) {
            if seen.contains(&path) {
                continue;
            }
            seen.push(path.clone());
            if let Some(source) = read_text(file_name(&pattern, &path), path, Some(pattern.at), environment, faults) {
                let included = parse(source, environment, faults, read_included);
                merge(into, included, faults);
            }
        }
    }
}

fn read_included(table: &DeTable<'_>, reader: &mut Reader<'_>) -> ConfigFile {
    for (key, _) in table {
        let name = key.get_ref().as_ref();
        if ConfigFile::KEYS.contains(&name) && !SHARED.contains(&name) {
            let at = reader.place(key);
            reader
                .faults
                .error(at, format!("`{name}` stands in the main file only"))
                .label(format!("an included file holds {}", one_of(SHARED)));
        }
    }
    let entries = table.iter().filter(|(key, _)| {
        let name = key.get_ref().as_ref();
        SHARED.contains(&name) || !ConfigFile::KEYS.contains(&name)
    });
    ConfigFile::read_entries(entries, reader)
}

fn merge(into: &mut ConfigFile, from: ConfigFile, faults: &mut Faults) {
    add(&mut into.endpoint, from.endpoint, "endpoint", faults);
    add(&mut into.upstream, from.upstream, "upstream", faults);
    add(&mut into.authenticator, from.authenticator, "authenticator", faults);
    add(&mut into.quota, from.quota, "quota", faults);
}

/// A name belongs to one file, so that all that is said of it is read in one place.
fn add<T>(into: &mut Named<T>, from: Named<T>, kind: &str, faults: &mut Faults) {
    into.broken |= from.broken;
    let known: std::collections::HashMap<String, _> =
        into.entries.iter().map(|entry| (entry.name.value.clone(), entry.name.at)).collect();
    for entry in from.entries {
        match known.get(&entry.name.value) {
            Some(first) => {
                faults
                    .error(entry.name.at, format!("this {kind} stands in two files"))
                    .label("here again")
                    .also(*first, "here first");
            }
            None => into.entries.push(entry),
        }
    }
}

/// The files that a pattern names, sorted.
fn matching(
    pattern: &Located<Text>,
    folder: &Path,
    environment: &dyn Environment,
    faults: &mut Faults,
) -> Vec<PathBuf> {
    let text = pattern.as_str();
    if text.contains("**") {
        faults
            .error(pattern.at, "`**` is not understood in a pattern")
            .label("name each level of folders, as in \"endpoints/*/*.toml\"");
        return Vec::new();
    }
    let (mut found, relative) = match text.strip_prefix('/') {
        Some(relative) => (vec![PathBuf::from("/")], relative),
        None => (vec![folder.to_owned()], text),
    };
    for segment in relative.split('/') {
        if !segment.contains(['*', '?']) {
            found.iter_mut().for_each(|path| path.push(segment));
            continue;
        }
        let mut next = Vec::new();
        for folder in found {
            let mut names = environment.list(&folder).unwrap_or_default();
            names.retain(|name| !name.starts_with('.') && fits(segment.as_bytes(), name.as_bytes()));
            names.sort_unstable();
            next.extend(names.into_iter().map(|name| folder.join(name)));
        }
        found = next;
    }
    if found.is_empty() {
        faults.warning(pattern.at, "this pattern matches no file").label("nothing is included by it");
    }
    found
}

/// Whether a name fits a pattern of `*` (any bytes) and `?` (one byte). The last `*` is the only one
/// worth returning to, so this takes the product of the lengths at most.
fn fits(pattern: &[u8], name: &[u8]) -> bool {
    let (mut at, mut from) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while from < name.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at + 1, from));
                at += 1;
            }
            Some(byte) if *byte == b'?' || *byte == name[from] => {
                at += 1;
                from += 1;
            }
            _ => match star {
                Some((after, taken)) => {
                    star = Some((after, taken + 1));
                    (at, from) = (after, taken + 1);
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn patterns() {
        for (pattern, name, expected) in [
            ("*.toml", "a.toml", true),
            ("*.toml", ".toml", true),
            ("*.toml", "a.tom", false),
            ("a*b*c", "aXbYbZc", true),
            ("a*b*c", "aXbYbZ", false),
            ("?.toml", "a.toml", true),
            ("?.toml", ".toml", false),
            ("*", "", true),
            ("", "a", false),
            ("**", "abc", true),
        ] {
            assert_eq!(fits(pattern.as_bytes(), name.as_bytes()), expected, "{pattern} {name}");
        }
    }
}

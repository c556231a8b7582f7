//! docs/configuration.md against the language: every key stands in the reference, and the reference has
//! no key that the language lacks. What the keys do is for its readers to check.

use std::collections::BTreeSet;

use serde_json::Value;

const REFERENCE: &str = include_str!("../../docs/configuration.md");

#[test]
fn the_reference_has_every_key_and_no_other() {
    let language = serde_json::to_value(portcullis::config::schema()).expect("a schema is JSON");
    let mut known = BTreeSet::new();
    keys(&language, &mut known);
    assert!(known.contains("max_body") && known.contains("listener"), "no keys were found: {known:?}");
    // A table is told of by its heading.
    let told = |key: &&String| !REFERENCE.contains(&format!("`{key}`")) && !REFERENCE.contains(&format!("`[{key}"));
    let missing: Vec<_> = known.iter().filter(told).collect();
    assert!(missing.is_empty(), "docs/configuration.md lacks {missing:?}");

    // Keys of a key file are of no interest to editors of the configuration.
    let key_file =
        ["scopes", "plan", "password", "name", "sha256", "secrets", "id", "expires", "not_before", "disabled"];
    let rows = REFERENCE.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`')).map(|(key, _)| key);
    // Fields of HTTP have tables, too; their names begin with a capital.
    let keys = rows.filter(|name| name.starts_with(|first: char| first.is_ascii_lowercase()));
    let stale: Vec<_> = keys.filter(|key| !known.contains(*key) && !key_file.contains(key)).collect();
    assert!(stale.is_empty(), "docs/configuration.md tells of {stale:?}");
}

/// The names of all properties, wherever they stand.
fn keys(schema: &Value, into: &mut BTreeSet<String>) {
    match schema {
        Value::Object(members) => {
            if let Some(Value::Object(properties)) = members.get("properties") {
                into.extend(properties.keys().cloned());
            }
            members.values().for_each(|member| keys(member, into));
        }
        Value::Array(items) => items.iter().for_each(|item| keys(item, into)),
        _ => {}
    }
}

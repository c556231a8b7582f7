//! `portcullis key list`: who holds which keys, as a table or as JSON.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::Serialize;

use super::super::{Failure, check};
use crate::config::key_file::{self, HeldKey, Holder};
use crate::config::{self, Environment, Machine};
use crate::policy::keys::{KeyFault, Validity};
use crate::policy::time::Timestamp;

/// What is served where nothing is said, and so whose key files are shown.
const CONFIG: &str = "portcullis.toml";

/// A key, or a principal that has none.
#[derive(Debug, Serialize)]
struct Row {
    file: String,
    principal: String,
    name: Option<String>,
    /// The first 8 digits.
    sha256: Option<String>,
    state: &'static str,
    not_before: Option<String>,
    expires: Option<String>,
    scopes: Vec<String>,
    plan: Option<String>,
}

pub(super) fn list(file: Option<&Path>, principal: Option<&str>, json: bool) -> Result<(), Failure> {
    let files = match file {
        Some(file) => vec![file.to_owned()],
        None => named()?,
    };
    let mut rows = Vec::new();
    for file in &files {
        let holders = key_file::list(file, &Machine).map_err(|errors| check::wrong(file, &errors))?;
        let wanted = holders.iter().filter(|holder| principal.is_none_or(|name| name == holder.name));
        wanted.for_each(|holder| rows.extend(rows_of(file, holder, Machine.now())));
    }
    if let Some(name) = principal.filter(|_| rows.is_empty()) {
        return Err(Failure::Wrong(format!("there is no principal '{name}'")));
    }
    let text = match json {
        true => format!("{:#}\n", serde_json::json!(rows)),
        false => table(&rows, files.len() > 1),
    };
    // Unlike `print!`, without a panic where the reader has enough.
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::Running(error.to_string())),
        _ => Ok(()),
    }
}

fn named() -> Result<Vec<PathBuf>, Failure> {
    let config = Path::new(CONFIG);
    let files = config::key_files(config, &Machine).map_err(|errors| check::wrong(config, &errors))?;
    match files.is_empty() {
        true => Err(Failure::Wrong(format!("{CONFIG} names no key file; say which with --file"))),
        false => Ok(files),
    }
}

fn rows_of(file: &Path, holder: &Holder, now: Timestamp) -> Vec<Row> {
    let row = |key: Option<&HeldKey>| {
        let moment = |of: fn(&Validity) -> Option<Timestamp>| key.and_then(|key| of(&key.validity)).map(moment);
        Row {
            file: file.display().to_string(),
            principal: holder.name.clone(),
            name: key.and_then(|key| key.name.clone()),
            sha256: key.map(HeldKey::short_hash),
            state: key.map_or("no keys", |key| state(&key.validity, now)),
            not_before: moment(|validity| validity.not_before),
            expires: moment(|validity| validity.expires),
            scopes: holder.grant.scopes.clone(),
            plan: holder.grant.plan.clone(),
        }
    };
    match holder.keys.is_empty() {
        true => vec![row(None)],
        false => holder.keys.iter().map(|key| row(Some(key))).collect(),
    }
}

fn state(validity: &Validity, now: Timestamp) -> &'static str {
    match validity.check(now) {
        Ok(()) => "good",
        Err(KeyFault::NotYet) => "not yet",
        Err(KeyFault::Expired) => "expired",
        Err(KeyFault::Disabled) => "disabled",
        Err(KeyFault::Unknown) => "unknown",
    }
}

/// RFC 3339, in UTC.
fn moment(at: Timestamp) -> String {
    humantime::format_rfc3339_seconds(SystemTime::UNIX_EPOCH + Duration::from_secs(at.seconds())).to_string()
}

fn table(rows: &[Row], with_file: bool) -> String {
    let or_dash = |text: &Option<String>| text.as_deref().unwrap_or("-").escape_debug().to_string();
    let mut lines = vec![["file", "principal", "key", "state", "until", "scopes", "plan"].map(str::to_owned)];
    lines.extend(rows.iter().map(|row| {
        [
            row.file.clone(),
            row.principal.clone(),
            or_dash(if row.name.is_some() { &row.name } else { &row.sha256 }),
            match (&row.not_before, row.state) {
                (Some(from), "not yet") => format!("not before {from}"),
                (_, state) => state.to_owned(),
            },
            or_dash(&row.expires),
            if row.scopes.is_empty() { "-".to_owned() } else { row.scopes.join(" ") },
            or_dash(&row.plan),
        ]
    }));
    let skipped = if with_file { 0 } else { 1 };
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..lines[0].len()).map(width).collect();
    let mut text = String::new();
    for line in &lines {
        let padded = line.iter().zip(&widths).skip(skipped).map(|(cell, width)| format!("{cell:width$}"));
        let _ = writeln!(text, "{}", padded.collect::<Vec<_>>().join("  ").trim_end());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_has_its_line_and_no_line_has_more_of_a_hash_than_8_digits() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("keys.toml");
        let hash = |digit: &str| digit.repeat(64);
        let text = format!(
            "[principal.acme]\nscopes = [\"crm.read\", \"crm.delete\"]\nplan = \"gold\"\nkeys = [\n\
             {{ name = \"laptop\", sha256 = \"{}\", expires = 2027-01-01 }},\n{{ sha256 = \"{}\", disabled = true }},\n\
             {{ sha256 = \"{}\", not_before = 2026-02-01T12:00:00Z }},\n{{ sha256 = \"{}\", expires = 2025-01-01 }},\n]\n\
             [principal.\"b@c\"]\n",
            hash("a"),
            hash("b"),
            hash("c"),
            hash("d"),
        );
        std::fs::write(&file, text).expect("a writable folder");
        let holders = key_file::list(&file, &Machine).expect("it holds");
        // 2026-01-01
        let now = Timestamp::from_seconds(1_767_225_600);
        let rows: Vec<Row> = holders.iter().flat_map(|holder| rows_of(&file, holder, now)).collect();
        let expected = "\
principal  key       state                            until                 scopes               plan
acme       laptop    good                             2027-01-01T00:00:00Z  crm.read crm.delete  gold
acme       bbbbbbbb  disabled                         -                     crm.read crm.delete  gold
acme       cccccccc  not before 2026-02-01T12:00:00Z  -                     crm.read crm.delete  gold
acme       dddddddd  expired                          2025-01-01T00:00:00Z  crm.read crm.delete  gold
b@c        -         no keys                          -                     -                    -
";
        assert_eq!(table(&rows, false), expected);
        assert!(table(&rows, true).lines().all(|line| line.starts_with("file") || line.contains("keys.toml")));
        let json = serde_json::to_value(&rows).expect("it is JSON");
        assert_eq!(json[0]["sha256"], "aaaaaaaa");
        assert_eq!(json[2]["not_before"], "2026-02-01T12:00:00Z");
        assert_eq!(json[4]["state"], "no keys");
        assert!(!json.to_string().contains("aaaaaaaaa"));
    }
}

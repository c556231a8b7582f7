//! `[access_log]` and `[program_log]`.

use std::fmt;
use std::ops::Range;

use super::process::{KIB, MIB, size, small};
use crate::config::faults::Faults;
use crate::config::file::{AccessLogTable, ProgramLogTable};
use crate::config::located::{Field, Located};
use crate::config::source::Place;
use crate::config::suggest::{nearest, one_of};
use crate::config::text::{Text, cut};
use crate::policy::gateway::{AccessLog, LogSink, ProgramLog};

const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

const EXPECTED_SINK: &str = "expected \"stdout\", \"off\" or a file's path";

/// Compiles `[access_log]`.
pub(super) fn access_log(table: &Field<AccessLogTable>, faults: &mut Faults) -> Option<AccessLog> {
    let unsaid = AccessLogTable::default();
    let table = match table {
        Field::Absent => &unsaid,
        Field::Broken => return None,
        Field::Given(table) => &table.value,
    };
    let sink = match &table.to {
        Field::Absent => Some(LogSink::default()),
        Field::Broken => None,
        Field::Given(written) => sink(written, faults),
    };
    let buffer_bytes = small(size(&table.buffer, 4 * MIB, 64 * KIB, 1024 * MIB, faults));
    Some(AccessLog { sink: sink?, buffer_bytes })
}

/// Every string is a path, so one that is but a slip away from a word was hardly meant as such.
fn sink(written: &Located<Text>, faults: &mut Faults) -> Option<LogSink> {
    let text = written.as_str();
    match text {
        "stdout" => return Some(LogSink::Stdout),
        "off" => return Some(LogSink::Off),
        "" => {
            faults.error(written.at, "the access log goes nowhere").label(EXPECTED_SINK);
            return None;
        }
        _ => {}
    }
    match nearest(text, ["stdout", "off", "stderr"]).filter(|_| !written.is_secret()) {
        None => Some(LogSink::Path(faults.source(written.at.file).relative(text))),
        Some(near) => {
            let fault = faults.error(written.at, "this is no place for the access log");
            let label = format!("did you mean `{near}`?");
            // The program log is on standard error, for people to read.
            fault.label(if near == "stderr" { EXPECTED_SINK.into() } else { label });
            fault.help(format!("a file of this name is written \"./{}\"", cut(text)));
            None
        }
    }
}

/// Compiles `[program_log]`.
pub(super) fn program_log(table: &Field<ProgramLogTable>, faults: &mut Faults) -> Option<ProgramLog> {
    let levels = match table {
        Field::Absent => &Field::Absent,
        Field::Broken => return None,
        Field::Given(table) => &table.levels,
    };
    let levels = match levels {
        Field::Absent => "info".to_owned(),
        Field::Broken => return None,
        Field::Given(written) => directives(written, faults)?,
    };
    Some(ProgramLog { levels })
}

/// A comma separated list of `LEVEL` or `module=LEVEL`, each part judged by itself.
fn directives(written: &Located<Text>, faults: &mut Faults) -> Option<String> {
    let mut read: Vec<Located<Directive<'_>>> = Vec::new();
    let mut sound = true;
    let mut from = 0;
    for part in written.as_str().split(',') {
        let start = from + part.len() - part.trim_start().len();
        let at = within(written, start..start + part.trim().len(), faults);
        from += part.len() + 1;
        let Some(value) = directive(part.trim(), written, at, faults) else {
            sound = false;
            continue;
        };
        if let Some(first) = read.iter().find(|other| other.module == value.module) {
            let all = value.module.is_empty();
            let message = if all { "two levels hold for everything" } else { "this module has two levels" };
            faults.error(at, message).label("here again").also(first.at, "here first");
            sound = false;
        }
        read.push(Located { value, at });
    }
    let levels: Vec<String> = read.iter().map(|directive| directive.to_string()).collect();
    sound.then(|| levels.join(","))
}

/// How much one module tells, or everything.
struct Directive<'t> {
    /// Empty for everything.
    module: &'t str,
    level: &'t str,
}

impl fmt::Display for Directive<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let equals = if self.module.is_empty() { "" } else { "=" };
        write!(f, "{}{equals}{}", self.module, self.level)
    }
}

fn directive<'t>(part: &'t str, written: &Located<Text>, at: Place, faults: &mut Faults) -> Option<Directive<'t>> {
    let (module, level) = part.split_once('=').unwrap_or(("", part));
    let named = |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let everything = !part.contains('=');
    if !everything && !module.split("::").all(named) {
        faults.error(at, "this names no module").label("expected as in \"portcullis::proxy=debug\"");
        return None;
    }
    if LEVELS.contains(&level) {
        return Some(Directive { module, level });
    }
    let message = match level {
        "" => "a level lacks here".to_owned(),
        _ => format!("`{}` is no level", written.unless_secret(cut(level)).unwrap_or_else(|| written.to_string())),
    };
    let near = nearest(level, LEVELS).filter(|_| !written.is_secret());
    let fault = faults.error(at, message);
    match near {
        Some(near) => fault.label(format!("did you mean `{near}`?")),
        None => fault.label(format!("expected {}", one_of(LEVELS))),
    };
    if everything && near.is_none() {
        fault.help("a module has its level behind it, as in \"info,portcullis::proxy=debug\"");
    }
    None
}

/// The place of a part of a string, where it is written as it is meant.
fn within(written: &Located<Text>, part: Range<usize>, faults: &Faults) -> Place {
    let span = written.at.span();
    let shown = faults.source(written.at.file).text().get(span.clone()).unwrap_or_default();
    let plain = shown.get(1..1 + written.as_str().len()) == Some(written.as_str());
    // An empty part is the comma before it, or the quote.
    match plain && !part.is_empty() {
        true => Place::new(written.at.file, span.start + 1 + part.start..span.start + 1 + part.end),
        false => written.at,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::source::{FileId, Source};

    fn levels(text: &str) -> Option<String> {
        let mut faults = Faults::default();
        faults.add_source(Source::new("a.toml".into(), "a.toml".into(), format!("\"{text}\"")));
        let at = Place::new(FileId::MAIN, 0..text.len() + 2);
        let written = Located { value: Text::plain(text), at };
        let read = directives(&written, &mut faults);
        assert_eq!(read.is_none(), faults.any_error(), "{text}");
        read
    }

    #[test]
    fn levels_are_read_in_full() {
        for (text, read) in [
            ("info", "info"),
            ("warn, portcullis=debug", "warn,portcullis=debug"),
            ("portcullis::proxy=trace,off", "portcullis::proxy=trace,off"),
        ] {
            assert_eq!(levels(text).as_deref(), Some(read));
        }
        for wrong in
            ["", ",", "info,", "INFO", "portcullis", "=debug", "a::=debug", "a b=debug", "info,warn", "a=info,a=off"]
        {
            assert_eq!(levels(wrong), None, "{wrong}");
        }
    }
}

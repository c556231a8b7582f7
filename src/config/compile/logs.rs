//! `[access_log]` and `[program_log]`.

use super::process::{MIB, size, small};
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
    let buffer_bytes = small(size(&table.buffer, 4 * MIB, MIB / 16, 1024 * MIB, faults));
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
    let text = written.as_str();
    let mut sound = true;
    let mut read: Vec<(&str, &str, Place)> = Vec::new();
    let mut from = 0;
    for part in text.split(',') {
        let start = from + part.len() - part.trim_start().len();
        let at = within(written, start..start + part.trim().len(), faults);
        from += part.len() + 1;
        let (module, level) = part.trim().split_once('=').unwrap_or(("", part.trim()));
        if let Some((_, _, first)) = read.iter().find(|(other, ..)| *other == module) {
            let what = if module.is_empty() { "two levels hold for everything" } else { "this module has two levels" };
            faults.error(at, what).label("here again").also(*first, "here first");
            sound = false;
        }
        read.push((module, level, at));
        sound &= directive(part.trim(), written, at, faults);
    }
    let part = |(module, level, _): &(&str, &str, Place)| match *module {
        "" => (*level).to_owned(),
        module => format!("{module}={level}"),
    };
    let levels: Vec<String> = read.iter().map(part).collect();
    sound.then(|| levels.join(","))
}

fn directive(part: &str, written: &Located<Text>, at: Place, faults: &mut Faults) -> bool {
    let (module, level) = match part.split_once('=') {
        Some((module, level)) => (Some(module), level),
        None => (None, part),
    };
    let named = |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if module.is_some_and(|module| !module.split("::").all(named)) {
        let fault = faults.error(at, "this names no module");
        fault.label("expected as in \"portcullis::proxy=debug\"");
        return false;
    }
    if LEVELS.contains(&level) {
        return true;
    }
    let fault = match written.unless_secret(cut(level)) {
        Some(level) if !level.is_empty() => faults.error(at, format!("`{level}` is no level")),
        _ => faults.error(at, "a level lacks here"),
    };
    let near = nearest(level, LEVELS).filter(|_| !written.is_secret());
    match near {
        Some(near) => fault.label(format!("did you mean `{near}`?")),
        None => fault.label(format!("expected {}", one_of(LEVELS))),
    };
    if module.is_none() && near.is_none() {
        fault.help("a module has its level behind it, as in \"info,portcullis::proxy=debug\"");
    }
    false
}

/// The place of a part of a string, where it is written as it is meant.
fn within(written: &Located<Text>, part: std::ops::Range<usize>, faults: &Faults) -> Place {
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

//! Strings, and the secrets that may stand for any of them: `"${env:NAME}"`, `"${file:/run/secrets/name}"`.
//!
//! A reference is a whole value at a time. What it stands for is never shown: a [`Text`] prints as it
//! was written.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use toml::de::DeValue;

use super::environment::describe;
use super::read::{FromToml, Reader, Value};
use super::suggest::nearest;

/// How much of a string a message repeats.
const SHOWN_CHARS: usize = 80;

/// A string, perhaps by reference.
#[derive(Clone)]
pub struct Text {
    value: String,
    /// The reference, where it was one.
    reference: Option<String>,
}

impl Text {
    /// A text that came by no reference.
    #[cfg(test)]
    pub(super) fn plain(value: &str) -> Self {
        Self { value: value.into(), reference: None }
    }

    /// What it stands for.
    pub fn as_str(&self) -> &str {
        &self.value
    }

    /// Whether it was given by reference, so that what it stands for may not be shown.
    pub fn is_secret(&self) -> bool {
        self.reference.is_some()
    }

    /// `shown`, which was made from this text, or nothing where that would tell of a secret.
    pub(super) fn unless_secret(&self, shown: impl Into<String>) -> Option<String> {
        (!self.is_secret()).then(|| shown.into())
    }

    /// Reads a string where the fault of another type is to name `expected`.
    pub(super) fn from_toml_as(value: &Value<'_>, reader: &mut Reader<'_>, expected: &str) -> Option<Self> {
        match value.get_ref() {
            DeValue::String(written) => resolve(written, value, reader),
            _ => {
                reader.expected(value, expected);
                None
            }
        }
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&cut(self.reference.as_ref().unwrap_or(&self.value)))
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

impl FromToml for Text {
    fn expected() -> String {
        "a string".into()
    }

    fn from_toml(value: &Value<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        Self::from_toml_as(value, reader, "a string")
    }
}

impl JsonSchema for Text {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Text".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        String::json_schema(generator)
    }
}

/// No more of a string than a message should repeat.
pub(super) fn cut(written: &str) -> Cow<'_, str> {
    match written.char_indices().nth(SHOWN_CHARS) {
        Some((end, _)) => format!("{}…", &written[..end]).into(),
        None => written.into(),
    }
}

fn resolve(written: &str, value: &Value<'_>, reader: &mut Reader<'_>) -> Option<Text> {
    let whole =
        written.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')).filter(|inner| !inner.contains("${"));
    let Some(inner) = whole else {
        if written.contains("${env:") || written.contains("${file:") {
            let message = "a secret stands for a whole value, not for a part of one".into();
            let expected = "\"${env:NAME}\" or \"${file:PATH}\" and nothing around it";
            reader.nonsense(value, message, expected);
            return None;
        }
        return Some(Text { value: written.into(), reference: None });
    };
    let found = match inner.split_once(':') {
        Some(("env", name)) => variable(name, value, reader),
        Some(("file", path)) => file(path, value, reader),
        other => {
            unknown_source(other.map_or(inner, |(source, _)| source), value, reader);
            None
        }
    };
    let value = found?;
    reader.environment.resolved(written, &value);
    Some(Text { value, reference: Some(written.into()) })
}

fn variable(name: &str, value: &Value<'_>, reader: &mut Reader<'_>) -> Option<String> {
    let found = reader.environment.variable(name);
    if found.is_none() {
        let at = reader.place(value);
        reader
            .faults
            .error(at, format!("the environment has no `{}`", cut(name)))
            .label("this variable is not set, or is not text");
    }
    found
}

/// The content of a file without the one line ending that editors and `echo` leave there.
fn file(path: &str, value: &Value<'_>, reader: &mut Reader<'_>) -> Option<String> {
    let full = reader.faults.source(reader.file).relative(path);
    let reason = match reader.environment.read(&full).map(String::from_utf8) {
        Ok(Ok(content)) => {
            let line = content.strip_suffix('\n').unwrap_or(&content);
            return Some(line.strip_suffix('\r').unwrap_or(line).into());
        }
        Ok(Err(_)) => "it is not UTF-8".into(),
        Err(error) => describe(&error),
    };
    let at = reader.place(value);
    reader.faults.error(at, format!("can't read the secret `{}`", cut(path))).label(reason);
    None
}

fn unknown_source(source: &str, value: &Value<'_>, reader: &mut Reader<'_>) {
    let at = reader.place(value);
    let label = match nearest(source, ["env", "file"]) {
        Some(near) => format!("did you mean `${{{near}:…}}`?"),
        None => "expected \"${env:NAME}\" or \"${file:PATH}\"".into(),
    };
    reader.faults.error(at, "this is no reference to a secret").label(label);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_prints_as_it_was_written() {
        let text = Text { value: "hunter2".into(), reference: Some("${env:KEY}".into()) };
        assert_eq!(text.to_string(), "${env:KEY}");
        assert_eq!(format!("{text:?}"), "\"${env:KEY}\"");
        assert_eq!(text.unless_secret("hunter2"), None);
        assert_eq!(text.as_str(), "hunter2");
    }

    #[test]
    fn messages_repeat_no_more_than_a_line() {
        let text = Text { value: "é".repeat(1000), reference: None };
        assert_eq!(text.to_string().chars().count(), SHOWN_CHARS + 1);
    }
}

//! The schema of one value, from the keywords of its table.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::keyword;
use crate::config::faults::Faults;
use crate::config::file::{Keyword, ParameterTable};
use crate::config::located::Field;
use crate::config::schema_files::SchemaFiles;
use crate::config::source::Place;
use crate::config::suggest::{nearest, one_of};
use crate::config::text::cut;
use crate::policy::params::ParameterKind;
use crate::policy::schema::Schema;

/// What a value must be.
pub(super) struct Rule {
    pub(super) required: bool,
    pub(super) kind: ParameterKind,
    pub(super) schema: Arc<Schema>,
}

/// Compiles a table; the type is `natural` where none is written.
pub(super) fn rule(
    table: &ParameterTable,
    at: Place,
    natural: ParameterKind,
    schemas: &mut SchemaFiles,
    faults: &mut Faults,
) -> Option<Rule> {
    let known = known_keywords(table, faults);
    let kind = match keyword(table, "type") {
        None => natural,
        Some(written) => parameter_kind(written, faults)?,
    };
    let required = match &table.required {
        Field::Absent => false,
        Field::Broken => return None,
        Field::Given(required) => required.value,
    };
    if !known || table.broken {
        return None;
    }
    beside_the_point(table, kind, faults);
    let mut document: Map<String, Value> =
        table.keywords.iter().map(|keyword| (keyword.name.value.clone(), keyword.value.value.clone())).collect();
    document.insert("type".into(), type_name(kind).into());
    let schema = schemas.parameter(Value::Object(document), table, at, faults)?;
    Some(Rule { required, kind, schema })
}

fn known_keywords(table: &ParameterTable, faults: &mut Faults) -> bool {
    let mut all_known = true;
    for keyword in &table.keywords {
        let name = keyword.name.value.as_str();
        if ParameterTable::KEYWORDS.contains(&name) {
            continue;
        }
        all_known = false;
        let near = nearest(name, ParameterTable::KEYWORDS.iter().copied());
        let fault = faults.error(keyword.name.at, format!("a parameter's schema has no keyword `{}`", cut(name)));
        match near {
            Some(near) => fault.label(format!("did you mean `{near}`?")),
            None => fault
                .label("unknown keyword")
                .help(format!("known here: {}", one_of(ParameterTable::KEYWORDS.iter().copied()))),
        };
    }
    all_known
}

fn parameter_kind(written: &Keyword, faults: &mut Faults) -> Option<ParameterKind> {
    const TYPES: [&str; 4] = ["string", "integer", "number", "boolean"];
    let kind = match written.value.as_str() {
        Some("string") => Some(ParameterKind::String),
        Some("integer") => Some(ParameterKind::Integer),
        Some("number") => Some(ParameterKind::Number),
        Some("boolean") => Some(ParameterKind::Boolean),
        _ => None,
    };
    if kind.is_none() {
        let near = written.value.as_str().and_then(|text| nearest(text, TYPES));
        let fault = faults.error(written.value.at, "no parameter can be of this type");
        fault.label(
            near.map_or_else(|| format!("expected {}", one_of(TYPES)), |near| format!("did you mean `{near}`?")),
        );
    }
    kind
}

const fn type_name(kind: ParameterKind) -> &'static str {
    match kind {
        ParameterKind::String => "string",
        ParameterKind::Integer => "integer",
        ParameterKind::Number => "number",
        ParameterKind::Boolean => "boolean",
    }
}

/// JSON Schema passes over keywords that are for another type, and so would a reader.
fn beside_the_point(table: &ParameterTable, kind: ParameterKind, faults: &mut Faults) {
    for keyword in &table.keywords {
        let fits = match keyword.name.value.as_str() {
            "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum" | "multipleOf" => {
                matches!(kind, ParameterKind::Integer | ParameterKind::Number)
            }
            "minLength" | "maxLength" | "pattern" | "format" => kind == ParameterKind::String,
            _ => true,
        };
        if !fits {
            let name = &keyword.name.value;
            let fault = faults.warning(keyword.name.at, format!("`{name}` means nothing here"));
            fault.label(format!("the type is `{}`", type_name(kind)));
        }
    }
}

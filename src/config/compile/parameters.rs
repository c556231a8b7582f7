//! Query, header and path parameters: JSON Schemas for single values, written in TOML.

use std::sync::Arc;

mod rule;

use super::Compiler;
use super::authenticators::is_taken;
use super::layer::Standing;
use crate::config::faults::Faults;
use crate::config::file::{Keyword, ParameterTable};
use crate::config::located::{Field, Named, NamedEntry};
use crate::config::schema_files::SchemaFiles;
use crate::config::source::Place;
use crate::config::suggest::{nearest, one_of};
use crate::config::text::cut;
use crate::http1::is_token;
use crate::policy::authenticate::CredentialPlace;
use crate::policy::params::{Parameter, ParameterKind};
use crate::policy::route::{SegmentKind, Template};
use rule::{Rule, rule};

/// A parameter that was declared in one layer.
pub(super) struct Declared {
    pub(super) name: String,
    pub(super) at: Place,
    /// `None` where it was reported.
    rule: Option<Rule>,
}

impl Declared {
    /// The parameter as the gateway knows it.
    pub(super) fn parameter(&self) -> Option<Parameter> {
        let rule = self.rule.as_ref()?;
        Some(Parameter {
            name: self.name.clone(),
            required: rule.required,
            kind: rule.kind,
            schema: Arc::clone(&rule.schema),
        })
    }
}

/// Compiles `query.*`.
pub(super) fn query(tables: &Named<ParameterTable>, schemas: &mut SchemaFiles, faults: &mut Faults) -> Vec<Declared> {
    tables
        .entries
        .iter()
        .map(|entry| declared(entry, entry.name.value.clone(), ParameterKind::String, schemas, faults))
        .collect()
}

/// Compiles `header.*`; names are in lower case from here on.
pub(super) fn header(tables: &Named<ParameterTable>, compiler: &mut Compiler<'_>) -> Vec<Declared> {
    let mut all: Vec<Declared> = Vec::new();
    for entry in &tables.entries {
        let name = entry.name.to_ascii_lowercase();
        if let Some(reason) = unfit_field(&name, compiler) {
            compiler.faults.error(entry.name.at, "this field can't be a parameter").label(reason);
        } else if let Some(first) = all.iter().find(|other| other.name == name) {
            let fault = compiler.faults.error(entry.name.at, "field names differ in more than case");
            fault.label("here again").also(first.at, "here first");
        }
        all.push(declared(entry, name, ParameterKind::String, &mut compiler.schemas, compiler.faults));
    }
    all
}

fn unfit_field(name: &str, compiler: &Compiler<'_>) -> Option<&'static str> {
    let holds_key = |index| {
        let authenticator = compiler.authenticators.value(index)?;
        Some(matches!(authenticator.place(), CredentialPlace::Field(field) if field == name))
    };
    if !is_token(name.as_bytes()) || name.len() > 64 {
        Some("expected a field name such as `X-Tenant`")
    } else if name.contains('_') {
        Some("expected `-` in place of `_`")
    } else if matches!(name, "authorization" | "proxy-authorization" | "cookie")
        || (0..compiler.authenticators.len()).any(|index| holds_key(index) == Some(true))
    {
        Some("it holds a credential, which no refusal should speak of")
    } else if is_taken(name) {
        Some("the gate itself reads, drops or sets it")
    } else {
        None
    }
}

/// Compiles `path.*`. On a path's table and its methods', only for names in the template.
pub(super) fn path(
    tables: &Named<ParameterTable>,
    standing: Standing<'_>,
    schemas: &mut SchemaFiles,
    faults: &mut Faults,
) -> Vec<Declared> {
    let template = match standing {
        Standing::Defaults => None,
        Standing::Path(template) | Standing::Method(template) => match template {
            Some(template) => Some(template),
            // What a broken template has is not known.
            None => return Vec::new(),
        },
    };
    tables.entries.iter().filter_map(|entry| path_parameter(entry, template, schemas, faults)).collect()
}

fn path_parameter(
    entry: &NamedEntry<ParameterTable>,
    template: Option<&Template>,
    schemas: &mut SchemaFiles,
    faults: &mut Faults,
) -> Option<Declared> {
    let table = entry.value.as_ref();
    if let Some(Field::Given(required)) = table.map(|table| &table.required)
        && !required.value
    {
        faults.error(required.at, "a path parameter is always there").label("expected `true`, or nothing");
    }
    let mut natural = ParameterKind::String;
    if let Some(template) = template {
        let Some((_, kind)) = template.parameters().find(|(name, _)| *name == entry.name.value) else {
            not_in_template(entry, template, faults);
            return None;
        };
        if kind == SegmentKind::Integer {
            natural = ParameterKind::Integer;
        }
        if let Some(written) = table.and_then(|table| keyword(table, "type")) {
            type_fits(written, kind, faults);
        }
    }
    let name = entry.name.value.clone();
    let mut declared = declared(entry, name, natural, schemas, faults);
    if let Some(rule) = &mut declared.rule {
        rule.required = true;
    }
    Some(declared)
}

fn not_in_template(entry: &NamedEntry<ParameterTable>, template: &Template, faults: &mut Faults) {
    let names: Vec<&str> = template.parameters().map(|(name, _)| name).collect();
    let near = nearest(&entry.name.value, names.iter().copied());
    let name = cut(&entry.name.value);
    let fault = faults.error(entry.name.at, format!("the path has no parameter `{name}`"));
    fault.label(match near {
        Some(near) => format!("did you mean `{near}`?"),
        None if names.is_empty() => "it has none at all".into(),
        None => format!("expected {}", one_of(names)),
    });
}

/// What the path matches must be able to be of the type.
fn type_fits(written: &Keyword, kind: SegmentKind, faults: &mut Faults) {
    let fits = match (kind, written.value.as_str()) {
        (SegmentKind::Integer, Some("boolean")) => false,
        (SegmentKind::Uuid, Some(other)) => other == "string",
        _ => true,
    };
    if !fits {
        let fault = faults.error(written.value.at, "no value of this path is of this type");
        fault.label(match kind {
            SegmentKind::Integer => "the template says `integer`",
            SegmentKind::Uuid | SegmentKind::Any => "the template says `uuid`",
        });
    }
}

fn keyword<'t>(table: &'t ParameterTable, name: &str) -> Option<&'t Keyword> {
    table.keywords.iter().find(|keyword| keyword.name.value == name)
}

/// Compiles one parameter; its type is `natural` where none is written.
fn declared(
    entry: &NamedEntry<ParameterTable>,
    name: String,
    natural: ParameterKind,
    schemas: &mut SchemaFiles,
    faults: &mut Faults,
) -> Declared {
    let rule = entry.value.as_ref().and_then(|table| rule(table, entry.name.at, natural, schemas, faults));
    Declared { name, at: entry.name.at, rule }
}

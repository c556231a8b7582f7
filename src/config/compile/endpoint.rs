//! `[endpoint."/path".METHOD]`: from three layers to one endpoint, and its place among the routes.

use std::collections::HashSet;
use std::sync::Arc;

use super::Compiler;
use super::inherit::Layers;
use super::layer::{Layer, Standing};
use super::rules;
use crate::config::file::{BodyWord, ConfigFile, MethodEntry, PathTable, PolicyTable};
use crate::config::located::{Field, Located, NamedEntry};
use crate::config::source::Place;
use crate::config::suggest::nearest;
use crate::config::text::cut;
use crate::policy::gateway::{Authentication, BodyRule, Endpoint, Forwarding, Report};
use crate::policy::params::Parameters;
use crate::policy::route::{Routes, Template};

/// Where nothing is said of a body's size.
const DEFAULT_MAX_BODY: u64 = 1024 * 1024;

/// The endpoints, with the places that later faults point to.
#[derive(Default)]
pub(super) struct Compiled {
    /// `None` where something of it was reported.
    pub(super) endpoints: Vec<Option<Endpoint>>,
    /// Where each one's method is written.
    pub(super) places: Vec<Place>,
    /// Where each one's path is written.
    paths: Vec<Place>,
    routes: Routes,
}

impl Compiled {
    /// All of it, where all could be compiled.
    pub(super) fn finish(self) -> Option<(Vec<Endpoint>, Routes)> {
        Some((self.endpoints.into_iter().collect::<Option<_>>()?, self.routes))
    }
}

/// One endpoint while it is put together.
pub(super) struct Draft<'l> {
    pub(super) layers: Layers<'l>,
    pub(super) template: &'l Template,
    pub(super) method: &'l str,
    /// Where the method is written.
    pub(super) at: Place,
}

/// Compiles all endpoints. `start` is where it is said that there are none.
pub(super) fn endpoints(file: &ConfigFile, start: Place, compiler: &mut Compiler<'_>) -> Compiled {
    if file.endpoint.entries.is_empty() && !file.endpoint.broken {
        compiler
            .faults
            .absent(start, "there is no endpoint, so every request is a 404")
            .label("expected tables such as [endpoint.\"/customers\".GET]");
    }
    let nothing = PolicyTable::default();
    let defaults = file.defaults.given().map_or(&nothing, |given| &given.value);
    let defaults = Layer::new(defaults, Standing::Defaults, compiler);
    // A broken [defaults] may have said anything.
    let defaults = if file.defaults.is_broken() { Layer::broken(compiler) } else { defaults };
    let mut compiled = Compiled::default();
    let mut seen = HashSet::new();
    for entry in &file.endpoint.entries {
        if let Some(table) = &entry.value {
            path(entry, table, &defaults, &mut seen, &mut compiled, compiler);
        }
    }
    compiled
}

fn path(
    entry: &NamedEntry<PathTable>,
    table: &PathTable,
    defaults: &Layer,
    seen: &mut HashSet<Place>,
    compiled: &mut Compiled,
    compiler: &mut Compiler<'_>,
) {
    let template = template(&entry.name, compiler);
    if table.methods.is_empty() {
        let fault = compiler.faults.absent(entry.name.at, "this path has no methods");
        fault.label(format!("expected tables such as [endpoint.\"{}\".GET]", cut(&entry.name.value)));
    }
    let path_layer = Layer::new(&table.policy, Standing::Path(template.as_ref()), compiler);
    let mut conflict = false;
    for method in &table.methods {
        let good_method = check_method(method, compiler);
        let Some(policy) = &method.policy else { continue };
        let own = Layer::new(policy, Standing::Method(template.as_ref()), compiler);
        let (Some(template), true) = (&template, good_method) else { continue };
        let layers = Layers([&own, &path_layer, defaults]);
        let draft = Draft { layers, template, method: &method.name.value, at: method.name.at };
        rules::check(&draft, seen, compiler);
        let index = compiled.endpoints.len();
        let inserted = compiled.routes.insert(template, draft.method, index);
        if let (Err(taken), false) = (inserted, conflict) {
            conflict = true;
            let first = compiled.paths[taken.first];
            let fault = compiler.faults.error(entry.name.at, "two paths match the same requests");
            fault.label("they are equal but for names").also(first, "this one stands first");
        }
        compiled.endpoints.push(assemble(&draft, compiler));
        compiled.places.push(draft.at);
        compiled.paths.push(entry.name.at);
    }
}

/// Reads a path; a fault points to the segment where it is written as it is meant.
fn template(name: &Located<String>, compiler: &mut Compiler<'_>) -> Option<Template> {
    let fault = match Template::parse(&name.value) {
        Ok(template) => return Some(template),
        Err(fault) => fault,
    };
    let span = name.at.span();
    let written = compiler.faults.source(name.at.file).text().get(span.clone()).unwrap_or_default();
    let plain = written.get(1..1 + name.value.len()) == Some(name.value.as_str());
    let at = match plain {
        true => Place::new(name.at.file, span.start + 1 + fault.range.start..span.start + 1 + fault.range.end),
        false => name.at,
    };
    let found = compiler.faults.error(at, format!("this path can't be: {}", fault.message));
    if let Some(help) = fault.help {
        found.help(help);
    }
    None
}

/// RFC 9110 §9.1: a method is a token and case-sensitive.
fn check_method(method: &MethodEntry, compiler: &mut Compiler<'_>) -> bool {
    const KNOWN: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    let name = method.name.value.as_str();
    let at = method.name.at;
    if matches!(name, "TRACE" | "CONNECT") {
        let fault = compiler.faults.error(at, format!("{name} can't be configured"));
        fault.label("the gate answers it with 405");
        return false;
    }
    let fits = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_';
    let sound = name.len() <= 32 && name.bytes().all(fits);
    let near = nearest(name, KNOWN).filter(|near| *near != name);
    if !sound {
        let fault = compiler.faults.error(at, format!("`{}` is neither a key here nor a method", cut(name)));
        fault.label(near.map_or("expected capitals".into(), |near| format!("did you mean `{near}`?")));
    } else if let Some(near) = near.filter(|_| !KNOWN.contains(&name)) {
        let fault = compiler.faults.warning(at, format!("`{name}` is no common method"));
        fault.label(format!("did you mean `{near}`?"));
    }
    sound
}

/// What the layers say together. `None` where anything of it was reported.
fn assemble(draft: &Draft<'_>, compiler: &Compiler<'_>) -> Option<Endpoint> {
    let layers = &draft.layers;
    let authentication: &Authentication = &layers.nearest(|layer| &layer.auth).given()?.value;
    let quotas = &layers.nearest(|layer| &layer.quotas).given()?.value;
    let quotas = quotas.iter().map(|index| compiler.quotas.value(index.value).map(Arc::clone));
    let path = layers.parameters(|layer| &layer.path);
    let indexed = draft.template.parameters().enumerate().filter_map(|(index, (name, _))| {
        path.iter().find(|declared| declared.name == name).map(|declared| Some((index, declared.parameter()?)))
    });
    let all = |declared: Vec<&super::parameters::Declared>| {
        declared.into_iter().map(super::parameters::Declared::parameter).collect::<Option<Vec<_>>>()
    };
    let essence = |types: Vec<Located<_>>| types.into_iter().map(|located| located.value).collect();
    let stated = |field: &Field<bool>| stated_or(field, false);
    Some(Endpoint {
        method: draft.method.into(),
        template: draft.template.clone(),
        upstream: layers.nearest(|layer| &layer.upstream).given()?.value,
        authentication: authentication.clone(),
        scopes: stated_or(layers.nearest(|layer| &layer.scopes), Vec::new())?,
        // Where nobody is known, nothing can be claimed; what is said of others is not meant for this one.
        allow: match authentication.accepted.is_empty() {
            true => Vec::new(),
            false => stated_or(layers.nearest(|layer| &layer.allow), Vec::new())?,
        },
        quotas: quotas.collect::<Option<_>>()?,
        parameters: Parameters {
            query: all(layers.parameters(|layer| &layer.query))?,
            header: all(layers.parameters(|layer| &layer.header))?,
            path: indexed.collect::<Option<_>>()?,
        },
        body: BodyRule {
            media_types: essence(stated_or(layers.nearest(|layer| &layer.media_types), Vec::new())?),
            max_bytes: stated_or(layers.nearest(|layer| &layer.max_body), DEFAULT_MAX_BODY)?,
            unchecked: stated_or(layers.nearest(|layer| &layer.body), None)? == Some(BodyWord::Any),
            json: stated_or(layers.nearest(|layer| &layer.json), Default::default())?,
            schema: stated_or(layers.nearest(|layer| &layer.body_schema), None)?,
        },
        produces: essence(stated_or(layers.nearest(|layer| &layer.produces), Vec::new())?),
        report: stated_or(layers.nearest(|layer| &layer.report), Report::default())?,
        forwarding: Forwarding {
            identity: stated(layers.nearest(|layer| &layer.forward_identity))?,
            credentials: stated(layers.nearest(|layer| &layer.forward_credentials))?,
            pass_headers: stated_or(layers.nearest(|layer| &layer.pass_headers), Vec::new())?,
            upgrades: stated_or(layers.nearest(|layer| &layer.upgrade), Vec::new())?,
        },
        face: stated_or(layers.nearest(|layer| &layer.face), None)?,
    })
}

/// What is stated, else the default; `None` where it is broken.
fn stated_or<T: Clone, U: From<T>>(field: &Field<T>, default: U) -> Option<U> {
    match field {
        Field::Absent => Some(default),
        Field::Broken => None,
        Field::Given(given) => Some(given.value.clone().into()),
    }
}

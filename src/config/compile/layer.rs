//! What one table says of endpoints, by itself: `[defaults]`, a path's or a method's. Each value is
//! judged once here, however many endpoints it holds for.

mod lists;

use std::sync::Arc;

use super::Compiler;
use super::authenticators::is_taken;
use super::listeners::words::field_name;
use super::parameters::{self, Declared};
use super::{body, errors};
use crate::config::faults::Faults;
use crate::config::file::{BodyWord, PolicyTable, StageWord};
use crate::config::located::{Field, List, Located};
use crate::config::text::Text;
use crate::http1::is_token;
use crate::policy::authorize::ClaimRule;
use crate::policy::body::JsonRules;
use crate::policy::gateway::{Authentication, Report};
use crate::policy::media_type::MediaType;
use crate::policy::problem::Face;
use crate::policy::route::Template;
use crate::policy::schema::Schema;
use crate::policy::stage::Stage;
use lists::{auth, quotas};

/// Which table it is.
#[derive(Clone, Copy)]
pub(super) enum Standing<'t> {
    /// `[defaults]`
    Defaults,
    /// `[endpoint."/path"]`; without the template where that is broken.
    Path(Option<&'t Template>),
    /// `[endpoint."/path".GET]`
    Method(Option<&'t Template>),
}

/// What a table says.
#[derive(Default)]
pub(super) struct Layer {
    pub(super) upstream: Field<usize>,
    pub(super) auth: Field<Authentication>,
    pub(super) scopes: Field<Vec<String>>,
    pub(super) allow: Field<Vec<ClaimRule>>,
    pub(super) quotas: Field<Vec<Located<usize>>>,
    pub(super) max_body: Field<u64>,
    pub(super) media_types: Field<Vec<Located<MediaType>>>,
    pub(super) body_schema: Field<Arc<Schema>>,
    pub(super) body: Field<BodyWord>,
    pub(super) json: Field<JsonRules>,
    pub(super) produces: Field<Vec<Located<MediaType>>>,
    pub(super) query: Vec<Declared>,
    pub(super) header: Vec<Declared>,
    pub(super) path: Vec<Declared>,
    pub(super) report: Field<Report>,
    pub(super) face: Field<Arc<Face>>,
    pub(super) upgrade: Field<Vec<String>>,
    pub(super) forward_identity: Field<bool>,
    pub(super) forward_credentials: Field<bool>,
    pub(super) pass_headers: Field<Vec<String>>,
}

impl Layer {
    /// The layer of a table that was reported: it may have said anything.
    pub(super) fn broken(compiler: &mut Compiler<'_>) -> Self {
        compiler.upstreams.suspect();
        compiler.authenticators.suspect();
        compiler.quotas.suspect();
        Self { upstream: Field::Broken, auth: Field::Broken, quotas: Field::Broken, ..Self::default() }
    }

    /// Compiles a table.
    pub(super) fn new(table: &PolicyTable, standing: Standing<'_>, compiler: &mut Compiler<'_>) -> Self {
        let this = Self {
            upstream: map(&table.upstream, |name| compiler.upstreams.find(name, compiler.faults)),
            auth: map(&table.auth, |list| auth(list, standing, compiler)),
            scopes: map(&table.scopes, |list| each(list, |item| scope(item, compiler.faults))),
            allow: map(&table.allow, |list| lists::allow(list, compiler.faults)),
            quotas: map(&table.quotas, |list| quotas(list, compiler)),
            max_body: map(&table.max_body, |size| Some(size.value.0)),
            media_types: map(&table.media_types, |list| body::media_types(list, compiler.faults)),
            body_schema: map(&table.body_schema, |written| {
                compiler.schemas.body(written, compiler.environment, compiler.faults)
            }),
            body: map(&table.body, |word| Some(word.value)),
            json: map(&table.json, |table| body::json_rules(table, compiler.faults)),
            produces: map(&table.produces, |list| body::media_types(list, compiler.faults)),
            query: parameters::query(&table.query, &mut compiler.schemas, compiler.faults),
            header: parameters::header(&table.header, compiler),
            path: parameters::path(&table.path, standing, &mut compiler.schemas, compiler.faults),
            report: map(&table.report, |list| report(list, standing, compiler.faults)),
            face: map(&table.errors, |table| errors::face(table, compiler.faults).map(Arc::new)),
            upgrade: map(&table.upgrade, |list| each(list, |item| protocol(item, standing, compiler.faults))),
            forward_identity: table.forward_identity.clone(),
            forward_credentials: table.forward_credentials.clone(),
            pass_headers: map(&table.pass_headers, |list| each(list, |item| passed(item, compiler.faults))),
        };
        if this.upstream.is_broken() {
            compiler.upstreams.suspect();
        }
        if this.auth.is_broken() {
            compiler.authenticators.suspect();
        }
        if this.quotas.is_broken() {
            compiler.quotas.suspect();
        }
        this
    }
}

/// What a field is compiled to; what is given up has had its fault.
fn map<T, U>(field: &Field<T>, compile: impl FnOnce(&Located<T>) -> Option<U>) -> Field<U> {
    match field {
        Field::Absent => Field::Absent,
        Field::Broken => Field::Broken,
        Field::Given(given) => match compile(given) {
            Some(value) => Field::Given(Located { value, at: given.at }),
            None => Field::Broken,
        },
    }
}

/// All items of a list, each of them looked at.
fn each<T, U>(list: &[Located<T>], mut compile: impl FnMut(&Located<T>) -> Option<U>) -> Option<Vec<U>> {
    let items: Vec<Option<U>> = list.iter().map(&mut compile).collect();
    items.into_iter().collect()
}

/// RFC 6749 §3.3: what a scope is made of; it is repeated in challenges.
pub(in crate::config) fn scope(item: &Located<Text>, faults: &mut Faults) -> Option<String> {
    let text = item.as_str();
    let fits = |byte: u8| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\';
    if (1..=128).contains(&text.len()) && text.bytes().all(fits) {
        return Some(text.into());
    }
    faults
        .error(item.at, "this is no scope")
        .label("expected up to 128 printable ASCII characters without blanks, `\"` and `\\`");
    None
}

fn report(list: &Located<List<StageWord>>, standing: Standing<'_>, faults: &mut Faults) -> Option<Report> {
    each(list, |word| stage(word, standing, faults)).map(|stages| stages.into_iter().collect())
}

fn stage(word: &Located<StageWord>, standing: Standing<'_>, faults: &mut Faults) -> Option<Stage> {
    let stage = match word.value {
        StageWord::Params => Stage::Params,
        StageWord::MediaType => Stage::MediaType,
        StageWord::Body => Stage::Body,
        StageWord::Schema => Stage::Schema,
        StageWord::RateLimit => Stage::RateLimit,
        StageWord::Authorize => Stage::Authorize,
        StageWord::Authenticate => Stage::Authenticate,
        StageWord::Head | StageWord::Route | StageWord::Access | StageWord::Guard | StageWord::Forward => {
            faults
                .error(word.at, "this stage always enforces")
                .label("expected params, media_type, body, schema, rate_limit or authorize");
            return None;
        }
    };
    match (stage, standing) {
        (Stage::Authenticate, Standing::Method(_)) => {
            let fault = faults.warning(word.at, "callers are not authenticated here");
            fault.label("whoever comes passes, and nobody is known by name");
        }
        (Stage::Authenticate, _) => {
            let fault = faults.error(word.at, "`authenticate` reports only on a method's own table");
            fault.label("here it would open methods that never say so");
            return None;
        }
        _ => {}
    }
    Some(stage)
}

/// RFC 9110 §7.8. What tunnels is on no endpoint that does not say so by itself: nothing of it is looked at.
fn protocol(item: &Located<Text>, standing: Standing<'_>, faults: &mut Faults) -> Option<String> {
    let text = item.as_str();
    if !matches!(standing, Standing::Method(_)) {
        faults
            .error(item.at, "upgrades are let through on a method's own table")
            .label("what tunnels is not looked at");
        return None;
    }
    if !is_token(text.as_bytes()) {
        faults.error(item.at, "this is no protocol").label("expected a name such as \"websocket\"");
        return None;
    }
    let lower = text.to_ascii_lowercase();
    // RFC 9113 §3.1: what would follow is HTTP that nobody judges.
    if lower.starts_with("h2") || lower.starts_with("http") || lower.starts_with("tls") {
        faults.error(item.at, "requests would pass through this upgrade unjudged").label("expected another protocol");
        return None;
    }
    Some(lower)
}

/// Fields that are dropped from every request unless an endpoint wants them: they make another request
/// of it behind the gate's back.
const OVERRIDES: [&str; 7] = [
    "x-original-url",
    "x-rewrite-url",
    "x-original-host",
    "x-host",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
];

fn passed(item: &Located<Text>, faults: &mut Faults) -> Option<String> {
    let field = field_name(item.as_str(), item, faults)?;
    if is_taken(&field) {
        faults.error(item.at, "this field never passes as it came").label("the gate drops it or sets it itself");
        return None;
    }
    if !OVERRIDES.contains(&field.as_str()) {
        let fault = faults.warning(item.at, "this field passes anyway");
        fault.label(format!("dropped unless named are {}", OVERRIDES.join(", ")));
    }
    Some(field)
}

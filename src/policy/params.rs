//! Stage *params*: do query, header and path parameters hold?
//!
//! A parameter comes as text. It is read as the type its schema names and judged by the same engine as
//! bodies are. Where any query parameter is declared, the query may hold these and no others, each once.

use std::sync::Arc;

use serde_json::{Number, Value};

use super::gateway::Endpoint;
use super::head::Head;
use super::rejection::Rejection;
use super::route::{Route, canonical_integer};
use super::schema::{Schema, Violation};
use super::target::percent_decode;
use crate::http1::{HeadFault, NotSingle};

/// The parameters of one endpoint.
#[derive(Debug, Default)]
pub struct Parameters {
    /// Declared names of the query; where empty, the query passes as sent.
    pub query: Vec<Parameter>,
    /// Declared fields, names in lower case.
    pub header: Vec<Parameter>,
    /// What path parameters must satisfy beyond their type, by their index in the template.
    pub path: Vec<(usize, Parameter)>,
}

/// One parameter.
#[derive(Debug)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Whether it must be there.
    pub required: bool,
    /// How its text is read.
    pub kind: ParameterKind,
    /// What it must satisfy.
    pub schema: Arc<Schema>,
}

/// How the text of a parameter is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParameterKind {
    /// As it is.
    String,
    /// Canonical decimal within ±(2^53−1).
    Integer,
    /// A JSON number.
    Number,
    /// `true` or `false`.
    Boolean,
}

/// So many violations are told at most.
const MAX_VIOLATIONS: usize = 20;

/// Judges all parameters, and tells of all that do not hold.
pub fn check(endpoint: &Endpoint, head: &Head<'_>, route: &Route) -> Result<(), Rejection> {
    let parameters = &endpoint.parameters;
    let mut violations = Vec::new();
    if !parameters.query.is_empty() {
        check_query(&parameters.query, head.target.query.unwrap_or_default(), &mut violations);
    }
    for parameter in &parameters.header {
        check_header(parameter, head, &mut violations)?;
    }
    if !parameters.path.is_empty() {
        for (index, value) in route.parameters(&head.target.path).enumerate() {
            let declared = parameters.path.iter().filter(|(at, _)| *at == index);
            declared.for_each(|(_, parameter)| parameter.check("path", &value, &mut violations));
        }
    }
    violations.truncate(MAX_VIOLATIONS);
    if violations.is_empty() { Ok(()) } else { Err(Rejection::InvalidParameters(violations)) }
}

/// WHATWG URL §5.1 says how a query is split and decoded; what that would repair is refused.
fn check_query(declared: &[Parameter], query: &str, violations: &mut Vec<Violation>) {
    let mut seen = vec![false; declared.len()];
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        if violations.len() >= MAX_VIOLATIONS {
            return;
        }
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (Some(name), Some(value)) = (percent_decode(name, true), percent_decode(value, true)) else {
            violations.push(violation("#/query", "undecodable", "holds broken percent-encoding or is not UTF-8"));
            continue;
        };
        let Some(index) = declared.iter().position(|parameter| parameter.name == name) else {
            violations.push(violation(&pointer("query", &name), "unknown", "is not a parameter of this endpoint"));
            continue;
        };
        if std::mem::replace(&mut seen[index], true) {
            violations.push(violation(&pointer("query", &name), "repeated", "must be given once"));
        } else {
            declared[index].check("query", &value, violations);
        }
    }
    for (parameter, _) in declared.iter().zip(seen).filter(|(parameter, seen)| parameter.required && !seen) {
        violations.push(violation(&pointer("query", &parameter.name), "required", "is required"));
    }
}

fn check_header(parameter: &Parameter, head: &Head<'_>, violations: &mut Vec<Violation>) -> Result<(), Rejection> {
    let at = pointer("header", &parameter.name);
    match head.request.single(&parameter.name) {
        Err(NotSingle::Nominated) => return Err(Rejection::MalformedHead(HeadFault::Connection)),
        Err(NotSingle::Repeated) => violations.push(violation(&at, "repeated", "must be given once")),
        Ok(None) if parameter.required => violations.push(violation(&at, "required", "is required")),
        Ok(None) => {}
        Ok(Some(value)) => match std::str::from_utf8(value) {
            Ok(text) => parameter.check("header", text, violations),
            Err(_) => violations.push(violation(&at, "undecodable", "is not UTF-8")),
        },
    }
    Ok(())
}

impl Parameter {
    fn check(&self, place: &str, text: &str, violations: &mut Vec<Violation>) {
        let at = pointer(place, &self.name);
        let Some(value) = self.kind.read(text) else {
            violations.push(violation(&at, "type", self.kind.expected()));
            return;
        };
        if let Err(found) = self.schema.check(&value) {
            violations.extend(
                found.into_iter().map(|inner| Violation {
                    pointer: format!("{at}{}", inner.pointer.trim_start_matches('#')),
                    ..inner
                }),
            );
        }
    }
}

impl ParameterKind {
    fn read(self, text: &str) -> Option<Value> {
        match self {
            Self::String => Some(Value::from(text)),
            Self::Integer => canonical_integer(text).map(Value::from),
            Self::Boolean => text.parse().ok().map(Value::Bool),
            // Only the grammar of JSON: no `inf`, no `1_000`, no white space.
            Self::Number => {
                let plain = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
                let number: Option<Number> = serde_json::from_str(text).ok();
                number.filter(|_| plain).map(Value::Number)
            }
        }
    }

    fn expected(self) -> &'static str {
        match self {
            Self::String => "must be text",
            Self::Integer => "must be an integer in plain decimal, without leading zeros, within 2^53",
            Self::Number => "must be a number",
            Self::Boolean => "must be 'true' or 'false'",
        }
    }
}

fn violation(pointer: &str, keyword: &'static str, detail: &str) -> Violation {
    Violation { pointer: pointer.to_owned(), detail: detail.to_owned(), keyword }
}

/// `#/query/limit`: a place in the request rather than in the body. Names are the client's, so they are
/// cut and encoded.
fn pointer(place: &str, name: &str) -> String {
    let short: String = name.chars().take(64).collect();
    let escaped = short.replace('~', "~0").replace('/', "~1");
    let encoded = percent_encoding::utf8_percent_encode(&escaped, percent_encoding::NON_ALPHANUMERIC);
    let readable = encoded.to_string().replace("%5F", "_").replace("%2D", "-").replace("%2E", ".").replace("%7E", "~");
    format!("#/{place}/{readable}")
}

//! What a schema says without effect. JSON Schema ignores keywords that it does not know, so a misspelt
//! one lets through what its author meant to keep out. Not faults, because annotations are free to have
//! any name: remarks, made only where the mistake is likely.

use jsonschema::Draft;
use serde_json::{Map, Value};

use super::SchemaFault;
use super::document::{Subschema, subschemas};
use super::explain::pointer::escape;

/// Keywords that judge, and the drafts from which and up to which they do.
const KEYWORDS: &[(&str, Draft, Draft)] = {
    use Draft::{Draft4, Draft6, Draft7, Draft201909, Draft202012};
    &[
        ("$anchor", Draft201909, Draft202012),
        ("$dynamicRef", Draft202012, Draft202012),
        ("$recursiveRef", Draft201909, Draft201909),
        ("$ref", Draft4, Draft202012),
        ("additionalItems", Draft4, Draft201909),
        ("additionalProperties", Draft4, Draft202012),
        ("allOf", Draft4, Draft202012),
        ("anyOf", Draft4, Draft202012),
        ("const", Draft6, Draft202012),
        ("contains", Draft6, Draft202012),
        ("dependencies", Draft4, Draft202012),
        ("dependentRequired", Draft201909, Draft202012),
        ("dependentSchemas", Draft201909, Draft202012),
        ("else", Draft7, Draft202012),
        ("enum", Draft4, Draft202012),
        ("exclusiveMaximum", Draft4, Draft202012),
        ("exclusiveMinimum", Draft4, Draft202012),
        ("format", Draft4, Draft202012),
        ("if", Draft7, Draft202012),
        ("items", Draft4, Draft202012),
        ("maxContains", Draft201909, Draft202012),
        ("maxItems", Draft4, Draft202012),
        ("maxLength", Draft4, Draft202012),
        ("maxProperties", Draft4, Draft202012),
        ("maximum", Draft4, Draft202012),
        ("minContains", Draft201909, Draft202012),
        ("minItems", Draft4, Draft202012),
        ("minLength", Draft4, Draft202012),
        ("minProperties", Draft4, Draft202012),
        ("minimum", Draft4, Draft202012),
        ("multipleOf", Draft4, Draft202012),
        ("not", Draft4, Draft202012),
        ("oneOf", Draft4, Draft202012),
        ("pattern", Draft4, Draft202012),
        ("patternProperties", Draft4, Draft202012),
        ("prefixItems", Draft202012, Draft202012),
        ("properties", Draft4, Draft202012),
        ("propertyNames", Draft6, Draft202012),
        ("required", Draft4, Draft202012),
        ("then", Draft7, Draft202012),
        ("type", Draft4, Draft202012),
        ("unevaluatedItems", Draft201909, Draft202012),
        ("unevaluatedProperties", Draft201909, Draft202012),
        ("uniqueItems", Draft4, Draft202012),
    ]
};

/// Keywords that say something about a schema and judge nothing, OpenAPI's among them.
const ANNOTATIONS: &[&str] = &[
    "$comment",
    "$defs",
    "$dynamicAnchor",
    "$id",
    "$recursiveAnchor",
    "$schema",
    "$vocabulary",
    "contentEncoding",
    "contentMediaType",
    "contentSchema",
    "default",
    "definitions",
    "deprecated",
    "description",
    "discriminator",
    "example",
    "examples",
    "externalDocs",
    "id",
    "name",
    "readOnly",
    "title",
    "version",
    "writeOnly",
    "xml",
];

/// Pairs of limits between which nothing of their type lies when the first is the greater.
const LIMITS: &[(&str, &str, &str)] = &[
    ("minimum", "maximum", "number"),
    ("minLength", "maxLength", "string"),
    ("minItems", "maxItems", "array"),
    ("minProperties", "maxProperties", "object"),
    ("minContains", "maxContains", "array"),
];

/// Remarks on everything in a document that is likely to be a mistake, though it compiles.
pub fn lint(document: &Value, uri: &str) -> Vec<SchemaFault> {
    let mut remarks = Vec::new();
    // What a draft that is not known ignores is not known either.
    for subschema in subschemas(document).into_iter().filter(|subschema| subschema.draft != Draft::Unknown) {
        let mut remark = |keyword: &str, detail: String, hint: Option<String>| {
            let pointer = format!("{}/{}", subschema.pointer, escape(keyword));
            remarks.push(SchemaFault { uri: uri.to_owned(), pointer, detail, hint });
        };
        keywords(&subschema, &mut remark);
        limits(subschema.object, &mut remark);
        required(subschema.object, &mut remark);
    }
    remarks
}

/// The known word that was most likely meant, if one is near.
pub(super) fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let word = word.to_lowercase();
    known
        .iter()
        .map(|known| (strsim::osa_distance(&word, &known.to_lowercase()), *known))
        // One slip in a short word, two in one of six letters or more.
        .filter(|(distance, known)| *distance <= (known.len() / 3).min(2))
        .min()
        .map(|(_, known)| known)
}

fn keywords(subschema: &Subschema<'_>, remark: &mut impl FnMut(&str, String, Option<String>)) {
    let object = subschema.object;
    // Up to draft-07 a reference stands for the whole schema (draft-07 §8.3).
    let reference = object.contains_key("$ref") && subschema.draft <= Draft::Draft7;
    for keyword in object.keys().map(String::as_str) {
        let known = KEYWORDS.iter().find(|(known, ..)| *known == keyword);
        match known {
            Some((_, first, last)) if subschema.draft < *first || subschema.draft > *last => {
                let detail = format!("`{keyword}` has no effect in this draft of JSON Schema");
                remark(keyword, detail, Some(format!("it is known {}", span(*first, *last))));
            }
            Some(_) if reference && keyword != "$ref" => {
                let hint = "put both under `allOf`, or write the schema in draft 2019-09 or later";
                remark(
                    keyword,
                    format!("`{keyword}` has no effect beside `$ref` in this draft"),
                    Some(hint.to_owned()),
                );
            }
            Some(_) => {}
            None if keyword == "nullable" => {
                let hint = "add \"null\" to `type`";
                remark(
                    keyword,
                    "`nullable` is OpenAPI 3.0's, and has no effect in JSON Schema".to_owned(),
                    Some(hint.to_owned()),
                );
            }
            None if keyword.starts_with("x-") || ANNOTATIONS.contains(&keyword) => {}
            None => {
                let words: Vec<_> =
                    KEYWORDS.iter().map(|(known, ..)| *known).chain(ANNOTATIONS.iter().copied()).collect();
                if let Some(near) = nearest(keyword, &words) {
                    let detail = format!("`{}` is no keyword and has no effect", keyword.escape_debug());
                    remark(keyword, detail, Some(format!("did you mean `{near}`?")));
                }
            }
        }
    }
}

fn span(first: Draft, last: Draft) -> String {
    let name = |draft| match draft {
        Draft::Draft4 => "draft-04",
        Draft::Draft6 => "draft-06",
        Draft::Draft7 => "draft-07",
        Draft::Draft201909 => "2019-09",
        _ => "2020-12",
    };
    match (first, last) {
        (Draft::Draft4, last) => format!("up to {}", name(last)),
        (first, Draft::Draft202012) => format!("from {} on", name(first)),
        (first, last) => format!("from {} to {}", name(first), name(last)),
    }
}

fn limits(object: &Map<String, Value>, remark: &mut impl FnMut(&str, String, Option<String>)) {
    for (least, most, what) in LIMITS {
        let limit = |keyword: &str| object.get(keyword).and_then(Value::as_f64);
        if let (Some(from), Some(to)) = (limit(least), limit(most))
            && from > to
        {
            remark(least, format!("no {what} is at least `{least}` and at most `{most}`"), None);
        }
    }
}

/// A required name that is not among the properties, but nearly.
fn required(object: &Map<String, Value>, remark: &mut impl FnMut(&str, String, Option<String>)) {
    let (Some(required), Some(properties)) =
        (object.get("required").and_then(Value::as_array), object.get("properties").and_then(Value::as_object))
    else {
        return;
    };
    let known: Vec<_> = properties.keys().map(String::as_str).collect();
    for name in required.iter().filter_map(Value::as_str).filter(|name| !properties.contains_key(*name)) {
        if let Some(near) = nearest(name, &known).filter(|near| !required.iter().any(|name| name == near)) {
            remark(
                "required",
                format!("requires {name:?}, which is not among `properties`"),
                Some(format!("did you mean {near:?}?")),
            );
        }
    }
}

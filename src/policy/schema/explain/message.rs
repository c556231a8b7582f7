//! The words for one error. What the schema says may be told; of the body nothing but the names of
//! properties that the schema does not know, and those escaped and cut.
//!
//! Written as what goes on after the place: "#/company/size" "must be an integer".

use jsonschema::error::{TypeKind, ValidationErrorKind};
use serde_json::Value;

use super::pointer::NAME_CHARACTERS;

/// So many names are listed.
const LISTED_NAMES: usize = 5;

/// So many of the values that an `enum` allows are listed.
const LISTED_OPTIONS: usize = 10;

/// Characters of a pattern or a value of the schema that are shown.
const SHOWN_CHARACTERS: usize = 80;

/// What is wrong. No `_` arm: a new kind of error is to be worded, not to be passed on.
pub(crate) fn detail(kind: &ValidationErrorKind) -> String {
    use ValidationErrorKind as Kind;
    match kind {
        Kind::AdditionalItems { limit } => format!("must not have more than {}", count(*limit as u64, "item")),
        Kind::AdditionalProperties { unexpected } => {
            format!("must not have {}, unknown to the schema", names(unexpected))
        }
        Kind::AnyOf { context } => format!("must satisfy one of {}", alternatives(context.len())),
        Kind::BacktrackLimitExceeded { .. } | Kind::RegexEngineFailure { .. } => {
            "cannot be matched with the pattern within its limit".to_owned()
        }
        Kind::Constant { expected_value } => format!("must be {}", shown(expected_value)),
        Kind::Contains => "must contain as many items of a kind as the schema says".to_owned(),
        Kind::ContentEncoding { content_encoding } => format!("must be encoded as {}", cut(content_encoding)),
        Kind::ContentMediaType { content_media_type } => format!("must hold {}", cut(content_media_type)),
        // There are no custom keywords; the words of one would be the library's.
        Kind::Custom { .. } => "must satisfy the schema".to_owned(),
        Kind::Enum { options } => format!("must be {}", options_of(options)),
        Kind::ExclusiveMaximum { limit } => format!("must be less than {limit}"),
        Kind::ExclusiveMinimum { limit } => format!("must be greater than {limit}"),
        Kind::FalseSchema => "must not be there".to_owned(),
        Kind::Format { format } => format!("must have the format {}", cut(format)),
        Kind::FromUtf8 { .. } => "must be UTF-8 once decoded".to_owned(),
        Kind::MaxItems { limit } => format!("must have at most {}", count(*limit, "item")),
        Kind::Maximum { limit } => format!("must be at most {limit}"),
        Kind::MaxLength { limit } => format!("must be at most {} long", count(*limit, "character")),
        Kind::MaxProperties { limit } => format!("must have at most {}", properties(*limit)),
        Kind::MinItems { limit } => format!("must have at least {}", count(*limit, "item")),
        Kind::Minimum { limit } => format!("must be at least {limit}"),
        Kind::MinLength { limit } => format!("must be at least {} long", count(*limit, "character")),
        Kind::MinProperties { limit } => format!("must have at least {}", properties(*limit)),
        Kind::MultipleOf { multiple_of } => format!("must be a multiple of {multiple_of}"),
        Kind::Not { .. } => "must not be what the schema excludes".to_owned(),
        Kind::OneOfMultipleValid { context } => {
            format!("must satisfy only one of {}, and satisfies more", alternatives(context.len()))
        }
        Kind::OneOfNotValid { context } => format!("must satisfy one of {}", alternatives(context.len())),
        Kind::Pattern { pattern } => format!("must match the pattern {}", cut(pattern)),
        Kind::PropertyNames { error } => format!("must not have this name: a name {}", detail(error.kind())),
        Kind::Required { property } => match property.as_str() {
            Some(name) => format!("must have the property {}", quoted(name)),
            None => "must have a property that is not there".to_owned(),
        },
        Kind::Type { kind } => format!("must be {}", type_names(kind)),
        // The library lists the items themselves.
        Kind::UnevaluatedItems { unexpected } => {
            format!("must not have {} that the schema does not describe", count(unexpected.len() as u64, "item"))
        }
        Kind::UnevaluatedProperties { unexpected } => {
            format!("must not have {}, unknown to the schema", names(unexpected))
        }
        Kind::UniqueItems => "must not have an item twice".to_owned(),
        Kind::Referencing(_) => "cannot be judged: the schema refers to what is not there".to_owned(),
    }
}

/// The keyword that was not satisfied.
pub(crate) fn keyword(kind: &ValidationErrorKind) -> &'static str {
    use ValidationErrorKind as Kind;
    match kind {
        Kind::AdditionalItems { .. } => "additionalItems",
        Kind::AdditionalProperties { .. } => "additionalProperties",
        Kind::AnyOf { .. } => "anyOf",
        Kind::BacktrackLimitExceeded { .. } | Kind::RegexEngineFailure { .. } | Kind::Pattern { .. } => "pattern",
        Kind::Constant { .. } => "const",
        Kind::Contains => "contains",
        Kind::ContentEncoding { .. } | Kind::FromUtf8 { .. } => "contentEncoding",
        Kind::ContentMediaType { .. } => "contentMediaType",
        Kind::Custom { .. } => "custom",
        Kind::Enum { .. } => "enum",
        Kind::ExclusiveMaximum { .. } => "exclusiveMaximum",
        Kind::ExclusiveMinimum { .. } => "exclusiveMinimum",
        Kind::FalseSchema => "false",
        Kind::Format { .. } => "format",
        Kind::MaxItems { .. } => "maxItems",
        Kind::Maximum { .. } => "maximum",
        Kind::MaxLength { .. } => "maxLength",
        Kind::MaxProperties { .. } => "maxProperties",
        Kind::MinItems { .. } => "minItems",
        Kind::Minimum { .. } => "minimum",
        Kind::MinLength { .. } => "minLength",
        Kind::MinProperties { .. } => "minProperties",
        Kind::MultipleOf { .. } => "multipleOf",
        Kind::Not { .. } => "not",
        Kind::OneOfMultipleValid { .. } | Kind::OneOfNotValid { .. } => "oneOf",
        Kind::PropertyNames { .. } => "propertyNames",
        Kind::Required { .. } => "required",
        Kind::Type { .. } => "type",
        Kind::UnevaluatedItems { .. } => "unevaluatedItems",
        Kind::UnevaluatedProperties { .. } => "unevaluatedProperties",
        Kind::UniqueItems => "uniqueItems",
        Kind::Referencing(_) => "$ref",
    }
}

fn count(number: u64, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

fn properties(number: u64) -> String {
    format!("{number} {}", if number == 1 { "property" } else { "properties" })
}

fn alternatives(number: usize) -> String {
    count(number as u64, "alternative")
}

/// The first few of the names, which the client chose.
fn names(names: &[String]) -> String {
    let shown: Vec<String> = names
        .iter()
        .take(LISTED_NAMES)
        .map(|name| quoted(&name.chars().take(NAME_CHARACTERS).collect::<String>()))
        .collect();
    let more = match names.len().saturating_sub(LISTED_NAMES) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let what = if names.len() == 1 { "the property" } else { "the properties" };
    format!("{what} {}{more}", shown.join(", "))
}

/// In quotes, with nothing in it that could leave them, or move a terminal's cursor.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.escape_debug())
}

fn type_names(kind: &TypeKind) -> String {
    let named = |name: &str| match name {
        "null" => "null".to_owned(),
        "array" | "integer" | "object" => format!("an {name}"),
        _ => format!("a {name}"),
    };
    match kind {
        TypeKind::Single(only) => named(only.as_str()),
        TypeKind::Multiple(types) => either(types.iter().map(|one| named(one.as_str())).collect()),
    }
}

fn options_of(options: &Value) -> String {
    let Some(options) = options.as_array() else { return "what the schema says".to_owned() };
    let mut shown: Vec<String> = options.iter().take(LISTED_OPTIONS).map(self::shown).collect();
    if let more @ 1.. = options.len().saturating_sub(LISTED_OPTIONS) {
        shown.push(format!("one of {more} more"));
    }
    either(shown)
}

fn either(mut options: Vec<String>) -> String {
    match options.pop() {
        Some(last) if !options.is_empty() => format!("{} or {last}", options.join(", ")),
        Some(only) => only,
        None => "nothing".to_owned(),
    }
}

/// A value of the schema.
fn shown(value: &Value) -> String {
    cut(&value.to_string())
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARACTERS) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

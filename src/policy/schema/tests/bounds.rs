//! What a caller may cost: time, memory and stack do not depend on how wrong a document is.

use jsonschema::Validator;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::explain::metered::{Meter, Metered};
use super::super::{MAX_VIOLATIONS, Schema};
use super::schema;
use crate::policy::body::json::MAX_DEPTH;

/// Two alternatives at every level, each with all levels below it: the library alone needs 2^depth
/// steps to collect what is wrong.
fn doubling() -> Value {
    json!({"$defs": {"n": {"anyOf": [
        {"type": "object", "required": ["a"], "properties": {"c": {"$ref": "#/$defs/n"}}},
        {"type": "object", "required": ["b"], "properties": {"c": {"$ref": "#/$defs/n"}}},
    ]}}, "$ref": "#/$defs/n"})
}

fn nested(depth: usize, innermost: Value) -> Value {
    (0..depth).fold(innermost, |inner, _| json!({ "c": inner }))
}

#[test]
fn branches_below_branches_end_the_search_and_not_the_gate() {
    let schema = schema(&doubling());
    let few = schema.check(&nested(3, json!({}))).expect_err("a and b are missing everywhere");
    assert_eq!(few[0].pointer, "#/c/c/c");
    let many = schema.check(&nested(60, json!({}))).expect_err("a and b are missing everywhere");
    assert_eq!(many.len(), 1);
    assert_eq!(many[0].keyword, "schema");
}

#[test]
fn half_a_million_wrong_items_are_twenty_violations() {
    let schema = schema(&json!({"items": {"type": "object"}, "maxItems": 1}));
    let violations = schema.check(&json!(vec![1; 500_000])).expect_err("no item is an object");
    assert_eq!(violations.len(), MAX_VIOLATIONS);
    assert_eq!(violations[0].pointer, "#/0");
}

#[test]
fn the_one_wrong_item_at_the_end_of_many_is_found() {
    let mut items = vec![json!({"a": "text", "b": [1, 2, 3]}); 20_000];
    items.push(json!({"a": 1}));
    let schema = schema(&json!({"items": {"properties": {"a": {"type": "string", "pattern": "^t"}}}}));
    let violations = schema.check(&json!(items)).expect_err("the last item is wrong");
    assert_eq!(violations[0].pointer, "#/20000/a");
}

/// A document as deep as any reader lets through, on a stack as small as a worker's.
#[test]
fn depth_fits_on_a_small_stack() {
    let through_everything = json!({"$dynamicAnchor": "n", "unevaluatedProperties": false, "allOf": [{
        "if": {"type": "object"},
        "then": {"anyOf": [{"oneOf": [{"not": {"not": {"properties": {"c": {"$dynamicRef": "#n"}}}}}]},
                           {"patternProperties": {"^c": {"$dynamicRef": "#n"}}}]},
    }]});
    let small = std::thread::Builder::new().stack_size(2 << 20);
    let judged = small.spawn(move || {
        for rules in [doubling(), through_everything] {
            let schema = schema(&rules);
            for innermost in [json!({}), json!(1), json!({"d": 1})] {
                let _ = schema.check(&nested(usize::from(MAX_DEPTH) - 1, innermost));
            }
        }
    });
    judged.expect("a thread can be started").join().expect("no check panics");
}

#[test]
fn a_schema_can_be_shared_by_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Schema>();
}

/// Schemas that use what there is.
fn schemas() -> Vec<Value> {
    vec![
        doubling(),
        json!({"type": "object", "required": ["a"], "additionalProperties": false,
               "properties": {"a": {"type": ["integer", "null"]}, "b": {"items": {"type": "string", "maxLength": 2}}}}),
        json!({"oneOf": [{"type": "array", "uniqueItems": true, "contains": {"const": "a"}}, {"type": "object", "minProperties": 2}]}),
        json!({"patternProperties": {"^a": {"enum": [1, "a", [1]]}}, "propertyNames": {"maxLength": 1}, "unevaluatedProperties": {"type": "string"}}),
        json!({"prefixItems": [{"minimum": 1}, {"multipleOf": 2}], "unevaluatedItems": false, "if": {"minItems": 1}, "then": {"maxItems": 2}}),
        json!({"not": {"anyOf": [{"type": "string"}, {"required": ["b"]}]}, "dependentRequired": {"a": ["c"]}, "format": "date"}),
    ]
}

fn documents() -> impl Strategy<Value = Value> {
    let leaf =
        prop::sample::select(vec![json!(null), json!(true), json!(0), json!(1), json!(1.5), json!("a"), json!("abc")]);
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::btree_map("[abcd]|ab|long", inner, 0..4)
                .prop_map(|members| members.into_iter().collect::<serde_json::Map<_, _>>().into()),
        ]
    })
}

/// Where each error is, in the document and in the schema.
fn places<'a>(errors: impl Iterator<Item = jsonschema::ValidationError<'a>>) -> Vec<String> {
    errors.map(|error| format!("{} {}", error.instance_path(), error.schema_path())).collect()
}

proptest! {
    /// While the purse lasts, what is seen of a document is the document.
    #[test]
    fn the_metered_search_finds_what_the_library_finds(document in documents()) {
        for rules in schemas() {
            let plain: Validator = jsonschema::options().should_validate_formats(true).build(&rules).expect("compiles");
            let metered: Validator<Metered> =
                jsonschema::options_for().should_validate_formats(true).build(&rules).expect("compiles");
            let meter = Meter::new(u64::MAX, u32::MAX);
            prop_assert_eq!(plain.is_valid(&document), metered.is_valid(meter.see(&document)));
            prop_assert_eq!(places(plain.iter_errors(&document)), places(metered.iter_errors(meter.see(&document))));
        }
    }

    /// However little there is to spend, what is told is true: the document is refused, and each place is
    /// one that the library finds fault with too.
    #[test]
    fn what_is_refused_is_explained_and_what_passes_is_not(document in documents()) {
        for rules in schemas() {
            let schema = schema(&rules);
            let valid = jsonschema::options().should_validate_formats(true).build(&rules).expect("compiles").is_valid(&document);
            match schema.check(&document) {
                Ok(()) => prop_assert!(valid),
                Err(violations) => {
                    prop_assert!(!valid);
                    prop_assert!((1..=MAX_VIOLATIONS).contains(&violations.len()));
                }
            }
        }
    }

    #[test]
    fn a_short_purse_tells_less_and_nothing_else(document in documents(), steps in 0..60_u64) {
        for rules in schemas() {
            let metered: Validator<Metered> =
                jsonschema::options_for().should_validate_formats(true).build(&rules).expect("compiles");
            let whole = Meter::new(u64::MAX, u32::MAX);
            let all = places(metered.iter_errors(whole.see(&document)));
            let short = Meter::new(steps, u32::MAX);
            let errors = metered.iter_errors(short.see(&document));
            let genuine = errors.filter(|error| super::super::explain::metered::genuine(error.instance()));
            for place in places(genuine) {
                prop_assert!(all.contains(&place), "{} {:?}", place, all);
            }
        }
    }
}

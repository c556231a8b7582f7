//! What callers are told.

use serde_json::{Value, json};

use super::super::{Schema, SchemaOptions, Violation};
use super::schema;

/// Pointer, detail and keyword of everything that is told.
fn told(schema: &Schema, document: &Value) -> Vec<(String, String, &'static str)> {
    let violations = schema.check(document).err().unwrap_or_default();
    violations.into_iter().map(|Violation { pointer, detail, keyword }| (pointer, detail, keyword)).collect()
}

/// A schema, a document that it refuses, and the one thing that is told of it.
fn cases() -> Vec<(Value, Value, &'static str, &'static str, &'static str)> {
    vec![
        (json!(false), json!(1), "#", "must not be there", "false"),
        (json!({"properties": {"a": false}}), json!({"a": 1}), "#/a", "must not be there", "false"),
        (json!({"type": "integer"}), json!("x"), "#", "must be an integer", "type"),
        (json!({"type": "string"}), json!(1), "#", "must be a string", "type"),
        (json!({"type": "null"}), json!(1), "#", "must be null", "type"),
        (json!({"type": ["object", "null"]}), json!(1), "#", "must be null or an object", "type"),
        (
            json!({"type": ["array", "string", "boolean"]}),
            json!(1),
            "#",
            "must be an array, a boolean or a string",
            "type",
        ),
        (json!({"enum": ["a", 1, null]}), json!("b"), "#", "must be \"a\", 1 or null", "enum"),
        (json!({"enum": [1]}), json!(2), "#", "must be 1", "enum"),
        (
            json!({"enum": [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]}),
            json!(-1),
            "#",
            "must be 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 or one of 2 more",
            "enum",
        ),
        (json!({"const": {"a": 1}}), json!({}), "#", "must be {\"a\":1}", "const"),
        (json!({"minimum": 1}), json!(0), "#", "must be at least 1", "minimum"),
        (json!({"maximum": 1.5}), json!(2), "#", "must be at most 1.5", "maximum"),
        (json!({"exclusiveMinimum": 1}), json!(1), "#", "must be greater than 1", "exclusiveMinimum"),
        (json!({"exclusiveMaximum": 1}), json!(1), "#", "must be less than 1", "exclusiveMaximum"),
        (json!({"multipleOf": 5}), json!(7), "#", "must be a multiple of 5", "multipleOf"),
        (json!({"minLength": 2}), json!("\u{1f600}"), "#", "must be at least 2 characters long", "minLength"),
        (json!({"maxLength": 1}), json!("ab"), "#", "must be at most 1 character long", "maxLength"),
        (json!({"pattern": "^[a-z]+$"}), json!("A"), "#", "must match the pattern ^[a-z]+$", "pattern"),
        (json!({"format": "date-time"}), json!("today"), "#", "must have the format date-time", "format"),
        (json!({"minItems": 2}), json!([1]), "#", "must have at least 2 items", "minItems"),
        (json!({"maxItems": 1}), json!([1, 2]), "#", "must have at most 1 item", "maxItems"),
        (json!({"uniqueItems": true}), json!([1, 1.0]), "#", "must not have an item twice", "uniqueItems"),
        (
            json!({"contains": {"type": "string"}}),
            json!([1]),
            "#",
            "must contain as many items of a kind as the schema says",
            "contains",
        ),
        (json!({"prefixItems": [true], "items": false}), json!([1, 2]), "#/1", "must not be there", "false"),
        (
            json!({"$schema": "http://json-schema.org/draft-07/schema#", "items": [true], "additionalItems": false}),
            json!([1, 2]),
            "#",
            "must not have more than 1 item",
            "additionalItems",
        ),
        (
            json!({"prefixItems": [true], "unevaluatedItems": false}),
            json!([1, "secret", 3]),
            "#",
            "must not have 2 items that the schema does not describe",
            "unevaluatedItems",
        ),
        (json!({"minProperties": 1}), json!({}), "#", "must have at least 1 property", "minProperties"),
        (
            json!({"maxProperties": 2}),
            json!({"a": 1, "b": 1, "c": 1}),
            "#",
            "must have at most 2 properties",
            "maxProperties",
        ),
        (json!({"required": ["a"]}), json!({}), "#", "must have the property \"a\"", "required"),
        (json!({"dependentRequired": {"a": ["b"]}}), json!({"a": 1}), "#", "must have the property \"b\"", "required"),
        (
            json!({"properties": {"a": true}, "additionalProperties": false}),
            json!({"a": 1, "b": 1}),
            "#",
            "must not have the property \"b\", unknown to the schema",
            "additionalProperties",
        ),
        (
            json!({"unevaluatedProperties": false}),
            json!({"b": 1, "c": 2}),
            "#",
            "must not have the properties \"b\", \"c\", unknown to the schema",
            "unevaluatedProperties",
        ),
        (
            json!({"additionalProperties": false}),
            json!({"a": 1, "b": 1, "c": 1, "d": 1, "e": 1, "f": 1, "g": 1}),
            "#",
            "must not have the properties \"a\", \"b\", \"c\", \"d\", \"e\" and 2 more, unknown to the schema",
            "additionalProperties",
        ),
        (
            json!({"propertyNames": {"maxLength": 3}}),
            json!({"secret": 1}),
            "#",
            "must not have this name: a name must be at most 3 characters long",
            "propertyNames",
        ),
        (json!({"not": {"type": "string"}}), json!("x"), "#", "must not be what the schema excludes", "not"),
        (
            json!({"oneOf": [{"minimum": 1}, {"maximum": 9}]}),
            json!(5),
            "#",
            "must satisfy only one of 2 alternatives, and satisfies more",
            "oneOf",
        ),
        (
            json!({"anyOf": [{"type": "string"}, {"type": "null"}]}),
            json!(5),
            "#",
            "must satisfy one of 2 alternatives",
            "anyOf",
        ),
        (
            json!({"$schema": "http://json-schema.org/draft-07/schema#", "contentEncoding": "base64"}),
            json!("?"),
            "#",
            "must be encoded as base64",
            "contentEncoding",
        ),
        (
            json!({"$schema": "http://json-schema.org/draft-07/schema#", "contentMediaType": "application/json"}),
            json!("{"),
            "#",
            "must hold application/json",
            "contentMediaType",
        ),
        (
            json!({"properties": {"company": {"properties": {"size": {"type": "integer"}}}}}),
            json!({"company": {"size": "big"}}),
            "#/company/size",
            "must be an integer",
            "type",
        ),
        // RFC 6901 §6: escaped as a pointer, then encoded as a fragment.
        (
            json!({"additionalProperties": {"type": "null"}}),
            json!({"a/b~c d%\"\u{e9}": 1}),
            "#/a~1b~0c%20d%25%22%C3%A9",
            "must be null",
            "type",
        ),
        (json!({"items": {"type": "null"}}), json!([null, 1]), "#/1", "must be null", "type"),
    ]
}

#[test]
fn every_keyword_has_its_words() {
    for (rules, document, pointer, detail, keyword) in cases() {
        let expected = vec![(pointer.to_owned(), detail.to_owned(), keyword)];
        assert_eq!(told(&schema(&rules), &document), expected, "{rules} {document}");
    }
}

#[test]
fn a_document_that_satisfies_it_passes() {
    let schema = schema(&json!({"type": "object", "required": ["a"], "properties": {"a": {"type": "integer"}}}));
    assert_eq!(schema.check(&json!({"a": 1})), Ok(()));
    assert_eq!(schema.check(&json!({"a": 1.0})), Ok(()));
    assert!(schema.check(&json!({"a": 1.5})).is_err());
}

#[test]
fn the_deepest_places_come_first_and_twenty_are_told() {
    let nested = schema(&json!({
        "required": ["z"],
        "properties": {
            "a": {"type": "integer"},
            "b": {"required": ["y"], "properties": {"c": {"properties": {"d": {"type": "null"}}}}},
        },
    }));
    let pointers: Vec<_> =
        told(&nested, &json!({"a": "x", "b": {"c": {"d": 1}}})).into_iter().map(|(pointer, ..)| pointer).collect();
    assert_eq!(pointers, ["#/b/c/d", "#/a", "#/b", "#"]);

    let items = schema(&json!({"items": {"type": "null"}}));
    let violations = told(&items, &json!(vec![1; 100]));
    assert_eq!(violations.len(), 20);
    assert_eq!(violations[0].0, "#/0");
    assert_eq!(violations[19].0, "#/19");
}

/// Alternatives, a document, and the places that are told.
#[test]
fn of_alternatives_the_closest_is_explained() {
    let of_kind = json!({"oneOf": [
        {"type": "string"},
        {"type": "object", "required": ["kind", "x"], "properties": {"kind": {"const": "a"}, "x": {"type": "integer"}}},
        {"type": "object", "required": ["kind", "y"], "properties": {"kind": {"const": "b"}, "y": {"type": "integer"}}},
    ]});
    let cases = [
        (json!({"kind": "a", "x": "no"}), vec!["#/x type", "# oneOf"], "the closest is number 2"),
        (json!({"kind": "b", "y": "no"}), vec!["#/y type", "# oneOf"], "the closest is number 3"),
        (json!({"kind": "b"}), vec!["# required", "# oneOf"], "the closest is number 3"),
        (json!(5), vec!["# oneOf"], "must satisfy one of 3 alternatives"),
    ];
    let schema_of_kind = schema(&of_kind);
    for (document, expected, words) in cases {
        let violations = told(&schema_of_kind, &document);
        let places: Vec<_> = violations.iter().map(|(pointer, _, keyword)| format!("{pointer} {keyword}")).collect();
        assert_eq!(places, expected, "{document}");
        assert!(violations.last().is_some_and(|(_, detail, _)| detail.ends_with(words)), "{violations:?}");
    }
    let nullable =
        schema(&json!({"anyOf": [{"type": "null"}, {"type": "object", "properties": {"a": {"type": "null"}}}]}));
    assert_eq!(told(&nullable, &json!({"a": 1}))[0].0, "#/a");
}

#[test]
fn no_value_of_the_document_is_told_and_names_are_cut() {
    let long = "n".repeat(100);
    let document = json!({
        "secret-value": "secret-value", "list": ["secret-value", {"secret-value": "secret-value"}], "n": 5_318_008,
        long.as_str(): {"deep": "secret-value"}, "quote\"\u{1b}[2J\u{202e}": 1,
    });
    for rules in [
        json!({"additionalProperties": {"type": "null"}}),
        json!({"additionalProperties": false}),
        json!({"unevaluatedProperties": false}),
        json!({"propertyNames": {"const": "a"}}),
        json!({"properties": {"list": {"prefixItems": [{"enum": ["a"]}], "unevaluatedItems": false}}}),
        json!({"properties": {"list": {"items": {"anyOf": [{"const": 1}, {"pattern": "^x"}, {"format": "uuid"}]}}}}),
        json!({"not": {"required": ["n"]}}),
        json!({"properties": {"n": {"maximum": 3, "multipleOf": 10}, "secret-value": {"maxLength": 3}}}),
    ] {
        let told = told(&schema(&rules), &document);
        assert!(!told.is_empty(), "{rules}");
        for (pointer, detail, _) in told {
            // As a name of the caller's own it may be told, as a value never.
            let detail = detail.replace("\"secret-value\"", "");
            assert!(!detail.contains("secret-value") && !detail.contains("5318008"), "{detail}");
            assert!(!detail.contains(&"n".repeat(65)) && !pointer.contains(&"n".repeat(65)), "{pointer} {detail}");
            assert!(!detail.contains(['\u{1b}', '\u{202e}']) && pointer.is_ascii(), "{pointer} {detail}");
        }
    }
}

#[test]
fn a_pointer_has_a_length_that_a_caller_cannot_choose() {
    let mut document = json!(1);
    for _ in 0..60 {
        document = json!({ "\u{1f600}".repeat(64): document });
    }
    let rules =
        json!({"$defs": {"n": {"type": "object", "additionalProperties": {"$ref": "#/$defs/n"}}}, "$ref": "#/$defs/n"});
    let told = told(&schema(&rules), &document);
    assert!(told.iter().all(|(pointer, ..)| pointer.len() <= 1024), "{told:?}");
}

#[test]
fn patterns_that_give_up_refuse() {
    let options = SchemaOptions { backtrack_limit: Some(1000), ..SchemaOptions::default() };
    let rules = json!({"properties": {"a": {"pattern": "^(?=(a+)+$)(a|a)+b\\1$"}}});
    let schema = Schema::compile(&rules, &options).expect("look-around is allowed with a limit");
    let document = json!({"a": "a".repeat(64)});
    let expected =
        vec![("#/a".to_owned(), "cannot be matched with the pattern within its limit".to_owned(), "pattern")];
    assert_eq!(told(&schema, &document), expected);
    // Not even where failing to match would satisfy the schema.
    let negated = Schema::compile(&json!({ "not": rules }), &options).expect("look-around is allowed with a limit");
    assert!(negated.check(&document).is_err());
}

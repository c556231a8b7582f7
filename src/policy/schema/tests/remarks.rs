//! What compiles and is likely a mistake.

use serde_json::{Value, json};

use super::super::{SchemaOptions, lint, provably_empty};
use super::{found_at, schema};

/// A schema, and the place and hint or detail of its only remark.
fn mistakes() -> Vec<(Value, &'static str, &'static str)> {
    let draft_7 = "http://json-schema.org/draft-07/schema#";
    vec![
        (json!({"maxlength": 4}), "/maxlength", "did you mean `maxLength`?"),
        (json!({"require": ["a"]}), "/require", "did you mean `required`?"),
        (json!({"additionalproperties": false}), "/additionalproperties", "did you mean `additionalProperties`?"),
        (json!({"properties": {"a": {"patern": "x"}}}), "/properties/a/patern", "did you mean `pattern`?"),
        (json!({"$defs": {"a/b": {"enums": []}}}), "/$defs/a~1b/enums", "did you mean `enum`?"),
        (json!({"minItem": 1}), "/minItem", "did you mean `minItems`?"),
        (json!({"oneof": []}), "/oneof", "did you mean `oneOf`?"),
        (json!({"type": "string", "nullable": true}), "/nullable", "add \"null\" to `type`"),
        (json!({"$schema": draft_7, "prefixItems": []}), "/prefixItems", "it is known from 2020-12 on"),
        (
            json!({"$schema": draft_7, "unevaluatedProperties": false}),
            "/unevaluatedProperties",
            "it is known from 2019-09 on",
        ),
        (json!({"additionalItems": false}), "/additionalItems", "it is known up to 2019-09"),
        (
            json!({"$schema": draft_7, "$ref": "#/definitions/a", "minLength": 1, "definitions": {"a": {}}}),
            "/minLength",
            "put both under `allOf`, or write the schema in draft 2019-09 or later",
        ),
        (
            json!({"minLength": 3, "maxLength": 2}),
            "/minLength",
            "no string is at least `minLength` and at most `maxLength`",
        ),
        (json!({"minimum": 3, "maximum": 2.5}), "/minimum", "no number is at least `minimum` and at most `maximum`"),
        (json!({"properties": {"name": {}}, "required": ["nmae"]}), "/required", "did you mean \"name\"?"),
    ]
}

#[test]
fn likely_mistakes_are_remarked() {
    for (document, pointer, words) in mistakes() {
        let remarks = lint(&document, "customer.json");
        let [remark] = remarks.as_slice() else { panic!("{document}: {remarks:?}") };
        let said = remark.hint.as_deref().unwrap_or(&remark.detail);
        assert_eq!(
            (remark.uri.as_str(), remark.pointer.as_str(), said),
            ("customer.json", pointer, words),
            "{document}"
        );
    }
}

#[test]
fn what_may_be_meant_is_left_alone() {
    for document in [
        json!(true),
        json!({"x-maxlength": 4, "title": "x", "description": "y", "examples": [], "deprecated": true, "$comment": ""}),
        json!({"properties": {"maxlength": {}, "require": {}, "tpye": {}}}),
        json!({"owner": "crm", "since": "2020", "unit": "EUR", "codes": [], "rank": 1, "hint": "x", "tags": []}),
        json!({"const": {"maxlength": 1}, "enum": [{"maxlength": 1}], "default": {"require": 1}}),
        json!({"$ref": "#/$defs/a", "minLength": 1, "$defs": {"a": {}}}),
        json!({"definitions": {}, "discriminator": {}, "xml": {}, "readOnly": true, "contentMediaType": "a/b"}),
        json!({"minLength": 2, "maxLength": 2}),
        json!({"required": ["id"], "properties": {"name": {}}}),
        json!({"required": ["name", "names"], "properties": {"name": {}}}),
        json!({"$schema": "https://example.com/own", "maxlength": 4}),
    ] {
        assert_eq!(lint(&document, ""), [], "{document}");
    }
}

/// A schema that nothing satisfies, where that starts, and words that say why.
fn empty() -> Vec<(Value, &'static str, &'static str)> {
    vec![
        (json!(false), "", "it is `false`"),
        (json!({"not": {}}), "", "`not` leaves nothing"),
        (json!({"enum": []}), "", "`enum` leaves nothing"),
        (json!({"type": "integer", "enum": ["a"]}), "", "`type` and `enum` cannot hold together"),
        (json!({"type": "string", "const": 1}), "", "`type` and `const` cannot hold together"),
        (json!({"type": "integer", "minimum": 5, "maximum": 3}), "", "`minimum` and `maximum` cannot hold together"),
        (json!({"type": "object", "required": ["a"], "properties": {"a": false}}), "/properties/a", "it is `false`"),
        (
            json!({"type": "object", "required": ["b"], "properties": {"a": true}, "additionalProperties": false}),
            "",
            "`type`, `properties`, `additionalProperties` and `required` cannot hold together",
        ),
        (
            json!({"type": "object", "required": ["a"], "properties": {"a": {"type": "array", "minItems": 1, "items": {"enum": []}}}}),
            "/properties/a/items",
            "`enum` leaves nothing",
        ),
        (
            json!({"allOf": [{"type": "string"}, {"type": "object"}]}),
            "",
            "`type` at #/allOf/0 and `type` at #/allOf/1 cannot hold together",
        ),
        (
            json!({"type": "object", "required": ["x"], "properties": {"x": {"$ref": "#/$defs/q"}}, "$defs": {"q": {"not": {}}}}),
            "/properties/x",
            "`$ref` leaves nothing",
        ),
    ]
}

#[test]
fn what_nothing_satisfies_is_found_where_it_starts() {
    for (document, pointer, why) in empty() {
        let fault = provably_empty(&document, &SchemaOptions::default()).unwrap_or_else(|| panic!("{document}"));
        assert_eq!(fault.pointer, pointer, "{document}");
        assert_eq!(fault.detail, format!("nothing can satisfy this schema: {why}"), "{document}");
    }
    let through = found_at("file:///s/a.json", &[("file:///s/b.json", json!(false))]);
    assert!(provably_empty(&json!({"$ref": "b.json"}), &through).is_some());
}

#[test]
fn what_something_satisfies_is_never_called_empty() {
    for (document, witness) in [
        (json!(true), json!(1)),
        (json!({"properties": {"a": false}}), json!({})),
        (json!({"minimum": 5, "maximum": 3}), json!("no number")),
        (json!({"required": ["a"], "properties": {"a": false}}), json!("no object")),
        (
            json!({"type": "object", "required": ["b"], "patternProperties": {"^b": true}, "additionalProperties": false}),
            json!({"b": 1}),
        ),
        (json!({"anyOf": [false, {"type": "null"}]}), json!(null)),
        (json!({"type": "array", "items": false}), json!([])),
        (json!({"enum": [1, "a"], "type": "string"}), json!("a")),
        (json!({"type": "integer", "exclusiveMinimum": 0.5, "exclusiveMaximum": 1.5}), json!(1)),
        (json!({"format": "date", "pattern": "^2024"}), json!("2024-01-01")),
        (
            json!({"$defs": {"n": {"type": "object", "properties": {"c": {"$ref": "#/$defs/n"}}}}, "$ref": "#/$defs/n"}),
            json!({}),
        ),
    ] {
        assert_eq!(provably_empty(&document, &SchemaOptions::default()), None, "{document}");
        assert_eq!(schema(&document).check(&witness), Ok(()), "{document}");
    }
}

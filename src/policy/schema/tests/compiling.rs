//! What is wrong with schemas, and what else they need.

use serde_json::{Value, json};

use super::super::{Schema, SchemaOptions, references};
use super::{found_at, schema};

/// Pointer and detail of every fault.
fn faults(document: &Value, options: &SchemaOptions) -> Vec<(String, String)> {
    let faults = Schema::compile(document, options).err().unwrap_or_default();
    faults.into_iter().map(|fault| (fault.pointer, fault.detail)).collect()
}

/// A schema with one thing wrong, where and what.
fn broken() -> Vec<(Value, &'static str, &'static str)> {
    vec![
        (json!([]), "", "must be an object, or true or false, to be a schema"),
        (
            json!({"type": "strin"}),
            "/type",
            "must be \"array\", \"boolean\", \"integer\", \"null\", \"number\", \"object\" or \"string\"",
        ),
        (json!({"minLength": "1"}), "/minLength", "must be an integer"),
        (json!({"minLength": -1}), "/minLength", "must be at least 0"),
        (json!({"properties": {"a": {"maxItems": 1.5}}}), "/properties/a/maxItems", "must be an integer"),
        (json!({"properties": []}), "/properties", "must be an object"),
        (json!({"required": "a"}), "/required", "must be an array"),
        (
            json!({"$schema": "http://json-schema.org/draft-03/schema#"}),
            "/$schema",
            "names the unknown draft \"http://json-schema.org/draft-03/schema#\"",
        ),
        (
            json!({"$schema": "https://example.com/own"}),
            "/$schema",
            "names the unknown draft \"https://example.com/own\"",
        ),
        (json!({"format": "emial"}), "/format", "is the unknown format \"emial\""),
        (json!({"items": {"format": "int32"}}), "/items/format", "is the unknown format \"int32\""),
        (json!({"pattern": "("}), "/pattern", "is not a regular expression (ECMA-262)"),
        (
            json!({"pattern": "(?=a)"}),
            "/pattern",
            "has look-around or a back-reference, which cannot be matched in linear time",
        ),
        (
            json!({"pattern": "(?<!a)b"}),
            "/pattern",
            "has look-around or a back-reference, which cannot be matched in linear time",
        ),
        (
            json!({"pattern": "(a)\\1"}),
            "/pattern",
            "has look-around or a back-reference, which cannot be matched in linear time",
        ),
        (
            json!({"patternProperties": {"(?!a/b)": true}}),
            "/patternProperties/(?!a~1b)",
            "has look-around or a back-reference, which cannot be matched in linear time",
        ),
        (json!({"pattern": "(a{1000}){1000}"}), "/pattern", "compiles to more than 10 MiB"),
        (json!({"$ref": "#/$defs/none"}), "", "Pointer '/$defs/none' does not exist"),
        (json!({"$ref": "#none"}), "", "Anchor 'none' does not exist"),
        (json!({"items": {"$ref": "other.json"}}), "/items/$ref", "refers to file:///s/other.json, which is not there"),
        (
            json!({"$ref": "https://example.com/x.json#/a"}),
            "/$ref",
            "refers to https://example.com/x.json, which is not there",
        ),
        (
            json!({"$ref": "#/components/a", "components": {"a": {"pattern": "("}}}),
            "/components/a/pattern",
            "is not a regular expression (ECMA-262)",
        ),
    ]
}

#[test]
fn a_fault_has_its_place_and_reason() {
    let options = found_at("file:///s/customer.json", &[]);
    for (document, pointer, detail) in broken() {
        let found = faults(&document, &options);
        assert_eq!(found, [(pointer.to_owned(), detail.to_owned())], "{document}");
    }
}

#[test]
fn all_faults_are_told_at_once_in_every_document() {
    let document = json!({
        "properties": {
            "a": {"pattern": "(?=a)", "minLength": "1"},
            "b": {"format": "emial", "pattern": "("},
            "c": {"$ref": "address.json"},
            "d": {"$ref": "missing.json#/x"},
        },
    });
    let options = found_at(
        "file:///s/customer.json",
        &[("file:///s/address.json", json!({"$ref": "street.json", "pattern": "\\k<a>(?<a>b)", "maxLength": "2"}))],
    );
    let faults = Schema::compile(&document, &options).expect_err("nearly everything is wrong");
    let places: Vec<_> = faults.iter().map(|fault| format!("{}#{}", fault.uri, fault.pointer)).collect();
    assert_eq!(
        places,
        [
            "file:///s/customer.json#/properties/a/minLength",
            "file:///s/customer.json#/properties/a/pattern",
            "file:///s/customer.json#/properties/b/format",
            "file:///s/customer.json#/properties/b/pattern",
            "file:///s/customer.json#/properties/d/$ref",
            "file:///s/address.json#/$ref",
            "file:///s/address.json#/maxLength",
            "file:///s/address.json#/pattern",
        ]
    );
}

/// Names of properties, examples and the like are no keywords.
#[test]
fn what_only_looks_like_a_keyword_is_none() {
    schema(&json!({
        "properties": {"pattern": {"type": "string"}, "format": true, "$ref": {"const": "x.json"}},
        "examples": [{"pattern": "(", "format": "none", "$ref": "none.json"}],
        "default": {"pattern": "("},
        "enum": [{"format": "none"}],
        "x-more": {"pattern": "("},
    }));
}

#[test]
fn formats_assert_in_every_draft() {
    for draft in
        ["draft-04/schema#", "draft-06/schema#", "draft-07/schema#", "draft/2019-09/schema", "draft/2020-12/schema"]
    {
        let scheme = if draft.starts_with("draft-") { "http" } else { "https" };
        let draft = format!("{scheme}://json-schema.org/{draft}");
        // `uuid` came with 2019-09, and is used long before.
        for (format, good, bad) in [
            ("date", "2024-02-29", "2023-02-29"),
            ("email", "a@example.com", "a@"),
            ("uuid", "2eb8aa08-aa98-11ea-b4aa-73b441d16380", "2eb8aa08"),
        ] {
            let schema = schema(&json!({"$schema": draft, "format": format}));
            assert_eq!(schema.check(&json!(good)), Ok(()), "{draft} {format}");
            assert!(schema.check(&json!(bad)).is_err(), "{draft} {format}");
        }
    }
}

#[test]
fn a_draft_means_what_it_says() {
    let older =
        schema(&json!({"$schema": "http://json-schema.org/draft-04/schema#", "minimum": 1, "exclusiveMinimum": true}));
    assert!(older.check(&json!(1)).is_err());
    let newest = schema(&json!({"exclusiveMinimum": 1, "unevaluatedProperties": false}));
    assert!(newest.check(&json!(1)).is_err());
    assert!(newest.check(&json!({"a": 1})).is_err());
    // Neither is a keyword there: it is ignored, and a remark says so.
    let draft_7 =
        schema(&json!({"$schema": "http://json-schema.org/draft-07/schema#", "unevaluatedProperties": false}));
    assert_eq!(draft_7.check(&json!({"a": 1})), Ok(()));
}

#[test]
fn look_around_is_allowed_with_a_limit() {
    let options = SchemaOptions { backtrack_limit: Some(10_000), ..SchemaOptions::default() };
    let schema = Schema::compile(&json!({"pattern": "^(?!admin)[a-z]+$"}), &options).expect("allowed");
    assert_eq!(schema.check(&json!("ada")), Ok(()));
    assert!(schema.check(&json!("administrator")).is_err());
    assert_eq!(faults(&json!({"pattern": "("}), &options).len(), 1);
    assert_eq!(faults(&json!({"pattern": "(a{1000}){1000}"}), &options).len(), 1);
}

#[test]
fn names_in_any_script_are_small_enough() {
    let name = schema(&json!({"pattern": "^[\\p{L} '-]{1,100}$"}));
    assert_eq!(name.check(&json!("Zoë Müller-Łuk")), Ok(()));
    assert!(name.check(&json!("R2D2")).is_err());
}

#[test]
fn references_are_resolved_among_what_was_loaded() {
    let document = json!({"properties": {
        "address": {"$ref": "shared/address.json"},
        "tag": {"$ref": "shared/address.json#/$defs/tag"},
        "self": {"$ref": "#"},
    }});
    let options = found_at(
        "file:///s/customer.json",
        &[
            (
                "file:///s/shared/address.json",
                json!({"required": ["city"], "properties": {"street": {"$ref": "street.json"}}, "$defs": {"tag": {"maxLength": 3}}}),
            ),
            ("file:///s/shared/street.json", json!({"type": "string"})),
        ],
    );
    let schema = Schema::compile(&document, &options).expect("everything is there");
    assert_eq!(schema.name(), "file:///s/customer.json");
    assert_eq!(schema.check(&json!({"address": {"city": "x", "street": "y"}, "tag": "abc"})), Ok(()));
    for wrong in [
        json!({"address": {}}),
        json!({"address": {"city": "x", "street": 1}}),
        json!({"tag": "abcd"}),
        json!({"self": {"tag": "abcd"}}),
    ] {
        assert!(schema.check(&wrong).is_err(), "{wrong}");
    }
}

#[test]
fn what_has_to_be_loaded_follows_identifiers() {
    let base = "file:///s/dir/customer.json";
    let cases = [
        (json!({}), vec![]),
        (json!({"$ref": "#/$defs/a", "$defs": {"a": {}}}), vec![]),
        (
            json!({"$ref": "a.json#/x", "items": {"$ref": "../b.json"}}),
            vec!["file:///s/b.json", "file:///s/dir/a.json"],
        ),
        (json!({"$ref": "a.json", "items": {"$ref": "a.json#/x"}}), vec!["file:///s/dir/a.json"]),
        (json!({"$id": "sub/x.json", "$ref": "a.json"}), vec!["file:///s/dir/sub/a.json"]),
        (json!({"$id": "https://example.com/s/x.json", "$ref": "a.json"}), vec!["https://example.com/s/a.json"]),
        (json!({"items": {"$id": "sub/x.json", "$ref": "a.json"}}), vec!["file:///s/dir/sub/a.json"]),
        (json!({"$ref": "x.json", "$defs": {"x": {"$id": "x.json"}}}), vec![]),
        (json!({"const": {"$ref": "a.json"}, "properties": {"$ref": {"type": "string"}}}), vec![]),
        (json!({"$ref": "https://json-schema.org/draft/2020-12/schema"}), vec![]),
        (
            json!({"$schema": "http://json-schema.org/draft-04/schema#", "id": "sub/", "items": {"$ref": "a.json"}}),
            vec!["file:///s/dir/sub/a.json"],
        ),
        (json!({"$dynamicRef": "a.json#x"}), vec!["file:///s/dir/a.json"]),
    ];
    for (document, expected) in cases {
        assert_eq!(references(&document, base), expected, "{document}");
    }
}

//! The schemas that the gate enforces, beside the API they protect: what they refuse, and that nothing
//! they let in is of no use to it. Otherwise the demo's promise would not hold.

use jsonschema::{Retrieve, Uri, Validator};
use serde_json::Value;

use super::ADA;
use super::client::Served;

struct Definitions;

impl Retrieve for Definitions {
    fn retrieve(&self, uri: &Uri<String>) -> Result<Value, Box<dyn std::error::Error + Send + Sync>> {
        assert!(uri.as_str().ends_with("/customer.definitions.json"), "{uri}");
        let text = include_str!("../../../schemas/customer.definitions.json");
        Ok(serde_json::from_str(text)?)
    }
}

fn schema(text: &str) -> Validator {
    let schema = serde_json::from_str(text).expect("JSON");
    jsonschema::draft202012::meta::validate(&schema).expect("a schema");
    jsonschema::options()
        .with_base_uri("schema:///schemas/customer")
        .with_retriever(Definitions)
        .with_pattern_options(jsonschema::PatternOptions::regex())
        .should_validate_formats(true)
        .build(&schema)
        .expect("a schema that resolves")
}

fn new() -> Validator {
    schema(include_str!("../../../schemas/customer.new.json"))
}

fn whole() -> Validator {
    schema(include_str!("../../../schemas/customer.json"))
}

fn patch() -> Validator {
    schema(include_str!("../../../schemas/customer.patch.json"))
}

/// A body with the three names that are always asked for, and more.
fn with(more: &str) -> String {
    format!(r#"{{"first_name":"Ada","last_name":"Lovelace","email":"ada@example.com"{more}}}"#)
}

fn is_valid(schema: &Validator, body: &str) -> bool {
    schema.is_valid(&serde_json::from_str(body).expect("JSON"))
}

#[tokio::test]
async fn what_the_schemas_let_in_is_of_use_to_the_api() {
    let api = Served::in_memory().await;
    let (new, whole, patch) = (new(), whole(), patch());
    for more in [
        "",
        r#","tags":[]"#,
        r#","tags":["a","b-2"],"phone":"+4930123456""#,
        r#","company":{"name":"X"},"tags":["x"]"#,
        r#","company":{"name":"X","size":12.0},"tags":["x"]"#,
        r#","company":{"name":"X","size":1e3},"tags":["x"]"#,
        r#","company":{"name":"X","size":10000000},"tags":["x"]"#,
    ] {
        let body = with(more);
        assert!(is_valid(&new, &body), "{body}");
        assert_eq!(api.post(&body).await.status, 201, "{body}");
        assert_eq!(is_valid(&whole, &body), more.contains("tags"), "{body}");
        let put = api.send("PUT", "/customers/2", &[], &body).await;
        assert_eq!(put.status, 200, "{body}");
    }
    for body in [
        r#"{"first_name":"Augusta"}"#,
        r#"{"phone":null,"company":null,"tags":null}"#,
        r#"{"company":{"size":12.0}}"#,
        r#"{"company":{"size":null}}"#,
        r#"{"company":{}}"#,
        r#"{"company":{"name":"Y"},"tags":["z"]}"#,
    ] {
        assert!(is_valid(&patch, body), "{body}");
        let patched = api.send("PATCH", "/customers/2", &[], body).await;
        assert_eq!(patched.status, 200, "{body}");
    }
    assert!(is_valid(&new, ADA) && is_valid(&whole, ADA) && is_valid(&patch, ADA));
    assert_eq!(api.bad_bodies.count(), 0);
}

#[test]
fn what_is_no_customer_is_refused() {
    let (new, whole, patch) = (new(), whole(), patch());
    for more in [
        r#","age":36"#,
        r#","id":1"#,
        r#","phone":"030 123456""#,
        r#","phone":null"#,
        r#","company":{}"#,
        r#","company":{"name":""}"#,
        r#","company":{"name":"X","size":0}"#,
        r#","company":{"name":"X","size":1.5}"#,
        r#","company":{"name":"X","size":"12"}"#,
        r#","company":{"name":"X","since":1843}"#,
        r#","tags":["a","a"]"#,
        r#","tags":["Capital"]"#,
        r#","tags":["-a"]"#,
        r#","tags":[""]"#,
        r#","tags":"vip""#,
    ] {
        let body = with(more);
        assert!(!is_valid(&new, &body), "{body}");
        let body = with(&format!(r#","tags":[]{more}"#));
        assert!(more.contains("tags") || !is_valid(&whole, &body), "{body}");
    }
    for body in [
        "{}",
        "[]",
        r#"{"first_name":null}"#,
        r#"{"email":null}"#,
        r#"{"email":"ada"}"#,
        r#"{"last_name":"a\u0000b"}"#,
        r#"{"last_name":"a\nb"}"#,
        r#"{"company":{"name":null}}"#,
        r#"{"company":"X"}"#,
        r#"{"created_at":"2026-01-01T00:00:00Z"}"#,
        r#"{"tags":[null]}"#,
    ] {
        assert!(!is_valid(&patch, body), "{body}");
    }
    assert!(!is_valid(&new, r#"{"first_name":"Ada","last_name":"L","email":"no"}"#));
    assert!(!is_valid(&new, r#"{"first_name":"Ada","last_name":"L"}"#));
}

#[test]
fn a_form_has_strings_only() {
    let form = schema(include_str!("../../../schemas/customer.form.json"));
    assert!(is_valid(&form, &with("")));
    assert!(is_valid(&form, &with(r#","company_size":"12","newsletter":"on""#)));
    assert!(!is_valid(&form, &with(r#","company_size":"a dozen""#)));
    assert!(!is_valid(&form, &with(r#","newsletter":"off""#)));
    assert!(!is_valid(&form, &with(r#","token":"x""#)));
}

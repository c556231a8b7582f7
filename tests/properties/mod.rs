//! What must hold of any request, asked with requests that nobody thought of.

mod heads;
mod requests;
mod routes;
mod sizes;

use std::collections::BTreeMap;

use crate::support::config::Written;

/// An API like the demo's, with the endpoints that differ in how a body is read.
fn written() -> Written {
    let config = r#"
        [listener.public]
        address = "127.0.0.1:0"

        [upstream.crm]
        peers = ["http://{upstream}"]

        [authenticator.partner]
        kind = "api_key"
        header = "X-API-Key"
        keys = "keys.toml"

        [quota.per_partner]
        by = "principal"
        allow = "1_000_000/s"

        [guard]
        failures = "1_000_000/s"

        [limits]
        max_decode_ratio = 1000

        [defaults]
        upstream = "crm"
        auth = ["partner"]
        quotas = ["per_partner"]
        max_body = "8 MiB"

        [endpoint."/customers".GET]
        query.limit = { type = "integer", minimum = 1, maximum = 500 }
        query.cursor = { type = "string", maxLength = 200 }

        [endpoint."/customers".POST]
        media_types = ["application/json"]
        body_schema = "customer.json"

        [endpoint."/customers/{customer_id:integer}".GET]

        [endpoint."/customers/{customer_id:integer}".PUT]
        media_types = ["application/json"]
        body_schema = "customer.json"

        [endpoint."/customers/{customer_id:integer}".DELETE]
        scopes = ["crm.delete"]

        [endpoint."/texts".POST]
        media_types = ["application/json"]
        body_schema = "text.json"

        [endpoint."/files".POST]
        media_types = ["application/octet-stream"]

        [endpoint."/streams".POST]
        body = "any"

        [endpoint."/forms".POST]
        media_types = ["application/x-www-form-urlencoded"]
    "#;
    let keys = r#"
        [principal.acme]
        keys = [{ sha256 = "{sha256:key-of-acme-0123456789abcdef}" }]
        scopes = ["crm.delete"]
    "#;
    let customer = r#"{
        "type": "object",
        "required": ["name"],
        "properties": { "name": { "type": "string", "maxLength": 40 }, "size": { "type": "integer" } },
        "additionalProperties": false
    }"#;
    let files =
        [("keys.toml", keys), ("customer.json", customer), ("text.json", r#"{ "type": ["string", "integer"] }"#)];
    let files: BTreeMap<String, String> =
        files.into_iter().map(|(name, content)| (name.to_owned(), content.to_owned())).collect();
    Written { config: config.to_owned(), files }
}

/// The field that opens it.
const KEY: &str = "X-API-Key: key-of-acme-0123456789abcdef";

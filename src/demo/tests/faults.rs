//! The 500 page: who gets it, what it says, and what is counted as a bad body.

use super::ADA;
use super::client::{Answer, Served};

fn assert_is_the_page(answer: &Answer, trace: &[&str]) {
    assert_eq!(answer.status, 500, "{answer:?}");
    assert_eq!(answer.field("content-type"), Some("text/html; charset=utf-8"));
    assert!(answer.body.contains("<h1>Internal Server Error</h1>"));
    for part in trace {
        assert!(answer.body.contains(part), "no {part} in {}", answer.body);
    }
}

#[tokio::test]
async fn a_bad_body_ends_in_a_stack_trace_and_is_counted() {
    let api = Served::in_memory().await;
    let bad = [
        "",
        "{",
        "[]",
        "null",
        "first_name=Ada",
        r#"{"first_name":"Ada","last_name":"Lovelace"}"#,
        r#"{"first_name":"Ada","last_name":"Lovelace","email":42}"#,
        r#"{"first_name":"Ada","first_name":"Eve","last_name":"L","email":"a@b"}"#,
        r#"{"first_name":"A","last_name":"L","email":"a@b","company":{"size":1.5}}"#,
        r#"{"first_name":"A","last_name":"L","email":"a@b","company":{"size":1e300}}"#,
        r#"{"first_name":"A","last_name":"L","email":"a@b","tags":"vip"}"#,
    ];
    for (count, body) in (1..).zip(bad) {
        let answer = api.post(body).await;
        assert_is_the_page(&answer, &["serde_json::error::Error: ", "at POST /customers (src/demo/routes.rs:"]);
        assert_eq!(api.bad_bodies.count(), count, "{body}");
    }
    let put = api.send("PUT", "/customers/1", &[], "{}").await;
    assert_is_the_page(&put, &["missing field `first_name`", "at PUT /customers/{id} ("]);
    let syntax = api.send("PATCH", "/customers/1", &[], "{").await;
    assert_is_the_page(&syntax, &["at PATCH /customers/{id} ("]);
    let merged = api.send("PATCH", "/customers/1", &[], r#"{"email":null}"#).await;
    assert_is_the_page(&merged, &["missing field `email`", "(src/demo/tables.rs:"]);
    assert_eq!(api.bad_bodies.count(), bad.len() as u64 + 3);
    assert_eq!(api.get("/customers/1").await.json()["first_name"], "Grace");
}

#[tokio::test]
async fn what_it_lets_through_was_never_looked_at() {
    let api = Served::in_memory().await;
    let odd = r#"{"first_name":"","last_name":"\u0000","email":"no address","age":36}"#;
    assert_eq!(api.post(odd).await.status, 201);
    assert_eq!(api.bad_bodies.count(), 0);
}

#[tokio::test]
async fn the_damaged_row_has_a_line_in_the_list_and_no_page_of_its_own() {
    let api = Served::in_memory().await;
    let target = format!("/customers/{}", api.landmarks.damaged);
    assert_eq!(target, "/customers/13");
    let genuine = ["EOF while parsing", "at tables::read, the tags (", "at GET /customers/{id} ("];
    assert_is_the_page(&api.get(&target).await, &genuine);
    let patched = api.send("PATCH", &target, &[], r#"{"phone":null}"#).await;
    assert_is_the_page(&patched, &["at PATCH /customers/{id} ("]);
    assert_eq!(api.get("/customers?cursor=12&limit=1").await.json()["items"][0]["id"], 13);
    assert_eq!(api.send("PUT", &target, &[], ADA).await.status, 200);
    assert_eq!(api.get(&target).await.status, 200);
    assert_eq!(api.bad_bodies.count(), 0, "the row was bad, no body was");
}

#[tokio::test]
async fn a_bad_target_is_a_fault_as_well_but_no_bad_body() {
    let api = Served::in_memory().await;
    for target in ["/customers/ada", "/customers?limit=many", "/jobs/x", "/customers/99999999999999999999"] {
        assert_is_the_page(&api.get(target).await, &["axum::extract::rejection::"]);
    }
    // SQLite makes 0 of it.
    assert_eq!(api.get("/customers?cursor=nonsense&limit=1").await.json()["items"][0]["id"], 1);
    assert_eq!(api.bad_bodies.count(), 0);
}

#[tokio::test]
async fn the_page_runs_nobodys_script() {
    let api = Served::in_memory().await;
    let answer = api.post(r#""<script>alert(1)</script>""#).await;
    assert_is_the_page(&answer, &["&lt;script&gt;"]);
    assert!(!answer.body.contains("<script>"));
}

//! What each route answers when all is well, and when there is no such thing.

use serde_json::{Value, json};

use super::ADA;
use super::client::Served;

#[tokio::test]
async fn a_new_customer_is_where_its_location_says() {
    let api = Served::in_memory().await;
    let created = api.post(ADA).await;
    assert_eq!(created.status, 201);
    assert_eq!(created.field("content-type"), Some("application/json"));
    let id = created.json()["id"].as_i64().expect("an integer");
    let location = created.field("location").expect("a Location");
    assert_eq!(location, format!("/customers/{id}"));
    let found = api.get(location).await;
    assert_eq!(found.status, 200);
    assert_eq!(found.json(), created.json());
    let sent: Value = serde_json::from_str(ADA).expect("JSON");
    for (name, value) in sent.as_object().expect("an object") {
        assert_eq!(&found.json()[name], value, "{name}");
    }
    let created_at = found.json()["created_at"].as_str().map(str::len);
    assert_eq!(created_at, Some("2026-01-01T00:00:00Z".len()));
}

#[tokio::test]
async fn the_list_goes_on_at_its_cursor_until_all_were_seen_once() {
    let api = Served::in_memory().await;
    let (mut seen, mut target) = (Vec::new(), "/customers?limit=10".to_owned());
    loop {
        let page = api.get(&target).await;
        assert_eq!(page.status, 200);
        let items = page.json()["items"].as_array().expect("a list").clone();
        assert!(items.len() <= 10);
        seen.extend(items.iter().map(|item| item["id"].as_i64().expect("an id")));
        match page.json()["next_cursor"].as_str() {
            Some(cursor) => target = format!("/customers?limit=10&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(seen, (1..=24).collect::<Vec<_>>());
    let all = api.get("/customers").await;
    assert_eq!(all.json()["items"].as_array().map(Vec::len), Some(24));
    assert_eq!(all.json()["next_cursor"], Value::Null);
}

#[tokio::test]
async fn put_takes_the_place_of_all_that_was_said_before() {
    let api = Served::in_memory().await;
    let before = api.get("/customers/1").await.json();
    assert_eq!(before["company"]["name"], "Eckert-Mauchly");
    let body = r#"{"first_name":"Grace","last_name":"Murray","email":"g@example.com","tags":["navy"]}"#;
    let replaced = api.send("PUT", "/customers/1", &[], body).await;
    assert_eq!(replaced.status, 200);
    let after = api.get("/customers/1").await.json();
    assert_eq!(replaced.json(), after);
    assert_eq!(after["last_name"], "Murray");
    assert_eq!(after["tags"], json!(["navy"]));
    assert_eq!(after.get("company"), None);
    assert_eq!(after["created_at"], before["created_at"]);
}

#[tokio::test]
async fn patch_changes_what_it_names_and_removes_what_is_null() {
    let api = Served::in_memory().await;
    for (patch, pointer, expected) in [
        (r#"{"phone":"+4930123456"}"#, "/phone", json!("+4930123456")),
        (r#"{"company":{"size":7}}"#, "/company/size", json!(7)),
        ("{}", "/company/name", json!("Eckert-Mauchly")),
        (r#"{"company":{"size":null}}"#, "/company", json!({"name": "Eckert-Mauchly"})),
        (r#"{"company":null,"phone":null}"#, "/company", Value::Null),
        (r#"{"company":{"size":3}}"#, "/company", json!({"size": 3})),
        (r#"{"tags":["a","b"]}"#, "/tags", json!(["a", "b"])),
        (r#"{"tags":null}"#, "/tags", json!([])),
    ] {
        let patched = api.send("PATCH", "/customers/1", &[], patch).await;
        assert_eq!(patched.status, 200, "{patch}");
        let after = api.get("/customers/1").await.json();
        assert_eq!(patched.json(), after, "{patch}");
        let value = after.pointer(pointer).cloned().unwrap_or_default();
        assert_eq!(value, expected, "{patch}");
        assert_eq!(after["first_name"], "Grace", "{patch}");
    }
}

#[tokio::test]
async fn what_is_deleted_is_gone_and_its_id_never_comes_again() {
    let api = Served::in_memory().await;
    let expendable = api.landmarks.expendable;
    let target = format!("/customers/{expendable}");
    let deleted = api.send("DELETE", &target, &[], "").await;
    assert_eq!((deleted.status, deleted.body.as_str()), (204, ""));
    assert_eq!(api.get(&target).await.status, 404);
    assert_eq!(api.send("DELETE", &target, &[], "").await.status, 404);
    let next = api.post(ADA).await.json()["id"].as_i64();
    assert!(next > Some(expendable));
}

#[tokio::test]
async fn what_is_not_there_is_its_own_404() {
    let api = Served::in_memory().await;
    for (method, target) in [
        ("GET", "/customers/999"),
        ("PUT", "/customers/999"),
        ("PATCH", "/customers/999"),
        ("DELETE", "/customers/999"),
        ("GET", "/jobs/999"),
        ("GET", "/nothing"),
    ] {
        let answer = api.send(method, target, &[], ADA).await;
        assert_eq!(answer.status, 404, "{method} {target}");
        assert_eq!(answer.json()["service"], "customers", "{method} {target}");
    }
    assert_eq!(api.bad_bodies.count(), 0);
}

#[tokio::test]
async fn health_is_told() {
    let api = Served::in_memory().await;
    let answer = api.get("/healthz").await;
    assert_eq!((answer.status, answer.json()), (200, json!({"status": "ok"})));
}

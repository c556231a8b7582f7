//! Customers accepted with 202.

use std::time::Duration;

use rusqlite::Connection;
use serde_json::Value;
use tokio::time::timeout;

use super::ADA;
use super::client::{PATIENCE, Served};
use crate::demo::{CustomersApi, FILE};

/// So long that nothing is written before the server stops.
const NEVER: Duration = Duration::from_secs(86_400);

async fn done(api: &Served, job: &str) -> Value {
    let asked = async {
        loop {
            let answer = api.get(job).await.json();
            if answer["state"] == "done" {
                return answer;
            }
            assert_eq!(answer["state"], "pending");
        }
    };
    timeout(PATIENCE, asked).await.expect("written in time")
}

#[tokio::test]
async fn an_accepted_customer_is_written_later() {
    let api = Served::in_memory().await;
    let accepted = api.send("POST", "/customers", &["Prefer: respond-async"], ADA).await;
    assert_eq!(accepted.status, 202);
    assert_eq!(accepted.field("preference-applied"), Some("respond-async"));
    assert_eq!(accepted.json()["state"], "pending");
    let job = accepted.field("location").expect("a Location");
    assert_eq!(job, format!("/jobs/{}", accepted.json()["id"]));
    let customer = done(&api, job).await["customer"].clone();
    let written = api.get(customer.as_str().expect("a path")).await;
    assert_eq!(written.status, 200);
    assert_eq!(written.json()["email"], "ada@example.com");
    // The task goes on: a second one is written too.
    let again = api.send("POST", "/customers", &["Prefer: respond-async"], ADA).await;
    done(&api, again.field("location").expect("a Location")).await;
    api.stop().await;
}

#[tokio::test]
async fn the_preference_is_read_as_a_list() {
    let api = Served::in_memory().await;
    for (fields, status) in [
        (&["Prefer: respond-async, wait=10"][..], 202),
        (&["prefer: return=minimal , Respond-Async; x=y"], 202),
        (&["Prefer: wait=10", "Prefer: respond-async"], 202),
        (&["Prefer: respond-asynchronously"], 201),
        (&["Prefer: wait=respond-async"], 201),
        (&["Prefer: return=representation"], 201),
    ] {
        let answer = api.send("POST", "/customers", fields, ADA).await;
        assert_eq!(answer.status, status, "{fields:?}");
    }
}

#[tokio::test]
async fn a_bad_body_is_not_accepted_for_later_either() {
    let api = Served::in_memory().await;
    let answer = api.send("POST", "/customers", &["Prefer: respond-async"], "{}").await;
    assert_eq!(answer.status, 500);
    assert_eq!(api.get("/jobs/2").await.status, 404);
}

#[tokio::test]
async fn there_is_a_job_to_ask_for_from_the_start() {
    let api = Served::in_memory().await;
    let job = api.get("/jobs/1").await.json();
    assert_eq!((&job["state"], &job["customer"]), (&"done".into(), &"/customers/1".into()));
}

#[tokio::test]
async fn what_is_pending_when_it_stops_is_written_before_it_ends() {
    let data = tempfile::tempdir().expect("a folder");
    let api = Served::open(Some(data.path()), NEVER).await;
    let accepted = api.send("POST", "/customers", &["Prefer: respond-async"], ADA).await;
    let job = accepted.field("location").expect("a Location").to_owned();
    assert_eq!(api.get(&job).await.json()["state"], "pending");
    assert_eq!(api.get("/customers/25").await.status, 404);
    api.stop().await;
    let again = Served::open(Some(data.path()), NEVER).await;
    assert_eq!(again.get(&job).await.json()["customer"], "/customers/25");
    assert_eq!(again.get("/customers/25").await.json()["first_name"], "Ada");
    again.stop().await;
}

#[tokio::test]
async fn what_a_killed_process_left_pending_is_written_by_the_next() {
    let data = tempfile::tempdir().expect("a folder");
    drop(CustomersApi::open(Some(data.path())).expect("seeded"));
    let connection = Connection::open(data.path().join(FILE)).expect("the file");
    connection.execute("INSERT INTO jobs (draft) VALUES (?1)", [ADA]).expect("accepted, and killed");
    drop(connection);
    let api = Served::open(Some(data.path()), Duration::ZERO).await;
    assert_eq!(done(&api, "/jobs/2").await["customer"], "/customers/25");
    api.stop().await;
}

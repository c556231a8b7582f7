//! What a data folder keeps, what else may be in it, and how a server ends.

use std::time::Duration;

use rusqlite::Connection;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use super::ADA;
use super::client::Served;
use crate::demo::{CustomersApi, DemoError, FILE, GRACE, Landmarks};

#[tokio::test]
async fn a_data_folder_keeps_its_customers() {
    let data = tempfile::tempdir().expect("a folder");
    let folder = data.path().join("new").join("folder");
    let api = Served::open(Some(&folder), Duration::ZERO).await;
    let created = api.post(ADA).await;
    let deleted = api.send("DELETE", "/customers/24", &[], "").await;
    assert_eq!((created.status, deleted.status), (201, 204));
    api.stop().await;
    let again = Served::open(Some(&folder), Duration::ZERO).await;
    let location = created.field("location").expect("a Location");
    assert_eq!(again.get(location).await.json(), created.json());
    assert_eq!(again.get("/customers/24").await.status, 404);
    assert_eq!(again.landmarks, Landmarks { damaged: 13, expendable: 23 });
    again.stop().await;
}

#[tokio::test]
async fn landmarks_are_found_where_the_seeded_ones_are_gone() {
    let data = tempfile::tempdir().expect("a folder");
    drop(CustomersApi::open(Some(data.path())).expect("seeded"));
    let connection = Connection::open(data.path().join(FILE)).expect("the file");
    connection.execute("DELETE FROM customers", []).expect("emptied");
    drop(connection);
    let api = Served::open(Some(data.path()), Duration::ZERO).await;
    let Landmarks { damaged, expendable } = api.landmarks;
    assert_eq!(api.get(&format!("/customers/{damaged}")).await.status, 500);
    assert_eq!(api.get(&format!("/customers/{expendable}")).await.status, 200);
    api.stop().await;
}

#[test]
fn a_file_of_somebody_elses_is_refused_and_left_alone() {
    let data = tempfile::tempdir().expect("a folder");
    let file = data.path().join(FILE);
    std::fs::write(&file, "these are not the customers you are looking for").expect("written");
    let opened = CustomersApi::open(Some(data.path()));
    assert!(matches!(opened, Err(DemoError::Store(_))), "{opened:?}");
    std::fs::remove_file(&file).expect("removed");
    let other = Connection::open(&file).expect("a database");
    other.execute_batch("CREATE TABLE orders (id)").expect("made");
    drop(other);
    let before = std::fs::read(&file).expect("bytes");
    let opened = CustomersApi::open(Some(data.path()));
    assert!(matches!(opened, Err(DemoError::Foreign(0))), "{opened:?}");
    assert_eq!(std::fs::read(&file).expect("bytes"), before);
}

#[test]
fn a_folder_that_cannot_be_is_said() {
    let data = tempfile::NamedTempFile::new().expect("a file");
    let opened = CustomersApi::open(Some(&data.path().join("below")));
    let Err(DemoError::Folder(..)) = opened else {
        panic!("{opened:?}");
    };
}

#[tokio::test]
async fn idle_connections_do_not_keep_it_from_ending() {
    let api = Served::in_memory().await;
    let silent = api.connect().await;
    let mut idle = api.connect().await;
    let request = b"GET /healthz HTTP/1.1\r\nHost: api\r\n\r\n";
    idle.write_all(request).await.expect("sent");
    assert!(idle.read(&mut [0; 1024]).await.expect("an answer") > 0);
    // What is in flight would be waited for as long as this.
    timeout(GRACE, api.stop()).await.expect("it ends at once");
    drop((silent, idle));
}

#[tokio::test]
async fn a_request_that_never_ends_is_left_behind_when_the_grace_is_over() {
    let api = CustomersApi { grace: Duration::ZERO, ..CustomersApi::open(None).expect("customers") };
    let api = Served::serve(api).await;
    let mut hanging = api.connect().await;
    hanging.write_all(b"POST /customers HTTP/1.1\r\nHost: api\r\n").await.expect("sent");
    hanging.write_all(b"Content-Length: 9\r\nExpect: 100-continue\r\n\r\n").await.expect("sent");
    // Once it says so, the handler is waiting for the body.
    assert!(hanging.read(&mut [0; 64]).await.expect("100 Continue") > 0);
    api.stop().await;
    drop(hanging);
}

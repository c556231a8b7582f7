//! Answers of every kind, by a service on a socket of ours.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::policy::authenticate::ServiceUrl;

const GOOD: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";

/// What a service was asked.
#[derive(Default)]
struct Heard {
    connections: usize,
    text: String,
}

/// A service that answers each question by these bytes; an empty answer never comes.
async fn answering(answer: impl Into<String>) -> (Service, Arc<Mutex<Heard>>) {
    let (answer, heard) = (answer.into(), Arc::<Mutex<Heard>>::default());
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port can be had");
    let url = format!("http://{}/ask?a=b", listener.local_addr().expect("it is bound"));
    let record = Arc::clone(&heard);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            record.lock().expect("nobody panics").connections += 1;
            let (answer, record) = (answer.clone(), Arc::clone(&record));
            tokio::spawn(async move {
                let mut buffer = [0; 4096];
                while let Ok(count @ 1..) = stream.read(&mut buffer).await {
                    let text = String::from_utf8_lossy(&buffer[..count]);
                    record.lock().expect("nobody panics").text.push_str(&text);
                    let _ = stream.write_all(answer.as_bytes()).await;
                }
            });
        }
    });
    (service(&url), heard)
}

fn service(url: &str) -> Service {
    let url = ServiceUrl::parse(url).expect("it is a URL");
    Service { url, tls: None, timeout: Duration::from_secs(5) }
}

async fn failing(answer: impl Into<String>) -> Failure {
    let (mut service, _) = answering(answer).await;
    service.timeout = Duration::from_millis(100);
    let reply = Services::default().ask(&service, Ask::get("application/json"), 64).await;
    reply.and_then(Reply::document).expect_err("it is no document")
}

#[tokio::test]
async fn a_question_goes_as_it_stands_and_connections_are_kept() {
    let (service, heard) = answering(GOOD).await;
    let services = Services::default();
    for _ in 0..3 {
        let reply = services.ask(&service, Ask::get("application/json"), 2).await.expect("it answers");
        assert!(reply.is_of_type("application/json"));
        assert_eq!(reply.document().as_deref(), Ok(&b"{}"[..]));
    }
    let heard = heard.lock().expect("nobody panics");
    assert_eq!(heard.connections, 1);
    let first = heard.text.split("\r\n\r\n").next().unwrap_or_default().to_ascii_lowercase();
    let mut lines: Vec<&str> = first.lines().collect();
    lines.sort_unstable();
    let host = format!("host: 127.0.0.1:{}", service.url.port);
    let expected = [
        "accept-encoding: identity",
        "accept: application/json",
        "get /ask?a=b http/1.1",
        &host,
        "user-agent: portcullis",
    ];
    assert_eq!(lines, expected);
}

#[tokio::test]
async fn what_is_no_answer_is_told_in_short() {
    let left = TcpListener::bind("127.0.0.1:0").await.expect("a port can be had").local_addr();
    let refused = service(&format!("http://{}/", left.expect("it was bound")));
    let reply = Services::default().ask(&refused, Ask::get("*/*"), 64).await.expect_err("nobody is there");
    assert!(reply.to_string().starts_with("cannot connect: "), "{reply}");
    assert_eq!(failing("").await.to_string(), "timed out after 100ms");
    let dripping = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{";
    assert_eq!(failing(dripping).await.to_string(), "timed out after 100ms");
    for garbage in ["what?\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: a\r\n\r\n"] {
        assert!(failing(garbage).await.to_string().starts_with("gave no valid answer: "), "{garbage}");
    }
    let large = format!("HTTP/1.1 200 OK\r\nContent-Length: 65\r\n\r\n{}", "x".repeat(65));
    assert_eq!(failing(large).await, Failure::TooLarge(64));
    let head = format!("HTTP/1.1 200 OK\r\nX: {}\r\nContent-Length: 0\r\n\r\n", "x".repeat(MAX_HEAD_BYTES));
    assert!(matches!(failing(head).await, Failure::Broken(_)));
    let moved = "HTTP/1.1 302 Found\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(failing(moved).await.to_string(), "answered 302");
}

#[tokio::test]
async fn a_crowd_is_bounded() {
    let (mut service, _) = answering("").await;
    service.timeout = Duration::from_millis(300);
    let services = Arc::new(Services::default());
    let asking: Vec<_> = (0..64 + 1024 + 10)
        .map(|_| {
            let (services, service) = (Arc::clone(&services), service.clone());
            tokio::spawn(async move { services.ask(&service, Ask::get("*/*"), 1).await.map(|_| ()) })
        })
        .collect();
    let mut busy = 0;
    for asked in asking {
        busy += usize::from(asked.await.expect("nothing panics") == Err(Failure::Busy));
    }
    assert_eq!(busy, 10);
}

#[tokio::test]
async fn a_kept_connection_that_closes_under_a_question_costs_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port can be had");
    let service = service(&format!("http://{}/", listener.local_addr().expect("it is bound")));
    let serving = tokio::spawn(async move {
        let mut buffer = [0; 4096];
        for answered in [1, 1] {
            let (mut stream, _) = listener.accept().await.expect("it is asked");
            for _ in 0..answered {
                assert!(stream.read(&mut buffer).await.is_ok_and(|count| count > 0));
                stream.write_all(GOOD.as_bytes()).await.expect("it listens");
            }
            // The next question came, and this is all that it gets here.
            assert!(stream.read(&mut buffer).await.is_ok());
        }
    });
    let services = Services::default();
    for _ in 0..2 {
        let reply = services.ask(&service, Ask::get("*/*"), 2).await.expect("it answers");
        assert_eq!(reply.document().as_deref(), Ok(&b"{}"[..]));
    }
    drop(services);
    serving.await.expect("nothing went wrong there");
}

//! A served API and the plainest of clients: one request a connection, bytes written and read by hand.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::demo::{BadBodies, CustomersApi, Landmarks};

/// Far beyond what anything here takes: only what hangs meets it.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

pub(super) struct Served {
    pub(super) bad_bodies: BadBodies,
    pub(super) landmarks: Landmarks,
    address: std::net::SocketAddr,
    stop: oneshot::Sender<()>,
    server: JoinHandle<std::io::Result<()>>,
}

impl Served {
    /// Customers in memory; those accepted with 202 are written at once.
    pub(super) async fn in_memory() -> Self {
        Self::open(None, Duration::ZERO).await
    }

    pub(super) async fn open(data: Option<&Path>, written_after: Duration) -> Self {
        let api = CustomersApi { written_after, ..CustomersApi::open(data).expect("customers") };
        Self::serve(api).await
    }

    pub(super) async fn serve(api: CustomersApi) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("bound");
        let (stop, stopped) = oneshot::channel();
        let (bad_bodies, landmarks) = (api.bad_bodies(), api.landmarks());
        let server = tokio::spawn(api.serve(listener, async move { drop(stopped.await) }));
        Self { bad_bodies, landmarks, address, stop, server }
    }

    pub(super) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.expect("it listens")
    }

    /// Asks it to stop and waits until it has.
    pub(super) async fn stop(self) {
        self.stop.send(()).expect("it runs");
        let ended = timeout(PATIENCE, self.server).await.expect("it ends");
        ended.expect("no panic").expect("no error");
    }

    pub(super) async fn get(&self, target: &str) -> Answer {
        self.send("GET", target, &[], "").await
    }

    pub(super) async fn post(&self, body: &str) -> Answer {
        self.send("POST", "/customers", &[], body).await
    }

    pub(super) async fn send(&self, method: &str, target: &str, fields: &[&str], body: &str) -> Answer {
        let mut request = format!("{method} {target} HTTP/1.1\r\nHost: api\r\nConnection: close\r\n");
        fields.iter().for_each(|field| request += &format!("{field}\r\n"));
        request += &format!("Content-Length: {}\r\n\r\n{body}", body.len());
        let mut stream = self.connect().await;
        stream.write_all(request.as_bytes()).await.expect("sent");
        let mut bytes = Vec::new();
        let read = timeout(PATIENCE, stream.read_to_end(&mut bytes)).await;
        read.expect("an answer in time").expect("an answer");
        Answer::parse(&String::from_utf8(bytes).expect("UTF-8"))
    }
}

#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: String,
    head: String,
}

impl Answer {
    fn parse(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").expect("a head");
        let status = head.split(' ').nth(1).expect("a status line");
        Self { status: status.parse().expect("a status"), body: body.to_owned(), head: head.to_owned() }
    }

    /// A field's value; the name in lower case.
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .find_map(|(field, value)| field.eq_ignore_ascii_case(name).then_some(value))
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("JSON")
    }
}

//! An issuer of tokens: a small server that publishes its keys, has others at times, and has bad days.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::message::{Body, Incoming};
use super::token::{IssuerKey, key_set};

/// How it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    /// As it should.
    Well,
    /// After a while that the gate still waits for.
    Slow,
    /// Takes connections and says nothing.
    Hangs,
    /// Closes each connection once it was asked.
    Closes,
    /// What is no HTTP.
    Garbage,
    /// HTTP, and no JSON.
    Html,
    /// JSON, and no keys that could be used.
    NoKeys,
    /// A status that says nothing.
    Broken,
    /// More than anybody reads.
    Huge,
    /// The head of an answer, and then a byte now and then.
    Drips,
    /// To somewhere else.
    Redirects,
}

/// An issuer that runs until it is dropped.
pub(crate) struct Issuer {
    pub(crate) address: SocketAddr,
    state: Arc<State>,
    task: JoinHandle<()>,
}

struct State {
    address: SocketAddr,
    published: Mutex<Vec<u8>>,
    mood: Mutex<Mood>,
    asked: AtomicUsize,
    asked_at_all: AtomicUsize,
}

impl Issuer {
    /// Begins with its first key.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port can be had");
        let address = listener.local_addr().expect("it is bound");
        let state = Arc::new(State {
            address,
            published: Mutex::new(vec![1]),
            mood: Mutex::new(Mood::Well),
            asked: AtomicUsize::new(0),
            asked_at_all: AtomicUsize::new(0),
        });
        let serving = Arc::clone(&state);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let state = Arc::clone(&serving);
                tokio::spawn(async move { state.serve(stream).await });
            }
        });
        Self { address, state, task }
    }

    /// Its name.
    pub(crate) fn name(&self) -> String {
        self.state.name()
    }

    /// Has these keys from now on.
    pub(crate) fn publish(&self, keys: &[u8]) {
        *self.state.published.lock().expect("nobody panics with it") = keys.to_vec();
    }

    pub(crate) fn is(&self, mood: Mood) {
        *self.state.mood.lock().expect("nobody panics with it") = mood;
    }

    /// How often it was asked for its keys.
    pub(crate) fn asked(&self) -> usize {
        self.state.asked.load(Ordering::SeqCst)
    }

    /// And for anything.
    pub(crate) fn asked_at_all(&self) -> usize {
        self.state.asked_at_all.load(Ordering::SeqCst)
    }

    /// A token for `crm` by one of its keys, whether that is published or not.
    pub(crate) fn token(&self, key: u8) -> String {
        let claims = json!({ "iss": self.name(), "aud": "crm", "sub": "ada", "exp": 4_900_000_000_u64 });
        IssuerKey::number(key).token(&claims)
    }
}

impl Drop for Issuer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl State {
    fn name(&self) -> String {
        format!("http://{}/tenant", self.address)
    }

    async fn serve(&self, stream: TcpStream) {
        let (reader, mut writer) = stream.into_split();
        let mut incoming = Incoming::new(reader);
        while let Ok(Some(head)) = incoming.head().await {
            let _ = incoming.body(head.framing(Body::Length(0))).await;
            self.asked_at_all.fetch_add(1, Ordering::SeqCst);
            let is_keys = head.start.contains("/keys");
            if is_keys {
                self.asked.fetch_add(1, Ordering::SeqCst);
            }
            let document = match is_keys {
                true => key_set(&self.published.lock().expect("nobody panics with it")),
                false => {
                    assert!(head.start.starts_with("GET /tenant/.well-known/openid-configuration "), "{}", head.start);
                    let keys = format!("http://{}/keys", self.address);
                    json!({ "issuer": self.name(), "jwks_uri": keys, "scopes_supported": [] }).to_string()
                }
            };
            let mood = *self.mood.lock().expect("nobody panics with it");
            let answer = match mood {
                Mood::Well => good(&document),
                Mood::Slow => {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    good(&document)
                }
                Mood::Hangs => return std::future::pending().await,
                Mood::Closes => return,
                Mood::Garbage => "\u{16}\u{3}\u{1} not HTTP at all\r\n\r\n".to_owned(),
                Mood::Html => good("<html>It works!</html>"),
                Mood::NoKeys => good(&unusable().to_string()),
                Mood::Broken => "HTTP/1.1 500 Oops\r\nContent-Length: 2\r\n\r\n{}".to_owned(),
                Mood::Huge => good(&format!("{document}{}", " ".repeat(300 << 10))),
                Mood::Redirects => {
                    let to = format!("http://{}/keys", self.address);
                    format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n")
                }
                Mood::Drips => {
                    let _ = writer.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n").await;
                    while writer.write_all(b" ").await.is_ok() {
                        tokio::time::sleep(Duration::from_millis(20)).await;
                    }
                    return;
                }
            };
            if writer.write_all(answer.as_bytes()).await.is_err() {
                return;
            }
        }
    }
}

fn good(document: &str) -> String {
    let length = document.len();
    format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{document}")
}

/// A description and a set at once, whichever was asked for: of a secret, a key for encryption, and one too weak.
fn unusable() -> Value {
    json!({ "keys": [
        { "kty": "oct", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA" },
        { "kty": "EC", "crv": "P-256", "use": "enc", "x": "", "y": "" },
        { "kty": "RSA", "n": "AQAB", "e": "AQAB" },
    ] })
}

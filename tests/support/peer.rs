//! The server behind the gate: it records every connection and byte, and answers as its script says,
//! well or badly.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use serde::Deserialize;
use tokio::io::{AsyncRead, AsyncWriteExt, ReadBuf};
use tokio::net::TcpListener;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::task::{JoinHandle, JoinSet};

use super::message::{Body, Ended, Head, Incoming};
use super::text::bytes;

/// What a peer does with one request; with the last one, as with all that follow.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Script {
    /// When it acts.
    pub(crate) on: Moment,
    /// What it writes, each piece by itself.
    pub(crate) answer: Vec<String>,
    /// What it does then.
    pub(crate) then: Then,
}

/// When a peer acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Moment {
    /// As soon as it is connected to.
    Accept,
    /// Once it has the request's head.
    Head,
    /// Once it has the whole request.
    Request,
}

/// What a peer does after its answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Then {
    /// Waits for the next request.
    #[default]
    Keep,
    /// Ends the connection.
    Close,
    /// Resets it.
    Reset,
    /// Says nothing more, and keeps the connection.
    Hang,
}

impl Default for Script {
    fn default() -> Self {
        let answer = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok";
        Self { on: Moment::Request, answer: vec![answer.to_owned()], then: Then::Keep }
    }
}

impl Script {
    pub(crate) fn answering(answer: &str, then: Then) -> Self {
        Self { answer: vec![answer.to_owned()], then, ..Self::default() }
    }
}

/// A request as it came in.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) head: Head,
    pub(crate) body: Vec<u8>,
    /// Whether all of it came.
    pub(crate) ended: Ended,
}

impl Seen {
    pub(crate) fn method(&self) -> &str {
        self.head.start.split(' ').next().unwrap_or_default()
    }

    pub(crate) fn target(&self) -> &str {
        self.head.start.split(' ').nth(1).unwrap_or_default()
    }
}

/// All that a peer has seen so far.
#[derive(Debug, Default)]
pub(crate) struct Record {
    pub(crate) connections: usize,
    /// Heads that began an exchange, whatever became of it.
    pub(crate) heads: usize,
    pub(crate) requests: Vec<Seen>,
    /// Every byte of each connection that was accepted.
    pub(crate) wire: Vec<Vec<u8>>,
    /// Answers that were written whole, on connections that are used on.
    pub(crate) answered: usize,
}

/// Reads from a connection, and keeps every byte of it.
struct Heard {
    reader: OwnedReadHalf,
    record: Arc<Mutex<Record>>,
    connection: usize,
}

/// A running peer.
pub(crate) struct Peer {
    pub(crate) address: SocketAddr,
    record: Arc<Mutex<Record>>,
    /// The listening socket once more, to see what was not accepted yet.
    queue: std::net::TcpListener,
    accepting: JoinHandle<()>,
    serving: Arc<Mutex<JoinSet<()>>>,
}

impl Peer {
    /// A peer that acts by these scripts, one after the other; none is the default one.
    pub(crate) async fn start(scripts: Vec<Script>) -> Self {
        Self::start_at(SocketAddr::from(([127, 0, 0, 1], 0)), scripts).await
    }

    /// The same at an address that another one has left.
    pub(crate) async fn start_at(address: SocketAddr, scripts: Vec<Script>) -> Self {
        let listener = std::net::TcpListener::bind(address).expect("a port can be had");
        listener.set_nonblocking(true).expect("it is a socket");
        let queue = listener.try_clone().expect("a descriptor can be had");
        let address = listener.local_addr().expect("it is bound");
        let listener = TcpListener::from_std(listener).expect("a runtime is here");
        let record = Arc::new(Mutex::new(Record::default()));
        let serving = Arc::new(Mutex::new(JoinSet::new()));
        let accepting = tokio::spawn(accept(listener, Arc::clone(&record), Arc::new(scripts), Arc::clone(&serving)));
        Self { address, record, queue, accepting, serving }
    }

    /// Ends it and all of its connections.
    pub(crate) async fn gone(self) {
        self.accepting.abort();
        let mut serving = std::mem::take(&mut *self.serving.lock().expect("no peer panics"));
        serving.shutdown().await;
        while !self.accepting.is_finished() {
            tokio::task::yield_now().await;
        }
    }

    /// A port that nothing listens on, for as long as this is held.
    pub(crate) fn refusing() -> (SocketAddr, socket2::Socket) {
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).expect("a socket");
        socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).expect("a port can be had");
        let address = socket.local_addr().expect("it is bound").as_socket().expect("it is IPv4");
        (address, socket)
    }

    /// Looks at the record. Connections that wait to be accepted are in it: on loopback they are there
    /// as soon as the gate has them.
    pub(crate) fn record<T>(&self, look: impl FnOnce(&Record) -> T) -> T {
        let mut record = self.record.lock().expect("no peer panics");
        while let Ok((waiting, _)) = self.queue.accept() {
            record.connections += 1;
            drop(waiting);
        }
        look(&record)
    }

    /// Answers that were written whole so far; unlike [`Self::record`], this may be asked while an exchange goes on.
    pub(crate) fn answered(&self) -> usize {
        self.record.lock().expect("no peer panics").answered
    }

    /// Heads that came so far; this too may be asked while an exchange goes on.
    pub(crate) fn heads(&self) -> usize {
        self.record.lock().expect("no peer panics").heads
    }

    /// The requests it has seen whole or in part.
    pub(crate) fn requests(&self) -> Vec<Seen> {
        self.record(|record| record.requests.clone())
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(
    listener: TcpListener,
    record: Arc<Mutex<Record>>,
    scripts: Arc<Vec<Script>>,
    serving: Arc<Mutex<JoinSet<()>>>,
) {
    while let Ok((stream, _)) = listener.accept().await {
        let connection = {
            let mut record = record.lock().expect("no peer panics");
            record.connections += 1;
            record.wire.push(Vec::new());
            record.wire.len() - 1
        };
        let _ = stream.set_nodelay(true);
        let (reader, writer) = stream.into_split();
        let heard = Heard { reader, record: Arc::clone(&record), connection };
        let conversation = serve(Incoming::new(heard), writer, Arc::clone(&record), Arc::clone(&scripts));
        serving.lock().expect("no peer panics").spawn(conversation);
    }
}

async fn serve(
    mut incoming: Incoming<Heard>,
    mut writer: OwnedWriteHalf,
    record: Arc<Mutex<Record>>,
    scripts: Arc<Vec<Script>>,
) {
    let script = |turn: usize| scripts.get(turn).or(scripts.last()).cloned().unwrap_or_default();
    let early = script(record.lock().expect("no peer panics").heads);
    if early.on == Moment::Accept {
        record.lock().expect("no peer panics").heads += 1;
        let _ = act(&early, incoming, writer).await;
        return;
    }
    while let Ok(Some(head)) = incoming.head().await {
        let turn = {
            let mut record = record.lock().expect("no peer panics");
            record.heads += 1;
            record.heads - 1
        };
        let script = script(turn);
        let framing = head.framing(Body::Length(0));
        if script.on == Moment::Head {
            let seen = Seen { head, body: Vec::new(), ended: Ended::Cut };
            record.lock().expect("no peer panics").requests.push(seen);
            let _ = act(&script, incoming, writer).await;
            return;
        }
        let (body, ended) = incoming.body(framing).await;
        let seen = Seen { head, body, ended };
        record.lock().expect("no peer panics").requests.push(seen);
        if ended != Ended::Whole {
            return;
        }
        match act(&script, incoming, writer).await {
            Some(both) => (incoming, writer) = both,
            None => return,
        }
        record.lock().expect("no peer panics").answered += 1;
    }
}

/// Answers; what is left of the connection, where it is to be used on.
async fn act(
    script: &Script,
    incoming: Incoming<Heard>,
    mut writer: OwnedWriteHalf,
) -> Option<(Incoming<Heard>, OwnedWriteHalf)> {
    for piece in &script.answer {
        writer.write_all(&bytes(piece)).await.ok()?;
        writer.flush().await.ok()?;
        super::others_turn().await;
    }
    match script.then {
        Then::Keep => return Some((incoming, writer)),
        Then::Close => {
            let _ = writer.shutdown().await;
            // Read to the gate's own end, so that no unread byte turns this into a reset.
            let mut incoming = incoming;
            let _ = tokio::time::timeout(super::PATIENCE, incoming.end()).await;
        }
        Then::Reset => {
            let _ = reset(&writer);
            // A half that is dropped ends its direction cleanly; this one shall not.
            writer.forget();
        }
        Then::Hang => std::future::pending().await,
    }
    None
}

impl AsyncRead for Heard {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        ready!(Pin::new(&mut this.reader).poll_read(cx, buf))?;
        let mut record = this.record.lock().expect("no peer panics");
        record.wire[this.connection].extend_from_slice(&buf.filled()[before..]);
        Poll::Ready(Ok(()))
    }
}

fn reset(writer: &OwnedWriteHalf) -> io::Result<()> {
    socket2::SockRef::from(writer.as_ref()).set_linger(Some(Duration::ZERO))
}

//! The peer of a case: each of its connections acts by a script of its own, and answers properly once that is done.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use socket2::{Domain, SockRef, Socket, Type};
use tokio::io::AsyncWriteExt;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::script::{Marks, OVER, Step};
use crate::support::PATIENCE;
use crate::support::message::{Body, Ended, Head, Incoming};

/// What one connection came to.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    /// The first line of each request.
    pub(super) heads: Vec<String>,
    /// `whole` or `cut`, and how long, of each body that was read.
    pub(super) bodies: Vec<String>,
    /// Whether either side has ended it.
    pub(super) ended: bool,
}

/// What a peer has seen, and what it could not do.
#[derive(Debug, Default)]
struct Record {
    connections: Vec<Seen>,
    faults: Vec<String>,
}

type Shared = Arc<Mutex<Record>>;

/// A peer, which listens or will.
pub(super) struct Peer {
    pub(super) address: SocketAddr,
    socket: Option<Socket>,
    accepting: Option<JoinHandle<()>>,
    record: Shared,
    scripts: Arc<Vec<Vec<Step>>>,
    marks: Arc<Marks>,
    window: Option<u32>,
}

impl Peer {
    /// A peer that is bound, and does not listen.
    pub(super) fn bind(scripts: Vec<Vec<Step>>, window: Option<u32>, marks: Arc<Marks>) -> Self {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket can be had");
        socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).expect("a port can be had");
        let address = socket.local_addr().expect("it is bound").as_socket().expect("it is IPv4");
        let (record, scripts) = (Shared::default(), Arc::new(scripts));
        Self { address, socket: Some(socket), accepting: None, record, scripts, marks, window }
    }

    /// Begins to listen.
    pub(super) fn listen(&mut self) {
        let Some(socket) = self.socket.take() else { return };
        if let Some(window) = self.window {
            // What is accepted inherits it.
            socket.set_recv_buffer_size(window as usize).expect("sizes can be set");
            socket.set_send_buffer_size(window as usize).expect("sizes can be set");
        }
        socket.set_nonblocking(true).and(socket.listen(64)).expect("it listens");
        let listener = TcpListener::from_std(socket.into()).expect("a runtime is here");
        let (record, scripts, marks) = (Arc::clone(&self.record), Arc::clone(&self.scripts), Arc::clone(&self.marks));
        self.accepting = Some(tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let _ = stream.set_nodelay(true);
                let index = {
                    let mut record = record.lock().expect("no peer panics");
                    record.connections.push(Seen::default());
                    record.connections.len() - 1
                };
                let conversation = Conversation::new(stream, index, Arc::clone(&record), Arc::clone(&marks));
                tokio::spawn(conversation.hold(scripts.get(index).cloned().unwrap_or_default()));
            }
        }));
    }

    /// What each connection came to, so far.
    pub(super) fn seen(&self) -> Vec<Seen> {
        self.record.lock().expect("no peer panics").connections.clone()
    }

    pub(super) fn faults(&self) -> Vec<String> {
        self.record.lock().expect("no peer panics").faults.clone()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        if let Some(accepting) = &self.accepting {
            accepting.abort();
        }
    }
}

struct Conversation {
    incoming: Incoming<OwnedReadHalf>,
    writer: Option<OwnedWriteHalf>,
    framing: Body,
    index: usize,
    record: Shared,
    marks: Arc<Marks>,
}

/// How a script came to its end.
enum Left {
    /// All of it was done.
    Standing,
    /// The connection has ended.
    Ended,
}

impl Conversation {
    fn new(stream: TcpStream, index: usize, record: Shared, marks: Arc<Marks>) -> Self {
        let (reader, writer) = stream.into_split();
        Self { incoming: Incoming::new(reader), writer: Some(writer), framing: Body::Length(0), index, record, marks }
    }

    async fn hold(mut self, script: Vec<Step>) {
        match self.act(script).await {
            Ok(Left::Standing) if self.writer.is_some() => self.serve().await,
            Ok(Left::Standing) => drop(self.incoming.end().await),
            Ok(Left::Ended) => {}
            Err(fault) => {
                let index = self.index + 1;
                self.record.lock().expect("no peer panics").faults.push(format!("connection {index}: {fault}"));
            }
        }
        self.note(|seen| seen.ended = true);
        let (marks, index) = (Arc::clone(&self.marks), self.index + 1);
        drop(self);
        marks.tell(&format!("end of {index}"));
    }

    fn note(&self, what: impl FnOnce(&mut Seen)) {
        what(&mut self.record.lock().expect("no peer panics").connections[self.index]);
    }

    async fn act(&mut self, script: Vec<Step>) -> Result<Left, String> {
        for step in script {
            match step {
                Step::Send(bytes) => self.send(&bytes).await,
                Step::Trickle(bytes) => {
                    for byte in bytes {
                        self.send(&[byte]).await;
                        tokio::task::yield_now().await;
                    }
                }
                Step::Head => {
                    let head = timeout(PATIENCE, self.head()).await.map_err(|_| "no head came".to_owned())?;
                    if head.is_none() {
                        return Ok(Left::Ended);
                    }
                }
                Step::Body => {
                    let body = timeout(PATIENCE, self.body()).await.map_err(|_| "no body came".to_owned())?;
                    if body != Ended::Whole {
                        return Ok(Left::Ended);
                    }
                }
                Step::Read(bytes) => {
                    let reading = self.incoming.body(Body::Length(bytes as u64));
                    timeout(PATIENCE, reading).await.map_err(|_| "too few bytes came".to_owned())?;
                }
                Step::Echo => {
                    // A client that has read nothing as yet has to send much before it does.
                    timeout(2 * PATIENCE, self.echo()).await.map_err(|_| "the echo stops".to_owned())??;
                }
                Step::Tell(mark) => self.marks.tell(&mark),
                Step::Await(mark) => self.marks.told_in_time(&mark).await?,
                Step::HalfClose => self.writer = None,
                Step::Drop => return Ok(Left::Ended),
                Step::Reset => {
                    if let Some(writer) = self.writer.take() {
                        let set = SockRef::from(writer.as_ref()).set_linger(Some(Duration::ZERO));
                        set.expect("it is a socket");
                        // A half that is dropped ends its direction cleanly; this one shall not.
                        writer.forget();
                    }
                    return Ok(Left::Ended);
                }
                Step::Stall => {
                    self.marks.told(OVER).await;
                    let _ = self.incoming.end().await;
                    return Ok(Left::Ended);
                }
                Step::End => {
                    timeout(PATIENCE, self.incoming.end()).await.map_err(|_| "no end came".to_owned())?;
                    return Ok(Left::Ended);
                }
                Step::Pause(time) => tokio::time::sleep(time).await,
                Step::Received(_) | Step::Answered(_) | Step::Logged(_) | Step::Listen(_) => {
                    return Err(format!("a client's: {step:?}"));
                }
            }
        }
        Ok(Left::Standing)
    }

    /// Writes; a gate that is gone shows elsewhere.
    async fn send(&mut self, bytes: &[u8]) {
        if let Some(writer) = &mut self.writer {
            let _ = writer.write_all(bytes).await;
        }
    }

    async fn head(&mut self) -> Option<Head> {
        let head = self.incoming.head().await.ok()??;
        self.framing = head.framing(Body::Length(0));
        self.note(|seen| seen.heads.push(head.start.clone()));
        Some(head)
    }

    async fn body(&mut self) -> Ended {
        let (body, ended) = self.incoming.body(self.framing).await;
        let word = if ended == Ended::Whole { "whole" } else { "cut" };
        self.note(|seen| seen.bodies.push(format!("{word} {}", body.len())));
        ended
    }

    /// Reads to the body's end, and writes beside that as much as is taken.
    async fn echo(&mut self) -> Result<(), String> {
        let Some(writer) = &mut self.writer else { return Err("an echo after the end".to_owned()) };
        let head = match self.framing {
            Body::Length(length) => format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n"),
            _ => "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_owned(),
        };
        let (framing, incoming) = (self.framing, &mut self.incoming);
        let (pieces, mut coming) = mpsc::unbounded_channel::<Vec<u8>>();
        let reading = async move {
            let (mut read, mut tail) = (0, Vec::new());
            loop {
                let over = match framing {
                    Body::Length(length) => read >= length,
                    _ => tail.ends_with(b"\r\n0\r\n\r\n"),
                };
                if over {
                    return Ok::<u64, String>(read);
                }
                let piece = incoming.some().await.ok().filter(|piece| !piece.is_empty());
                let piece = piece.ok_or_else(|| format!("the body ends after {read} bytes"))?;
                read += piece.len() as u64;
                tail.extend_from_slice(&piece);
                tail.drain(..tail.len().saturating_sub(16));
                let _ = pieces.send(piece);
            }
        };
        let writing = async move {
            writer.write_all(head.as_bytes()).await?;
            while let Some(piece) = coming.recv().await {
                writer.write_all(&piece).await?;
            }
            Ok::<_, io::Error>(())
        };
        // Who takes no echo is no fault of the peer's.
        let (read, _) = tokio::join!(reading, writing);
        let read = read?;
        self.note(|seen| seen.bodies.push(format!("whole {read}")));
        Ok(())
    }

    /// Answers each request with its first words.
    async fn serve(&mut self) {
        while let Some(head) = self.head().await {
            if self.body().await != Ended::Whole {
                return;
            }
            let said = head.start.rsplit_once(' ').map_or("", |(said, _)| said);
            let body = if said.starts_with("HEAD ") { "" } else { said };
            self.send(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", said.len()).as_bytes()).await;
        }
    }
}

//! The client of a case: it writes by its script and reads beside that, unless the script stops it.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, ReadBuf};
use tokio::net::TcpSocket;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::script::{Marks, Step};
use crate::support::PATIENCE;
use crate::support::client::code;
use crate::support::gate::LiveGate;
use crate::support::message::{Body, Ended, Incoming};

/// What a client has heard so far.
#[derive(Debug, Default)]
pub(super) struct Heard {
    bytes: usize,
    heads: usize,
    /// As cases write it, head by head.
    pub(super) sees: Vec<String>,
    /// Of each final answer.
    pub(super) bodies: Vec<Vec<u8>>,
    /// How the connection ended.
    pub(super) end: Option<Ended>,
}

/// One connection to a gate.
pub(super) struct Client {
    writer: Option<OwnedWriteHalf>,
    heard: watch::Receiver<Heard>,
    listens: watch::Sender<bool>,
    pump: JoinHandle<()>,
    heads_awaited: usize,
}

impl Client {
    /// Connects. `to_head` are the answers without a body, by their place.
    pub(super) async fn connect(gate: SocketAddr, window: Option<u32>, to_head: Vec<bool>) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket can be had");
        if let Some(window) = window {
            socket.set_recv_buffer_size(window).and(socket.set_send_buffer_size(window)).expect("sizes can be set");
        }
        let stream = timeout(PATIENCE, socket.connect(gate)).await.expect("in time").expect("the gate accepts");
        stream.set_nodelay(true).expect("it is a TCP socket");
        let (reader, writer) = stream.into_split();
        let (heard, listens) = (watch::Sender::new(Heard::default()), watch::Sender::new(true));
        let (pieces, coming) = mpsc::unbounded_channel();
        let this = heard.subscribe();
        let pump = tokio::spawn(pump(reader, listens.subscribe(), pieces));
        tokio::spawn(listen(Pieces { coming, rest: Vec::new() }, heard, to_head));
        Self { writer: Some(writer), heard: this, listens, pump, heads_awaited: 0 }
    }

    /// Acts by the script, and says where that was not possible.
    pub(super) async fn act(&mut self, script: &[Step], marks: &Marks, gate: &LiveGate) -> Result<(), String> {
        for step in script {
            match step {
                Step::Send(bytes) => self.send(bytes).await?,
                Step::Trickle(bytes) => {
                    for byte in bytes {
                        self.send(&[*byte]).await?;
                        tokio::task::yield_now().await;
                    }
                }
                Step::Head => {
                    self.heads_awaited += 1;
                    let awaited = self.heads_awaited;
                    self.until("a head", |heard| heard.heads >= awaited).await?;
                }
                Step::Received(bytes) => self.until("bytes", |heard| heard.bytes >= *bytes).await?,
                Step::Answered(times) => self.until("an answer", |heard| heard.bodies.len() >= *times).await?,
                Step::Logged(lines) => drop(gate.lines(*lines).await),
                Step::Listen(listens) => drop(self.listens.send_replace(*listens)),
                Step::Tell(mark) => marks.tell(mark),
                Step::Await(mark) => marks.told_in_time(mark).await?,
                Step::HalfClose => self.writer = None,
                Step::Drop => self.leave().await,
                Step::Reset => {
                    if let Some(writer) = self.writer.take() {
                        let set = socket2::SockRef::from(writer.as_ref()).set_linger(Some(Duration::ZERO));
                        set.expect("it is a socket");
                        // A half that is dropped ends its direction cleanly; this one shall not.
                        writer.forget();
                    }
                    self.leave().await;
                }
                Step::End => self.until("the end", |heard| heard.end.is_some()).await?,
                Step::Pause(time) => tokio::time::sleep(*time).await,
                Step::Body | Step::Read(_) | Step::Echo | Step::Stall => return Err(format!("a peer's: {step:?}")),
            }
        }
        self.listens.send_replace(true);
        Ok(())
    }

    /// Writes; where the gate has closed by now, its answer shows.
    pub(super) async fn send(&mut self, bytes: &[u8]) -> Result<(), String> {
        let Some(writer) = &mut self.writer else { return Err("sends after its end".to_owned()) };
        let written = timeout(PATIENCE, writer.write_all(bytes)).await;
        written.map(|_| ()).map_err(|_| format!("the gate took too long for {} bytes", bytes.len()))
    }

    async fn leave(&mut self) {
        self.writer = None;
        self.pump.abort();
        let _ = (&mut self.pump).await;
    }

    /// Waits until enough was heard, or no more will be.
    pub(super) async fn until(&mut self, what: &str, enough: impl Fn(&Heard) -> bool) -> Result<(), String> {
        let waited = timeout(PATIENCE, self.heard.wait_for(|heard| enough(heard) || heard.end.is_some())).await.is_ok();
        let heard = self.heard.borrow();
        match (enough(&heard), waited) {
            (true, _) => Ok(()),
            (false, true) => Err(format!("the end came before {what}: {:?}", heard.sees)),
            (false, false) => Err(format!("waited in vain for {what}: {:?}", heard.sees)),
        }
    }

    pub(super) fn heard(&self) -> watch::Ref<'_, Heard> {
        self.heard.borrow()
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.pump.abort();
    }
}

/// Takes what comes from the socket, while the client listens.
async fn pump(mut reader: OwnedReadHalf, mut listens: watch::Receiver<bool>, pieces: Sender) {
    let mut buffer = vec![0; 64 << 10];
    loop {
        if listens.wait_for(|listens| *listens).await.is_err() {
            return;
        }
        let read = tokio::select! {
            biased;
            _ = listens.wait_for(|listens| !*listens) => continue,
            read = reader.read(&mut buffer) => read,
        };
        let last = !matches!(read, Ok(1..));
        if pieces.send(read.map(|read| buffer[..read].to_vec())).is_err() || last {
            return;
        }
    }
}

/// Reads answers to the end of the connection.
async fn listen(pieces: Pieces, heard: watch::Sender<Heard>, to_head: Vec<bool>) {
    let mut incoming = Incoming::new(Counted { pieces, heard: &heard });
    let mut answers = 0;
    let end = loop {
        let head = match incoming.head().await {
            Ok(Some(head)) => head,
            Ok(None) => break Ended::ByClose,
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => break Ended::Reset,
            Err(error) => {
                heard.send_modify(|heard| heard.sees.push(format!("no head: {error}")));
                break Ended::Cut;
            }
        };
        let status: u16 = head.start.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
        heard.send_modify(|heard| heard.heads += 1);
        if (100..200).contains(&status) {
            heard.send_modify(|heard| heard.sees.push(status.to_string()));
            continue;
        }
        let bodyless = to_head.get(answers) == Some(&true) || status == 204 || status == 304;
        let framing = if bodyless { Body::Length(0) } else { head.framing(Body::UntilClose) };
        let (body, ended) = incoming.body(framing).await;
        answers += 1;
        let code = code(&body).map(|code| format!(" {code}")).unwrap_or_default();
        heard.send_modify(|heard| {
            heard.sees.push(format!("{status}{code}{}", word(ended)));
            heard.bodies.push(body);
        });
        match ended {
            Ended::Whole => {}
            ended => break ended,
        }
    };
    heard.send_modify(|heard| heard.end = Some(end));
}

fn word(ended: Ended) -> &'static str {
    match ended {
        Ended::Whole => "",
        Ended::ByClose => " by_close",
        Ended::Cut => " cut",
        Ended::Reset => " reset",
    }
}

type Sender = mpsc::UnboundedSender<io::Result<Vec<u8>>>;

/// What the pump took, as something to read.
struct Pieces {
    coming: mpsc::UnboundedReceiver<io::Result<Vec<u8>>>,
    rest: Vec<u8>,
}

/// The same, counted.
struct Counted<'a> {
    pieces: Pieces,
    heard: &'a watch::Sender<Heard>,
}

impl AsyncRead for Counted<'_> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.pieces.rest.is_empty() {
            match ready!(this.pieces.coming.poll_recv(cx)) {
                Some(Ok(piece)) => {
                    this.heard.send_modify(|heard| heard.bytes += piece.len());
                    this.pieces.rest = piece;
                }
                Some(Err(error)) => return Poll::Ready(Err(error)),
                None => {}
            }
        }
        let taken = this.pieces.rest.len().min(buf.remaining());
        buf.put_slice(&this.pieces.rest[..taken]);
        this.pieces.rest.drain(..taken);
        Poll::Ready(Ok(()))
    }
}

//! A client that writes whatever bytes it is told and reads answers to their true end.

use std::net::{IpAddr, SocketAddr};

use tokio::io::AsyncWriteExt;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use super::PATIENCE;
use super::message::{Body, Ended, Head, Incoming};

/// One connection to a gate.
pub(crate) struct Client {
    incoming: Incoming<OwnedReadHalf>,
    outgoing: Option<OwnedWriteHalf>,
}

/// The side of a connection that writes.
pub(crate) struct Writer(OwnedWriteHalf);

impl Writer {
    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.0.write_all(bytes.as_ref()).await;
    }
}

/// An answer, with what came before it.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) interim: Vec<u16>,
    pub(crate) status: u16,
    pub(crate) head: Head,
    pub(crate) body: Vec<u8>,
    pub(crate) ended: Ended,
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The code of a problem document.
    pub(crate) fn code(&self) -> Option<String> {
        code(&self.body)
    }
}

/// The code of a problem document.
pub(crate) fn code(body: &[u8]) -> Option<String> {
    let problem: serde_json::Value = serde_json::from_slice(body).ok()?;
    Some(problem["type"].as_str()?.strip_prefix("urn:portcullis:problem:")?.to_owned())
}

impl Client {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        Self::connect_from(address, None).await
    }

    /// Connects from an address of its own, which on loopback may be any of 127.0.0.0/8.
    pub(crate) async fn connect_from(address: SocketAddr, from: Option<IpAddr>) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket can be had");
        if let Some(from) = from {
            socket.bind(SocketAddr::new(from, 0)).expect("any loopback address is ours");
        }
        let stream = timeout(PATIENCE, socket.connect(address)).await.expect("in time").expect("the gate accepts");
        Self::over(stream)
    }

    fn over(stream: TcpStream) -> Self {
        stream.set_nodelay(true).expect("it is a TCP socket");
        let (reader, writer) = stream.into_split();
        Self { incoming: Incoming::new(reader), outgoing: Some(writer) }
    }

    /// Writes; a gate that has heard enough may have closed by now, which its answer will show.
    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        if let Some(outgoing) = &mut self.outgoing {
            let _ = timeout(PATIENCE, outgoing.write_all(bytes.as_ref())).await.expect("the gate reads in time");
        }
    }

    /// Writes large bytes while the answer is awaited, since the gate may answer before it has them all.
    pub(crate) async fn exchange(&mut self, bytes: &[u8], to_head: bool) -> Option<Answer> {
        let mut outgoing = self.outgoing.take();
        let write = async {
            if let Some(outgoing) = &mut outgoing {
                let _ = outgoing.write_all(bytes).await;
            }
        };
        let (answer, ()) = tokio::join!(self.answer(to_head), write);
        self.outgoing = outgoing;
        answer
    }

    /// No more will be sent, but answers are read.
    pub(crate) async fn half_close(&mut self) {
        self.outgoing = None;
    }

    /// The side that writes, by itself; whoever has it ends it.
    pub(crate) fn split_off_writer(&mut self) -> Writer {
        Writer(self.outgoing.take().expect("it was not ended"))
    }

    /// The next answer; `None` where the connection ended instead. `to_head` where HEAD was asked.
    pub(crate) async fn answer(&mut self, to_head: bool) -> Option<Answer> {
        let (status, head) = self.answer_head().await?;
        self.answer_after(status, head, to_head).await
    }

    /// The answer whose first head, which may be an interim one, was read already.
    pub(crate) async fn answer_after(&mut self, status: u16, head: Head, to_head: bool) -> Option<Answer> {
        let (mut status, mut head, mut interim) = (status, head, Vec::new());
        while (100..200).contains(&status) && status != 101 {
            interim.push(status);
            (status, head) = self.answer_head().await?;
        }
        let bodyless = to_head || status == 204 || status == 304;
        let framing = if bodyless { Body::Length(0) } else { head.framing(Body::UntilClose) };
        let read = timeout(PATIENCE, self.incoming.body(framing)).await;
        let (body, ended) = read.expect("the answer's body comes in time");
        Some(Answer { interim, status, head, body, ended })
    }

    /// The next head alone, interim ones too.
    pub(crate) async fn answer_head(&mut self) -> Option<(u16, Head)> {
        let head = timeout(PATIENCE, self.incoming.head()).await.expect("an answer comes in time").ok()??;
        let status = head.start.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok());
        Some((status.unwrap_or_else(|| panic!("no status line: {:?}", head.start)), head))
    }

    /// What is left until the connection ends, and how it does.
    pub(crate) async fn end(&mut self) -> (Vec<u8>, Ended) {
        timeout(PATIENCE, self.incoming.end()).await.expect("the connection ends in time")
    }
}

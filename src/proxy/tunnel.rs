//! What was upgraded: bytes both ways, unread, until both sides have ended or nothing comes for too long
//! (RFC 9110 §7.8).

use std::io;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Buf;
use tokio::time::Instant;

use super::buffers::Buffer;
use super::deadline::Alarm;
use super::transport::Transport;

/// One side of a tunnel, and what it said already.
#[derive(Debug)]
pub(super) struct Side<'s> {
    pub(super) transport: &'s mut Transport,
    pub(super) said: Buffer,
}

/// One direction.
#[derive(Debug)]
struct Flow {
    buffer: Buffer,
    sent: usize,
    stage: Stage,
    bytes: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Open,
    /// The one side has ended, and the other one is to be told.
    Ending,
    Ended,
}

/// Why a tunnel did not end by itself.
#[derive(Debug)]
pub(super) enum Fault {
    /// Nothing came for so long, from either side.
    Idle(Duration),
    /// A connection failed.
    Io(io::Error),
}

/// Bytes that went from the client to the peer, and back.
pub(super) type Carried = (u64, u64);

/// Carries bytes both ways, for as long as something comes.
pub(super) async fn run(
    client: Side<'_>,
    peer: Side<'_>,
    idle: Duration,
    alarm: &mut Alarm,
) -> (Carried, Result<(), Fault>) {
    let (mut up, mut down) = (Flow::holding(client.said), Flow::holding(peer.said));
    let (client, peer) = (client.transport, peer.transport);
    let outcome = loop {
        let before = up.bytes + down.bytes;
        let both = alarm.within(Instant::now() + idle, |cx| {
            let (sent, received) = (up.poll(cx, client, peer)?, down.poll(cx, peer, client)?);
            match sent.is_ready() && received.is_ready() {
                true => Poll::Ready(Ok(true)),
                // Whoever carried something has as much time again.
                false if up.bytes + down.bytes > before => Poll::Ready(Ok(false)),
                false => Poll::Pending,
            }
        });
        match both.await {
            Ok(Ok(false)) => {}
            Ok(Ok(true)) => break Ok(()),
            Ok(Err(error)) => break Err(Fault::Io(error)),
            Err(_) => break Err(Fault::Idle(idle)),
        }
    };
    ((up.bytes, down.bytes), outcome)
}

impl Flow {
    fn holding(buffer: Buffer) -> Self {
        Self { buffer, sent: 0, stage: Stage::Open, bytes: 0 }
    }

    /// Goes on until this direction has ended.
    fn poll(&mut self, cx: &mut Context<'_>, from: &mut Transport, to: &mut Transport) -> Result<Poll<()>, io::Error> {
        loop {
            match self.poll_step(cx, from, to) {
                Poll::Ready(Ok(())) if self.stage == Stage::Ended => return Ok(Poll::Ready(())),
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(error)) => return Err(error),
                Poll::Pending => return Ok(Poll::Pending),
            }
        }
    }

    fn poll_step(&mut self, cx: &mut Context<'_>, from: &mut Transport, to: &mut Transport) -> Poll<io::Result<()>> {
        if !self.buffer.is_empty() {
            ready!(to.poll_send(cx, &[&self.buffer], &mut self.sent))?;
            self.bytes += self.buffer.len() as u64;
            let sent = std::mem::take(&mut self.sent);
            self.buffer.advance(sent);
        }
        match self.stage {
            Stage::Open => {
                self.buffer.make_room(None, false);
                if ready!(from.poll_fill(cx, &mut self.buffer))? == 0 {
                    self.stage = Stage::Ending;
                }
            }
            Stage::Ending => {
                ready!(to.poll_end(cx))?;
                self.stage = Stage::Ended;
            }
            Stage::Ended => {}
        }
        Poll::Ready(Ok(()))
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Idle(time) => write!(f, "nothing came through the tunnel for {}", humantime::format_duration(*time)),
            Self::Io(error) => write!(f, "the tunnel broke: {error}"),
        }
    }
}

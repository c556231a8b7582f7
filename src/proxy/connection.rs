//! One client's connection: request after request, until one side has enough.

use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

use super::account::Account;
use super::buffers::Buffer;
use super::deadline::Alarm;
use super::door::Door;
use super::downstream::{Client, Fate, H1};
use super::exchange;
use super::gate::Gate;
use super::handshake;
use super::rules::Rules;
use super::streams::{self, PREFACE};
use super::transport::Transport;
use super::visitor::Visitor;
use crate::http1::{HeadLimits, ParsedRequest, RequestHead, Scan, Version};
use crate::policy::connection::Connection;
use crate::policy::gateway::Limits;
use crate::policy::rejection::Rejection;

/// Who was let in as the door closed may still say what it came for: its request may be on its way.
const LAST_ONE_IN: Duration = Duration::from_millis(250);

/// A closing connection reads so much more before it is dropped, for [`LINGER_TIME`] at most: a close with
/// bytes unread resets it, and the reset can overtake the answer (RFC 9112 §9.6).
const LINGER_BYTES: u64 = 16 << 20;
const LINGER_TIME: Duration = Duration::from_secs(1);

/// A request line holds this beside its target.
const AROUND_TARGET: usize = 64;

/// Serves one connection to its end. `late` are the rules to judge the first request by, where the door
/// was closed by others that do not have its listener.
pub(super) async fn serve(gate: Arc<Gate>, door: Arc<Door>, socket: TcpStream, peer: IpAddr, late: Option<Arc<Rules>>) {
    let mut alarm = Alarm::default();
    let tls = rules_at(&gate, &door, late.as_ref())
        .and_then(|(rules, listener)| rules.gateway.listeners[listener].tls.clone().map(|tls| (tls, rules, listener)));
    let (mut transport, visitor, chosen) = match tls {
        None => (Transport::plain(socket), Visitor::plain(peer), None),
        Some((tls, rules, listener)) => {
            let name = rules.gateway.listeners[listener].name.clone();
            drop(rules);
            match Box::pin(handshake::shake(&gate, &door, &tls, &name, socket, peer, &mut alarm)).await {
                Some(shaken) => (shaken.transport, shaken.visitor, Some(shaken.http2)),
                None => return,
            }
        }
    };
    if chosen == Some(true) {
        return Box::pin(streams::serve(gate, door, late, visitor, transport, Buffer::none())).await;
    }
    let mut closing = door.closing();
    let mut closed = pin!(async move {
        let _ = closing.wait_for(|closing| *closing).await;
    });
    // Who came through a closing door has a moment; who was served by then has had it.
    let mut patience = LAST_ONE_IN;
    // Who has chosen by ALPN does not change its mind (RFC 9113 §3.3).
    let (mut rest, mut first) = (None, chosen.is_none());
    loop {
        if rest.is_none() {
            let idle = Instant::now() + gate.rules.load().gateway.limits.idle_timeout;
            rest = tokio::select! {
                biased;
                first = alarm.within(idle, |cx| poll_first(cx, &mut transport)) => first.unwrap_or(None),
                () = async {
                    // Once it was seen to be closed there is nothing more to wait for.
                    if !door.is_closing() {
                        closed.as_mut().await;
                    }
                    sleep(patience).await;
                } => None,
            };
        }
        let Some(mut buffer) = rest.take() else { return transport.part() };
        if std::mem::take(&mut first) && speaks_http2(&gate, &door, &mut transport, &mut buffer, &mut alarm).await {
            return Box::pin(streams::serve(gate, door, late, visitor, transport, buffer)).await;
        }
        patience = Duration::ZERO;
        // What a request takes is given back with it: an idle connection holds nothing of that.
        match Box::pin(one(&gate, &door, late.as_ref(), &visitor, &mut transport, &mut alarm, buffer)).await {
            Some(beyond) => rest = beyond,
            None => return,
        }
    }
}

/// The first bytes of a request; none where the client went. Who waits for them holds no buffer.
fn poll_first(cx: &mut Context<'_>, transport: &mut Transport) -> Poll<Option<Buffer>> {
    if ready!(transport.poll_readable(cx)).is_err() {
        return Poll::Ready(None);
    }
    let mut buffer = Buffer::lent();
    let read = ready!(transport.poll_fill(cx, &mut buffer));
    Poll::Ready(matches!(read, Ok(1..)).then_some(buffer))
}

/// Whether a connection begins as one of HTTP/2 does, at a listener that takes it. Elsewhere it is a request of a
/// version that is not spoken.
async fn speaks_http2(
    gate: &Gate,
    door: &Arc<Door>,
    transport: &mut Transport,
    buffer: &mut Buffer,
    alarm: &mut Alarm,
) -> bool {
    let begins = |buffer: &Buffer| buffer.iter().zip(PREFACE).all(|(byte, expected)| byte == expected);
    if !begins(buffer) {
        return false;
    }
    let rules = gate.rules.load();
    let taken = rules.listener_at(door).is_some_and(|listener| rules.gateway.listeners[listener].http2);
    let deadline = Instant::now() + rules.gateway.limits.head_timeout;
    drop(rules);
    // Three letters may begin a method.
    while taken && buffer.len() < PREFACE.len() && begins(buffer) {
        match alarm.within(deadline, |cx| transport.poll_fill(cx, buffer)).await {
            Ok(Ok(1..)) => {}
            _ => return false,
        }
    }
    taken && begins(buffer)
}

/// Serves the next request. Where the connection goes on: what was read beyond it.
async fn one(
    gate: &Gate,
    door: &Arc<Door>,
    late: Option<&Arc<Rules>>,
    visitor: &Visitor,
    transport: &mut Transport,
    alarm: &mut Alarm,
    mut buffer: Buffer,
) -> Option<Option<Buffer>> {
    // The rules of this moment, from here to the log line.
    let (rules, listener) = rules_at(gate, door, late)?;
    let Ok(certificate) = visitor.certificate(&rules.gateway.listeners[listener], &gate.clock) else {
        transport.part();
        return None;
    };
    let connection = visitor.connection(listener, certificate.as_deref());
    let read = read_head(transport, &mut buffer, &rules.gateway.limits, alarm).await;
    let (fate, rest) = match read {
        Ok(end) => {
            let (head, behind) = buffer.split_at_mut(end?);
            match ParsedRequest::parse(head) {
                Ok(parsed) => {
                    let request = parsed.view();
                    let persists = request.persists() && !door.is_closing();
                    let mut client = H1::new(transport, behind, &request, persists);
                    let mut fate = exchange::serve(gate, &rules, connection, &request, &mut client, alarm).await;
                    if fate == Fate::Undrained {
                        fate = if Box::pin(client.drained(alarm)).await { Fate::Kept } else { Fate::Closing };
                    }
                    (fate, client.rest())
                }
                Err(fault) => {
                    (Box::pin(refuse_unread(gate, &rules, connection, transport, fault.into(), alarm)).await, None)
                }
            }
        }
        Err(rejection) => (Box::pin(refuse_unread(gate, &rules, connection, transport, rejection, alarm)).await, None),
    };
    match fate {
        Fate::Kept => return Some(rest),
        Fate::Closing => Box::pin(linger(transport)).await,
        Fate::Reset => transport.reset_on_close(),
        Fate::Undrained | Fate::Gone => {}
    }
    None
}

/// The rules in force, and which of their listeners is served at a door.
pub(super) fn rules_at(gate: &Gate, door: &Arc<Door>, late: Option<&Arc<Rules>>) -> Option<(Arc<Rules>, usize)> {
    let rules = gate.rules.load_full();
    match (rules.listener_at(door), late) {
        (Some(listener), _) => Some((rules, listener)),
        (None, late) => late.and_then(|late| Some((Arc::clone(late), late.listener_at(door)?))),
    }
}

/// Reads until the buffer begins with a whole head, and tells where that ends. `None` where the client went.
async fn read_head(
    transport: &mut Transport,
    buffer: &mut Buffer,
    limits: &Limits,
    alarm: &mut Alarm,
) -> Result<Option<usize>, Rejection> {
    let head_limits =
        HeadLimits { bytes: limits.max_head_bytes, first_line_bytes: limits.max_target_bytes + AROUND_TARGET };
    let mut scan = Scan::default();
    // Most heads come in one piece, and need no clock.
    if let Some(end) = scan.head_end(buffer, &head_limits)? {
        return Ok(Some(end));
    }
    let deadline = Instant::now() + limits.head_timeout;
    loop {
        buffer.grow_within(limits.max_head_bytes + 1);
        match alarm.within(deadline, |cx| transport.poll_fill(cx, buffer)).await {
            Ok(Ok(1..)) => {}
            Ok(Ok(0) | Err(_)) => return Ok(None),
            Err(_) => return Err(Rejection::HeadTimeout),
        }
        if let Some(end) = scan.head_end(buffer, &head_limits)? {
            return Ok(Some(end));
        }
    }
}

/// Refuses what never became a request, and closes.
async fn refuse_unread(
    gate: &Gate,
    rules: &Rules,
    connection: Connection<'_>,
    transport: &mut Transport,
    rejection: Rejection,
    alarm: &mut Alarm,
) -> Fate {
    let nothing = RequestHead { method: b"", target: b"", version: Version::Http11, fields: &[], ended: false };
    let id = gate.ids.fresh().trace_text();
    let mut account = Account::open(gate, rules, connection, &id, None);
    let answer = account.refuse(rejection);
    H1::new(transport, &mut [], &nothing, false).refuse(&answer, true, alarm).await
}

/// Closes without losing the answer: no more writes, and a while of reading what still comes.
pub(super) async fn linger(transport: &mut Transport) {
    // By TLS that is a message, too, which somebody has to take.
    if !matches!(timeout(LINGER_TIME, transport.shutdown()).await, Ok(Ok(()))) {
        return;
    }
    let mut left = LINGER_BYTES;
    let mut sink = Buffer::lent();
    let discard = async {
        while let Ok(read @ 1..) = transport.read_buf(&mut *sink).await {
            let Some(rest) = left.checked_sub(read as u64) else { return };
            left = rest;
            sink.clear();
        }
    };
    let _ = timeout(LINGER_TIME, discard).await;
}

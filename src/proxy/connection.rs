//! One client's connection: request after request, until one side has enough.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use pingora_core::protocols::Stream;
use tokio::net::TcpStream;
use tokio::sync::watch;

use super::account::Account;
use super::answer::{self, After};
use super::door::Door;
use super::downstream::Downstream;
use super::exchange;
use super::gate::Gate;
use super::rules::Rules;
use super::wire::{first_bytes, read_head};
use crate::policy::rejection::Rejection;
use crate::policy::request::Connection;

/// Who was let in as the door closed may still say what it came for: its request may be on its way.
const LAST_ONE_IN: Duration = Duration::from_millis(250);

/// Serves one connection to its end. `late` are the rules to judge the first request by, where the door
/// was closed by others that do not have its listener.
pub(super) async fn serve(gate: Arc<Gate>, door: Arc<Door>, socket: TcpStream, peer: IpAddr, late: Option<Arc<Rules>>) {
    let mut stream: Stream = Box::new(Downstream::new(socket, peer));
    let mut buffer = BytesMut::new();
    let mut closing = door.closing();
    let mut patience = LAST_ONE_IN;
    loop {
        let idle = gate.rules.load().gateway.limits.idle_timeout;
        if buffer.is_empty() && !first_bytes(&stream, &mut buffer, idle, &mut closing, patience).await {
            return;
        }
        patience = Duration::ZERO;
        // What a request takes is given back with it: an idle connection holds nothing of that.
        match Box::pin(one(&gate, &door, late.as_ref(), (stream, buffer), &closing)).await {
            Some((reusable, rest)) => (stream, buffer) = (reusable, rest),
            None => return,
        }
    }
}

/// Serves the request that begins in `buffer`. What goes on with the connection: the stream, and what was
/// read beyond the request.
async fn one(
    gate: &Gate,
    door: &Arc<Door>,
    late: Option<&Arc<Rules>>,
    (mut stream, mut buffer): (Stream, BytesMut),
    closing: &watch::Receiver<bool>,
) -> Option<(Stream, BytesMut)> {
    // The rules of this moment, from here to the log line.
    let (rules, listener) = rules_at(gate, door, late)?;
    let connection = Connection { listener, peer: Downstream::of(&stream).ok()?.peer() };
    match read_head(&mut stream, &mut buffer, &rules.gateway.limits).await {
        Ok(end) => {
            let last = *closing.borrow();
            exchange::serve(gate, &rules, connection, stream, buffer, end?, last).await
        }
        Err(rejection) => {
            refuse_unread(gate, &rules, connection, stream, rejection).await;
            None
        }
    }
}

/// The rules in force, and which of their listeners is served at a door.
fn rules_at(gate: &Gate, door: &Arc<Door>, late: Option<&Arc<Rules>>) -> Option<(Arc<Rules>, usize)> {
    let rules = gate.rules.load_full();
    match (rules.listener_at(door), late) {
        (Some(listener), _) => Some((rules, listener)),
        (None, late) => late.and_then(|late| Some((Arc::clone(late), late.listener_at(door)?))),
    }
}

/// Refuses what never became a request, and closes.
async fn refuse_unread(gate: &Gate, rules: &Rules, connection: Connection, stream: Stream, rejection: Rejection) {
    let id = gate.ids.fresh().to_string();
    let mut account = Account::open(gate, rules, connection, &id, None);
    let answer = account.refuse(rejection);
    let after = answer::last(stream, &answer).await;
    drop(account);
    if let After::Closing(stream) = after {
        answer::linger(stream).await;
    }
}

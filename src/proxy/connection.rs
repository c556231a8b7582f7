//! One client's connection: request after request, until one side has enough.

use std::net::IpAddr;
use std::sync::Arc;

use bytes::BytesMut;
use pingora_core::protocols::Stream;
use tokio::net::TcpStream;
use tokio::sync::watch;

use super::answer;
use super::downstream::Downstream;
use super::exchange;
use super::gate::Gate;
use super::wire::read_head;
use crate::policy::gateway::Gateway;
use crate::policy::rejection::Rejection;
use crate::policy::request::Connection;

/// Serves one connection to its end.
pub(super) async fn serve(
    gate: Arc<Gate>,
    socket: TcpStream,
    peer: IpAddr,
    listener: usize,
    mut draining: watch::Receiver<bool>,
) {
    let connection = Connection { listener, peer };
    let mut stream: Stream = Box::new(Downstream::new(socket));
    let mut buffer = BytesMut::new();
    loop {
        // One snapshot of the rules from head to log line.
        let gateway = gate.gateway.load_full();
        let end = match read_head(&mut stream, &mut buffer, &gateway.limits, &mut draining).await {
            Ok(Some(end)) => end,
            Ok(None) => return,
            Err(rejection) => return refuse_unread(&gate, &gateway, stream, &rejection).await,
        };
        let last = *draining.borrow();
        match exchange::serve(&gate, &gateway, connection, stream, buffer, end, last).await {
            Some((reusable, rest)) => (stream, buffer) = (reusable, rest),
            None => return,
        }
    }
}

/// Refuses what never became a request, and closes.
async fn refuse_unread(gate: &Gate, gateway: &Gateway, stream: Stream, rejection: &Rejection) {
    let id = gate.ids.fresh().to_string();
    tracing::debug!(request = id, code = rejection.wire().code, "refused");
    answer::last(stream, &gateway.face.answer(rejection, &id)).await;
}

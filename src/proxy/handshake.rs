//! A client's connection by TLS, from its first byte until both sides know what is spoken inside.
//!
//! Whoever fails at this was no client yet: it is counted and told at level debug, and has no line in the access log.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::ProtocolVersion;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::connection::linger;
use super::deadline::Alarm;
use super::door::Door;
use super::gate::Gate;
use super::transport::Transport;
use super::visitor::Visitor;
use crate::policy::connection::TlsVersion;
use crate::policy::tls::ListenerTls;
use crate::telemetry::metrics::HandshakeResult;

/// Who was let in as the door closed may still come to terms.
const LAST_ONE_IN: Duration = Duration::from_secs(1);

/// To who speaks HTTP without TLS, in its own words. It is no request, so it is no refusal of one.
const NOT_TLS: &[u8] = b"HTTP/1.1 400 Bad Request\r\nContent-Type: application/problem+json\r\n\
    Content-Length: 82\r\nConnection: close\r\n\r\n\
    {\"title\":\"Bad Request\",\"status\":400,\"detail\":\"This port speaks TLS: ask https://\"}";

/// A connection that stands.
pub(super) struct Shaken {
    pub(super) transport: Transport,
    pub(super) visitor: Visitor,
    /// Whether the client has chosen HTTP/2.
    pub(super) http2: bool,
}

/// Why there is none.
enum Fault {
    /// It said nothing, and went.
    Silent,
    /// It speaks HTTP without TLS.
    Clear(TcpStream),
    /// It does not come to terms; it was told why, where it can be.
    Failed(io::Error, TcpStream),
}

/// Comes to terms with a client, within the time for a head.
pub(super) async fn shake(
    gate: &Gate,
    door: &Arc<Door>,
    tls: &ListenerTls,
    listener: &str,
    socket: TcpStream,
    peer: IpAddr,
    alarm: &mut Alarm,
) -> Option<Shaken> {
    let deadline = Instant::now() + gate.rules.load().gateway.limits.head_timeout;
    let told = |result, fault: &str| {
        gate.telemetry.metrics.tls_handshake(listener, result);
        tracing::debug!(%peer, listener, fault, "no handshake");
    };
    let mut closing = door.closing();
    let shaken = tokio::select! {
        biased;
        shaken = alarm.wait_for(deadline, accept(tls, socket)) => shaken,
        () = async {
            let _ = closing.wait_for(|closing| *closing).await;
            sleep(LAST_ONE_IN).await;
        } => {
            told(HandshakeResult::Failed, "the gate ended");
            return None;
        }
    };
    match shaken {
        Ok(Ok(stream)) => {
            gate.telemetry.metrics.tls_handshake(listener, HandshakeResult::Ok);
            let session = stream.get_ref().1;
            let http2 = session.alpn_protocol() == Some(b"h2");
            let version = match session.protocol_version() {
                Some(ProtocolVersion::TLSv1_2) => TlsVersion::V1_2,
                _ => TlsVersion::V1_3,
            };
            let chain = session.peer_certificates().unwrap_or_default().to_vec();
            return Some(Shaken {
                transport: Transport::tls(stream.into()),
                visitor: Visitor::secure(peer, version, chain),
                http2,
            });
        }
        Ok(Err(Fault::Silent)) => {}
        Ok(Err(Fault::Clear(mut socket))) => {
            told(HandshakeResult::Failed, "HTTP without TLS");
            let answered = alarm.wait_for(deadline, socket.write_all(NOT_TLS)).await;
            if matches!(answered, Ok(Ok(()))) {
                linger(&mut Transport::plain(socket)).await;
            }
        }
        Ok(Err(Fault::Failed(error, socket))) => {
            told(HandshakeResult::Failed, &error.to_string());
            // What it still sends must not overtake the alert that says why.
            linger(&mut Transport::plain(socket)).await;
        }
        Err(_) => told(HandshakeResult::Timeout, "it took too long"),
    }
    None
}

async fn accept(tls: &ListenerTls, socket: TcpStream) -> Result<TlsStream<TcpStream>, Fault> {
    let _ = socket.set_nodelay(true);
    let mut first = [0];
    match socket.peek(&mut first).await {
        // A method begins so; TLS begins with a 22 (RFC 8446 §5.1).
        Ok(1..) if first[0].is_ascii_uppercase() => return Err(Fault::Clear(socket)),
        Ok(1..) => {}
        Ok(0) | Err(_) => return Err(Fault::Silent),
    }
    let accepting = TlsAcceptor::from(Arc::clone(&tls.config)).accept(socket).into_fallible();
    accepting.await.map_err(|(error, socket)| Fault::Failed(error, socket))
}

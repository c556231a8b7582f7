//! A connection of HTTP/2: its streams side by side, each of them one exchange.

use std::sync::Arc;
use std::time::Duration;

use pingora_core::protocols::Digest;
use pingora_core::protocols::http::v2::server::{H2Accept, H2Options, HttpSession, default_h2_options, handshake};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::buffers::Buffer;
use super::connection::rules_at;
use super::deadline::Alarm;
use super::door::Door;
use super::downstream::{Carrier, Fate, H2, StreamHead};
use super::exchange;
use super::gate::Gate;
use super::rules::Rules;
use super::transport::Transport;
use super::visitor::Visitor;
use crate::policy::gateway::Limits;

/// What a connection begins with that speaks HTTP/2 without having asked (RFC 9113 §3.4).
pub(super) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Streams of one connection at once.
const MOST_STREAMS: u32 = 100;

/// Exchanges of one connection at once: its streams, and as many that it has reset.
const MOST_EXCHANGES: usize = 2 * MOST_STREAMS as usize;

/// Bytes that one stream may have written and the client not taken.
const MOST_UNSENT: usize = 64 << 10;

/// A client that was told goodbye, and has no stream any more, has so long to say the same.
const GOODBYE: Duration = Duration::from_secs(1);

/// Streams that are malformed before they are requests; a client that sends more is not one.
const MOST_MALFORMED: usize = 32;

/// Serves one connection to its end; `read` is what was read of it to find out what it speaks, if anything.
pub(super) async fn serve(
    gate: Arc<Gate>,
    door: Arc<Door>,
    late: Option<Arc<Rules>>,
    visitor: Visitor,
    transport: Transport,
    read: Buffer,
) {
    let limits = gate.rules.load().gateway.limits;
    let peer = visitor.peer;
    let carrier = Box::new(Carrier::new(transport, read));
    let Ok(Ok(mut connection)) = timeout(limits.head_timeout, handshake(carrier, Some(options(&limits)))).await else {
        return;
    };
    let (digest, mut closing) = (Arc::new(Digest::default()), door.closing());
    let (mut streams, mut malformed, mut ending) = (JoinSet::new(), 0, false);
    loop {
        let idle = gate.rules.load().gateway.limits.idle_timeout;
        let idles = streams.is_empty();
        let accepted = tokio::select! {
            biased;
            _ = closing.wait_for(|closing| *closing), if !ending => {
                // RFC 9113 §6.8: what was begun is finished, and nothing more is.
                connection.graceful_shutdown();
                ending = true;
                continue;
            }
            // Those that ended are let go before another one is let in.
            Some(ended) = streams.join_next() => {
                if matches!(ended, Ok(Admitted(false))) && !ending {
                    connection.graceful_shutdown();
                    ending = true;
                }
                continue;
            }
            accepted = HttpSession::from_h2_conn(&mut connection, Arc::clone(&digest)) => accepted,
            () = sleep(if ending { GOODBYE } else { idle }), if idles => {
                if ending {
                    return;
                }
                connection.graceful_shutdown();
                ending = true;
                continue;
            }
        };
        match accepted {
            // CVE-2023-44487: a stream that its client resets counts no more as one, and its exchange still runs.
            Ok(Some(H2Accept::Session(_))) if streams.len() >= MOST_EXCHANGES => {
                tracing::debug!(%peer, "a connection of HTTP/2 that resets its streams and opens others");
                break;
            }
            Ok(Some(H2Accept::Session(session))) => {
                let (gate, door, late, visitor) = (Arc::clone(&gate), Arc::clone(&door), late.clone(), visitor.clone());
                streams.spawn(async move { one(&gate, &door, late.as_ref(), &visitor, session).await });
            }
            Ok(Some(H2Accept::Rejected)) => {
                malformed += 1;
                tracing::debug!(%peer, malformed, "a malformed stream of HTTP/2");
                if malformed > MOST_MALFORMED {
                    return;
                }
            }
            Ok(None) | Err(_) => break,
        }
    }
    // The connection is gone; what still runs has nobody to answer, and is told of as cut.
    streams.shutdown().await;
}

fn options(limits: &Limits) -> H2Options {
    let mut options = default_h2_options();
    options.max_concurrent_streams(MOST_STREAMS);
    options.max_header_list_size(u32::try_from(limits.max_head_bytes).unwrap_or(u32::MAX));
    options.max_send_buffer_size(MOST_UNSENT);
    options
}

/// Whether who opened a stream may have any.
struct Admitted(bool);

/// Serves one stream.
async fn one(
    gate: &Gate,
    door: &Arc<Door>,
    late: Option<&Arc<Rules>>,
    visitor: &Visitor,
    session: HttpSession,
) -> Admitted {
    let head = StreamHead::of(&session);
    let mut client = H2::new(session);
    let Some((rules, listener)) = rules_at(gate, door, late) else {
        client.end(Fate::Gone);
        return Admitted(true);
    };
    let Ok(certificate) = visitor.certificate(&rules.gateway.listeners[listener], &gate.clock) else {
        client.turn_away();
        return Admitted(false);
    };
    let (fields, mut alarm) = (head.fields(), Alarm::default());
    let request = head.view(&fields);
    let connection = visitor.connection(listener, certificate.as_deref());
    let fate = exchange::serve(gate, &rules, connection, &request, &mut client, &mut alarm).await;
    client.end(fate);
    Admitted(true)
}

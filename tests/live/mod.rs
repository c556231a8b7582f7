//! What only a conversation on sockets can show: who speaks when, what lives on and what ends.
//!
//! What one request and one answer can show is a golden case.

mod asking;
mod bodies;
mod client_certificates;
mod connections;
mod dripping;
mod http2;
mod issuer;
mod mtls;
mod passwords;
mod signatures;
mod spool;
mod stopping;
mod telling;
mod time;
mod tls;
mod tls_listener;
mod upgrades;
mod upstreams;

use std::net::SocketAddr;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::support::config::Written;
use crate::support::gate::LiveGate;
use crate::support::message::{Body, Head, Incoming};
use crate::support::peer::{Peer, Script};

/// An API small enough for any conversation; `limits` are its tables beyond that.
fn written(limits: &str) -> Written {
    Written::alone(&format!(
        r#"
        [listener.public]
        address = "127.0.0.1:0"

        [upstream.api]
        peers = ["http://{{upstream}}"]

        [defaults]
        upstream = "api"
        quotas = []
        max_body = "1 MiB"

        [endpoint."/things".GET]
        auth = "none"

        [endpoint."/things".POST]
        auth = "none"
        media_types = ["text/plain"]

        [endpoint."/stream".POST]
        auth = "none"
        body = "any"

        {limits}
        "#
    ))
}

fn gate(limits: &str, upstream: SocketAddr) -> LiveGate {
    LiveGate::start(&written(limits), upstream).unwrap_or_else(|fault| panic!("{fault}"))
}

/// A gate before a peer that acts by these scripts.
async fn gate_and_peer(limits: &str, scripts: Vec<Script>) -> (LiveGate, Peer) {
    let peer = Peer::start(scripts).await;
    (gate(limits, peer.address), peer)
}

/// A peer whose one answer waits until the test lets it go on.
struct HeldPeer {
    address: SocketAddr,
    /// Ready once the head of a request is there.
    arrived: oneshot::Receiver<Head>,
    /// Lets the answer go.
    release: oneshot::Sender<()>,
}

impl HeldPeer {
    /// Holds its whole answer, which is `held`.
    async fn start() -> Self {
        Self::holding("", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nheld").await
    }

    /// Sends `before` at once, and `after` only then.
    async fn holding(before: &'static str, after: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port can be had");
        let address = listener.local_addr().expect("it is bound");
        let (arrive, arrived) = oneshot::channel();
        let (release, released) = oneshot::channel::<()>();
        tokio::spawn(async move {
            let Ok((stream, _)) = listener.accept().await else { return };
            let (reader, mut writer) = stream.into_split();
            let mut incoming = Incoming::new(reader);
            let Ok(Some(head)) = incoming.head().await else { return };
            let framing = head.framing(Body::Length(0));
            let _ = arrive.send(head);
            let _ = incoming.body(framing).await;
            let _ = writer.write_all(before.as_bytes()).await;
            let _ = released.await;
            let _ = writer.write_all(after.as_bytes()).await;
            let _ = incoming.end().await;
        });
        Self { address, arrived, release }
    }
}

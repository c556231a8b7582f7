//! What whoever runs the gate does to it: starts it from files, changes them, ends it, and looks at what
//! it tells. The gate is a process of its own here, as it is to them.

mod admin;
mod certificates;
mod ending;
mod keys;
mod logs;
mod passwords;
mod reloading;
mod systemd;

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use crate::support::message::{Body, Incoming};
use crate::support::process::Site;

/// A gate with one endpoint before `upstream`, whose access log is as `log` says; `more` are further tables.
fn site(upstream: SocketAddr, log: &str, more: &str) -> Site {
    Site::new(&format!(
        r#"
        [listener.public]
        address = "127.0.0.1:0"

        [admin]
        address = "127.0.0.1:0"

        [access_log]
        {log}

        [upstream.api]
        peers = ["http://{upstream}"]

        [endpoint."/thing".GET]
        upstream = "api"
        auth = "none"
        quotas = []

        {more}
        "#
    ))
}

/// A peer that answers each request after so long, as often as it is asked.
async fn slow_peer(after: Duration) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port can be had");
    let address = listener.local_addr().expect("it is bound");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (reader, mut writer) = stream.into_split();
                let mut incoming = Incoming::new(reader);
                while let Ok(Some(head)) = incoming.head().await {
                    let framing = head.framing(Body::Length(0));
                    let _ = incoming.body(framing).await;
                    tokio::time::sleep(after).await;
                    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone";
                    if writer.write_all(answer).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    address
}

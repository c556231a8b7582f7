//! The admin listener: whether the gate lives, and whether it wants requests.
//!
//! It reads and never decides. It listens on loopback only, for it asks nobody who they are; metrics
//! and the compiled configuration will stand here too.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// Serves until the process ends. `draining` turns true once no further requests are wanted.
pub async fn serve(listener: TcpListener, draining: watch::Receiver<bool>) -> std::io::Result<()> {
    let router =
        Router::new().route("/livez", get(|| async { "live\n" })).route("/readyz", get(readyz)).with_state(draining);
    axum::serve(listener, router).await
}

/// A load balancer that sees 503 sends nothing more, while what is in flight is finished.
async fn readyz(State(draining): State<watch::Receiver<bool>>) -> (StatusCode, &'static str) {
    if *draining.borrow() { (StatusCode::SERVICE_UNAVAILABLE, "draining\n") } else { (StatusCode::OK, "ready\n") }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    use super::*;

    #[tokio::test]
    async fn a_gate_that_drains_lives_but_is_not_ready() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("it is bound");
        let (drain, draining) = watch::channel(false);
        tokio::spawn(serve(listener, draining));
        let status = async |path: &str| {
            let mut stream = TcpStream::connect(address).await.expect("it listens");
            let request = format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
            stream.write_all(request.as_bytes()).await.expect("it reads");
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.expect("it answers");
            answer[9..12].to_owned()
        };
        assert_eq!((status("/livez").await, status("/readyz").await), ("200".into(), "200".into()));
        drain.send(true).expect("it listens");
        assert_eq!((status("/livez").await, status("/readyz").await), ("200".into(), "503".into()));
    }
}

//! A live gate in this process, on ephemeral ports.

use std::net::SocketAddr;

use portcullis::proxy::{Gate, Server, Stop};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::PATIENCE;
use super::client::Client;
use super::config::Written;

/// A gate that serves until it is stopped or dropped.
pub(crate) struct LiveGate {
    pub(crate) addresses: Vec<SocketAddr>,
    stop: Option<oneshot::Sender<()>>,
    serving: JoinHandle<Stop>,
}

impl LiveGate {
    /// Starts a gate before the peer at `upstream`.
    pub(crate) fn start(written: &Written, upstream: SocketAddr) -> Result<Self, String> {
        let gateway = written.compile(&upstream.to_string())?;
        let gate = Gate::new(gateway).map_err(|error| error.to_string())?;
        let server = Server::bind(gate).map_err(|error| error.to_string())?;
        let addresses = server.addresses().map_err(|error| error.to_string())?;
        let (stop, stopped) = oneshot::channel();
        let serving = tokio::spawn(server.run(async {
            let _ = stopped.await;
        }));
        Ok(Self { addresses, stop: Some(stop), serving })
    }

    /// A connection to its first listener.
    pub(crate) async fn client(&self) -> Client {
        Client::connect(self.addresses[0]).await
    }

    /// Asks it to stop, without waiting for it.
    pub(crate) fn ask_to_stop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
    }

    /// Waits for its end.
    pub(crate) async fn ended(&mut self) -> Stop {
        timeout(PATIENCE, &mut self.serving).await.expect("it stops in time").expect("it does not panic")
    }
}

impl Drop for LiveGate {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

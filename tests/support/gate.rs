//! A live gate in this process, on ephemeral ports, and what it tells.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use portcullis::policy::gateway::Gateway;
use portcullis::proxy::{Server, Stop, Workers};
use portcullis::telemetry::Telemetry;
use portcullis::telemetry::metrics::Form;
use portcullis::telemetry::sink::Target;
use serde_json::Value;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::PATIENCE;
use super::client::Client;
use super::config::Written;

/// A gate that serves until it is stopped or dropped.
pub(crate) struct LiveGate {
    pub(crate) addresses: Vec<SocketAddr>,
    pub(crate) server: Arc<Server>,
    telemetry: Arc<Telemetry>,
    log: tempfile::NamedTempFile,
    stopping: Option<JoinHandle<Stop>>,
}

impl LiveGate {
    /// Starts a gate before the peer at `upstream`.
    pub(crate) fn start(written: &Written, upstream: SocketAddr) -> Result<Self, String> {
        Self::serving(written.compile(&upstream.to_string())?)
    }

    /// Starts a gate that judges by these rules.
    pub(crate) fn serving(gateway: Gateway) -> Result<Self, String> {
        let log = tempfile::NamedTempFile::new().map_err(|error| error.to_string())?;
        let telemetry = Arc::new(Telemetry::default());
        let target = Target::Path(log.path().to_owned());
        telemetry.log_to(Some(&target), 1 << 20).map_err(|error| error.to_string())?;
        let server =
            Server::start(gateway, Arc::clone(&telemetry), Workers::here()).map_err(|error| error.to_string())?;
        let (addresses, server) = (server.addresses(), Arc::new(server));
        Ok(Self { addresses, server, telemetry, log, stopping: None })
    }

    /// A connection to its first listener.
    pub(crate) async fn client(&self) -> Client {
        Client::connect(self.addresses[0]).await
    }

    /// Asks it to stop, without waiting for it.
    pub(crate) fn ask_to_stop(&mut self) {
        let server = Arc::clone(&self.server);
        self.stopping.get_or_insert_with(|| tokio::spawn(async move { server.stop().await }));
    }

    /// Waits for its end.
    pub(crate) async fn ended(&mut self) -> Stop {
        let stopping = self.stopping.as_mut().expect("it was asked to stop");
        timeout(PATIENCE, stopping).await.expect("it stops in time").expect("it does not panic")
    }

    /// The first `count` lines of its access log. A line follows its answer, so it may have to be awaited.
    pub(crate) async fn lines(&self, count: usize) -> Vec<Value> {
        let enough = async {
            loop {
                self.telemetry.flush(PATIENCE);
                let lines = lines(self.log.path());
                if lines.len() >= count {
                    return lines;
                }
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        timeout(PATIENCE, enough)
            .await
            .unwrap_or_else(|_| panic!("no {count} lines come: {:?}", lines(self.log.path())))
    }

    /// Its metrics, as somebody who scrapes them would get them.
    pub(crate) fn metrics(&self) -> String {
        self.telemetry.metrics.exposition(&self.server.gate().standing(), Form::Open)
    }
}

/// The lines of an access log.
pub(crate) fn lines(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).expect("it was opened");
    let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
    whole.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|fault| panic!("{fault}: {line}"))).collect()
}

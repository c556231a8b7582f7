//! Running a gate: its threads, its log, its signals.

use std::io::IsTerminal;
use std::net::SocketAddr;

use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing_subscriber::EnvFilter;

use super::Failure;
use crate::policy::gateway::Gateway;
use crate::proxy::{Gate, Server, Stop};

/// The program log: for a person on a terminal, JSON elsewhere. `RUST_LOG` sets the levels.
pub(super) fn log() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info,pingora_core=warn"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // Only a second subscriber in one process is refused, and there is none.
    let _ = if std::io::stderr().is_terminal() { builder.try_init() } else { builder.json().try_init() };
}

/// So many threads; 0 for one a core.
pub(super) fn runtime(threads: usize) -> std::io::Result<Runtime> {
    let mut builder = if threads == 1 { Builder::new_current_thread() } else { Builder::new_multi_thread() };
    if threads > 1 {
        builder.worker_threads(threads);
    }
    builder.enable_all().thread_name("portcullis").build()
}

/// Binds every listener.
pub(super) fn bind(gateway: Gateway) -> Result<Server, Failure> {
    let gate = Gate::new(gateway).map_err(|error| Failure::Running(error.to_string()))?;
    Server::bind(gate).map_err(|error| Failure::Running(error.to_string()))
}

/// Opens the admin listener.
pub(super) async fn admin(address: SocketAddr, server: &Server) -> Result<(), Failure> {
    let listener = TcpListener::bind(address)
        .await
        .map_err(|error| Failure::Running(format!("[admin] cannot bind {address}: {error}")))?;
    tokio::spawn(crate::admin::serve(listener, server.draining()));
    tracing::info!(%address, "admin");
    Ok(())
}

/// Serves until SIGTERM or Ctrl-C, drains, and ends at once on a second signal.
pub(super) async fn until_signal(server: Server) -> Result<(), Failure> {
    let mut signals = Signals::new().map_err(|error| Failure::Running(error.to_string()))?;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = server.run(async {
        // The sender is dropped on the first signal; nothing is sent.
        let _ = stopped.await;
    });
    tokio::pin!(serving);
    let ended = tokio::select! {
        ended = &mut serving => Some(ended),
        () = signals.next() => None,
    };
    drop(stop);
    tracing::info!("draining; a second signal ends at once");
    let ended = match ended {
        Some(ended) => ended,
        None => tokio::select! {
            ended = serving => ended,
            () = signals.next() => return Err(Failure::Running("ended at once, on a second signal".to_owned())),
        },
    };
    match ended {
        Stop::Drained => {
            tracing::info!("ended; nothing was cut off");
            Ok(())
        }
        Stop::CutOff(connections) => Err(Failure::Running(format!("drain ran out, {connections} connections cut off"))),
    }
}

struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

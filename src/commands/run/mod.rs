//! Running a gate: its threads, its log, its signals, its end.

mod log;
mod signals;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::sync::mpsc;

use super::Failure;
use crate::config::{Loaded, LookedAt};
use crate::proxy::Stop;
use crate::reload::{Reloader, Running};
use crate::systemd;
use crate::telemetry::Telemetry;
pub(super) use log::Log;
use signals::{Asked, Signals};

/// What still runs by the end may go on in its thread for so long: a name that is looked up, a file that
/// is read. A request never does.
const LEFT_BEHIND: Duration = Duration::from_millis(200);

/// So long the end waits for the access log's last lines.
const LAST_LINES: Duration = Duration::from_secs(1);

/// Runs `serving`, on one thread: those that serve requests are its own. When this returns, every request has
/// been told of.
pub(super) fn run<T>(telemetry: &Telemetry, serving: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = Builder::new_current_thread().enable_all().build().map_err(told)?;
    let outcome = runtime.block_on(serving);
    runtime.shutdown_timeout(LEFT_BEHIND);
    telemetry.flush(LAST_LINES);
    outcome
}

/// Something went wrong on the way.
pub(super) fn told(error: impl std::fmt::Display) -> Failure {
    Failure::Running(error.to_string())
}

/// The files of a configuration that can be changed while it runs.
pub(super) struct Files {
    pub(super) file: PathBuf,
    pub(super) looked_at: LookedAt,
}

/// Serves a configuration until SIGTERM or Ctrl-C, drains, and ends at once on a second signal. `begun` is
/// called once it serves. Without `files` it is not reloaded.
pub(super) async fn until_signal(
    loaded: Loaded,
    files: Option<Files>,
    telemetry: Arc<Telemetry>,
    log: &Log,
    begun: impl FnOnce(&Running),
) -> Result<(), Failure> {
    let mut signals = Signals::listen().map_err(told)?;
    let digest = loaded.digest;
    let running = Arc::new(Running::start(loaded, telemetry, log.levels()).map_err(told)?);
    begun(&running);
    let (ask, asked) = mpsc::channel(1);
    let reloading = files.map(|Files { file, looked_at }| {
        tokio::spawn(Reloader::new(file, Arc::clone(&running), digest, &looked_at).run(asked))
    });
    tokio::spawn(systemd::watchdog());
    systemd::ready(&running.status());
    let signal = loop {
        match signals.next().await {
            Asked::Stop(signal) => break signal,
            // The terminal that a demo ran on is gone.
            Asked::Reload if reloading.is_none() => break "SIGHUP",
            // One that waits already will see the same files.
            Asked::Reload => drop(ask.try_send(())),
            Asked::Reopen => running.telemetry().reopen(),
        }
    };
    if let Some(reloading) = reloading {
        reloading.abort();
    }
    systemd::stopping();
    drain(&running, signal, signals).await
}

async fn drain(running: &Running, signal: &str, mut signals: Signals) -> Result<(), Failure> {
    tracing::info!(signal, "draining; a second signal ends at once");
    let stopping = running.server().stop();
    tokio::pin!(stopping);
    loop {
        tokio::select! {
            ended = &mut stopping => return match ended {
                Stop::Drained => {
                    tracing::info!("ended; nothing was cut off");
                    Ok(())
                }
                Stop::CutOff(connections) => {
                    Err(Failure::Running(format!("drain ran out, {connections} connections cut off")))
                }
            },
            asked = signals.next() => match asked {
                Asked::Stop(_) => return Err(Failure::Running("ended at once, on a second signal".to_owned())),
                Asked::Reload => tracing::warn!("no reload: the gate is coming to its end"),
                Asked::Reopen => running.telemetry().reopen(),
            },
        }
    }
}

//! Another configuration while the gate runs: its files are looked at, compiled, and swapped in as one.
//! Whatever is wrong with it, the old one stays, every fault is told, and the metrics show it.
//!
//! [`Running`] is what runs and can be given another configuration; [`Reloader`] finds out when there is
//! one, by itself (`watch`) or because it was asked to.

mod running;
mod watch;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio::task::spawn_blocking;
use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::config::{self, ConfigErrors, Loaded, Machine, Reading};
use crate::systemd;
use crate::telemetry::metrics::ReloadResult;
pub use running::{Levels, Running, summary};
use watch::Watched;

/// The files are looked at so often.
const TICK: Duration = Duration::from_millis(500);

/// Whoever changes a file may be in the middle of it: it has to be left alone for so long.
const SETTLED: Duration = Duration::from_millis(100);

/// And is not waited for longer.
const MOST_UNSETTLED: u32 = 20;

/// Reads the configuration again when it should be.
pub struct Reloader {
    file: PathBuf,
    running: Arc<Running>,
    watched: Arc<Watched>,
    /// What the last reading came to, so that the same is not told twice.
    last: Came,
    /// The last reading may be of files that changed under it.
    unsure: bool,
}

/// What a reading came to.
#[derive(Debug, PartialEq, Eq)]
enum Came {
    /// To these files.
    To([u8; 32]),
    /// To these faults.
    Wrong(String),
    /// To files that hold, and could not be put in force all the same: another try may end otherwise.
    Nothing,
}

impl Reloader {
    /// Keeps what `running` was started with, from `file`, up to date.
    pub fn new(file: PathBuf, running: Arc<Running>, digest: [u8; 32], looked_at: &config::LookedAt) -> Self {
        let watched = Arc::new(Watched::now(looked_at));
        Self { file, running, watched, last: Came::To(digest), unsure: true }
    }

    /// Never ends. Each message says that somebody asked.
    pub async fn run(mut self, mut asked: mpsc::Receiver<()>) {
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let was_asked = tokio::select! {
                _ = ticks.tick() => false,
                Some(()) = asked.recv() => true,
            };
            // Whoever asks has finished with the files.
            if was_asked || self.unsure || self.settled().await {
                self.read_again(was_asked).await;
            }
        }
    }

    /// Whether any file has changed; returns once all of them are left alone.
    async fn settled(&self) -> bool {
        let mut before = Arc::clone(&self.watched);
        for _ in 0..MOST_UNSETTLED {
            let earlier = Arc::clone(&before);
            let Ok(after) = spawn_blocking(move || earlier.again()).await else { return true };
            if after == *before {
                break;
            }
            before = Arc::new(after);
            sleep(SETTLED).await;
        }
        *before != *self.watched
    }

    async fn read_again(&mut self, was_asked: bool) {
        let began = Instant::now();
        if was_asked {
            systemd::reloading();
        }
        let (file, watched) = (self.file.clone(), Arc::clone(&self.watched));
        let read = spawn_blocking(move || {
            let before = watched.again();
            let Reading { outcome, looked_at } = config::read(&file, &Machine);
            (outcome, before, Watched::now(&looked_at))
        });
        let result = match read.await {
            Ok((outcome, before, after)) => {
                self.unsure = before != after;
                self.watched = Arc::new(after);
                self.take(outcome, was_asked, began).await
            }
            // A panic within is a fault of ours, and no reason to serve no more.
            Err(panic) => {
                tracing::error!(%panic, "reload: failed; the old configuration stays in force");
                Some(ReloadResult::Failed)
            }
        };
        if let Some(result) = result {
            self.running.telemetry().metrics.reload(result);
        }
        if was_asked {
            let failed = if result == Some(ReloadResult::Failed) { "the last reload failed; " } else { "" };
            systemd::ready(&format!("{failed}{}", self.running.status()));
        }
    }

    /// Does with a reading what is to be done; nothing where it came out as the one before, and nobody asked.
    async fn take(
        &mut self,
        outcome: Result<Loaded, ConfigErrors>,
        was_asked: bool,
        began: Instant,
    ) -> Option<ReloadResult> {
        let came = match &outcome {
            Ok(loaded) => Came::To(loaded.digest),
            Err(errors) => Came::Wrong(errors.to_string()),
        };
        let same = came == self.last;
        if same && !was_asked {
            return None;
        }
        let result = match outcome {
            Ok(_) if same => {
                tracing::info!("reload: nothing has changed");
                ReloadResult::Unchanged
            }
            Ok(loaded) => self.apply(loaded, began).await,
            Err(errors) => {
                tell_faults(&errors);
                ReloadResult::Failed
            }
        };
        self.last = if result == ReloadResult::Failed && matches!(came, Came::To(_)) { Came::Nothing } else { came };
        Some(result)
    }

    async fn apply(&self, loaded: Loaded, began: Instant) -> ReloadResult {
        for warning in &loaded.warnings {
            tracing::warn!("{warning}");
        }
        // It opens files, and what it replaces may be large.
        let running = Arc::clone(&self.running);
        let applied = spawn_blocking(move || running.apply(loaded)).await;
        match applied.unwrap_or_else(|panic| Err(std::io::Error::other(panic))) {
            Ok(()) => {
                let took = format!("{:.1} ms", began.elapsed().as_secs_f64() * 1e3);
                tracing::info!(took, "reload: {}", self.running.status());
                ReloadResult::Applied
            }
            Err(error) => {
                tracing::error!(%error, "reload: failed; the old configuration stays in force");
                ReloadResult::Failed
            }
        }
    }
}

/// As `check` prints them.
fn tell_faults(errors: &ConfigErrors) {
    for fault in &errors.0 {
        tracing::error!("{fault}");
    }
    let summary = errors.summary();
    tracing::error!(summary, "reload: failed; the old configuration stays in force");
}

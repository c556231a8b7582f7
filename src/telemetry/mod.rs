//! What the gate tells of itself: a line for each request, and metrics. It reads outcomes and never
//! decides.
//!
//! In the flow this stands behind everything: whoever served a request hands a [`Record`] of it to
//! [`Telemetry::tell`], once, when it has ended. Nothing here waits for a sink ([`sink`]), and nothing a
//! client sends makes anything here grow.

mod line;
pub mod metrics;
mod record;
pub mod sink;

use std::cell::RefCell;
use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwapOption;

pub use metrics::{EndpointMeters, Metrics, Standing, UpstreamMeters};
pub use record::{End, Record, Traffic};
use sink::{Counts, Sink, Target};

/// Both, for the life of the process.
#[derive(Debug, Default)]
pub struct Telemetry {
    access_log: ArcSwapOption<Sink>,
    access_lines: Arc<Counts>,
    /// The program log's own, which is kept elsewhere.
    program_lines: Arc<Counts>,
    /// What is counted.
    pub metrics: Metrics,
}

thread_local! {
    /// A line while it is written; its room is used again.
    static LINE: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

impl Telemetry {
    /// Without an access log as yet.
    pub fn new(program_lines: &Arc<Counts>) -> Self {
        Self { program_lines: Arc::clone(program_lines), ..Self::default() }
    }

    /// Turns the access log to a target, or off. `capacity` are the bytes that may wait to be written.
    ///
    /// # Errors
    ///
    /// Where the target cannot be opened; what was before is kept.
    pub fn log_to(&self, target: Option<&Target>, capacity: usize) -> io::Result<()> {
        match (target, &*self.access_log.load()) {
            (None, _) => self.access_log.store(None),
            (Some(target), Some(sink)) => sink.turn_to(target, capacity)?,
            (Some(target), None) => {
                let sink = Sink::open("access log", target.clone(), capacity, Arc::clone(&self.access_lines))?;
                self.access_log.store(Some(sink.into()));
            }
        }
        Ok(())
    }

    /// Opens files anew, as after rotation.
    pub fn reopen(&self) {
        if let Some(sink) = &*self.access_log.load() {
            sink.reopen();
        }
    }

    /// Waits until what was told is written, for so long at most.
    pub fn flush(&self, patience: Duration) {
        if let Some(sink) = &*self.access_log.load() {
            sink.flush(patience);
        }
    }

    /// Tells of a request that has ended, once.
    pub fn tell(&self, record: &Record<'_>, meters: &EndpointMeters) {
        self.metrics.count(record, meters);
        let Some(sink) = &*self.access_log.load() else { return };
        LINE.with_borrow_mut(|line| {
            line.clear();
            line::write(line, SystemTime::now(), record);
            sink.append(line, 1);
        });
    }

    /// Lines written and lost, by log.
    pub fn lines(&self) -> Vec<(&'static str, u64, u64)> {
        let logs = [("access", &self.access_lines), ("program", &self.program_lines)];
        logs.into_iter().map(|(name, counts)| (name, counts.written(), counts.dropped())).collect()
    }
}

//! The program log: for a person on a terminal, JSON elsewhere. It goes to standard error through a sink,
//! so that a terminal that is held, or a pipe that nobody reads, stops no request.

use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::time::Duration;

use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, fmt, reload};

use crate::reload::Levels;
use crate::telemetry::sink::{Sink, Target};

/// Bytes of lines that may wait.
const WAITING: usize = 1 << 20;

/// So long the end waits for the last lines.
const LAST_LINES: Duration = Duration::from_secs(1);

/// The framework tells fields of requests at lower levels, keys among them, and TLS warns of whatever a stranger sends:
/// who wants these says so by name.
const QUIET: &str = "pingora_core=warn,rustls=error";

/// The program log, open until this is dropped.
pub(in crate::commands) struct Log {
    pub(in crate::commands) sink: Sink,
    levels: reload::Handle<EnvFilter, tracing_subscriber::Registry>,
}

impl Log {
    /// Opens it at `info`.
    pub(in crate::commands) fn open() -> io::Result<Self> {
        let sink = Sink::open("program log", Target::Stderr, WAITING, Arc::default())?;
        let (filter, levels) = reload::Layer::new(filter("info"));
        let lines = sink.clone();
        let layer = fmt::layer().with_writer(move || Line(lines.clone()));
        let layer = if io::stderr().is_terminal() {
            let colours = std::env::var_os("NO_COLOR").is_none();
            layer.with_ansi(colours).boxed()
        } else {
            layer.json().flatten_event(true).boxed()
        };
        // Only a second subscriber in one process is refused, and there is none.
        let _ = tracing_subscriber::registry().with(layer.with_filter(filter)).try_init();
        Ok(Self { sink, levels })
    }

    /// Sets its levels, where `RUST_LOG` does not say them.
    pub(in crate::commands) fn levels(&self) -> Levels {
        let handle = self.levels.clone();
        Box::new(move |levels| {
            let _ = handle.reload(filter(levels));
        })
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        self.sink.flush(LAST_LINES);
    }
}

fn filter(levels: &str) -> EnvFilter {
    let wanted = std::env::var(EnvFilter::DEFAULT_ENV).ok().filter(|levels| !levels.is_empty());
    // Of two directives for one module, the later one counts.
    EnvFilter::new(format!("{QUIET},{}", wanted.as_deref().unwrap_or(levels)))
}

/// One line, which comes in one piece.
struct Line(Sink);

impl Write for Line {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.append(line, 1);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

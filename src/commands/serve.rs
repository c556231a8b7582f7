//! `portcullis serve`: a configuration, served until a signal.

use std::path::Path;
use std::sync::Arc;

use super::run::{self, Files, Log};
use super::{Failure, check};
use crate::config::{self, Machine, Reading};
use crate::telemetry::Telemetry;

pub(super) fn serve(file: &Path) -> Result<(), Failure> {
    let Reading { outcome, looked_at } = config::read(file, &Machine);
    let loaded = check::told(file, outcome)?;
    let log = Log::open().map_err(run::told)?;
    let telemetry = Arc::new(Telemetry::new(log.sink.counts()));
    let files = Files { file: file.to_owned(), looked_at };
    let begun = |running: &crate::reload::Running| {
        let status = running.status();
        let listeners = running.server().gate().look(|gateway| {
            let names = gateway.listeners.iter().map(|listener| listener.name.clone());
            let bound = names.zip(running.server().addresses()).map(|(name, address)| format!("{name} at {address}"));
            bound.collect::<Vec<_>>().join(", ")
        });
        let admin = running.admin_address().map(tracing::field::display);
        tracing::info!(listeners, admin, file = %file.display(), "serving: {status}");
    };
    run::run(&telemetry, run::until_signal(loaded, Some(files), Arc::clone(&telemetry), &log, begun))
}

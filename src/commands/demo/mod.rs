//! `portcullis demo`: the gate with a customers API behind it, ready to be tried.
//!
//! What it writes down is in `site`, what it says in `guide`.

mod guide;
mod site;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::run::{self, Log, told};
use super::{Failure, check};
use crate::demo::CustomersApi;
use crate::reload::Running;
use crate::telemetry::Telemetry;

pub use guide::{Example, examples, guide};
pub use site::{DemoSite, prepare};

/// Starts the API and the gate before it, prints the guide, and ends both on a signal.
pub(super) fn demo(address: SocketAddr, data: Option<&Path>) -> Result<(), Failure> {
    let log = Log::open().map_err(told)?;
    let telemetry = Arc::new(Telemetry::new(log.sink.counts()));
    let scratch = tempfile::tempdir().map_err(told)?;
    let folder = data.unwrap_or(scratch.path());
    let api = CustomersApi::open(data).map_err(told)?;
    let serving = async {
        let api_listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(told)?;
        let api_address = api_listener.local_addr().map_err(told)?;
        let site = prepare(folder, address, api_address, api.landmarks()).map_err(told)?;
        let loaded = check::load(&site.config)?;
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = tokio::spawn(api.serve(api_listener, async {
            let _ = stopped.await;
        }));
        let begun = |running: &Running| {
            let gate = running.server().addresses().first().copied().unwrap_or(address);
            println!("{}", guide(gate, &site));
        };
        let ended = run::until_signal(loaded, None, Arc::clone(&telemetry), &log, begun).await;
        // The API outlives the gate, so that what is in flight gets its answer.
        drop(stop);
        serving.await.map_err(told)?.map_err(told)?;
        ended
    };
    run::run(&telemetry, serving)
}

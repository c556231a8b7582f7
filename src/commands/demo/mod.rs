//! `portcullis demo`: the gate with a customers API behind it, ready to be tried.
//!
//! What it writes down is in `site`, what it says in `guide`.

mod guide;
mod site;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::{Failure, check, run};
use crate::demo::CustomersApi;

pub use guide::{Example, examples, guide};
pub use site::{DemoSite, prepare};

/// Starts the API and the gate before it, prints the guide, and ends both on a signal.
pub(super) fn demo(address: SocketAddr, data: Option<&Path>) -> Result<(), Failure> {
    run::log();
    let told = |error: &dyn std::fmt::Display| Failure::Running(error.to_string());
    let scratch = tempfile::tempdir().map_err(|error| told(&error))?;
    let folder = data.unwrap_or(scratch.path());
    let api = CustomersApi::open(data).map_err(|error| told(&error))?;
    run::runtime(0).map_err(|error| told(&error))?.block_on(async {
        let api_listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(|error| told(&error))?;
        let api_address = api_listener.local_addr().map_err(|error| told(&error))?;
        let site = prepare(folder, address, api_address, api.landmarks()).map_err(|error| told(&error))?;
        let server = run::bind(check::load(&site.config)?.gateway)?;
        let gate = server.addresses().map_err(|error| told(&error))?.first().copied().unwrap_or(address);
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = tokio::spawn(api.serve(api_listener, async {
            let _ = stopped.await;
        }));
        println!("{}", guide(gate, &site));
        let ended = run::until_signal(server).await;
        // The API outlives the gate, so that what is in flight gets its answer.
        drop(stop);
        serving.await.map_err(|error| told(&error))?.map_err(|error| told(&error))?;
        ended
    })
}

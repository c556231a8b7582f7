//! The customers API that `portcullis demo` puts behind the gate: a small, honest legacy API on axum
//! and SQLite. It stands where an operator's own API would, right of the whole flow.
//!
//! It deliberately checks next to nothing. A body that is not what it hopes for ends in a 500 with a
//! stack trace in HTML, as such APIs do; the point of the demo is that behind the gate none ever
//! arrives, and [`BadBodies`] counts whether that holds. It knows nothing of the gate: no keys, no
//! quotas, no policy.
//!
//! Reading order: [`CustomersApi`] below, `routes` (what it answers), `customer` and `merge` (what it
//! speaks of), `tables` (SQL), `later` (rows written after a 202), `store` (the thread that owns the
//! connection), `fault` (the 500 page).

mod customer;
mod fault;
mod later;
mod merge;
mod routes;
mod seed;
mod store;
mod tables;
#[cfg(test)]
mod tests;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::serve::ListenerExt;
use rusqlite::Connection;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use routes::Api;
use store::Store;

/// The file in the data folder that the customers live in.
const FILE: &str = "customers.sqlite";

/// How long a customer accepted with 202 stays unwritten, so that one can watch it being pending.
const WRITTEN_AFTER: Duration = Duration::from_secs(1);

/// After a stop was asked for, requests in flight may take so long; what hangs is then left behind.
const GRACE: Duration = Duration::from_secs(5);

/// The API, ready to be served once.
#[derive(Debug)]
pub struct CustomersApi {
    store: Store,
    landmarks: Landmarks,
    bad_bodies: BadBodies,
    written_after: Duration,
    grace: Duration,
}

impl CustomersApi {
    /// Opens the customers kept in the folder `data`, which is made and seeded where it is new; or,
    /// without one, seeds some in memory that end with the process. May be called outside a runtime.
    pub fn open(data: Option<&Path>) -> Result<Self, DemoError> {
        let mut connection = match data {
            Some(folder) => {
                std::fs::create_dir_all(folder).map_err(|source| DemoError::Folder(folder.to_owned(), source))?;
                Connection::open(folder.join(FILE))?
            }
            None => Connection::open_in_memory()?,
        };
        seed::plant(&mut connection)?;
        let landmarks = seed::landmarks(&connection)?;
        Ok(Self {
            store: Store::start(connection).map_err(DemoError::Thread)?,
            landmarks,
            bad_bodies: BadBodies::default(),
            written_after: WRITTEN_AFTER,
            grace: GRACE,
        })
    }

    /// Customers that a guide can name.
    pub fn landmarks(&self) -> Landmarks {
        self.landmarks
    }

    /// The count of bodies that this API could not use; goes on counting while it serves.
    pub fn bad_bodies(&self) -> BadBodies {
        self.bad_bodies.clone()
    }

    /// Serves until `stop` is done, then finishes the requests in flight (for a few seconds at most)
    /// and writes what it accepted with 202. When this returns, the file is closed.
    pub async fn serve(self, listener: TcpListener, stop: impl Future<Output = ()> + Send + 'static) -> io::Result<()> {
        let (writer, written) = later::start(self.store.clone(), self.written_after);
        let api = Api { store: self.store.clone(), writer, bad_bodies: self.bad_bodies };
        // Small answers leave at once: without this Nagle and delayed acknowledgements cost 40 ms.
        let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
        let (tell_stopping, stopping) = oneshot::channel();
        let server = axum::serve(listener, routes::router(api)).with_graceful_shutdown(async move {
            stop.await;
            let _ = tell_stopping.send(());
        });
        let served = tokio::select! {
            served = server.into_future() => served,
            () = over(self.grace, stopping) => Ok(()),
        };
        written.finish().await;
        self.store.close().await;
        served
    }
}

/// Ends so long after the stop that nobody waits any longer for what is still in flight.
async fn over(grace: Duration, stopping: oneshot::Receiver<()>) {
    match stopping.await {
        Ok(()) => tokio::time::sleep(grace).await,
        // The server ended without being asked to: it reports by itself.
        Err(_) => std::future::pending().await,
    }
}

/// Customers that show something, found anew at each start, since those of last time may be gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Landmarks {
    /// One whose row is damaged: its GET is a genuine 500.
    pub damaged: i64,
    /// One that nobody will miss: its DELETE is a 204.
    pub expendable: i64,
}

/// How many bodies reached the API that it could not use. Behind the gate: none.
#[derive(Clone, Debug, Default)]
pub struct BadBodies(Arc<AtomicU64>);

impl BadBodies {
    /// So far.
    pub fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    fn add_one(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Why the customers API cannot start.
#[derive(Debug)]
pub enum DemoError {
    /// The data folder cannot be made.
    Folder(PathBuf, io::Error),
    /// SQLite refuses: no database, not writable, in use.
    Store(rusqlite::Error),
    /// The database is of another program, or of a later version of this one, as its
    /// `user_version` tells.
    Foreign(i64),
    /// No thread for the database.
    Thread(io::Error),
}

impl fmt::Display for DemoError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(folder, error) => {
                write!(f, "cannot make the folder {}: {error}", folder.display())
            }
            Self::Store(error) => write!(f, "cannot open the customers: {error}"),
            Self::Foreign(version) => {
                write!(f, "{FILE} is not of this demo, or of a later one (its user_version is {version})")
            }
            Self::Thread(error) => write!(f, "cannot start the database thread: {error}"),
        }
    }
}

impl std::error::Error for DemoError {}

impl From<rusqlite::Error> for DemoError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error)
    }
}

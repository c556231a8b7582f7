//! Customers that were accepted with 202: kept as jobs, written by a task of their own.
//!
//! Nothing accepted is lost: what is pending when the server stops is written before it ends, and what
//! a killed process left pending is written by the next one.

use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension};
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;

use super::customer::{Draft, Job};
use super::fault::{Blame, Fault};
use super::store::Store;
use super::tables;

/// Tells the writing task that there is something to write.
#[derive(Clone, Debug)]
pub(super) struct Writer {
    wake: Arc<Notify>,
}

impl Writer {
    pub(super) fn wake(&self) {
        self.wake.notify_one();
    }
}

/// The writing task itself.
pub(super) struct Written {
    task: JoinHandle<()>,
    stop: oneshot::Sender<()>,
}

impl Written {
    /// Has it write what is still pending, and end.
    pub(super) async fn finish(self) {
        let _ = self.stop.send(());
        // It neither panics nor is aborted; were it so, there would be nothing left to do.
        drop(self.task.await);
    }
}

/// Starts the task; it writes `after` it was woken, and all that came until then.
pub(super) fn start(store: Store, after: Duration) -> (Writer, Written) {
    let writer = Writer { wake: Arc::new(Notify::new()) };
    // What an earlier process left pending.
    writer.wake();
    let wake = Arc::clone(&writer.wake);
    let (stop, mut stopped) = oneshot::channel();
    let task = tokio::spawn(async move {
        let mut stopping = false;
        while !stopping {
            stopping = tokio::select! {
                () = wait_for_work(&wake, after) => false,
                _ = &mut stopped => true,
            };
            if let Err(fault) = store.run(write_pending).await {
                // They stay pending, and are tried again with the next one.
                tracing::warn!(%fault, "customers accepted with 202 could not be written");
            }
        }
    });
    (writer, Written { task, stop })
}

async fn wait_for_work(wake: &Notify, after: Duration) {
    wake.notified().await;
    tokio::time::sleep(after).await;
}

/// Keeps a customer to be written; returns the job's id.
pub(super) fn accept(connection: &Connection, draft: &Draft) -> Result<i64, Fault> {
    let draft = serde_json::to_string(draft).blame("later::accept, writing JSON")?;
    connection.execute("INSERT INTO jobs (draft) VALUES (?1)", [draft]).blame("later::accept")?;
    Ok(connection.last_insert_rowid())
}

/// How a job stands, if there is such a one.
pub(super) fn job(connection: &Connection, id: i64) -> Result<Option<Job>, Fault> {
    let query = "SELECT id, state, '/customers/' || customer FROM jobs WHERE id = ?1";
    connection
        .query_row(query, [id], |row| Ok(Job { id: row.get(0)?, state: row.get(1)?, customer: row.get(2)? }))
        .optional()
        .blame("later::job")
}

fn write_pending(connection: &mut Connection) -> Result<(), Fault> {
    // A job is done in the very transaction that writes its customer: never twice, never not at all.
    let transaction = connection.transaction().blame("later::write_pending")?;
    let pending: Vec<(i64, String)> = transaction
        .prepare_cached("SELECT id, draft FROM jobs WHERE state = 'pending' ORDER BY id")
        .and_then(|mut statement| {
            let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            rows.collect()
        })
        .blame("later::write_pending, reading")?;
    for (job, draft) in pending {
        let draft = serde_json::from_str(&draft).blame("later::write_pending, reading JSON")?;
        let customer = tables::insert(&transaction, &draft).blame("later::write_pending")?;
        transaction
            .execute("UPDATE jobs SET state = 'done', customer = ?2 WHERE id = ?1", [job, customer.id])
            .blame("later::write_pending, the job")?;
    }
    transaction.commit().blame("later::write_pending, committing")
}

//! The thread that owns the SQLite connection, and the door to it.
//!
//! SQLite blocks, so no async thread ever calls it: work is sent here and answered through a channel,
//! one piece at a time, which is also why no two requests ever see each other's half-written rows.

use std::fmt;
use std::io;

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::fault::Fault;

/// Work that may wait for the database before senders have to.
const QUEUE: usize = 64;

/// A door to the one connection; clones lead to the same.
#[derive(Clone)]
pub(super) struct Store {
    queue: mpsc::Sender<Task>,
}

enum Task {
    Run(Box<dyn FnOnce(&mut Connection) + Send>),
    Close(oneshot::Sender<()>),
}

impl Store {
    /// Gives the connection to a thread of its own, which ends with [`Store::close`] or with the last
    /// door.
    pub(super) fn start(connection: Connection) -> io::Result<Self> {
        let (queue, tasks) = mpsc::channel(QUEUE);
        std::thread::Builder::new().name("customers".to_owned()).spawn(move || work_off(connection, tasks))?;
        Ok(Self { queue })
    }

    /// Runs `work` on the connection and brings back what it found.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        let (answer, answered) = oneshot::channel();
        // Where the client has gone, nobody hears the answer, and nobody has to.
        let run = move |connection: &mut Connection| drop(answer.send(work(connection)));
        let task = Task::Run(Box::new(run));
        self.queue.send(task).await.map_err(|_| Fault::closed())?;
        answered.await.map_err(|_| Fault::closed())?
    }

    /// Waits for the work that was sent before, and closes the connection, and so the file.
    pub(super) async fn close(&self) {
        let (closed, wait) = oneshot::channel();
        if self.queue.send(Task::Close(closed)).await.is_ok() {
            drop(wait.await);
        }
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").finish_non_exhaustive()
    }
}

fn work_off(mut connection: Connection, mut tasks: mpsc::Receiver<Task>) {
    while let Some(task) = tasks.blocking_recv() {
        match task {
            Task::Run(work) => work(&mut connection),
            Task::Close(closed) => {
                drop(connection);
                let _ = closed.send(());
                return;
            }
        }
    }
}

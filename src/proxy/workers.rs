//! The threads that serve, each with a runtime of its own: what a connection touches on its way, its socket,
//! its alarm, its buffers and the connections to peers, stays on one thread, and nothing is woken across.
//!
//! Connections are let in by one task and handed to the thread that has the fewest, so that a few that live
//! long are spread evenly, and a listener's socket need not be shared, which would hide that another process
//! listens there, too.

use std::cell::Cell;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use tokio::runtime::{Builder, Handle};
use tokio::sync::watch;

/// A thread that does not end by itself in so long a time is left behind. A request never takes it.
const LEFT_BEHIND: Duration = Duration::from_millis(200);

thread_local! {
    static INDEX: Cell<usize> = const { Cell::new(0) };
}

/// Threads that serve until this is dropped; with them ends what still ran on them.
#[derive(Debug)]
pub struct Workers {
    crew: Arc<Crew>,
    ending: watch::Sender<bool>,
    /// Hangs up when the last thread has ended.
    ended: Mutex<Receiver<()>>,
}

/// Where work is handed to them.
#[derive(Debug)]
pub(super) struct Crew(Vec<Worker>);

#[derive(Debug)]
struct Worker {
    runtime: Handle,
    connections: Arc<AtomicUsize>,
}

impl Workers {
    /// So many threads; 0 for one a core.
    ///
    /// # Errors
    ///
    /// Where the system has no room for them.
    pub fn start(threads: usize) -> io::Result<Self> {
        let threads = if threads == 0 { most() } else { threads };
        let (ending, (alive, ended)) = (watch::Sender::new(false), channel());
        let worker = |index| {
            let runtime = Builder::new_current_thread().enable_all().build()?;
            let (handle, alive, mut end) = (runtime.handle().clone(), alive.clone(), ending.subscribe());
            let serve = move || {
                INDEX.set(index);
                // Only an end that is asked for wakes this; so does whoever asks being gone.
                let _ = runtime.block_on(end.wait_for(|end| *end));
                drop((runtime, alive));
            };
            thread::Builder::new().name(format!("portcullis {index}")).spawn(serve)?;
            Ok(Worker { runtime: handle, connections: Arc::default() })
        };
        let crew = Crew((0..threads).map(worker).collect::<io::Result<_>>()?);
        Ok(Self { crew: Arc::new(crew), ending, ended: Mutex::new(ended) })
    }

    /// No threads of their own: whatever runtime this is called in serves.
    pub fn here() -> Self {
        let crew = Crew(vec![Worker { runtime: Handle::current(), connections: Arc::default() }]);
        Self { crew: Arc::new(crew), ending: watch::Sender::new(false), ended: Mutex::new(channel().1) }
    }

    /// Where work is handed to them. It does not keep them from ending.
    pub(super) fn crew(&self) -> Arc<Crew> {
        Arc::clone(&self.crew)
    }
}

impl Crew {
    /// Runs something on the thread that has the least to do.
    pub(super) fn spawn(&self, connection: impl Future<Output = ()> + Send + 'static) {
        let Some(worker) = self.0.iter().min_by_key(|worker| worker.connections.load(Ordering::Relaxed)) else {
            return;
        };
        let open = Open(Arc::clone(&worker.connections));
        open.0.fetch_add(1, Ordering::Relaxed);
        worker.runtime.spawn(async move {
            let _open = open;
            connection.await;
        });
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.ending.send_replace(true);
        // Nothing is ever sent: this waits for the threads to hang up.
        let ended = self.ended.get_mut().unwrap_or_else(PoisonError::into_inner);
        let _ = ended.recv_timeout(LEFT_BEHIND);
    }
}

/// Counts for as long as it is.
struct Open(Arc<AtomicUsize>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The thread that this is called on, by its number.
pub(super) fn index() -> usize {
    INDEX.get()
}

/// As many as there are cores.
pub(super) fn most() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::sync::Barrier;

    use super::*;

    #[test]
    fn what_runs_is_spread_evenly_and_ends_with_the_threads() {
        let workers = Workers::start(3).expect("there is room");
        let (meet, (tell, told)) = (Arc::new(Barrier::new(4)), channel());
        for _ in 0..3 {
            let (meet, tell) = (Arc::clone(&meet), tell.clone());
            workers.crew().spawn(async move {
                // Three on one thread would never meet.
                meet.wait();
                tell.send(index()).expect("somebody listens");
                std::future::pending::<()>().await;
                drop(tell);
            });
        }
        drop(tell);
        meet.wait();
        let on: HashSet<usize> = (0..3).map(|_| told.recv().expect("each tells")).collect();
        assert_eq!(on.len(), 3);
        drop(workers);
        assert!(told.recv().is_err(), "nothing is left of them");
    }
}

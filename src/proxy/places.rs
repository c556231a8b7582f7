//! How many connections may be open at once, and how many are: by a limit that a reload may change.

use std::sync::Arc;

use tokio::sync::watch;

/// The connections of the gate.
#[derive(Debug)]
pub(super) struct Places {
    open: watch::Sender<usize>,
}

/// One connection, counted until it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    places: Arc<Places>,
}

impl Places {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self { open: watch::Sender::new(0) })
    }

    /// Waits for a free place of so many as `most` says by then.
    pub(super) async fn free(&self, most: impl Fn() -> usize) {
        let _ = self.open.subscribe().wait_for(|open| *open < most()).await;
    }

    /// Takes a place, whether there is a free one or not.
    pub(super) fn take(self: &Arc<Self>) -> Place {
        self.open.send_modify(|open| *open += 1);
        Place { places: Arc::clone(self) }
    }

    /// The limit has changed: who waits looks again.
    pub(super) fn limit_changed(&self) {
        self.open.send_modify(|_| {});
    }

    /// How many are taken.
    pub(super) fn open(&self) -> usize {
        *self.open.borrow()
    }

    /// Waits until all are free.
    pub(super) async fn all_free(&self) {
        let _ = self.open.subscribe().wait_for(|open| *open == 0).await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.open.send_modify(|open| *open -= 1);
    }
}

//! Whose turn it is to have a hash computed: few at once, a bounded line of those who wait, for a bounded time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::available_parallelism;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::policy::authenticate::Unavailable;

/// So many wait at most.
const LINE: usize = 64;
/// And so long.
const PATIENCE: Duration = Duration::from_secs(2);

pub(super) struct Turns {
    free: Arc<Semaphore>,
    waiting: AtomicUsize,
}

impl Default for Turns {
    /// One fewer than there are cores, so that one is left for all the rest.
    fn default() -> Self {
        let cores = available_parallelism().map_or(1, usize::from);
        Self::new(cores.saturating_sub(1).max(1))
    }
}

impl Turns {
    fn new(at_once: usize) -> Self {
        Self { free: Arc::new(Semaphore::new(at_once)), waiting: AtomicUsize::new(0) }
    }

    #[cfg(test)]
    pub(super) fn free(&self) -> usize {
        self.free.available_permits()
    }

    /// Waits for a turn, which lasts for as long as what is returned.
    ///
    /// # Errors
    ///
    /// Where the line is full, or does not move.
    pub(super) async fn take(&self) -> Result<OwnedSemaphorePermit, Unavailable> {
        let told = |why: &str| Unavailable(why.to_owned());
        if let Ok(turn) = Arc::clone(&self.free).try_acquire_owned() {
            return Ok(turn);
        }
        let place = Waiting::join(&self.waiting).ok_or_else(|| told("too many passwords wait to be checked"))?;
        let turn = timeout(PATIENCE, Arc::clone(&self.free).acquire_owned()).await;
        drop(place);
        match turn {
            Ok(Ok(turn)) => Ok(turn),
            _ => Err(told("a password waited too long to be checked")),
        }
    }
}

/// A place in the line, left also by who goes away.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn join(line: &'a AtomicUsize) -> Option<Self> {
        let place = Self(line);
        (line.fetch_add(1, Ordering::Relaxed) < LINE).then_some(place)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use tokio::task::JoinSet;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_line_is_bounded_in_number_and_time() {
        let turns = Arc::new(Turns::new(1));
        let turn = turns.take().await.expect("the first");
        let mut line = JoinSet::new();
        for _ in 0..LINE + 1 {
            let turns = Arc::clone(&turns);
            line.spawn(async move { turns.take().await.map(drop).map_err(|why| why.0) });
        }
        let mut next = async || line.join_next().await.expect("one more").expect("no panic");
        assert_eq!(next().await, Err("too many passwords wait to be checked".to_owned()));
        drop(turn);
        for _ in 0..LINE {
            assert_eq!(next().await, Ok(()));
        }
        assert_eq!(turns.waiting.load(Ordering::Relaxed), 0);

        let _turn = turns.take().await.expect("all are gone");
        let waited = turns.take().await.map(drop);
        assert_eq!(waited, Err(Unavailable("a password waited too long to be checked".to_owned())));
    }

    #[tokio::test(start_paused = true)]
    async fn who_goes_away_leaves_the_line() {
        let turns = Turns::new(1);
        let turn = turns.take().await.expect("the first");
        {
            let waits = turns.take();
            assert!(timeout(Duration::from_millis(1), waits).await.is_err());
        }
        assert_eq!(turns.waiting.load(Ordering::Relaxed), 0);
        drop(turn);
        assert!(turns.take().await.is_ok());
    }
}

//! The bytes of all bodies held at once: one budget for the whole gate.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What is taken of `[limits] buffered`, by a limit that a reload may change.
#[derive(Debug, Default)]
pub(super) struct Budget {
    taken: AtomicU64,
    /// Shares that hold something.
    bodies: AtomicU64,
}

/// A share of the budget, given back when it is dropped.
#[derive(Debug)]
pub(super) struct Share {
    budget: Arc<Budget>,
    limit: u64,
    bytes: u64,
}

impl Budget {
    pub(super) fn new() -> Arc<Self> {
        Arc::default()
    }

    /// An empty share, to grow while all together stay within `limit`.
    pub(super) fn share(self: &Arc<Self>, limit: u64) -> Share {
        Share { budget: Arc::clone(self), limit, bytes: 0 }
    }

    /// Bodies that are held, and their bytes.
    pub(super) fn held(&self) -> (u64, u64) {
        (self.bodies.load(Ordering::Relaxed), self.taken.load(Ordering::Relaxed))
    }
}

impl Share {
    /// Grows to at least so many bytes; `false` where the budget has no room, and nothing was taken.
    pub(super) fn grow_to(&mut self, bytes: u64) -> bool {
        let more = bytes.saturating_sub(self.bytes);
        let take = |taken: u64| taken.checked_add(more).filter(|taken| *taken <= self.limit);
        let room = more == 0 || self.budget.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok();
        if room {
            self.budget.bodies.fetch_add(u64::from(self.bytes == 0 && more > 0), Ordering::Relaxed);
            self.bytes += more;
        }
        room
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.budget.taken.fetch_sub(self.bytes, Ordering::Relaxed);
        self.budget.bodies.fetch_sub(u64::from(self.bytes > 0), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_dropped_is_free_again() {
        let budget = Budget::new();
        let (mut one, mut two) = (budget.share(10), budget.share(10));
        assert!(one.grow_to(0) && one.grow_to(6) && one.grow_to(4) && two.grow_to(4));
        assert!(!two.grow_to(5) && !one.grow_to(7));
        assert_eq!(budget.held(), (2, 10));
        drop(one);
        assert_eq!(budget.held(), (1, 4));
        assert!(two.grow_to(10));
    }
}

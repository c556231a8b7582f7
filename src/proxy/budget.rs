//! The bytes of all bodies held at once: one budget for the whole gate.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What is left of `[limits] buffered`.
#[derive(Debug)]
pub(super) struct Budget {
    left: AtomicU64,
}

/// A share of the budget, given back when it is dropped.
#[derive(Debug)]
pub(super) struct Share {
    budget: Arc<Budget>,
    bytes: u64,
}

impl Budget {
    pub(super) fn new(bytes: u64) -> Arc<Self> {
        Arc::new(Self { left: AtomicU64::new(bytes) })
    }

    /// An empty share, to grow.
    pub(super) fn share(self: &Arc<Self>) -> Share {
        Share { budget: Arc::clone(self), bytes: 0 }
    }
}

impl Share {
    /// Grows to at least so many bytes; `false` where the budget has no room, and nothing was taken.
    pub(super) fn grow_to(&mut self, bytes: u64) -> bool {
        let more = bytes.saturating_sub(self.bytes);
        let take = |left: u64| left.checked_sub(more);
        let room = self.budget.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok();
        if room {
            self.bytes += more;
        }
        room
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.budget.left.fetch_add(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_dropped_is_free_again() {
        let budget = Budget::new(10);
        let (mut one, mut two) = (budget.share(), budget.share());
        assert!(one.grow_to(6) && one.grow_to(4) && two.grow_to(4));
        assert!(!two.grow_to(5) && !one.grow_to(7));
        drop(one);
        assert!(two.grow_to(10));
    }
}

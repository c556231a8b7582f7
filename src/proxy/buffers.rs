//! Buffers for what is read, lent for a request and given back with it: whoever is idle holds none.

use std::cell::RefCell;
use std::ops::{Deref, DerefMut};

use bytes::BytesMut;

/// Room for what most messages are, and what half a head costs.
const ROOM: usize = 4 << 10;

/// Of what is long, so much is read at once.
const MUCH: usize = 64 << 10;

/// Buffers that a thread keeps for the next request.
const MOST_KEPT: usize = 64;

thread_local! {
    static KEPT: RefCell<Vec<BytesMut>> = const { RefCell::new(Vec::new()) };
}

/// A buffer, lent until it is dropped.
#[derive(Debug)]
pub(super) struct Buffer(BytesMut);

impl Buffer {
    /// An empty one, with room.
    pub(super) fn lent() -> Self {
        Self(KEPT.with_borrow_mut(Vec::pop).unwrap_or_else(|| BytesMut::with_capacity(ROOM)))
    }

    /// None as yet: what is written to it takes a buffer first.
    pub(super) fn none() -> Self {
        Self(BytesMut::new())
    }

    /// Takes a buffer, if there is none.
    pub(super) fn lend(&mut self) {
        if self.0.capacity() == 0 {
            *self = Self::lent();
        }
    }

    /// An empty one, with room for so many bytes at least.
    pub(super) fn with_room(bytes: usize) -> Self {
        if bytes <= ROOM { Self::lent() } else { Self(BytesMut::with_capacity(bytes)) }
    }

    /// One that holds these bytes, if there are any.
    pub(super) fn holding(bytes: &[u8]) -> Option<Self> {
        (!bytes.is_empty()).then(|| {
            let mut this = Self::lent();
            this.0.extend_from_slice(bytes);
            this
        })
    }

    /// Makes room for some more of what may have no more than `most` bytes in all, and takes no more room than
    /// that.
    pub(super) fn grow_within(&mut self, most: usize) {
        if self.0.len() == self.0.capacity() {
            let mut larger = BytesMut::with_capacity((2 * self.0.len()).max(ROOM).min(most));
            larger.extend_from_slice(&self.0);
            self.0 = larger;
        }
    }

    /// Makes room for a read of what is expected; `eager` where the last read filled all the room there was.
    pub(super) fn make_room(&mut self, expected: Option<u64>, eager: bool) {
        let most = if eager || expected.is_some_and(|expected| expected > ROOM as u64) { MUCH } else { ROOM };
        let expected = expected.map_or(most, |expected| usize::try_from(expected).unwrap_or(most));
        self.0.reserve(expected.clamp(1, most));
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        if self.0.capacity() == 0 {
            return;
        }
        self.0.clear();
        // What was taken from its front comes back; a large one does not stay.
        if self.0.capacity() < 2 * ROOM {
            self.0.reserve(ROOM);
            let bytes = std::mem::take(&mut self.0);
            // A thread that ends keeps nothing.
            let _ = KEPT.try_with(|kept| {
                let mut kept = kept.borrow_mut();
                if kept.len() < MOST_KEPT {
                    kept.push(bytes);
                }
            });
        }
    }
}

impl Deref for Buffer {
    type Target = BytesMut;

    fn deref(&self) -> &BytesMut {
        &self.0
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut BytesMut {
        &mut self.0
    }
}

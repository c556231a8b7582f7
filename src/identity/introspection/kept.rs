//! Answers that are kept, each until its time, within a number and a size.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use super::TokenHash;
use crate::policy::authenticate::Claims;

/// So many tokens are known at once.
const MOST: usize = 10_000;
/// What was said of them came in so many bytes.
const MOST_BYTES: usize = 16 * 1024 * 1024;

/// Answers by token. What makes room for more is what is good no more, then any: they are found by a
/// hash that nobody else can compute, so nobody can choose which.
#[derive(Default)]
pub(super) struct Kept {
    answers: HashMap<TokenHash, One>,
    bytes: usize,
}

struct One {
    claims: Option<Arc<Claims>>,
    bytes: usize,
    until: Instant,
}

impl Kept {
    /// What is known of a token; the inner none where it is not good.
    pub(super) fn find(&self, hash: &TokenHash, now: Instant) -> Option<Option<Arc<Claims>>> {
        self.answers.get(hash).filter(|one| now < one.until).map(|one| one.claims.clone())
    }

    /// Keeps an answer that came in so many bytes.
    pub(super) fn keep(
        &mut self,
        hash: TokenHash,
        claims: Option<Arc<Claims>>,
        bytes: usize,
        now: Instant,
        until: Instant,
    ) {
        // Of a token that is not good nothing more is kept.
        let bytes = if claims.is_some() { bytes } else { 0 };
        if until <= now {
            return;
        }
        self.remove(&hash);
        if self.answers.len() >= MOST || self.bytes + bytes > MOST_BYTES {
            self.make_room(now, bytes);
        }
        self.bytes += bytes;
        self.answers.insert(hash, One { claims, bytes, until });
    }

    /// Room for many, so that not each one has to look for its own.
    fn make_room(&mut self, now: Instant, bytes: usize) {
        self.answers.retain(|_, one| now < one.until);
        self.bytes = self.answers.values().map(|one| one.bytes).sum();
        let fits = |this: &Self| this.answers.len() < MOST && this.bytes + bytes <= MOST_BYTES;
        if fits(self) {
            return;
        }
        let any: Vec<TokenHash> = self.answers.keys().copied().collect();
        for (index, hash) in any.iter().enumerate() {
            if index >= MOST / 16 && fits(self) {
                break;
            }
            self.remove(hash);
        }
    }

    fn remove(&mut self, hash: &TokenHash) {
        if let Some(one) = self.answers.remove(hash) {
            self.bytes -= one.bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn hash(number: usize) -> TokenHash {
        let mut hash = [0; 32];
        hash[..8].copy_from_slice(&number.to_be_bytes());
        hash
    }

    #[test]
    fn answers_are_good_until_their_time() {
        let (mut kept, now) = (Kept::default(), Instant::now());
        let second = Duration::from_secs(1);
        kept.keep(hash(1), Some(Arc::default()), 10, now, now + second);
        kept.keep(hash(2), None, 10, now, now + second);
        kept.keep(hash(3), None, 10, now, now);
        assert!(matches!(kept.find(&hash(1), now), Some(Some(_))));
        assert!(matches!(kept.find(&hash(2), now), Some(None)));
        assert!(kept.find(&hash(3), now).is_none());
        assert!(kept.find(&hash(1), now + second).is_none());
    }

    #[test]
    fn they_are_bounded_in_number_and_size() {
        let (mut kept, now) = (Kept::default(), Instant::now());
        let (soon, late) = (now + Duration::from_secs(1), now + Duration::from_secs(2));
        for number in 0..MOST {
            kept.keep(hash(number), None, 10, now, soon);
        }
        kept.keep(hash(MOST), None, 10, now, late);
        assert!(kept.answers.len() <= MOST - MOST / 16 + 1, "room was made: {}", kept.answers.len());
        for number in 0..2 * MOST {
            kept.keep(hash(number), None, 10, now, soon);
            assert!(kept.answers.len() <= MOST);
        }
        // What is good no more goes first, and all of it.
        kept.keep(hash(MOST * 3), None, 10, soon, late);
        let before = kept.answers.len();
        for number in MOST * 4..MOST * 4 + MOST - before + 2 {
            kept.keep(hash(number), None, 10, soon, late);
        }
        assert!(kept.find(&hash(MOST * 3), soon).is_some());

        let mut kept = Kept::default();
        for number in 0..1000 {
            kept.keep(hash(number), Some(Arc::default()), 64 * 1024, now, soon);
            assert!(kept.bytes <= MOST_BYTES);
            assert_eq!(kept.bytes, kept.answers.values().map(|one| one.bytes).sum::<usize>());
        }
        // The same token again is one.
        let mut kept = Kept::default();
        kept.keep(hash(1), Some(Arc::default()), 10, now, soon);
        kept.keep(hash(1), Some(Arc::default()), 20, now, soon);
        assert_eq!((kept.answers.len(), kept.bytes), (1, 20));
    }
}

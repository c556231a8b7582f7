//! Passwords that were right a moment ago, so that each request of a good client does not cost a hash.
//!
//! What is kept is no password, and nothing to guess by: a digest keyed with a secret of this process. The
//! stored hash is a part of it, so what a changed file says holds at once. Wrong ones are not kept: there are
//! too many of them.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

use crate::policy::passwords::PasswordHash;

/// So many are kept; one more takes the place of any other.
const MOST: usize = 4096;

/// What stands for a hash and a password that belong together.
pub(super) type Mark = [u8; 32];

pub(super) struct Kept {
    /// None where the system had no random numbers; nothing is kept then.
    secret: Option<[u8; 32]>,
    until: Mutex<HashMap<Mark, Instant>>,
}

impl Default for Kept {
    fn default() -> Self {
        let mut secret = [0; 32];
        let secret = getrandom::fill(&mut secret).is_ok().then_some(secret);
        Self { secret, until: Mutex::default() }
    }
}

impl Kept {
    /// What stands for these two, where they may be kept at all.
    pub(super) fn mark(&self, hash: &PasswordHash, password: &[u8], keep: Duration) -> Option<Mark> {
        let secret = self.secret.as_ref().filter(|_| !keep.is_zero())?;
        let hash = hash.as_str();
        let digest = Sha256::new().chain_update(secret).chain_update((hash.len() as u64).to_le_bytes());
        Some(digest.chain_update(hash).chain_update(password).finalize().into())
    }

    pub(super) fn has(&self, mark: &Mark, now: Instant) -> bool {
        let until = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        until.get(mark).is_some_and(|until| now < *until)
    }

    pub(super) fn keep(&self, mark: Mark, until: Instant, now: Instant) {
        let mut kept = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MOST && !kept.contains_key(&mark) {
            kept.retain(|_, until| now < *until);
        }
        if kept.len() >= MOST && !kept.contains_key(&mark) {
            // In a map's own order, which nobody outside can know.
            let any = kept.keys().next().copied();
            any.and_then(|any| kept.remove(&any));
        }
        kept.insert(mark, until);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn hash(end: char) -> PasswordHash {
        let text = format!("$2a$06$DCq7YPn5Rq63x1Lad4cll.TV4S6ytwfsfvkgY8jIucDrjc8deX1s{end}");
        PasswordHash::parse(&text).expect("a hash")
    }

    #[test]
    fn marks_are_of_both_and_of_this_process() {
        let kept = Kept::default();
        let mark = kept.mark(&hash('.'), b"secret", MINUTE).expect("random numbers");
        assert_eq!(kept.mark(&hash('.'), b"secret", MINUTE), Some(mark));
        assert_ne!(kept.mark(&hash('.'), b"secreu", MINUTE), Some(mark));
        assert_ne!(kept.mark(&hash('a'), b"secret", MINUTE), Some(mark));
        assert_ne!(Kept::default().mark(&hash('.'), b"secret", MINUTE), Some(mark));
        assert_eq!(kept.mark(&hash('.'), b"secret", Duration::ZERO), None);
    }

    #[test]
    fn what_is_kept_ends() {
        let (kept, now) = (Kept::default(), Instant::now());
        kept.keep([1; 32], now + MINUTE, now);
        assert!(kept.has(&[1; 32], now + MINUTE - Duration::from_nanos(1)));
        assert!(!kept.has(&[1; 32], now + MINUTE));
        assert!(!kept.has(&[2; 32], now));
    }

    #[test]
    fn no_more_are_kept_than_may_be() {
        let (kept, now) = (Kept::default(), Instant::now());
        let mark = |number: usize| {
            let mut mark = [0; 32];
            mark[..8].copy_from_slice(&number.to_le_bytes());
            mark
        };
        let count = || kept.until.lock().expect("nobody panics").len();
        for number in 0..MOST + 100 {
            kept.keep(mark(number), now + MINUTE, now);
            assert!(kept.has(&mark(number), now));
        }
        assert_eq!(count(), MOST);
        // Those whose time is over go first.
        kept.keep(mark(0), now + 3 * MINUTE, now + 2 * MINUTE);
        assert!(count() == MOST || count() == 1);
        kept.keep(mark(MOST + 200), now + 3 * MINUTE, now + 2 * MINUTE);
        assert!(count() <= 2, "{}", count());
    }
}

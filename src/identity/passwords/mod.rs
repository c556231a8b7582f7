//! Whether a password is the one that a hash was made of.
//!
//! That takes long on purpose, so it is kept from the threads that serve (`turns`: few at once, a bounded
//! line), and one that was right is remembered for a while (`kept`). What a request does not wait for to its
//! end is computed all the same, and keeps its turn: who goes away and comes again gets no more of it.

mod kept;
mod turns;
mod verify;

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use kept::{Kept, Mark};
use tokio::task::spawn_blocking;
use turns::Turns;
use zeroize::Zeroizing;

pub use verify::{hashed, verify};

use crate::policy::authenticate::{Finding, Unavailable};
use crate::policy::passwords::PasswordHash;
use crate::policy::rejection::Rejection;

/// Checks passwords.
#[derive(Default)]
pub(super) struct Passwords {
    turns: Turns,
    kept: Kept,
    counts: Counts,
}

/// What came of the checks.
#[derive(Default)]
struct Counts {
    good: AtomicU64,
    wrong: AtomicU64,
    cached: AtomicU64,
    refused: AtomicU64,
}

impl Passwords {
    /// Whether it is known to be right, without computing anything.
    pub(super) fn is_known(&self, hash: &PasswordHash, password: &[u8], keep: Duration) -> bool {
        self.has(self.kept.mark(hash, password, keep).as_ref())
    }

    /// Finds out. Whoever has waited asks again whether it is `welcome`, before anything is computed.
    ///
    /// # Errors
    ///
    /// Where it is not.
    pub(super) async fn check(
        &self,
        hash: &PasswordHash,
        password: &Zeroizing<Vec<u8>>,
        keep: Duration,
        welcome: impl Fn() -> Result<(), Rejection>,
    ) -> Result<Finding, Rejection> {
        let mark = self.kept.mark(hash, password, keep);
        if self.has(mark.as_ref()) {
            return Ok(Finding::Password(true));
        }
        let turn = match self.turns.take().await {
            Ok(turn) => turn,
            Err(why) => {
                count(&self.counts.refused);
                return Ok(Finding::Unavailable(why));
            }
        };
        welcome().inspect_err(|_| count(&self.counts.refused))?;
        // Of many at once with one password, the first computes for all.
        if self.has(mark.as_ref()) {
            return Ok(Finding::Password(true));
        }
        let (stored, presented) = (hash.clone(), password.clone());
        // The turn goes along, and comes back: it ends when the computing has, and the answer is here.
        let computing = spawn_blocking(move || (verify(&stored, &presented), turn));
        let Ok((right, turn)) = computing.await else {
            count(&self.counts.refused);
            return Ok(Finding::Unavailable(Unavailable("a password could not be checked".to_owned())));
        };
        count(if right { &self.counts.good } else { &self.counts.wrong });
        if let Some(mark) = mark.filter(|_| right) {
            let now = Instant::now();
            if let Some(until) = now.checked_add(keep) {
                self.kept.keep(mark, until, now);
            }
        }
        drop(turn);
        Ok(Finding::Password(right))
    }

    /// What came of the checks so far, by the names that metrics have for it.
    pub(super) fn counted(&self) -> Vec<(&'static str, u64)> {
        let Counts { good, wrong, cached, refused } = &self.counts;
        let all = [("good", good), ("wrong", wrong), ("cached", cached), ("refused", refused)];
        all.map(|(result, count)| (result, count.load(Ordering::Relaxed))).into()
    }

    fn has(&self, mark: Option<&Mark>) -> bool {
        let known = mark.is_some_and(|mark| self.kept.has(mark, Instant::now()));
        if known {
            count(&self.counts.cached);
        }
        known
    }
}

fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// Nothing of it is for anybody's eyes.
impl fmt::Debug for Passwords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Passwords").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::timeout;

    use super::*;

    const KEEP: Duration = Duration::from_secs(60);

    /// Of `correct horse`, by bcrypt of cost 10.
    fn slow() -> (PasswordHash, Zeroizing<Vec<u8>>) {
        let hash = PasswordHash::parse("$2b$10$aTGaAoDHD0e362d6gxhZPeSeekbP2auTrSyFh9s.6y1zLoxD1nxgW");
        (hash.expect("a hash"), Zeroizing::new(b"correct horse".to_vec()))
    }

    fn counted(passwords: &Passwords) -> [u64; 4] {
        let counts: Vec<u64> = passwords.counted().into_iter().map(|(_, count)| count).collect();
        counts.try_into().expect("four results")
    }

    #[tokio::test]
    async fn who_goes_away_keeps_the_turn_until_the_hash_is_computed() {
        let passwords = Passwords::default();
        let (hash, password) = slow();
        let free = passwords.turns.free();
        let check = passwords.check(&hash, &password, KEEP, || Ok(()));
        assert!(timeout(Duration::ZERO, check).await.is_err(), "it waits for another thread");
        assert_eq!(passwords.turns.free(), free - 1);
        // All turns can be had again, once it is.
        let mut turns = Vec::new();
        for _ in 0..free {
            turns.push(passwords.turns.take().await.expect("it comes back"));
        }
    }

    #[tokio::test]
    async fn who_is_not_welcome_any_more_costs_nothing() {
        let passwords = Passwords::default();
        let (hash, password) = slow();
        let refused = passwords.check(&hash, &password, KEEP, || Err(Rejection::AmbiguousCredentials)).await;
        assert_eq!(refused.map(|_| ()), Err(Rejection::AmbiguousCredentials));
        assert_eq!(counted(&passwords), [0, 0, 0, 1]);
    }

    #[tokio::test]
    async fn what_was_right_is_known_without_waiting() {
        let passwords = Passwords::default();
        let (hash, password) = slow();
        assert!(!passwords.is_known(&hash, &password, KEEP));
        let never = || -> Result<(), Rejection> { panic!("this needs no turn") };
        assert!(matches!(passwords.check(&hash, &password, KEEP, || Ok(())).await, Ok(Finding::Password(true))));
        assert!(passwords.is_known(&hash, &password, KEEP));
        assert!(matches!(passwords.check(&hash, &password, KEEP, never).await, Ok(Finding::Password(true))));
        assert!(!passwords.is_known(&hash, &password, Duration::ZERO));
        assert_eq!(counted(&passwords), [1, 0, 2, 0]);
    }
}

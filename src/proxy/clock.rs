//! Where time and chance come from, for a core that has neither.

use std::cell::RefCell;
use std::ops::Deref;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use httpdate::HttpDate;

use crate::policy::time::Timestamp;
use crate::policy::trail::Watch;

/// A clock that tells the date and never runs backwards: the system's date at start, and from there on
/// the monotonic clock.
#[derive(Debug)]
pub(super) struct Clock {
    began: Instant,
    date: Timestamp,
    /// For what is timed within a request, a dozen times each: the processor's counter, at a third of what
    /// the system's clock takes.
    watch: quanta::Clock,
    watch_began: u64,
}

impl Clock {
    pub(super) fn start() -> Self {
        let date = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let watch = quanta::Clock::new();
        let watch_began = watch.raw();
        Self { began: Instant::now(), date: Timestamp::default() + date, watch, watch_began }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.date + self.began.elapsed()
    }
}

impl Watch for Clock {
    fn nanos(&self) -> u64 {
        self.watch.delta_as_nanos(self.watch_began, self.watch.raw())
    }
}

/// The date as answers tell it (RFC 9110 §5.6.7), made once a second on each thread.
pub(super) fn http_date() -> String {
    thread_local! {
        static LAST: RefCell<(u64, String)> = const { RefCell::new((0, String::new())) };
    }
    let now = SystemTime::now();
    let second = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    LAST.with_borrow_mut(|(of, text)| {
        if *of != second {
            (*of, *text) = (second, HttpDate::from(now).to_string());
        }
        text.clone()
    })
}

/// Ids that nobody has used and nobody needs to be unable to guess.
#[derive(Debug)]
pub(super) struct Ids {
    seed: u128,
    next: AtomicU64,
}

/// One request's id, and the id of our span within its trace.
#[derive(Clone, Copy, Debug)]
pub(super) struct Id {
    pub(super) trace: u128,
    pub(super) span: u64,
}

impl Ids {
    /// Seeded by the system, so that two gates do not hand out the same.
    pub(super) fn seeded() -> std::io::Result<Self> {
        let mut seed = [0; 16];
        getrandom::fill(&mut seed).map_err(std::io::Error::other)?;
        Ok(Self { seed: u128::from_le_bytes(seed) | 1, next: AtomicU64::new(1) })
    }

    pub(super) fn fresh(&self) -> Id {
        let count = self.next.fetch_add(1, Ordering::Relaxed);
        // An odd multiplier permutes, so ids neither repeat nor end up all zero before 2^64 requests.
        let trace = self.seed.wrapping_add(u128::from(count).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835));
        let [low, high] = [trace as u64, (trace >> 64) as u64];
        Id { trace, span: (low ^ high.rotate_left(29)) | 1 }
    }
}

impl Id {
    /// The trace as it is told: 32 hexadecimal digits.
    pub(super) fn trace_text(self) -> HexText<32> {
        HexText::of(&self.trace.to_be_bytes())
    }

    /// The span as it is told: 16 hexadecimal digits.
    pub(super) fn span_text(self) -> HexText<16> {
        HexText::of(&self.span.to_be_bytes())
    }
}

/// An id as text, without the heap.
#[derive(Clone, Copy, Debug)]
pub(super) struct HexText<const DIGITS: usize>([u8; DIGITS]);

impl<const DIGITS: usize> HexText<DIGITS> {
    fn of(bytes: &[u8]) -> Self {
        let mut digits = [b'0'; DIGITS];
        for (pair, byte) in digits.chunks_exact_mut(2).zip(bytes) {
            pair.copy_from_slice(&[byte >> 4, byte & 15].map(|digit| b"0123456789abcdef"[usize::from(digit)]));
        }
        Self(digits)
    }
}

impl<const DIGITS: usize> Deref for HexText<DIGITS> {
    type Target = str;

    fn deref(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

//! One address of a peer: whether it takes connections, and those that it keeps.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::dial::Fault;
use crate::proxy::transport::Transport;
use crate::proxy::workers;

/// So long an address that took no connection is left out, while there are others.
const LEFT_OUT: Duration = Duration::from_secs(5);

/// Who answered less long ago need not be asked.
const LATELY: Duration = Duration::from_secs(5);

/// Of a connection that was used less long ago, what the runtime has heard is believed; of others the kernel
/// is asked. Peers close what has lain idle for long, and hardly ever in the first second.
const FRESH: Duration = Duration::from_secs(1);

/// Unused connections that each thread keeps to one address.
const MOST_IDLE: usize = 256;

/// One address of a peer.
#[derive(Debug)]
pub(in crate::proxy) struct Address {
    pub(in crate::proxy) socket: SocketAddr,
    began: Instant,
    /// Since `began`: when it is asked again, in nanoseconds; zero where it took the last connection.
    down_until: AtomicU64,
    /// Since `began`: when something was last heard from it, in nanoseconds, plus one.
    heard: AtomicU64,
    /// One list for each thread that serves: a connection is used where it was made.
    idle: Box<[Mutex<Vec<Idle>>]>,
}

/// In the order in which addresses are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    /// It was left out, and is to be asked again.
    Due,
    /// It took the last connection.
    Up,
    /// It did not, lately.
    LeftOut,
}

#[derive(Debug)]
struct Idle {
    stream: Transport,
    since: Instant,
}

impl Address {
    pub(super) fn new(socket: SocketAddr) -> Self {
        let (down_until, heard) = (AtomicU64::new(0), AtomicU64::new(0));
        Self {
            socket,
            began: Instant::now(),
            down_until,
            heard,
            idle: std::iter::repeat_with(Mutex::default).take(workers::most()).collect(),
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// It took a connection.
    pub(super) fn is_up(&self, upstream: &str, peer: &str) {
        self.heard();
        if self.down_until.swap(0, Ordering::Relaxed) != 0 {
            tracing::info!(upstream, peer, address = %self.socket, "upstream up");
        }
    }

    /// It took none. Said once, until it does again. Where the fault is ours, it says nothing of the peer.
    pub(super) fn is_down(&self, upstream: &str, peer: &str, fault: &Fault) {
        if matches!(fault, Fault::Local(_)) {
            return;
        }
        let until = self.now() + LEFT_OUT.as_nanos() as u64;
        if self.down_until.swap(until, Ordering::Relaxed) == 0 {
            tracing::warn!(upstream, peer, address = %self.socket, cause = %fault, "upstream down");
        }
        self.heard.store(0, Ordering::Relaxed);
    }

    /// Something came from it.
    pub(super) fn heard(&self) {
        self.heard.store(self.now() + 1, Ordering::Relaxed);
    }

    /// Whether it took no connection when it was last asked.
    pub(super) fn is_marked(&self) -> bool {
        self.down_until.load(Ordering::Relaxed) != 0
    }

    /// Who goes before whom. Once the time of one that was left out is over, one request finds out how it
    /// is, and so goes there first; those that come meanwhile go on passing over it.
    pub(super) fn rank(&self) -> Rank {
        let until = self.down_until.load(Ordering::Relaxed);
        if until == 0 {
            return Rank::Up;
        }
        let now = self.now();
        let next = now + LEFT_OUT.as_nanos() as u64;
        let due =
            now >= until && self.down_until.compare_exchange(until, next, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        if due { Rank::Due } else { Rank::LeftOut }
    }

    /// As if the time for which it is left out were over.
    #[cfg(test)]
    pub(super) fn let_time_pass(&self) {
        self.down_until.store(1, Ordering::Relaxed);
    }

    /// As if what is kept had been kept for so much longer.
    #[cfg(test)]
    pub(super) fn let_idle_time_pass(&self, time: Duration) {
        self.lock().iter_mut().for_each(|idle| idle.since -= time);
    }

    /// Whether there is no need to ask.
    pub(super) fn answered_lately(&self) -> bool {
        let heard = self.heard.load(Ordering::Relaxed);
        heard != 0 && self.now().saturating_sub(heard) < LATELY.as_nanos() as u64
    }

    /// A kept connection that still stands; those that do not are closed.
    pub(super) fn take_idle(&self, longest: Duration) -> Option<Transport> {
        let mut idle = self.lock();
        while let Some(Idle { mut stream, since }) = idle.pop() {
            let kept = since.elapsed();
            if kept >= longest {
                // Those below are older still.
                idle.clear();
                return None;
            }
            let quiet = if kept < FRESH { stream.seems_quiet() } else { stream.is_quiet() };
            if quiet {
                return Some(stream);
            }
        }
        None
    }

    /// Keeps a connection for the next request.
    pub(super) fn keep(&self, stream: Transport) {
        let mut idle = self.lock();
        if idle.len() < MOST_IDLE {
            idle.push(Idle { stream, since: Instant::now() });
        }
    }

    /// Keeps a connection that nobody asked for, where there is none; more would pile up.
    pub(super) fn keep_the_only(&self, stream: Transport) {
        let mut idle = self.lock();
        if idle.is_empty() {
            idle.push(Idle { stream, since: Instant::now() });
        }
    }

    /// Closes what was kept too long, and what its peer has closed.
    pub(super) fn sweep(&self, longest: Duration) {
        for idle in &self.idle {
            lock(idle).retain_mut(|idle| idle.since.elapsed() < longest && idle.stream.is_quiet());
        }
    }

    /// Those of the thread that this is called on.
    fn lock(&self) -> MutexGuard<'_, Vec<Idle>> {
        lock(&self.idle[workers::index() % self.idle.len()])
    }
}

fn lock(idle: &Mutex<Vec<Idle>>) -> MutexGuard<'_, Vec<Idle>> {
    // Nothing panics while it is held; connections stay connections in any case.
    idle.lock().unwrap_or_else(PoisonError::into_inner)
}

//! Who waits for a service: so many ask it at once, so many wait for that, and all others are sent away.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Failure;
use crate::policy::authenticate::Service;

/// So many questions are asked of one service at once.
const AT_ONCE: usize = 64;
/// So many more wait for that.
const WAITING: usize = 1024;

/// A line before each service.
#[derive(Debug, Default)]
pub(super) struct Lines(Mutex<HashMap<Asked, Arc<Line>>>);

/// Where it is, and whom it is believed by.
type Asked = (String, Option<[u8; 32]>);

#[derive(Debug)]
struct Line {
    places: Arc<Semaphore>,
    waiting: AtomicUsize,
}

/// Counts for as long as it is.
struct Waits<'a>(&'a Line);

impl Lines {
    /// The right to ask, for as long as it is held.
    ///
    /// # Errors
    ///
    /// Where too many wait for it already.
    pub(super) async fn place(&self, service: &Service) -> Result<OwnedSemaphorePermit, Failure> {
        let line = self.line(service);
        if let Ok(place) = Arc::clone(&line.places).try_acquire_owned() {
            return Ok(place);
        }
        let waits = Waits(&line);
        if line.waiting.fetch_add(1, Ordering::Relaxed) >= WAITING {
            return Err(Failure::Busy);
        }
        let place = Arc::clone(&line.places).acquire_owned().await.map_err(|_| Failure::Busy);
        drop(waits);
        place
    }

    fn line(&self, service: &Service) -> Arc<Line> {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (service.url.origin(), service.tls.as_ref().map(|tls| tls.fingerprint));
        if let Some(line) = lines.get(&key) {
            return Arc::clone(line);
        }
        // Those of earlier configurations, which nobody stands in: their places are all there.
        lines.retain(|_, line| Arc::strong_count(line) > 1 || line.places.available_permits() < AT_ONCE);
        let line = Arc::new(Line { places: Arc::new(Semaphore::new(AT_ONCE)), waiting: AtomicUsize::new(0) });
        lines.insert(key, Arc::clone(&line));
        line
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

//! What systemd is told, where it asks to be (`Type=notify-reload`, `WatchdogSec=`): sd_notify(3). Without
//! `NOTIFY_SOCKET` all of this is nothing.

use std::time::Duration;

use sd_notify::{NotifyState, notify};

/// Requests are served, by the first configuration or another one.
pub fn ready(status: &str) {
    tell(&[NotifyState::Ready, NotifyState::Status(status)]);
}

/// Another configuration is being read.
pub fn reloading() {
    // systemd pairs this with the `ready` that follows by the time in it.
    if let Ok(now) = NotifyState::monotonic_usec_now() {
        tell(&[NotifyState::Reloading, now]);
    }
}

/// The gate drains.
pub fn stopping() {
    tell(&[NotifyState::Stopping, NotifyState::Status("draining")]);
}

/// Shows that the threads that serve still run, twice in the time that systemd allows.
pub async fn watchdog() {
    let Some(allowed) = sd_notify::watchdog_enabled() else { return std::future::pending().await };
    let mut ticks = tokio::time::interval((allowed / 2).max(Duration::from_millis(1)));
    loop {
        ticks.tick().await;
        tell(&[NotifyState::Watchdog]);
    }
}

fn tell(state: &[NotifyState<'_>]) {
    if let Err(error) = notify(state) {
        tracing::warn!(%error, "systemd cannot be told");
    }
}

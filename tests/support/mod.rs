//! What all tests stand on: configurations held in memory, a gate on ephemeral ports, and both of its
//! neighbours, a raw client and a recording peer, which can say what no library would.

pub(crate) mod authority;
pub(crate) mod chance;
pub(crate) mod client;
pub(crate) mod config;
pub(crate) mod corpus;
pub(crate) mod exposition;
pub(crate) mod gate;
pub(crate) mod issuer;
pub(crate) mod message;
pub(crate) mod peer;
pub(crate) mod process;
pub(crate) mod secure;
pub(crate) mod signing;
pub(crate) mod text;
pub(crate) mod token;

use std::time::Duration;

/// No single step of a conversation takes so long unless something hangs; a deadline for the test, not
/// something that is waited out.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// Runs a conversation on a runtime of its own.
pub(crate) fn run<T>(conversation: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime can be had").block_on(conversation)
}

/// Waits until something holds, by asking again and again.
pub(crate) async fn eventually<F: Future<Output = bool>>(what: &str, holds: impl Fn() -> F) {
    let until_it_does = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, until_it_does).await.is_ok(), "waited in vain: {what}");
}

/// Lets everybody else on the runtime go on for a moment, so that what was written is most likely read before more
/// is. Nothing may depend on that: it is for messages in pieces, which mean the same in any pieces.
pub(crate) async fn others_turn() {
    for _ in 0..4 {
        tokio::task::yield_now().await;
    }
}

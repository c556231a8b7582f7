//! What was asked of other services to find out who somebody is, and what came of it.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;

/// Counters by authenticator and result; clones count together.
#[derive(Clone, Debug, Default)]
pub struct Questions(pub(super) Family<QuestionLabels, Counter>);

/// What came of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuestionResult {
    /// It was answered.
    Ok,
    /// It was not, or with what says nothing.
    Failed,
    /// It was not in time.
    Timeout,
    /// The answer was there, or somebody else was asking.
    Cached,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub(super) struct QuestionLabels {
    authenticator: String,
    result: &'static str,
}

impl Questions {
    /// Counts one.
    pub fn count(&self, authenticator: &str, result: QuestionResult) {
        let result = match result {
            QuestionResult::Ok => "ok",
            QuestionResult::Failed => "failed",
            QuestionResult::Timeout => "timeout",
            QuestionResult::Cached => "cached",
        };
        self.0.get_or_create(&QuestionLabels { authenticator: authenticator.to_owned(), result }).inc();
    }
}

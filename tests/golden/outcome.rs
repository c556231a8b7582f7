//! What came of a step, in the same words whichever runner took it. What a runner cannot know is absent.

use crate::support::message::Ended;

/// What came of a step.
#[derive(Debug)]
pub(super) struct Outcome {
    /// None where no answer was made: the decision let it pass, or the connection just ended.
    pub(super) status: Option<u16>,
    /// The problem's code, where the answer tells it.
    pub(super) code: Option<String>,
    /// The stage that refused.
    pub(super) stage: Option<String>,
    pub(super) fields: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    pub(super) interim: Option<Vec<u16>>,
    /// What the peer got of it; one for each time it was sent.
    pub(super) forwarded: Vec<Forwarded>,
    pub(super) findings: Option<Vec<String>>,
    pub(super) wire: Option<Wire>,
    /// The access log's line of it; none where nothing came to a request.
    pub(super) line: Option<serde_json::Value>,
}

/// What only sockets show.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wire {
    pub(super) ended: Ended,
    /// Connections that the step made the gate open.
    pub(super) connections: usize,
}

/// A request as the peer gets it.
#[derive(Clone, Debug)]
pub(super) struct Forwarded {
    pub(super) method: String,
    pub(super) target: String,
    pub(super) fields: Vec<(String, String)>,
    /// None where the runner does not carry bodies.
    pub(super) body: Option<Vec<u8>>,
}

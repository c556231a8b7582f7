//! What a case can ask of an outcome, beside the status. What holds of every refusal is asked of every
//! refusal by [`super::judge`] and written in no case.

use serde::Deserialize;

/// The client's connection after the answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Connection {
    /// It serves a further request.
    #[default]
    Kept,
    /// It ends, cleanly, after the answer was read in whole.
    Closed,
    /// It ends within the answer, in a way that nobody takes for its end.
    Aborted,
    /// It ends without an answer.
    Silent,
}

/// What the client must see.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct AnswerExpect {
    /// The status, where it is not 200 or that of the refusal.
    pub(super) status: Option<u16>,
    /// `Name: value`, the only one of that name.
    pub(super) fields: Vec<String>,
    /// `Name: text` that the value holds.
    pub(super) holds: Vec<String>,
    /// Names that are not there.
    pub(super) lacks: Vec<String>,
    /// The whole body.
    pub(super) body: Option<String>,
    /// Texts that the body holds.
    pub(super) says: Vec<String>,
    /// Texts that are nowhere in the answer.
    pub(super) hides: Vec<String>,
    /// `pointer keyword` of each of the problem's errors, in order.
    pub(super) errors: Option<Vec<String>>,
    /// Interim answers before it.
    pub(super) interim: Vec<u16>,
}

/// What the peer must see, where it is not what the client sent.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ForwardedExpect {
    pub(super) method: Option<String>,
    pub(super) target: Option<String>,
    /// `Name: value`, the only one of that name.
    pub(super) fields: Vec<String>,
    /// `Name: text` that the value holds.
    pub(super) holds: Vec<String>,
    /// Names that are not there.
    pub(super) lacks: Vec<String>,
    /// The whole body.
    pub(super) body: Option<String>,
    /// How many requests the peer got, where it is not one.
    pub(super) times: Option<usize>,
}

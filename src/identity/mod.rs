//! What authenticate needs that takes time or a network: the answers to its questions.
//!
//! In the flow this stands beside the stage *authenticate*, which never waits: it says what it has to know
//! ([`Need`]), the proxy asks here, and asks the stage again with what was found out. What is kept for that
//! outlives a reload. All of it is bounded: in number, in size, in time; and whatever goes wrong is an
//! answer that lets nobody in.

mod replay;

use crate::policy::authenticate::{Finding, Need, Question, Unavailable, Witness};
use crate::policy::decide::Arrived;
use crate::policy::rejection::Rejection;
use crate::policy::time::Timestamp;

use replay::Replays;

/// Who is asked.
#[derive(Debug, Default)]
pub struct Identity {
    replays: Replays,
}

impl Identity {
    /// Finds out what authenticate has to know. `welcome` tells whether the client may still try, once what
    /// is costly had to wait its turn.
    ///
    /// # Errors
    ///
    /// Where the client is not welcome any more.
    pub async fn find_out(
        &self,
        arrived: &Arrived<'_>,
        need: &Need<'_>,
        now: Timestamp,
        welcome: impl Fn() -> Result<(), Rejection>,
    ) -> Result<Finding, Rejection> {
        welcome()?;
        let _ = arrived;
        Ok(match need.question {
            Question::Once { digest, until } => self.replays.first(digest, until, now),
            Question::Password { .. } | Question::Keys | Question::Token(_) | Question::Request => {
                Finding::Unavailable(Unavailable("nobody is there to ask".to_owned()))
            }
        })
    }
}

impl Witness for Identity {
    fn testify(&self, _: &Need<'_>) -> Finding {
        Finding::Unavailable(Unavailable("this is not known without waiting".to_owned()))
    }
}

//! What authenticate needs that takes time or a network: the answers to its questions.
//!
//! In the flow this stands beside the stage *authenticate*, which never waits: it says what it has to know
//! ([`Need`]), the proxy asks here, and asks the stage again with what was found out. What is kept for that
//! outlives a reload. All of it is bounded: in number, in size, in time; and whatever goes wrong is an
//! answer that lets nobody in.

pub mod passwords;

use passwords::Passwords;

use crate::policy::authenticate::{Finding, Need, Question, Unavailable, Witness};
use crate::policy::decide::Arrived;
use crate::policy::rejection::Rejection;

/// Who is asked.
#[derive(Debug, Default)]
pub struct Identity {
    passwords: Passwords,
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
        welcome: impl Fn() -> Result<(), Rejection>,
    ) -> Result<Finding, Rejection> {
        welcome()?;
        let _ = arrived;
        Ok(match &need.question {
            Question::Password { hash, password, keep } => {
                return self.passwords.check(hash, password, *keep, welcome).await;
            }
            Question::Keys | Question::Token(_) | Question::Request | Question::Once { .. } => {
                Finding::Unavailable(Unavailable("nobody is there to ask".to_owned()))
            }
        })
    }

    /// What came of checking passwords, by result.
    pub fn password_checks(&self) -> Vec<(&'static str, u64)> {
        self.passwords.counted()
    }
}

impl Witness for Identity {
    fn testify(&self, need: &Need<'_>) -> Finding {
        match &need.question {
            Question::Password { hash, password, keep } if self.passwords.is_known(hash, password, *keep) => {
                Finding::Password(true)
            }
            _ => Finding::Unavailable(Unavailable("this is not known without waiting".to_owned())),
        }
    }
}

//! What authenticate needs that takes time or a network: the answers to its questions.
//!
//! In the flow this stands beside the stage *authenticate*, which never waits: it says what it has to know
//! ([`Need`]), the proxy asks here, and asks the stage again with what was found out. What is kept for that
//! outlives a reload. All of it is bounded: in number, in size, in time; and whatever goes wrong is an
//! answer that lets nobody in.

pub mod client;
mod delegate;
mod introspection;
mod key_sets;
pub mod passwords;
mod replay;

use std::sync::Arc;

use crate::policy::authenticate::{
    Authenticator, AuthenticatorKind, Finding, Need, Published, Question, Unavailable, Witness,
};
use crate::policy::decide::Arrived;
use crate::policy::gateway::Gateway;
use crate::policy::jwt::KeySet;
use crate::policy::rejection::Rejection;
use crate::policy::time::Timestamp;
use crate::telemetry::metrics::{KeySetStands, QuestionResult, Questions};
use client::{Failure, Services};
use introspection::Tokens;
pub use key_sets::InUse;
use key_sets::KeySets;
use passwords::Passwords;
use replay::Replays;

/// Who is asked.
#[derive(Debug, Default)]
pub struct Identity {
    services: Arc<Services>,
    key_sets: KeySets,
    tokens: Tokens,
    questions: Questions,
    passwords: Passwords,
    replays: Replays,
}

impl Identity {
    /// Counts what is asked there.
    pub fn counting(questions: Questions) -> Self {
        Self { questions, ..Self::default() }
    }

    /// Does in the background what a configuration asks for, and nothing else. Within a runtime, and before the
    /// configuration is in force; what is returned is to be kept for as long as it is used.
    pub fn follow(&self, gateway: &Gateway) -> InUse {
        self.key_sets.follow(gateway, &self.services)
    }

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
        let by = arrived.authenticator(need);
        match &need.question {
            Question::Password { hash, password, keep } => self.passwords.check(hash, password, *keep, welcome).await,
            Question::Keys => Ok(self.key_sets.seek(by).await),
            Question::Token(token) => Ok(self.token(by, token).await),
            Question::Request => Ok(self.spoken(by, arrived).await),
            Question::Once { digest, until } => Ok(self.replays.first(*digest, *until, now)),
        }
    }

    async fn token(&self, by: &Authenticator, token: &str) -> Finding {
        let AuthenticatorKind::Introspection(introspection) = &by.kind else { return nobody() };
        let told = self.tokens.ask(&self.services, introspection, token).await;
        self.count(by, told.answer.as_ref().err(), told.asked);
        told.answer.map_or_else(|failure| unavailable(by, &failure), Finding::Token)
    }

    async fn spoken(&self, by: &Authenticator, arrived: &Arrived<'_>) -> Finding {
        let AuthenticatorKind::Forward(delegate) = &by.kind else { return nobody() };
        let spoken = delegate::ask(&self.services, delegate, arrived).await;
        self.count(by, spoken.as_ref().err(), true);
        spoken.map_or_else(|failure| unavailable(by, &failure), Finding::Spoken)
    }

    /// How the key sets stand that are fetched.
    pub fn key_sets(&self) -> Vec<KeySetStands> {
        self.key_sets.standing()
    }

    /// What came of checking passwords, by result.
    pub fn password_checks(&self) -> Vec<(&'static str, u64)> {
        self.passwords.counted()
    }

    fn count(&self, by: &Authenticator, failure: Option<&Failure>, asked: bool) {
        let result = match failure {
            _ if !asked => QuestionResult::Cached,
            None => QuestionResult::Ok,
            Some(Failure::Timeout(_)) => QuestionResult::Timeout,
            Some(_) => QuestionResult::Failed,
        };
        self.questions.count(&by.name, result);
    }
}

fn nobody() -> Finding {
    Finding::Unavailable(Unavailable("nobody is there to ask".to_owned()))
}

fn unavailable(by: &Authenticator, failure: &Failure) -> Finding {
    Finding::Unavailable(Unavailable(format!("`{}` {failure}", by.name)))
}

impl Witness for Identity {
    fn keys(&self, of: &Authenticator, published: &Published) -> Option<Arc<KeySet>> {
        self.key_sets.keys(of, published)
    }

    fn testify(&self, need: &Need<'_>) -> Finding {
        match &need.question {
            Question::Password { hash, password, keep } if self.passwords.is_known(hash, password, *keep) => {
                Finding::Password(true)
            }
            // That something comes for the first time is said once, to whom it is asked of in earnest.
            Question::Password { .. }
            | Question::Keys
            | Question::Token(_)
            | Question::Request
            | Question::Once { .. } => {
                Finding::Unavailable(Unavailable("this is not known without waiting".to_owned()))
            }
        }
    }
}

//! What authenticate cannot find out by itself: the questions it asks, and the answers it is asked again with.
//!
//! The live gate answers from the room `identity`, and waits for it. Who decides without waiting (a test, a
//! benchmark, `explain`) answers at once, or not at all.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};
use smallvec::SmallVec;
use zeroize::Zeroizing;

use super::authenticator::Authenticator;
use super::jwt::Published;
use crate::policy::jwt::KeySet;
use crate::policy::passwords::PasswordHash;
use crate::policy::time::Timestamp;

/// What has to be found out, and for which authenticator.
#[derive(Debug)]
pub struct Need<'a> {
    /// Its index in the gateway.
    pub authenticator: usize,
    /// What.
    pub question: Question<'a>,
}

/// What an authenticator has to know. Credentials in it are not printed.
#[derive(Clone)]
pub enum Question<'a> {
    /// Is this the password that a hash was made of? Answered by [`Finding::Password`].
    Password {
        /// As it stands in the file of users.
        hash: &'a PasswordHash,
        /// What was presented; no longer than the hash reads.
        password: Zeroizing<Vec<u8>>,
        /// That it is may be remembered for so long; not at all, where this is zero.
        keep: Duration,
    },
    /// Are there keys yet, or another one than those known? Answered by [`Finding::Sought`], behind which
    /// [`Witness::keys`] may have them.
    Keys,
    /// What does its issuer say of this token? Answered by [`Finding::Token`].
    Token(&'a str),
    /// What does another service say of this request? Answered by [`Finding::Spoken`].
    Request,
    /// Is this the first time that this was presented? Answered by [`Finding::First`].
    Once {
        /// SHA-256 of what may be presented once.
        digest: [u8; 32],
        /// After that it is good no more.
        until: Timestamp,
    },
}

impl fmt::Debug for Question<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Password { .. } => "Password",
            Self::Keys => "Keys",
            Self::Token(_) => "Token",
            Self::Request => "Request",
            Self::Once { .. } => "Once",
        })
    }
}

/// What is said of somebody, by name.
pub type Claims = Map<String, Value>;

/// The answer to a [`Question`].
#[derive(Clone, Debug)]
pub enum Finding {
    /// Whether it is the password.
    Password(bool),
    /// Keys were looked for.
    Sought,
    /// What is claimed of the token's owner; none where it is not, or no more, good.
    Token(Option<Arc<Claims>>),
    /// What another service said.
    Spoken(Spoken),
    /// Whether it was the first time.
    First(bool),
    /// Nobody can tell.
    Unavailable(Unavailable),
}

/// What another service said of a request.
#[derive(Clone, Debug)]
pub enum Spoken {
    /// It may pass; the answer's fields, their names in lower case.
    Passes(Arc<Claims>),
    /// It may not, and this is what its client is told.
    Refuses(Arc<Relayed>),
}

/// Another service's refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relayed {
    /// 401 or 403.
    pub status: u16,
    /// `WWW-Authenticate`, as it came.
    pub challenge: Option<String>,
    /// `Content-Type`, as it came.
    pub media_type: Option<String>,
    /// The body; bounded by whoever asked.
    pub body: Vec<u8>,
}

/// Why nobody can tell, for the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unavailable(pub String);

/// Who knows what a decision cannot find out by itself.
pub trait Witness: Sync {
    /// The keys of an issuer that publishes them, as far as they are known now and not too old.
    fn keys(&self, of: &Authenticator, published: &Published) -> Option<Arc<KeySet>>;

    /// The answer to a question, from whoever can give it without waiting.
    fn testify(&self, need: &Need<'_>) -> Finding;
}

/// Who knows nothing.
#[derive(Clone, Copy, Debug)]
pub struct NoWitness;

impl Witness for NoWitness {
    fn keys(&self, _: &Authenticator, _: &Published) -> Option<Arc<KeySet>> {
        None
    }

    fn testify(&self, _: &Need<'_>) -> Finding {
        Finding::Unavailable(Unavailable("nobody is there to ask".to_owned()))
    }
}

/// What is known beside the request: who can be looked at without waiting, and what was found out.
pub struct Evidence<'e> {
    witness: &'e dyn Witness,
    findings: SmallVec<[(usize, Finding); 1]>,
}

/// What of it is one authenticator's.
#[derive(Clone, Copy)]
pub(super) struct Known<'e> {
    pub(super) witness: &'e dyn Witness,
    authenticator: usize,
    findings: &'e [(usize, Finding)],
}

impl<'e> Evidence<'e> {
    /// Nothing found out yet.
    pub fn by(witness: &'e dyn Witness) -> Self {
        Self { witness, findings: SmallVec::new() }
    }

    /// Who can be looked at.
    pub fn witness(&self) -> &'e dyn Witness {
        self.witness
    }

    /// Adds the answer to a need.
    pub fn add(&mut self, need: &Need<'_>, finding: Finding) {
        self.findings.push((need.authenticator, finding));
    }

    pub(super) fn of(&self, authenticator: usize) -> Known<'_> {
        Known { witness: self.witness, authenticator, findings: &self.findings }
    }
}

impl<'e> Known<'e> {
    /// Why nobody could tell.
    pub(super) fn unavailable(self) -> Unavailable {
        let why = self.findings().find_map(|finding| match finding {
            Finding::Unavailable(why) => Some(why.clone()),
            _ => None,
        });
        why.unwrap_or_else(|| Unavailable("nobody could tell".to_owned()))
    }

    /// What the witness says without waiting; the question, where it cannot.
    pub(super) fn at_hand<'q>(self, question: Question<'q>) -> Result<Finding, Question<'q>> {
        let need = Need { authenticator: self.authenticator, question };
        match self.witness.testify(&need) {
            Finding::Unavailable(_) => Err(need.question),
            finding => Ok(finding),
        }
    }

    /// Answers that were given to this authenticator, in order.
    pub(super) fn findings(self) -> impl Iterator<Item = &'e Finding> {
        let findings = self.findings;
        findings.iter().filter(move |(of, _)| *of == self.authenticator).map(|(_, finding)| finding)
    }
}

impl fmt::Debug for Evidence<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Evidence").field("findings", &self.findings).finish_non_exhaustive()
    }
}

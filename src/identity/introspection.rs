//! What issuers say of tokens (RFC 7662): asked once for all who want to know at once, and kept for a while.
//!
//! Kept are answers, that a token is not good as well as that it is; a service that cannot answer is asked
//! again. They are found by a hash under a key of this process, over the token and over who was asked as
//! whom; the token itself is nowhere.

mod kept;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, Method};
use sha2::{Digest, Sha256};
use tokio::sync::watch;

use super::client::{Ask, Failure, Services};
use crate::policy::authenticate::Claims;
use crate::policy::authenticate::introspection::{Introspection, MAX_ANSWER_BYTES, read_answer};
use kept::Kept;

/// What is known of tokens.
pub(super) struct Tokens {
    key: [u8; 32],
    kept: Mutex<Kept>,
    asking: Mutex<HashMap<TokenHash, watch::Receiver<Option<Answer>>>>,
}

type TokenHash = [u8; 32];

/// What an issuer says: the claims of a token that is good; or why it says nothing.
pub(super) type Answer = Result<Option<Arc<Claims>>, Failure>;

/// An answer, and whether anybody had to be asked for it.
pub(super) struct Told {
    pub(super) answer: Answer,
    pub(super) asked: bool,
}

/// Asks for all who wait. Where it goes before there is an answer, one of them asks in its place.
struct Asking<'a> {
    tokens: &'a Tokens,
    hash: TokenHash,
    tell: watch::Sender<Option<Answer>>,
}

impl Default for Tokens {
    fn default() -> Self {
        let mut key = [0; 32];
        getrandom::fill(&mut key).expect("the system has randomness, which every map of std's asks for, too");
        Self { key, kept: Mutex::default(), asking: Mutex::default() }
    }
}

impl Tokens {
    /// What its issuer says of a token.
    pub(super) async fn ask(&self, services: &Services, by: &Introspection, token: &str) -> Told {
        let hash = self.hash(by, token);
        loop {
            if let Some(claims) = self.kept().find(&hash, Instant::now()) {
                return Told { answer: Ok(claims), asked: false };
            }
            let mut others = match self.join(hash) {
                Ok(asking) => return self.asked(asking, services, by, token).await,
                Err(others) => others,
            };
            // It fails where who asks has gone without an answer.
            if let Ok(answer) = others.wait_for(Option::is_some).await
                && let Some(answer) = &*answer
            {
                return Told { answer: answer.clone(), asked: false };
            }
        }
    }

    async fn asked(&self, asking: Asking<'_>, services: &Services, by: &Introspection, token: &str) -> Told {
        let answer = match ask(services, by, token).await {
            Ok((claims, bytes)) => {
                let (claims, now) = (claims.map(Arc::new), Instant::now());
                let until = now + by.cache.min(claims.as_deref().map_or(Duration::MAX, left));
                self.kept().keep(asking.hash, claims.clone(), bytes, now, until);
                Ok(claims)
            }
            Err(failure) => Err(failure),
        };
        asking.tell.send_replace(Some(answer.clone()));
        Told { answer, asked: true }
    }

    /// The right to ask; or whoever asks already.
    fn join(&self, hash: TokenHash) -> Result<Asking<'_>, watch::Receiver<Option<Answer>>> {
        match self.asking.lock().unwrap_or_else(PoisonError::into_inner).entry(hash) {
            Entry::Occupied(others) => Err(others.get().clone()),
            Entry::Vacant(nobody) => {
                let tell = watch::Sender::new(None);
                nobody.insert(tell.subscribe());
                Ok(Asking { tokens: self, hash, tell })
            }
        }
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Each part stands behind its length, so that no two ways to ask are one.
    fn hash(&self, by: &Introspection, token: &str) -> TokenHash {
        let mut hash = Sha256::new_with_prefix(self.key);
        let origin = by.service.url.origin();
        let tls = by.service.tls.as_ref().map_or([0; 32], |tls| tls.fingerprint);
        let client = by.client.as_ref().map_or("", |client| client.value());
        for part in [origin.as_bytes(), by.service.url.path.as_bytes(), &tls, client.as_bytes(), token.as_bytes()] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        hash.finalize().into()
    }
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        self.tokens.asking.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.hash);
    }
}

/// Asks the service itself; with its answer, how large that was.
async fn ask(services: &Services, by: &Introspection, token: &str) -> Result<(Option<Claims>, usize), Failure> {
    let form = HeaderValue::from_static("application/x-www-form-urlencoded");
    let mut fields = HeaderMap::from_iter([(CONTENT_TYPE, form)]);
    fields.insert(http::header::ACCEPT, HeaderValue::from_static("application/json"));
    if let Some(client) = &by.client {
        let mut value = HeaderValue::from_str(client.value())
            .map_err(|_| Failure::Meaningless("has a client that cannot be named"))?;
        value.set_sensitive(true);
        fields.insert(AUTHORIZATION, value);
    }
    let question = Ask { method: Method::POST, fields, body: Bytes::from(by.form(token)) };
    let reply = services.ask(&by.service, question, MAX_ANSWER_BYTES).await?;
    let is_json = reply.is_of_type("application/json");
    let body = reply.document()?;
    if !is_json {
        return Err(Failure::Meaningless("answered with what is not application/json"));
    }
    read_answer(&body).map(|claims| (claims, body.len())).map_err(Failure::Meaningless)
}

/// How long a token is good, by what is claimed of it; for ever where nothing is said.
fn left(claims: &Claims) -> Duration {
    let Some(end) = claims.get("exp").and_then(serde_json::Value::as_f64) else { return Duration::MAX };
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let seconds = (end - now.as_secs_f64()).max(0.0);
    Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens").finish_non_exhaustive()
    }
}

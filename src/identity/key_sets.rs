//! The keys of issuers that publish them: fetched in the background, again and again, and once more, for all who
//! wait together, where a token names a key that is not among them.
//!
//! While an issuer cannot be reached, or answers what is no set of keys, the last good ones are used, up to a stated
//! age. How old they are can be seen from outside ([`KeySetStands`]).

use std::fmt;
use std::sync::{Arc, Weak};
use std::time::Duration;

use arc_swap::{ArcSwap, ArcSwapOption};
use tokio::sync::{Notify, watch};
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::client::{Ask, Failure, Services};
use crate::policy::authenticate::{
    Authenticator, AuthenticatorKind, Finding, KeySource, Published, PublishedAt, Service, Unavailable,
};
use crate::policy::body::{Integers, JsonRules, json};
use crate::policy::gateway::Gateway;
use crate::policy::jwt::KeySet;
use crate::telemetry::metrics::KeySetStands;

/// An issuer is not asked more often, however many tokens name keys that nobody knows.
const LEAST_INTERVAL: Duration = Duration::from_secs(1);

/// After a failure it is asked again after this, then after twice as long, and so on.
const FIRST_RETRY: Duration = Duration::from_secs(1);

/// But not later than that.
const LAST_RETRY: Duration = Duration::from_secs(30);

/// No set of keys, and no issuer's description, is larger.
const MOST_BYTES: usize = 256 << 10;

/// The key sets of all authenticators that have them fetched.
#[derive(Default)]
pub(super) struct KeySets(ArcSwap<Sets>);

#[derive(Default)]
struct Sets {
    current: Vec<Arc<Fetched>>,
    /// Those of earlier configurations, fetched no more, for as long as one of these is [`InUse`].
    former: Vec<Weak<State>>,
}

/// The key sets of one configuration, kept for as long as requests end by its rules.
#[derive(Clone, Default)]
pub struct InUse(Vec<Arc<State>>);

/// One of them, and the task that fetches it; that ends with this.
struct Fetched {
    state: Arc<State>,
    task: AbortHandle,
}

struct State {
    authenticator: String,
    published: Published,
    held: ArcSwapOption<Held>,
    attempts: watch::Sender<Attempts>,
    wanted: Notify,
}

/// Keys, and when they came.
struct Held {
    keys: Arc<KeySet>,
    at: Instant,
}

/// What was tried so far.
#[derive(Clone, Debug, Default)]
struct Attempts {
    begun: u64,
    ended: u64,
    failed: u64,
    /// Why the last one failed, where it did.
    failure: Option<String>,
}

impl KeySets {
    /// Fetches what a configuration names, and nothing else; what is the same goes on, and keys that come from the same
    /// place as before serve until they came again. Within a runtime, and before the configuration is in force.
    pub(super) fn follow(&self, gateway: &Gateway, services: &Arc<Services>) -> InUse {
        let before = self.0.load();
        let published = gateway.authenticators.iter().filter_map(|it| Some((it, published(it)?)));
        let now = published.map(|(authenticator, published)| {
            let same = before.current.iter().find(|fetched| fetched.state.is_of(authenticator, published));
            same.cloned().unwrap_or_else(|| {
                let earlier =
                    before.current.iter().find(|fetched| fetched.state.published.at.is_place_of(&published.at));
                let held = earlier.and_then(|fetched| fetched.state.held.load_full());
                Arc::new(Fetched::begin(authenticator, published, held, services))
            })
        });
        let current: Vec<Arc<Fetched>> = now.collect();
        let goes_on = |fetched: &&Arc<Fetched>| current.iter().any(|now| Arc::ptr_eq(now, fetched));
        let gone = before.current.iter().filter(|fetched| !goes_on(fetched));
        let gone = gone.map(|fetched| Arc::downgrade(&fetched.state));
        let former = before.former.iter().filter(|state| state.strong_count() > 0).cloned().chain(gone).collect();
        let in_use = InUse(current.iter().map(|fetched| Arc::clone(&fetched.state)).collect());
        self.0.store(Arc::new(Sets { current, former }));
        in_use
    }

    /// Keys that are not too old.
    pub(super) fn keys(&self, of: &Authenticator, published: &Published) -> Option<Arc<KeySet>> {
        self.state(of, published)?.keys()
    }

    /// Waits until the issuer was asked once more, if it answers in time.
    pub(super) async fn seek(&self, of: &Authenticator) -> Finding {
        let state = published(of).and_then(|published| self.state(of, published));
        let Some(state) = state else {
            return Finding::Unavailable(Unavailable(format!("keys of {} are not fetched any more", of.name)));
        };
        state.sought().await;
        let failure = state.attempts.borrow().failure.clone();
        match (state.keys(), failure) {
            (Some(_), _) => Finding::Sought,
            (None, None) => Finding::Unavailable(Unavailable(format!("no keys of {} yet", of.name))),
            (None, Some(failure)) => Finding::Unavailable(Unavailable(format!("no keys of {}: {failure}", of.name))),
        }
    }

    /// How all of them stand.
    pub(super) fn standing(&self) -> Vec<KeySetStands> {
        self.0.load().current.iter().map(|fetched| fetched.state.stands()).collect()
    }

    fn state(&self, of: &Authenticator, published: &Published) -> Option<Arc<State>> {
        let all = self.0.load();
        let current = all.current.iter().map(|fetched| Arc::clone(&fetched.state));
        let mut states = current.chain(all.former.iter().filter_map(Weak::upgrade));
        states.find(|state| state.is_of(of, published))
    }
}

fn published(authenticator: &Authenticator) -> Option<&Published> {
    match &authenticator.kind {
        AuthenticatorKind::Jwt(jwt) => match &jwt.keys {
            KeySource::Published(published) => Some(published),
            KeySource::Fixed(_) => None,
        },
        _ => None,
    }
}

impl Fetched {
    /// `held` are keys that are known already.
    fn begin(
        authenticator: &Authenticator,
        published: &Published,
        held: Option<Arc<Held>>,
        services: &Arc<Services>,
    ) -> Self {
        let state = Arc::new(State {
            authenticator: authenticator.name.clone(),
            published: published.clone(),
            held: ArcSwapOption::new(held),
            attempts: watch::Sender::default(),
            wanted: Notify::new(),
        });
        let task = tokio::spawn(fetch_for_ever(Arc::clone(&state), Arc::clone(services))).abort_handle();
        Self { state, task }
    }
}

impl Drop for Fetched {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl State {
    fn is_of(&self, authenticator: &Authenticator, published: &Published) -> bool {
        self.authenticator == authenticator.name && self.published == *published
    }

    fn keys(&self) -> Option<Arc<KeySet>> {
        let held = self.held.load();
        let held = held.as_ref().filter(|held| held.at.elapsed() < self.published.max_age)?;
        Some(Arc::clone(&held.keys))
    }

    /// Waits for an attempt that has begun since. Where there are no keys, any will do; and where the last one has
    /// failed a moment ago, nobody is made to wait for the next.
    async fn sought(&self) {
        let mut attempts = self.attempts.subscribe();
        let Attempts { begun, ended, failure, .. } = attempts.borrow().clone();
        let none = self.keys().is_none();
        if none && begun == ended && failure.is_some() {
            return;
        }
        let enough = if none { ended + 1 } else { begun + 1 };
        self.wanted.notify_one();
        let answers = match &self.published.at {
            PublishedAt::Keys(service) => service.timeout,
            PublishedAt::Discovery { description, .. } => description.timeout * 2,
        };
        // One that has begun, the pause behind it, and the next.
        let longest = answers * 2 + LEAST_INTERVAL * 2;
        let _ = timeout(longest, attempts.wait_for(|attempts| attempts.ended >= enough)).await;
    }

    fn stands(&self) -> KeySetStands {
        let (held, attempts) = (self.held.load(), self.attempts.borrow());
        KeySetStands {
            authenticator: self.authenticator.clone(),
            keys: held.as_ref().map_or(0, |held| held.keys.len()),
            age: held.as_ref().map(|held| held.at.elapsed()),
            fetched: attempts.ended - attempts.failed,
            failed: attempts.failed,
            failing: attempts.failure.is_some(),
        }
    }

    /// Takes what came of an attempt, and tells of what has changed by it.
    fn take(&self, fetched: Result<KeySet, String>) {
        let authenticator = self.authenticator.as_str();
        let was_failing = self.attempts.borrow().failure.is_some();
        let failure = match fetched {
            Ok(keys) => {
                let known = self.held.load().as_ref().map(|held| held.keys.len());
                if was_failing || known != Some(keys.len()) {
                    tracing::info!(authenticator, keys = keys.len(), "the issuer's keys are known");
                }
                self.held.store(Some(Arc::new(Held { keys: Arc::new(keys), at: Instant::now() })));
                None
            }
            Err(failure) => {
                if !was_failing {
                    let age = self.held.load().as_ref().map(|held| held.at.elapsed());
                    let until = match age {
                        Some(age) => format!("those of {} s ago are used", age.as_secs()),
                        None => "none are known, and nobody comes in by them".to_owned(),
                    };
                    tracing::warn!(authenticator, failure, "the issuer's keys cannot be fetched; {until}");
                }
                Some(failure)
            }
        };
        self.attempts.send_modify(|attempts| {
            attempts.ended += 1;
            attempts.failed += u64::from(failure.is_some());
            attempts.failure = failure;
        });
    }
}

async fn fetch_for_ever(state: Arc<State>, services: Arc<Services>) {
    let mut retry = FIRST_RETRY;
    loop {
        state.attempts.send_modify(|attempts| attempts.begun += 1);
        let fetched = fetch(&state.published.at, &services).await;
        let pause = match fetched {
            Ok(_) => {
                retry = FIRST_RETRY;
                state.published.refresh
            }
            Err(_) => {
                let pause = retry.min(state.published.refresh);
                retry = (retry * 2).min(LAST_RETRY);
                pause
            }
        };
        state.take(fetched);
        let earliest = Instant::now() + LEAST_INTERVAL;
        tokio::select! {
            () = sleep(pause.max(LEAST_INTERVAL)) => {}
            () = async {
                state.wanted.notified().await;
                sleep_until(earliest).await;
            } => {}
        }
    }
}

async fn fetch(at: &PublishedAt, services: &Services) -> Result<KeySet, String> {
    match at {
        PublishedAt::Keys(service) => keys(service, services).await,
        PublishedAt::Discovery { issuer, description } => {
            let service = described(issuer, description, services).await?;
            keys(&service, services).await
        }
    }
}

async fn keys(service: &Service, services: &Services) -> Result<KeySet, String> {
    let document = document(service, services).await.map_err(|failure| format!("its keys: {failure}"))?;
    let read = KeySet::from_jwks(&document).map_err(|reason| format!("its keys: {reason}"))?;
    match (read.keys.is_empty(), read.ignored.first()) {
        (false, _) => Ok(read.keys),
        (true, None) => Err("its set of keys is empty".to_owned()),
        (true, Some((_, unfit))) => Err(format!("none of its keys can be used: {}", unfit.0)),
    }
}

/// OpenID Connect Discovery 1.0 §4.3: the description has to name the issuer that it was found by.
async fn described(issuer: &str, description: &Service, services: &Services) -> Result<Service, String> {
    let of = |reason: &dyn fmt::Display| format!("its description: {reason}");
    let document = document(description, services).await.map_err(|failure| of(&failure))?;
    let rules = JsonRules { integers: Integers::Any, ..JsonRules::default() };
    let document = json::parse(&document, &rules).map_err(|_| of(&"it is not strict JSON"))?;
    if document["issuer"] != issuer {
        return Err(of(&"it is another issuer's"));
    }
    let url = document["jwks_uri"].as_str().ok_or_else(|| of(&"it does not say where the keys are"))?;
    description.at(url).map_err(|reason| of(&format!("where the keys are: {reason}")))
}

async fn document(service: &Service, services: &Services) -> Result<bytes::Bytes, Failure> {
    services.ask(service, Ask::get("application/json"), MOST_BYTES).await?.document()
}

impl fmt::Debug for InUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("InUse").field(&self.0.len()).finish()
    }
}

impl fmt::Debug for KeySets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.standing()).finish()
    }
}

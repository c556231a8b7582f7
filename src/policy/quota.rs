//! What may be charged to whom: the rules of a quota, and the one door through which the pipeline
//! reaches the state that counts.
//!
//! The counting itself is not here: [`Limits`] is implemented by `crate::limits` for the live gate.

use std::net::IpAddr;
use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::Duration;

use super::authenticate::ClaimPath;
use super::time::Timestamp;

/// Rates that belong together, and by what they are counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quota {
    /// The name in the configuration; with the key it identifies the counters, across reloads too.
    pub name: String,
    /// What each counter stands for.
    pub by: QuotaBy,
    /// At least one, the shortest window first.
    pub rates: Vec<Rate>,
    /// What strangers are charged to in its stead, by address; the same, where it is not said.
    pub strangers: Option<Arc<Quota>>,
}

/// So many requests in so long a window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rate {
    /// The policy's name on the wire: the quota's own for its only rate, else `quota.second`,
    /// `quota.day` and so on.
    pub policy: String,
    /// Requests in one window.
    pub count: NonZeroU64,
    /// The window's length.
    pub window: Duration,
    /// How many requests may come at once; never less than one. Not used by sliding counters.
    pub burst: NonZeroU64,
}

impl Rate {
    /// Rates of an hour and longer are sliding counters, which never admit over their count in any
    /// window; shorter ones are GCRA with a burst.
    pub fn is_sliding(&self) -> bool {
        self.window >= Duration::from_secs(3600)
    }
}

/// What a quota counts by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QuotaBy {
    /// The authenticated principal; strangers are counted by their address.
    Principal,
    /// The client's address, an IPv6 one by its /64.
    ClientAddress,
    /// The value of this field (lower case); requests without it are counted by address.
    Header(String),
    /// What is claimed of the principal here; callers without it are counted by address.
    Claim(ClaimPath),
    /// The endpoint itself, all callers together.
    Endpoint,
}

/// One counter to charge.
#[derive(Clone, Copy, Debug)]
pub struct Charge<'q, 'k> {
    /// The rules.
    pub quota: &'q Quota,
    /// Whose counter.
    pub key: ChargeKey<'k>,
}

/// Whose counter it is. Keys of different kinds never meet, whatever their bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChargeKey<'a> {
    /// A principal's name.
    Principal(&'a str),
    /// A client address, already cut to its prefix.
    Address(IpAddr),
    /// A field's value.
    Header(&'a [u8]),
    /// A claim's text.
    Claim(&'a str),
    /// The index-free name of an endpoint: its method and template.
    Endpoint(&'a str, &'a str),
    /// A listener's name, for its total.
    Listener(&'a str),
}

/// Where one rate stands after a charge, as the `RateLimit` fields tell it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing<'a> {
    /// The rate that was charged.
    pub rate: &'a Rate,
    /// Requests that would still pass at once.
    pub remaining: u64,
    /// When more than `remaining` will pass.
    pub resets_in: Duration,
    /// Whether this rate is one that refused the charge.
    pub exceeded: bool,
}

/// A refused charge: nothing was taken from any of the quotas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exceeded<'a> {
    /// Every rate that was asked, the refusing ones marked.
    pub standings: Vec<Standing<'a>>,
    /// A client that waits so long, and is alone, passes.
    pub retry_after: Duration,
}

/// The state that counts: one for the life of the process, whatever is reloaded.
pub trait Limits {
    /// Would this charge pass now? Nothing is taken. On refusal, how long to wait.
    fn peek(&self, charge: &Charge<'_, '_>, now: Timestamp) -> Result<(), Duration>;

    /// Charges all of these, or none where one of them has nothing left.
    fn charge<'q>(&self, charges: &[Charge<'q, '_>], now: Timestamp) -> Result<Vec<Standing<'q>>, Exceeded<'q>>;
}

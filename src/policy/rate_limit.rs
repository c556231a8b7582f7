//! Stage *rate limit*: which counters a request is charged to, and how the answer tells where they stand.
//!
//! Every quota of the endpoint is charged, all or none; what a later stage refuses stays charged, so
//! that guessing at bodies costs as much as sending good ones.

use std::net::IpAddr;

use super::access::counted;
use super::gateway::Endpoint;
use super::head::Head;
use super::keys::Principal;
use super::quota::{Charge, ChargeKey, Exceeded, QuotaBy, Standing};
use super::rejection::{Rejection, whole_seconds};

/// The counters of one request. A quota whose key is missing is counted by address, never skipped.
pub fn charges<'a>(
    endpoint: &'a Endpoint,
    head: &Head<'a>,
    client: IpAddr,
    principal: Option<&'a Principal>,
) -> Result<Vec<Charge<'a>>, Rejection> {
    let address = ChargeKey::Address(counted(client));
    endpoint
        .quotas
        .iter()
        .map(|quota| {
            let key = match &quota.by {
                QuotaBy::Principal => principal.map_or(address, |known| ChargeKey::Principal(known.name())),
                QuotaBy::ClientAddress => address,
                QuotaBy::Header(name) => head.request.single(name)?.map_or(address, ChargeKey::Header),
                QuotaBy::Endpoint => ChargeKey::Endpoint(&endpoint.method, &endpoint.template.text),
            };
            Ok(Charge { quota, key })
        })
        .collect()
}

/// The refusal of a charge.
pub fn refused(exceeded: &Exceeded<'_>) -> Rejection {
    let refusing = exceeded.standings.iter().filter(|standing| standing.exceeded);
    Rejection::RateLimited {
        policies: refusing.map(|standing| standing.rate.policy.clone()).collect(),
        retry_after: exceeded.retry_after,
    }
}

/// The two fields of draft-ietf-httpapi-ratelimit-headers, on passes and refusals alike; none where
/// nothing was charged.
pub fn fields(standings: &[Standing<'_>]) -> Vec<(&'static str, String)> {
    if standings.is_empty() {
        return Vec::new();
    }
    // Without `fmt`: this happens once for most requests.
    let (mut policies, mut limits) = (String::with_capacity(128), String::with_capacity(128));
    for Standing { rate, remaining, resets_in, .. } in standings {
        member(&mut policies, &rate.policy, [(";q=", rate.count.get()), (";w=", rate.window.as_secs().max(1))]);
        member(&mut limits, &rate.policy, [(";r=", *remaining), (";t=", whole_seconds(*resets_in))]);
    }
    vec![("RateLimit-Policy", policies), ("RateLimit", limits)]
}

/// One more item of a list, with two parameters (RFC 9651 §3.1).
fn member(list: &mut String, policy: &str, parameters: [(&str, u64); 2]) {
    list.push_str(if list.is_empty() { "\"" } else { ", \"" });
    list.push_str(policy);
    list.push('"');
    for (name, value) in parameters {
        list.push_str(name);
        list.push_str(itoa::Buffer::new().format(value));
    }
}

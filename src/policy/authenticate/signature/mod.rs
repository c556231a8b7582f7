//! Signed requests of machines: HTTP Message Signatures (RFC 9421) by a shared secret, hmac-sha256.
//!
//! A signature is taken once, within a window around its making, and only where it covers all that a request
//! is: method, authority, target, and the body by its digest (RFC 9530). Whether it came before is a question
//! ([`Question::Once`]) that is asked when all else holds; whether the body is what its digest says shows when
//! the body is there, in *inspect*.
//!
//! `base` makes the text that was signed, `input` reads the fields, `content` the digest.

mod base;
mod content;
mod fault;
mod input;
mod secrets;

use std::time::Duration;

use ring::hmac;
use sha2::{Digest as _, Sha256};

use super::Verdict;
use super::authenticator::Authenticator;
use super::caller::Caller;
use super::evidence::{Finding, Known, Question};
use super::fault::CredentialFault;
use crate::policy::decide::Arrived;
use crate::policy::keys::Principal;
use crate::policy::time::Timestamp;

use base::{Message, base};
pub use content::ContentDigest;
pub use fault::{Required, SignatureFault};
use input::Input;
pub use secrets::{Secret, SecretSet};

/// Signed requests, by whom and for how long.
#[derive(Debug)]
pub struct Hmac {
    /// The secrets that are known.
    pub secrets: SecretSet,
    /// A signature is good for so long before and after its making.
    pub window: Duration,
}

/// A signature that holds, as far as the head alone can tell.
struct Held<'a> {
    principal: &'a Principal,
    /// SHA-256 of what is taken once.
    once: [u8; 32],
    /// After that it is good no more.
    until: Timestamp,
    content: Option<ContentDigest>,
}

impl Hmac {
    /// Whether a field is its credential, the name in lower case.
    pub(super) fn reads(name: &[u8]) -> bool {
        matches!(name, b"signature" | b"signature-input")
    }

    /// What it makes of a request.
    pub(super) fn check<'a>(
        &'a self,
        by: &'a Authenticator,
        arrived: &Arrived<'a>,
        known: Known<'_>,
        now: Timestamp,
    ) -> Verdict<'a> {
        let request = arrived.head.request;
        let failed = |fault| Verdict::Failed(CredentialFault::Signature(fault));
        let (signature, input) = match (request.single("signature"), request.single("signature-input")) {
            (Ok(None), Ok(None)) => return Verdict::Absent,
            (Ok(Some(signature)), Ok(Some(input))) => (signature, input),
            (Err(fault), _) | (_, Err(fault)) => return Verdict::Refused(fault.into()),
            _ => return failed(SignatureFault::Half),
        };
        let held = match self.held(&by.name, arrived, signature, input, now) {
            Ok(held) => held,
            Err(fault) => return failed(fault),
        };
        match known.findings().last() {
            None => Verdict::Needs(Question::Once { digest: held.once, until: held.until }),
            Some(Finding::First(true)) => {
                Verdict::Signed(Caller::listed(by, held.principal), held.content.map(Box::new))
            }
            Some(Finding::Unavailable(why)) => Verdict::Unavailable(why.clone()),
            Some(_) => failed(SignatureFault::Replayed),
        }
    }

    fn held<'a>(
        &'a self,
        name: &str,
        arrived: &Arrived<'a>,
        signature: &[u8],
        input: &[u8],
        now: Timestamp,
    ) -> Result<Held<'a>, SignatureFault> {
        let (input, signature) = (Input::read(input)?, self::signature(signature)?);
        if input.label != signature.label {
            return Err(SignatureFault::Labels);
        }
        let until = self.good_until(&input, now)?;
        if input.text("alg")?.is_some_and(|algorithm| algorithm != "hmac-sha256") {
            return Err(SignatureFault::Algorithm);
        }
        // What these are is for the client alone, but not of which type (RFC 9421 §2.3).
        input.text("nonce")?;
        input.text("tag")?;
        let id = input.text("keyid")?.ok_or(SignatureFault::NoKeyId)?;
        let (secret, principal) = self.secrets.find(id, now).map_err(SignatureFault::Secret)?;
        covered(&input, arrived).map_err(SignatureFault::NotCovered)?;
        let head = &arrived.head;
        let base =
            base(Message { request: head.request, host: head.host, scheme: arrived.connection.scheme() }, &input)?;
        // In constant time.
        hmac::verify(&secret.key, base.as_bytes(), &signature.bytes).map_err(|_| SignatureFault::Wrong)?;
        let content = match input.covers("content-digest") {
            true => Some(ContentDigest::read(head.request.values("content-digest"))?),
            false => None,
        };
        Ok(Held { principal, once: once(name, id, &signature.bytes), until, content })
    }

    /// Until when a signature is good, where it is good now.
    fn good_until(&self, input: &Input<'_>, now: Timestamp) -> Result<Timestamp, SignatureFault> {
        let moment = |seconds| u64::try_from(seconds).map_or(Timestamp::default(), Timestamp::from_seconds);
        let created = moment(input.seconds("created")?.ok_or(SignatureFault::NoCreated)?);
        let until = created + self.window;
        if now > until {
            return Err(SignatureFault::TooOld);
        }
        if created > now + self.window {
            return Err(SignatureFault::Ahead);
        }
        match input.seconds("expires")?.map(moment) {
            Some(expires) if expires <= now => Err(SignatureFault::Expired),
            expires => Ok(expires.map_or(until, |expires| expires.min(until))),
        }
    }
}

/// The one member of `Signature`.
struct Signature {
    label: String,
    bytes: [u8; 32],
}

fn signature(value: &[u8]) -> Result<Signature, SignatureFault> {
    let members = input::members(value).ok_or(SignatureFault::Malformed)?;
    let [(label, bytes)] = &members[..] else { return Err(SignatureFault::Labels) };
    let bytes = bytes.as_slice().try_into().map_err(|_| SignatureFault::Malformed)?;
    Ok(Signature { label: (*label).to_owned(), bytes })
}

/// Whether it covers all that makes the request what it is.
fn covered(input: &Input<'_>, arrived: &Arrived<'_>) -> Result<(), Required> {
    let head = &arrived.head;
    let need = |covered: bool, required: Required| if covered { Ok(()) } else { Err(required) };
    need(input.covers("@method"), Required::Method)?;
    need(input.covers("@authority"), Required::Authority)?;
    if !input.covers("@request-target") && !input.covers("@target-uri") {
        need(input.covers("@path"), Required::Target)?;
        need(input.covers("@query") || head.target.query.is_none(), Required::Query)?;
    }
    need(input.covers("content-digest") || head.framing.is_empty(), Required::ContentDigest)
}

/// A signature, as somebody's for somebody: lengths keep one text from running into the next.
fn once(authenticator: &str, id: &str, signature: &[u8; 32]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for text in [authenticator, id] {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text);
    }
    hash.update(signature);
    hash.finalize().into()
}

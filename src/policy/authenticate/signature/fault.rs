//! Why a signature is not taken: for the log.

use crate::policy::keys::KeyFault;

/// Why a signature is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureFault {
    /// One of `Signature` and `Signature-Input` without the other.
    Half,
    /// One of them is not what RFC 9421 §4 has there.
    Malformed,
    /// Not one signature, under one label in both fields.
    Labels,
    /// More components than are looked at.
    TooMany,
    /// It covers a component twice, one that is not known, or one with a parameter.
    Component,
    /// It covers a field that is not there, or that `Connection` has removed.
    NotThere,
    /// It covers a value that is not ASCII.
    NotAscii,
    /// It leaves out what has to be covered.
    NotCovered(Required),
    /// `created` is not there.
    NoCreated,
    /// `keyid` is not there.
    NoKeyId,
    /// `alg` is another one.
    Algorithm,
    /// Made longer ago than the window.
    TooOld,
    /// Made further ahead than the window.
    Ahead,
    /// Past its own `expires`.
    Expired,
    /// The secret that `keyid` names.
    Secret(KeyFault),
    /// It does not verify: another secret, or another request.
    Wrong,
    /// `Content-Digest` is malformed, or holds no digest that is known.
    Digest,
    /// It was presented before.
    Replayed,
}

/// What every signature covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Required {
    /// `@method`
    Method,
    /// `@authority`
    Authority,
    /// The target, in one of its forms.
    Target,
    /// `@query`, where the target is covered as `@path` and there is a query.
    Query,
    /// `content-digest`, where there is a body.
    ContentDigest,
}

impl SignatureFault {
    /// As the log says it.
    pub const fn message(self) -> &'static str {
        match self {
            Self::Half => "signature: one of Signature and Signature-Input is missing",
            Self::Malformed => "signature: Signature or Signature-Input is malformed",
            Self::Labels => "signature: not one signature, under one label in both fields",
            Self::TooMany => "signature: it covers too many components",
            Self::Component => "signature: it covers a component twice, with a parameter, or one that is not known",
            Self::NotThere => "signature: it covers a component that is not there",
            Self::NotAscii => "signature: it covers a value that is not ASCII",
            Self::NotCovered(Required::Method) => "signature: @method is not covered",
            Self::NotCovered(Required::Authority) => "signature: @authority is not covered",
            Self::NotCovered(Required::Target) => {
                "signature: none of @request-target, @target-uri and @path is covered"
            }
            Self::NotCovered(Required::Query) => "signature: @query is not covered",
            Self::NotCovered(Required::ContentDigest) => "signature: content-digest is not covered",
            Self::NoCreated => "signature: created is missing",
            Self::NoKeyId => "signature: keyid is missing",
            Self::Algorithm => "signature: alg is not hmac-sha256",
            Self::TooOld => "signature: created is too long ago",
            Self::Ahead => "signature: created lies too far ahead",
            Self::Expired => "signature: expired",
            Self::Secret(KeyFault::Unknown) => "signature: unknown keyid",
            Self::Secret(KeyFault::NotYet) => "signature: secret not good yet",
            Self::Secret(KeyFault::Expired) => "signature: secret expired",
            Self::Secret(KeyFault::Disabled) => "signature: secret disabled",
            Self::Wrong => "signature: it does not verify",
            Self::Digest => "signature: Content-Digest holds no digest that is known",
            Self::Replayed => "signature: presented before",
        }
    }
}

//! Why a request is turned away: one enum, and three ways to look at it.
//!
//! `wire` says which status and code, `words` what is told to whom, `fields` which fields go with it. A
//! rejection has two audiences: [`Rejection::detail`] is for the caller and never repeats a value it
//! sent; [`Rejection::internal`] is for the log. What the answer looks like is [`super::problem`]'s.

mod fields;
mod wire;
mod words;

use std::sync::Arc;
use std::time::Duration;

use super::authenticate::{CredentialFault, Relayed};
use super::body::{CodingFault, FormFault, JsonFault};
use super::schema::Violation;
use super::target::TargetFault;
use crate::http1::{ChunkFault, HeadFault, NotSingle, RequestFault};

pub use fields::whole_seconds;
pub use wire::Wire;

/// Why a request is turned away.
#[derive(Clone, Debug, PartialEq)]
pub enum Rejection {
    /// The head is not one unambiguous request.
    MalformedHead(HeadFault),
    /// The target has no single meaning.
    MalformedTarget(TargetFault),
    /// The head did not arrive in time.
    HeadTimeout,
    /// The target is longer than `max_target`.
    TargetTooLong,
    /// `Expect` asks for what we do not know.
    ExpectationFailed,
    /// Not a host of this listener.
    MisdirectedRequest,
    /// The head is longer than `max_head`, or has more than `max_fields` fields.
    HeadTooLarge,
    /// Neither HTTP/1.0 nor HTTP/1.1.
    VersionNotSupported,
    /// No endpoint has this path.
    UnknownPath,
    /// The path has other methods.
    MethodNotAllowed {
        /// The value of `Allow`.
        allow: String,
    },
    /// The client's network may not come here.
    AddressDenied,
    /// A trusted proxy sent an `X-Forwarded-For` that is no list of addresses.
    UnknownClientAddress,
    /// Too many failed credentials from this address.
    TooManyFailures {
        /// How long to wait.
        retry_after: Duration,
    },
    /// The listener's total is spent.
    ListenerSpent {
        /// How long to wait.
        retry_after: Duration,
    },
    /// No credential, or one that is not taken.
    Unauthenticated {
        /// The value of `WWW-Authenticate`, one challenge for each authenticator.
        challenge: String,
        /// Why, where a credential was presented.
        fault: Option<CredentialFault>,
    },
    /// Who could tell whether the credential holds cannot be asked now.
    AuthenticatorUnavailable {
        /// Why, for the log.
        cause: String,
    },
    /// Another service says no, and what its client is told.
    RefusedByService {
        /// What it said.
        relayed: Arc<Relayed>,
        /// Whether there was a credential for it.
        failed: bool,
    },
    /// One credential given twice, or two that name different principals.
    AmbiguousCredentials,
    /// A quota has nothing left.
    RateLimited {
        /// Policies that refused, as named on the wire.
        policies: Vec<String>,
        /// How long to wait.
        retry_after: Duration,
    },
    /// The caller lacks a scope.
    InsufficientScope {
        /// All that the endpoint asks for.
        required: Vec<String>,
        /// Those of them that the caller has not.
        lacking: Vec<String>,
    },
    /// What is claimed of the caller is not what the endpoint asks for.
    ClaimNotAllowed {
        /// The names of the claims.
        claims: Vec<String>,
    },
    /// A body without, or with another, media type than the endpoint takes.
    UnsupportedMediaType {
        /// What it takes; empty where it takes no body.
        accept: Vec<String>,
        /// Which field of RFC 5789 §3.1 or the LDP repeats that, by method.
        hint: Option<&'static str>,
    },
    /// `Content-Type` given twice.
    RepeatedContentType,
    /// A content coding that is not known, or more than one.
    UnsupportedCoding,
    /// The endpoint cannot answer what the client accepts.
    NotAcceptable {
        /// What it can answer.
        produces: Vec<String>,
    },
    /// Query, field or path parameters do not hold.
    InvalidParameters(Vec<Violation>),
    /// The body is larger than the endpoint takes, as sent or decoded.
    BodyTooLarge {
        /// The limit.
        max_bytes: u64,
    },
    /// The body did not arrive in time.
    BodyTimeout,
    /// The connection ended within the body.
    BodyIncomplete,
    /// The body's chunks are none.
    BodyMisframed(ChunkFault),
    /// The body is not the one that was signed.
    DigestMismatch,
    /// There must be a body.
    BodyMissing,
    /// The body is not what its content coding says.
    BodyUndecodable(CodingFault),
    /// The body is not one well-formed JSON document.
    MalformedJson(JsonFault),
    /// The body is not one well-formed form.
    MalformedForm(FormFault),
    /// All bodies together fill the gate's budget.
    BuffersFull,
    /// The file that the body should wait in cannot be written or read.
    SpoolFailed {
        /// Why, for the log.
        cause: String,
    },
    /// The body does not satisfy the schema.
    SchemaViolated(Vec<Violation>),
    /// No peer takes a connection.
    UpstreamUnreachable {
        /// Why, for the log.
        cause: String,
    },
    /// A peer answered what is no HTTP response, or ended before it did.
    UpstreamBroken {
        /// Why, for the log.
        cause: String,
    },
    /// The peer took too long.
    UpstreamTimeout {
        /// Which phase, for the log.
        phase: &'static str,
    },
}

/// What the bytes were is the stage *head*'s to say.
impl From<RequestFault> for Rejection {
    fn from(fault: RequestFault) -> Self {
        match fault {
            RequestFault::Malformed(fault) => Self::MalformedHead(fault),
            RequestFault::TooLarge => Self::HeadTooLarge,
            RequestFault::TargetTooLong => Self::TargetTooLong,
            RequestFault::Version => Self::VersionNotSupported,
        }
    }
}

/// What says who is asking, or whose counter it is, must say one thing.
impl From<NotSingle> for Rejection {
    fn from(fault: NotSingle) -> Self {
        match fault {
            NotSingle::Repeated => Self::AmbiguousCredentials,
            NotSingle::Nominated => Self::MalformedHead(HeadFault::Connection),
        }
    }
}

impl Rejection {
    /// The violations of a 422.
    pub fn violations(&self) -> &[Violation] {
        match self {
            Self::InvalidParameters(violations) | Self::SchemaViolated(violations) => violations,
            _ => &[],
        }
    }

    /// Whether a credential was presented and not taken: what the guard counts.
    pub fn is_failed_credential(&self) -> bool {
        matches!(self, Self::Unauthenticated { fault: Some(_), .. } | Self::RefusedByService { failed: true, .. })
    }

    /// How long the client should wait, where that helps.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::TooManyFailures { retry_after }
            | Self::ListenerSpent { retry_after }
            | Self::RateLimited { retry_after, .. } => Some(*retry_after),
            // Bodies come and go within seconds, and so do most troubles of a network.
            Self::BuffersFull | Self::SpoolFailed { .. } | Self::AuthenticatorUnavailable { .. } => {
                Some(Duration::from_secs(1))
            }
            _ => None,
        }
    }

    /// Whether what follows on the connection can no longer be told apart from this request.
    pub fn breaks_connection(&self) -> bool {
        matches!(
            self,
            Self::MalformedHead(_)
                | Self::MalformedTarget(TargetFault::Tunnel)
                | Self::HeadTimeout
                | Self::TargetTooLong
                | Self::HeadTooLarge
                | Self::VersionNotSupported
                | Self::BodyTimeout
                | Self::BodyIncomplete
                | Self::BodyMisframed(_)
        )
    }
}

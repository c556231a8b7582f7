//! Why a request is turned away: one enum, and one exhaustive match to what goes over the wire.
//!
//! A rejection has two audiences. [`Rejection::detail`] is for the caller and never repeats a value it
//! sent; [`Rejection::internal`] is for the log. What the answer looks like is [`super::problem`]'s.

use std::borrow::Cow;
use std::time::Duration;

use super::body::{CodingFault, FormFault, JsonFault};
use super::keys::KeyFault;
use super::request::NotSingle;
use super::schema::Violation;
use super::stage::Stage;
use super::target::TargetFault;

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
        fault: Option<KeyFault>,
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
    /// The connection ended, or broke framing, within the body.
    BodyIncomplete,
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
    /// The gate is ending, or has no connection to spare.
    Unavailable,
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

/// What makes a head ambiguous or malformed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeadFault {
    /// Not the grammar of RFC 9112 §2.1; a bare CR or LF is among these.
    Syntax,
    /// The method is no token, or over 32 bytes.
    Method,
    /// A field name is no token.
    FieldName,
    /// A field value holds a control (RFC 9110 §5.5).
    FieldValue,
    /// A name that an upstream may read as a framing field, `Content_Length` for one.
    DisguisedField,
    /// No `Host`, or more than one, or one that is none.
    Host,
    /// `Host` and the absolute target disagree.
    HostDisagrees,
    /// `Content-Length` is not one number.
    ContentLength,
    /// `Transfer-Encoding` is not exactly `chunked`, on HTTP/1.1.
    TransferEncoding,
    /// Both `Content-Length` and `Transfer-Encoding`.
    TwoFramings,
    /// `Connection` names a field that matters here.
    Connection,
}

impl HeadFault {
    fn message(self) -> &'static str {
        match self {
            Self::Syntax => "The request head is not HTTP/1.1.",
            Self::Method => "The method is not a token.",
            Self::FieldName => "A field name is not a token.",
            Self::FieldValue => "A field value holds a control character.",
            Self::DisguisedField => "A field name imitates a framing field.",
            Self::Host => "There must be one Host field, with one host.",
            Self::HostDisagrees => "Host and the request target name different hosts.",
            Self::ContentLength => "Content-Length must be one decimal number.",
            Self::TransferEncoding => "Transfer-Encoding must be 'chunked' and nothing else, on HTTP/1.1.",
            Self::TwoFramings => "A request has Content-Length or Transfer-Encoding, not both.",
            Self::Connection => "Connection names a field that is not hop-by-hop.",
        }
    }
}

/// What a rejection is on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wire {
    /// The stage that refused.
    pub stage: Stage,
    /// The HTTP status.
    pub status: u16,
    /// The problem's code, stable for clients to switch on.
    pub code: &'static str,
    /// The problem's title.
    pub title: &'static str,
}

impl Rejection {
    /// What it is on the wire.
    pub fn wire(&self) -> Wire {
        use Stage::{
            Access, Authenticate, Authorize, Body, Forward, Guard, Head, MediaType, Params, RateLimit, Route, Schema,
        };
        let (stage, status, code, title) = match self {
            // RFC 9110 §15.5.1; for the framing RFC 9112 §6.3.
            Self::MalformedHead(_) => (Head, 400, "malformed_request", "Malformed request"),
            Self::MalformedTarget(_) => (Head, 400, "malformed_target", "Malformed request target"),
            // RFC 9110 §15.5.9
            Self::HeadTimeout => (Head, 408, "head_timeout", "Request timeout"),
            // RFC 9110 §15.5.15
            Self::TargetTooLong => (Head, 414, "target_too_long", "Request target too long"),
            // RFC 9110 §15.5.18
            Self::ExpectationFailed => (Head, 417, "expectation_failed", "Expectation failed"),
            // RFC 9110 §15.5.20
            Self::MisdirectedRequest => (Head, 421, "misdirected_request", "Misdirected request"),
            // RFC 6585 §5
            Self::HeadTooLarge => (Head, 431, "head_too_large", "Request head too large"),
            // RFC 9110 §15.6.6
            Self::VersionNotSupported => (Head, 505, "version_not_supported", "HTTP version not supported"),
            // RFC 9110 §15.5.5
            Self::UnknownPath => (Route, 404, "unknown_path", "Unknown path"),
            // RFC 9110 §15.5.6
            Self::MethodNotAllowed { .. } => (Route, 405, "method_not_allowed", "Method not allowed"),
            // RFC 9110 §15.5.4
            Self::AddressDenied => (Access, 403, "address_denied", "Address denied"),
            Self::UnknownClientAddress => (Access, 400, "unknown_client_address", "Unknown client address"),
            // RFC 6585 §4
            Self::TooManyFailures { .. } => (Guard, 429, "too_many_failures", "Too many failed credentials"),
            Self::ListenerSpent { .. } => (Guard, 429, "listener_spent", "Too many requests"),
            // RFC 9110 §15.5.2
            Self::Unauthenticated { .. } => (Authenticate, 401, "unauthenticated", "Authentication required"),
            Self::AmbiguousCredentials => (Authenticate, 400, "ambiguous_credentials", "Ambiguous credentials"),
            // RFC 6585 §4
            Self::RateLimited { .. } => (RateLimit, 429, "rate_limited", "Too many requests"),
            // RFC 9110 §15.5.4, RFC 6750 §3.1
            Self::InsufficientScope { .. } => (Authorize, 403, "insufficient_scope", "Insufficient scope"),
            // RFC 9110 §15.5.16
            Self::UnsupportedMediaType { .. } => (MediaType, 415, "unsupported_media_type", "Unsupported media type"),
            Self::UnsupportedCoding => (MediaType, 415, "unsupported_coding", "Unsupported content coding"),
            // RFC 9110 §8.3: a sender must not send several.
            Self::RepeatedContentType => (MediaType, 400, "repeated_content_type", "Repeated Content-Type"),
            // RFC 9110 §15.5.7
            Self::NotAcceptable { .. } => (MediaType, 406, "not_acceptable", "Not acceptable"),
            // RFC 9110 §15.5.21
            Self::InvalidParameters(_) => (Params, 422, "invalid_parameters", "Invalid parameters"),
            // RFC 9110 §15.5.14
            Self::BodyTooLarge { .. } => (Body, 413, "body_too_large", "Body too large"),
            // RFC 9110 §15.5.9
            Self::BodyTimeout => (Body, 408, "body_timeout", "Request timeout"),
            // RFC 9112 §8
            Self::BodyIncomplete => (Body, 400, "body_incomplete", "Incomplete body"),
            Self::BodyMissing => (Body, 400, "body_missing", "Body missing"),
            // RFC 9110 §8.4: what does not decode is malformed, an unknown coding is 415 above.
            Self::BodyUndecodable(CodingFault::TooLarge | CodingFault::RatioExceeded) => {
                (Body, 413, "decoded_body_too_large", "Decoded body too large")
            }
            Self::BodyUndecodable(_) => (Body, 400, "undecodable_body", "Undecodable body"),
            // RFC 8259, RFC 7493
            Self::MalformedJson(_) => (Body, 400, "malformed_json", "Malformed JSON"),
            Self::MalformedForm(_) => (Body, 400, "malformed_form", "Malformed form"),
            // RFC 9110 §15.6.4
            Self::BuffersFull => (Body, 503, "buffers_full", "Service unavailable"),
            // RFC 9110 §15.5.21
            Self::SchemaViolated(_) => (Schema, 422, "schema_violated", "Schema violated"),
            // RFC 9110 §15.6.3
            Self::UpstreamUnreachable { .. } => (Forward, 502, "upstream_unreachable", "Bad gateway"),
            Self::UpstreamBroken { .. } => (Forward, 502, "upstream_broken", "Bad gateway"),
            // RFC 9110 §15.6.5
            Self::UpstreamTimeout { .. } => (Forward, 504, "upstream_timeout", "Gateway timeout"),
            // RFC 9110 §15.6.4
            Self::Unavailable => (Forward, 503, "unavailable", "Service unavailable"),
        };
        Wire { stage, status, code, title }
    }

    /// For the caller: what is wrong, and what would be right. Never a value that was sent.
    pub fn detail(&self) -> Cow<'static, str> {
        let text = match self {
            Self::MalformedHead(fault) => fault.message(),
            Self::MalformedTarget(fault) => fault.message(),
            Self::HeadTimeout => "The request head did not arrive in time.",
            Self::TargetTooLong => "The request target is longer than this gate takes.",
            Self::ExpectationFailed => "The only expectation that can be met is 100-continue.",
            Self::MisdirectedRequest => "This host is not served here.",
            Self::HeadTooLarge => "The request head is larger, or has more fields, than this gate takes.",
            Self::VersionNotSupported => "This gate speaks HTTP/1.0 and HTTP/1.1.",
            Self::UnknownPath => "There is nothing at this path.",
            Self::MethodNotAllowed { allow } => return format!("This path takes {allow}.").into(),
            Self::AddressDenied => "Requests from this address are not taken.",
            Self::UnknownClientAddress => "X-Forwarded-For is not a list of addresses.",
            Self::TooManyFailures { .. } => "Too many failed credentials came from this address.",
            Self::ListenerSpent { .. } => "More requests came than this gate takes in all.",
            Self::Unauthenticated { fault: None, .. } => "This endpoint needs a credential.",
            Self::Unauthenticated { fault: Some(_), .. } => "The credential is not valid.",
            Self::AmbiguousCredentials => {
                "A credential was given more than once, or credentials name different principals."
            }
            Self::RateLimited { policies, .. } => {
                return format!("Nothing is left of {}.", policies.join(", ")).into();
            }
            Self::InsufficientScope { required } => {
                return format!("This needs the scope {}.", required.join(" and ")).into();
            }
            Self::UnsupportedMediaType { accept, .. } if accept.is_empty() => "This endpoint takes no body.",
            Self::UnsupportedMediaType { accept, .. } => {
                return format!("This endpoint takes {}.", accept.join(", ")).into();
            }
            Self::RepeatedContentType => "There must be one Content-Type field.",
            Self::UnsupportedCoding => "This endpoint takes gzip, deflate, br or zstd, one at a time.",
            Self::NotAcceptable { produces } => {
                return format!("This endpoint answers with {}.", produces.join(", ")).into();
            }
            Self::InvalidParameters(_) => "Parameters of the request do not hold; see errors.",
            Self::BodyTooLarge { max_bytes } => {
                return format!("This endpoint takes bodies of up to {max_bytes} bytes.").into();
            }
            Self::BodyTimeout => "The body did not arrive in time.",
            Self::BodyIncomplete => "The body ended before its length, or is not framed as announced.",
            Self::BodyMissing => "This endpoint needs a body.",
            Self::BodyUndecodable(fault) => return format!("The body cannot be decoded: {fault}.").into(),
            Self::MalformedJson(fault) => return format!("The body is not strict JSON: {fault}.").into(),
            Self::MalformedForm(fault) => return format!("The body is not one form: {fault}.").into(),
            Self::BuffersFull => "This gate holds as many bodies as it can; try again.",
            Self::SchemaViolated(_) => "The body does not satisfy the schema; see errors.",
            Self::UpstreamUnreachable { .. } => "The service behind this gate cannot be reached.",
            Self::UpstreamBroken { .. } => "The service behind this gate gave no valid answer.",
            Self::UpstreamTimeout { .. } => "The service behind this gate did not answer in time.",
            Self::Unavailable => "This gate takes no further requests now; try again.",
        };
        Cow::Borrowed(text)
    }

    /// For the log: what only an operator should read, where there is such a thing.
    pub fn internal(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Unauthenticated { fault: Some(fault), .. } => Some(Cow::Borrowed(match fault {
                KeyFault::Unknown => "unknown key",
                KeyFault::NotYet => "key not good yet",
                KeyFault::Expired => "key expired",
                KeyFault::Disabled => "key disabled",
            })),
            Self::UpstreamUnreachable { cause } | Self::UpstreamBroken { cause } => Some(Cow::Borrowed(cause)),
            Self::UpstreamTimeout { phase } => Some(Cow::Borrowed(phase)),
            _ => None,
        }
    }

    /// The violations of a 422.
    pub fn violations(&self) -> &[Violation] {
        match self {
            Self::InvalidParameters(violations) | Self::SchemaViolated(violations) => violations,
            _ => &[],
        }
    }

    /// How long the client should wait, where that helps.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::TooManyFailures { retry_after }
            | Self::ListenerSpent { retry_after }
            | Self::RateLimited { retry_after, .. } => Some(*retry_after),
            // Bodies come and go within seconds.
            Self::BuffersFull | Self::Unavailable => Some(Duration::from_secs(1)),
            _ => None,
        }
    }

    /// Whether what follows on the connection can no longer be told apart from this request.
    pub fn breaks_connection(&self) -> bool {
        matches!(
            self,
            Self::MalformedHead(_)
                | Self::HeadTimeout
                | Self::TargetTooLong
                | Self::HeadTooLarge
                | Self::VersionNotSupported
                | Self::BodyTimeout
                | Self::BodyIncomplete
        )
    }

    /// The fields that its status asks for, beside those of every problem.
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        let mut fields = Vec::new();
        match self {
            Self::MethodNotAllowed { allow } => fields.push(("Allow", allow.clone())),
            Self::Unauthenticated { challenge, .. } => fields.push(("WWW-Authenticate", challenge.clone())),
            Self::InsufficientScope { required } => {
                // RFC 6750 §3: the scopes that would do.
                let scope = required.join(" ");
                let challenge = format!("Bearer error=\"insufficient_scope\", scope=\"{scope}\"");
                fields.push(("WWW-Authenticate", challenge));
            }
            Self::UnsupportedMediaType { accept, hint } if !accept.is_empty() => {
                fields.push(("Accept", accept.join(", ")));
                if let Some(name) = hint {
                    fields.push((name, accept.join(", ")));
                }
            }
            Self::UnsupportedCoding => fields.push(("Accept-Encoding", "gzip, deflate, br, zstd".to_owned())),
            // RFC 9110 §7.8: an upgrade that would do.
            Self::VersionNotSupported => fields.push(("Upgrade", "HTTP/1.1".to_owned())),
            _ => {}
        }
        if let Some(wait) = self.retry_after() {
            fields.push(("Retry-After", whole_seconds(wait).to_string()));
        }
        fields
    }
}

/// RFC 9110 §10.2.3: whole seconds, rounded up so that who waits as told passes; never zero.
pub fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0)).max(1)
}

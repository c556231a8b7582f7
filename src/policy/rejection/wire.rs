//! From reason to wire: the stage, status, code and title of every rejection, in one exhaustive match with
//! no `_` arm, the source beside each.

use super::Rejection;
use crate::policy::body::CodingFault;
use crate::policy::stage::Stage;

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
            // RFC 9110 §15.6.4
            Self::AuthenticatorUnavailable { .. } => {
                (Authenticate, 503, "authenticator_unavailable", "Service unavailable")
            }
            // RFC 9110 §15.5.4 and §15.5.2, as the service said it.
            Self::RefusedByService { relayed, .. } if relayed.status == 403 => {
                (Authenticate, 403, "refused_by_service", "Refused")
            }
            Self::RefusedByService { .. } => (Authenticate, 401, "refused_by_service", "Authentication required"),
            Self::AmbiguousCredentials => (Authenticate, 400, "ambiguous_credentials", "Ambiguous credentials"),
            // RFC 6585 §4
            Self::RateLimited { .. } => (RateLimit, 429, "rate_limited", "Too many requests"),
            // RFC 9110 §15.5.4, RFC 6750 §3.1
            Self::InsufficientScope { .. } => (Authorize, 403, "insufficient_scope", "Insufficient scope"),
            Self::ClaimNotAllowed { .. } => (Authorize, 403, "claim_not_allowed", "Claim not allowed"),
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
            // RFC 9112 §7.1
            Self::BodyMisframed(_) => (Body, 400, "body_misframed", "Misframed body"),
            // RFC 9530 §2: what to do is for who relies on it; RFC 9110 §15.5.1.
            Self::DigestMismatch => (Body, 400, "digest_mismatch", "Digest mismatch"),
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
            Self::SpoolFailed { .. } => (Body, 503, "spool_failed", "Service unavailable"),
            // RFC 9110 §15.5.21
            Self::SchemaViolated(_) => (Schema, 422, "schema_violated", "Schema violated"),
            // RFC 9110 §15.6.3
            Self::UpstreamUnreachable { .. } => (Forward, 502, "upstream_unreachable", "Bad gateway"),
            Self::UpstreamBroken { .. } => (Forward, 502, "upstream_broken", "Bad gateway"),
            // RFC 9110 §15.6.5
            Self::UpstreamTimeout { .. } => (Forward, 504, "upstream_timeout", "Gateway timeout"),
        };
        Wire { stage, status, code, title }
    }
}

//! From reason to words: what the caller reads, and apart from it what only an operator should.

use std::borrow::Cow;

use super::Rejection;

impl Rejection {
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
            Self::AuthenticatorUnavailable { .. } => "The credential cannot be checked now; try again.",
            Self::RefusedByService { .. } => "The service that knows the callers of this endpoint refused.",
            Self::AmbiguousCredentials => {
                "A credential was given more than once, or credentials name different principals."
            }
            Self::RateLimited { policies, .. } => {
                return format!("Nothing is left of {}.", policies.join(", ")).into();
            }
            Self::InsufficientScope { lacking, .. } => {
                return format!("This needs the scope {}.", lacking.join(" and ")).into();
            }
            Self::ClaimNotAllowed { claims } => {
                return format!("This needs another value of {}.", claims.join(" and ")).into();
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
            Self::BodyIncomplete => "The body ended before its length.",
            Self::BodyMisframed(fault) => return format!("The body is not framed as announced: {fault}.").into(),
            Self::DigestMismatch => "The body is not the one that Content-Digest tells of.",
            Self::BodyMissing => "This endpoint needs a body.",
            Self::BodyUndecodable(fault) => return format!("The body cannot be decoded: {fault}.").into(),
            Self::MalformedJson(fault) => return format!("The body is not strict JSON: {fault}.").into(),
            Self::MalformedForm(fault) => return format!("The body is not one form: {fault}.").into(),
            Self::BuffersFull => "This gate holds as many bodies as it can; try again.",
            Self::SpoolFailed { .. } => "This gate cannot keep the body; try again.",
            Self::SchemaViolated(_) => "The body does not satisfy the schema; see errors.",
            Self::UpstreamUnreachable { .. } => "The service behind this gate cannot be reached.",
            Self::UpstreamBroken { .. } => "The service behind this gate gave no valid answer.",
            Self::UpstreamTimeout { .. } => "The service behind this gate did not answer in time.",
        };
        Cow::Borrowed(text)
    }

    /// For the log: what only an operator should read, where there is such a thing.
    pub fn internal(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Unauthenticated { fault: Some(fault), .. } => Some(Cow::Borrowed(fault.message())),
            Self::AuthenticatorUnavailable { cause } => Some(Cow::Borrowed(cause)),
            Self::BodyMisframed(fault) => Some(Cow::Borrowed(fault.message())),
            Self::SpoolFailed { cause } => Some(Cow::Owned(format!("spool: {cause}"))),
            Self::UpstreamUnreachable { cause } | Self::UpstreamBroken { cause } => Some(Cow::Borrowed(cause)),
            Self::UpstreamTimeout { phase } => Some(Cow::Owned(format!("{phase} timed out"))),
            _ => None,
        }
    }
}

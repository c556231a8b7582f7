//! The stages in their order: the flow as a type.

/// One question that a request must answer. Every stage before the one that refused was passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u16)]
pub enum Stage {
    /// Is it one unambiguous HTTP request, for a host we serve, within limits and in time?
    Head,
    /// Do we know this path, and this method on it?
    Route,
    /// May this network address come here at all?
    Access,
    /// Has this address failed too often lately, or is the listener's total spent?
    Guard,
    /// Who is it?
    Authenticate,
    /// Has this caller tokens left in every quota that applies?
    RateLimit,
    /// Has the caller the scope?
    Authorize,
    /// Is the body's type and coding one this method takes; can we answer what it accepts?
    MediaType,
    /// Do query, header and path parameters hold?
    Params,
    /// Is the body within size, in time, decodable, one well-formed document?
    Body,
    /// Does it satisfy the JSON Schema?
    Schema,
    /// Does an upstream peer answer in time?
    Forward,
}

impl Stage {
    /// All of them, in order.
    pub const ALL: [Self; 12] = [
        Self::Head,
        Self::Route,
        Self::Access,
        Self::Guard,
        Self::Authenticate,
        Self::RateLimit,
        Self::Authorize,
        Self::MediaType,
        Self::Params,
        Self::Body,
        Self::Schema,
        Self::Forward,
    ];

    /// As it stands in a configuration and a log.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Head => "head",
            Self::Route => "route",
            Self::Access => "access",
            Self::Guard => "guard",
            Self::Authenticate => "authenticate",
            Self::RateLimit => "rate_limit",
            Self::Authorize => "authorize",
            Self::MediaType => "media_type",
            Self::Params => "params",
            Self::Body => "body",
            Self::Schema => "schema",
            Self::Forward => "forward",
        }
    }

    /// Whether it may be told to report only. What guards the gate itself always enforces.
    pub const fn may_report(self) -> bool {
        match self {
            Self::Head | Self::Route | Self::Access | Self::Guard | Self::Forward => false,
            Self::Authenticate
            | Self::RateLimit
            | Self::Authorize
            | Self::MediaType
            | Self::Params
            | Self::Body
            | Self::Schema => true,
        }
    }
}

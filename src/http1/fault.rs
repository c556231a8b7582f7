//! What makes a message no message, or more than one.

/// What makes a head ambiguous or malformed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeadFault {
    /// A line that ends with LF alone, or a CR within one (RFC 9112 §2.2).
    LineEnd,
    /// An empty line where the start line should be (RFC 9112 §2.2).
    EmptyLine,
    /// A first line that is not that of a message (RFC 9112 §3 and §4).
    StartLine,
    /// A field that goes on in the next line (RFC 9112 §5.2).
    Folded,
    /// White space between a field's name and its colon (RFC 9112 §5.1).
    SpaceBeforeColon,
    /// A line without a colon, or without a name before it.
    FieldLine,
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
    /// A field that concerns one connection, where the protocol has none of these (RFC 9113 §8.2.2).
    ConnectionSpecific,
}

/// Why no request can be read off the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestFault {
    /// It is malformed.
    Malformed(HeadFault),
    /// The head is over its limits, in bytes or in fields.
    TooLarge,
    /// The first line is, because of its target.
    TargetTooLong,
    /// It calls itself HTTP of a version that is not spoken.
    Version,
}

/// Why no response can be read off the bytes. Its words repeat nothing of what the peer sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResponseFault {
    /// It is malformed.
    Malformed(HeadFault),
    /// The head is over its limits, in bytes or in fields.
    TooLarge,
    /// It is of another version than 1.0 or 1.1.
    Version,
    /// The status is not between 100 and 599.
    Status,
}

impl From<HeadFault> for RequestFault {
    fn from(fault: HeadFault) -> Self {
        Self::Malformed(fault)
    }
}

impl From<HeadFault> for ResponseFault {
    fn from(fault: HeadFault) -> Self {
        Self::Malformed(fault)
    }
}

impl HeadFault {
    /// In words, as a statement on a message of either direction.
    pub fn message(self) -> &'static str {
        match self {
            Self::LineEnd => "Every line of a head ends with CRLF, and holds no other CR or LF.",
            Self::EmptyLine => "A message begins with its first line, not with an empty one.",
            Self::StartLine => "The first line is not that of an HTTP/1.1 message.",
            Self::Folded => "A field stands on one line; folding is obsolete.",
            Self::SpaceBeforeColon => "No white space may stand between a field's name and its colon.",
            Self::FieldLine => "Every field line is a name, a colon and a value.",
            Self::Method => "The method is not a token.",
            Self::FieldName => "A field name is not a token.",
            Self::FieldValue => "A field value holds a control character.",
            Self::DisguisedField => "A field name imitates a framing field.",
            Self::Host => "There must be one Host field, with one host.",
            Self::HostDisagrees => "Host and the request target name different hosts.",
            Self::ContentLength => "Content-Length must be one decimal number.",
            Self::TransferEncoding => "Transfer-Encoding must be 'chunked' and nothing else, on HTTP/1.1.",
            Self::TwoFramings => "A message has Content-Length or Transfer-Encoding, not both.",
            Self::Connection => "Connection names a field that is not hop-by-hop.",
            Self::ConnectionSpecific => "HTTP/2 has no connection-specific fields.",
        }
    }
}

impl std::fmt::Display for ResponseFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Malformed(fault) => fault.message(),
            Self::TooLarge => "The head is too large.",
            Self::Version => "The answer is neither HTTP/1.0 nor HTTP/1.1.",
            Self::Status => "The status is none.",
        })
    }
}

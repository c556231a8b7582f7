//! Why a token is not taken; for the log, never for its bearer.

/// Why a token is not taken. In the order in which they are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenFault {
    /// Longer than any that is read.
    TooLong,
    /// Five parts: for somebody who can decrypt it (RFC 7516).
    Encrypted,
    /// Not three parts, not base64url, not one strict JSON object, or of members that are something else.
    Malformed(&'static str),
    /// It asks for an extension (RFC 7515 §4.1.11), and none is known here.
    Critical,
    /// It brings its own key, or says where one is (RFC 8725 §3.10).
    EmbeddedKey,
    /// A token within a token (RFC 7519 §5.2).
    Nested,
    /// Another `typ` than is asked for (RFC 8725 §3.11).
    Type,
    /// `none`, or another algorithm that is not taken here.
    Algorithm,
    /// No key of the issuer's is known that fits.
    UnknownKey,
    /// The signature does not hold.
    Signature,
    /// A claim that must be there is not, or is something else.
    Claim(&'static str),
    /// `exp` is over.
    Expired,
    /// `nbf` lies ahead.
    NotYet,
    /// `iat` lies ahead.
    IssuedAhead,
    /// Another issuer's, or nobody's.
    Issuer,
    /// For somebody else, or nobody.
    Audience,
}

impl TokenFault {
    /// As the log says it.
    pub const fn message(self) -> &'static str {
        match self {
            Self::TooLong => "token longer than max_token",
            Self::Encrypted => "encrypted token",
            Self::Malformed(what) => what,
            Self::Critical => "token asks for an extension (crit)",
            Self::EmbeddedKey => "token brings its own key",
            Self::Nested => "token within a token",
            Self::Type => "token of another typ",
            Self::Algorithm => "token of an algorithm that is not taken",
            Self::UnknownKey => "no key fits the token",
            Self::Signature => "token's signature does not hold",
            Self::Claim(name) => match name.as_bytes() {
                b"exp" => "token without an end (exp)",
                b"nbf" => "token whose nbf is no time",
                b"iat" => "token whose iat is no time",
                b"iss" => "token whose iss is no text",
                _ => "token whose aud is neither a text nor a list of texts",
            },
            Self::Expired => "token expired",
            Self::NotYet => "token not good yet",
            Self::IssuedAhead => "token issued in the future",
            Self::Issuer => "token of another issuer",
            Self::Audience => "token for another audience",
        }
    }
}

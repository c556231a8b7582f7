//! The field `Authorization`: which scheme, and what it makes of the rest.

use crate::http1::RequestHead;
use crate::policy::rejection::Rejection;

/// RFC 9110 §11.4. Never printed.
#[derive(Clone, Copy)]
pub(super) struct Authorization<'a> {
    scheme: &'a [u8],
    rest: &'a [u8],
}

impl<'a> Authorization<'a> {
    /// What a request has of it, if anything.
    ///
    /// # Errors
    ///
    /// Where it is there twice, or where `Connection` says that it is for the next hop alone.
    pub(super) fn of(request: &RequestHead<'a>) -> Result<Option<Self>, Rejection> {
        Ok(request.single("authorization")?.map(Self::read))
    }

    fn read(value: &'a [u8]) -> Self {
        let end = value.iter().position(|byte| *byte == b' ').unwrap_or(value.len());
        let (scheme, rest) = value.split_at(end);
        Self { scheme, rest: rest.trim_ascii() }
    }

    /// Whether a value is of this scheme.
    pub(super) fn is_of(value: &[u8], scheme: &str) -> bool {
        Authorization::read(value).scheme.eq_ignore_ascii_case(scheme.as_bytes())
    }

    /// The credential, where it is of this scheme.
    pub(super) fn by(self, scheme: &str) -> Option<&'a [u8]> {
        self.scheme.eq_ignore_ascii_case(scheme.as_bytes()).then_some(self.rest)
    }
}

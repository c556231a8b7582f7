//! Where a message's body ends (RFC 9112 §6), where each leniency has been somebody's hole.

use super::fault::HeadFault;
use super::field::{Field, named};
use super::request::{RequestHead, Version};

/// How a request's body is framed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// So many bytes; zero where nothing was said.
    Length(u64),
    /// In chunks, so the length shows at the end; or by HTTP/2, which frames every body, without a length.
    Chunked,
}

/// How a response's body is framed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// There is none, whatever the head says.
    Nothing,
    /// So many bytes.
    Length(u64),
    /// In chunks.
    Chunked,
    /// Until the connection ends.
    UntilClose,
}

impl Framing {
    /// Whether it is already known that no body follows.
    pub fn is_empty(self) -> bool {
        self == Self::Length(0)
    }
}

/// RFC 9112 §6.3, as a request has it: without either field there is no body.
pub fn request_framing(request: &RequestHead<'_>) -> Result<Framing, HeadFault> {
    let open = request.version == Version::Http2 && !request.ended;
    let unsaid = if open { Framing::Chunked } else { Framing::Length(0) };
    Ok(stated(request.version, request.fields)?.unwrap_or(unsaid))
}

/// RFC 9112 §6.3, as a response has it: what it answers and its status come first, and without either field
/// the body ends with the connection.
pub fn response_ending(
    version: Version,
    status: u16,
    to_head: bool,
    fields: &[Field<'_>],
) -> Result<Ending, HeadFault> {
    let stated = stated(version, fields)?;
    Ok(match (status, stated) {
        (100..=199 | 204 | 304, _) => Ending::Nothing,
        _ if to_head => Ending::Nothing,
        (_, Some(Framing::Length(length))) => Ending::Length(length),
        (_, Some(Framing::Chunked)) => Ending::Chunked,
        (_, None) => Ending::UntilClose,
    })
}

fn stated(version: Version, fields: &[Field<'_>]) -> Result<Option<Framing>, HeadFault> {
    let mut lengths = named(fields, "content-length");
    let mut codings = named(fields, "transfer-encoding");
    match (lengths.next(), codings.next()) {
        (None, None) => Ok(None),
        // RFC 9112 §6.3: a message with both is an attack or a bug.
        (Some(_), Some(_)) => Err(HeadFault::TwoFramings),
        (Some(value), None) if lengths.next().is_none() => content_length(value).map(Some),
        (Some(_), None) => Err(HeadFault::ContentLength),
        (None, Some(value)) if codings.next().is_none() => transfer_encoding(version, value).map(Some),
        (None, Some(_)) => Err(HeadFault::TransferEncoding),
    }
}

/// Digits of a length: twenty fill 64 bits, and more would be zeros in front, which not everybody reads.
const MAX_DIGITS: usize = 20;

/// RFC 9110 §8.6: digits. No list, no sign, no space, nothing beyond what can be counted.
fn content_length(value: &[u8]) -> Result<Framing, HeadFault> {
    let digits = (1..=MAX_DIGITS).contains(&value.len()) && value.iter().all(u8::is_ascii_digit);
    let number = std::str::from_utf8(value).ok().filter(|_| digits).and_then(|text| text.parse().ok());
    number.map(Framing::Length).ok_or(HeadFault::ContentLength)
}

/// RFC 9112 §6.1: `chunked`, once, and only where it exists.
fn transfer_encoding(version: Version, value: &[u8]) -> Result<Framing, HeadFault> {
    if version == Version::Http11 && value.eq_ignore_ascii_case(b"chunked") {
        Ok(Framing::Chunked)
    } else {
        Err(HeadFault::TransferEncoding)
    }
}

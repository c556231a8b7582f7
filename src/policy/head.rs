//! Stage *head*: is it one unambiguous HTTP request, for a host we serve, and within limits?
//!
//! It judges the head as it stood on the wire, whoever parsed it; RFC numbers stand beside each rule.
//! That the head came in time is for the caller, who has the clock.

use std::net::Ipv6Addr;

use super::gateway::{Limits, Listener};
use super::rejection::Rejection;
use super::target::{Target, TargetFault};
use crate::http1::{Field, Framing, HeadFault, RequestHead, Version, is_token, request_framing};

/// A head that passed: the one meaning it has.
#[derive(Clone, Debug)]
pub struct Head<'a> {
    /// As it came.
    pub request: &'a RequestHead<'a>,
    /// The method, a token.
    pub method: &'a str,
    /// The target in its one spelling.
    pub target: Target<'a>,
    /// `Host`, as sent; none only on HTTP/1.0.
    pub host: Option<&'a str>,
    /// How the body is framed.
    pub framing: Framing,
    /// Whether the client waits for 100 before it sends the body.
    pub expects_continue: bool,
    /// The one protocol that the client would rather speak on this connection.
    pub upgrade: Option<&'a str>,
}

/// The longest method taken; IANA's longest is 17 bytes.
const MAX_METHOD_BYTES: usize = 32;

/// Fields that decide what a request is; `Connection` may not have them removed (RFC 9110 §7.6.1).
const NOT_HOP_BY_HOP: [&str; 12] = [
    "accept",
    "authorization",
    "cache-control",
    "content-encoding",
    "content-length",
    "content-type",
    "cookie",
    "expect",
    "forwarded",
    "host",
    "x-forwarded-for",
    "x-request-id",
];

/// Judges a head.
pub fn check<'a>(request: &'a RequestHead<'a>, listener: &Listener, limits: &Limits) -> Result<Head<'a>, Rejection> {
    if matches!(request.version, Version::Other) {
        return Err(Rejection::VersionNotSupported);
    }
    if request.target.len() > limits.max_target_bytes {
        return Err(Rejection::TargetTooLong);
    }
    within_size(request, limits)?;
    let method = method(request.method)?;
    // RFC 9112 §3.2.3 and RFC 9110 §9.3.6: what follows are a tunnel's bytes to some, a body and more requests to
    // others, whatever its target looks like.
    if method == "CONNECT" {
        return Err(Rejection::MalformedTarget(TargetFault::Tunnel));
    }
    fields_are_clean(request)?;
    if request.version == Version::Http2 {
        no_field_is_connection_specific(request)?;
    }
    connection_names_hop_by_hop(request)?;
    let framing = request_framing(request).map_err(Rejection::MalformedHead)?;
    let expects_continue = expectation(request)?;
    let target = Target::parse(request.target).map_err(Rejection::MalformedTarget)?;
    let host = host(request, &target)?;
    if !listener.serves(host) {
        return Err(Rejection::MisdirectedRequest);
    }
    // RFC 9110 §7.8: another protocol may begin once the request was sent whole; behind a body that streams nobody
    // could tell the two apart.
    let upgrade = upgrade(request).filter(|_| framing.is_empty());
    Ok(Head { request, method, target, host, framing, expects_continue, upgrade })
}

/// RFC 9110 §7.8: on 1.1 only, and only where `Connection` says so. A server may ignore it, and of several
/// protocols at once nothing is made.
fn upgrade<'a>(request: &'a RequestHead<'a>) -> Option<&'a str> {
    if request.version != Version::Http11
        || !request.list("connection").any(|name| name.eq_ignore_ascii_case(b"upgrade"))
    {
        return None;
    }
    let protocol = request.single_list_member("upgrade").filter(|protocol| is_token(protocol))?;
    std::str::from_utf8(protocol).ok()
}

/// RFC 9113 §8.2.2: what concerns one connection makes a request malformed; `TE` may say `trailers`.
fn no_field_is_connection_specific(request: &RequestHead<'_>) -> Result<(), Rejection> {
    const SPECIFIC: [&str; 5] = ["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"];
    let trailers = |field: &Field<'_>| field.value.eq_ignore_ascii_case(b"trailers");
    let specific = |field: &Field<'_>| SPECIFIC.iter().any(|name| field.is(name)) || field.is("te") && !trailers(field);
    match request.fields.iter().any(specific) {
        true => Err(Rejection::MalformedHead(HeadFault::ConnectionSpecific)),
        false => Ok(()),
    }
}

/// RFC 6585 §5. The wire stops reading at the same bound; this holds for whoever filled the view.
fn within_size(request: &RequestHead<'_>, limits: &Limits) -> Result<(), Rejection> {
    let fields: usize = request.fields.iter().map(|field| field.name.len() + field.value.len() + 4).sum();
    let bytes = fields + request.method.len() + request.target.len();
    if request.fields.len() > limits.max_fields || bytes > limits.max_head_bytes {
        return Err(Rejection::HeadTooLarge);
    }
    Ok(())
}

/// RFC 9110 §9.1: a token, and case-sensitive.
fn method(method: &[u8]) -> Result<&str, Rejection> {
    let text = std::str::from_utf8(method).ok().filter(|_| is_token(method) && method.len() <= MAX_METHOD_BYTES);
    text.ok_or(Rejection::MalformedHead(HeadFault::Method))
}

/// RFC 9110 §5.1 and §5.5; names that servers with CGI in their ancestry read as framing are refused.
fn fields_are_clean(request: &RequestHead<'_>) -> Result<(), Rejection> {
    for field in request.fields {
        field.check().map_err(Rejection::MalformedHead)?;
        if field.name.contains(&b'_') {
            let plain: Vec<u8> = field.name.iter().map(|byte| if *byte == b'_' { b'-' } else { *byte }).collect();
            let framing: [&[u8]; 4] = [b"content-length", b"transfer-encoding", b"host", b"connection"];
            if framing.iter().any(|name| plain.eq_ignore_ascii_case(name)) {
                return Err(Rejection::MalformedHead(HeadFault::DisguisedField));
            }
        }
    }
    Ok(())
}

/// RFC 9110 §7.6.1: `Connection` lists fields to remove; it may not remove what policy reads.
fn connection_names_hop_by_hop(request: &RequestHead<'_>) -> Result<(), Rejection> {
    let sound = request
        .nominated()
        .all(|name| is_token(name) && !NOT_HOP_BY_HOP.iter().any(|kept| name.eq_ignore_ascii_case(kept.as_bytes())));
    if sound { Ok(()) } else { Err(Rejection::MalformedHead(HeadFault::Connection)) }
}

/// RFC 9110 §10.1.1: a server that cannot meet an expectation says 417; 1.0 clients have none.
fn expectation(request: &RequestHead<'_>) -> Result<bool, Rejection> {
    let mut values = request.values("expect");
    match (values.next(), values.next()) {
        (None, _) => Ok(false),
        (Some(value), None) if value.eq_ignore_ascii_case(b"100-continue") => Ok(request.version != Version::Http10),
        _ => Err(Rejection::ExpectationFailed),
    }
}

/// RFC 9112 §3.2 and §3.2.2: exactly one, and the same that an absolute target names.
fn host<'a>(request: &'a RequestHead<'a>, target: &Target<'a>) -> Result<Option<&'a str>, Rejection> {
    let mut values = request.values("host");
    let host = match (values.next(), values.next()) {
        (None, _) if request.version == Version::Http10 => None,
        (Some(value), None) if is_authority(value) => std::str::from_utf8(value).ok(),
        _ => return Err(Rejection::MalformedHead(HeadFault::Host)),
    };
    match (host, target.authority) {
        (Some(host), Some(authority)) if !host.eq_ignore_ascii_case(authority) => {
            Err(Rejection::MalformedHead(HeadFault::HostDisagrees))
        }
        (None, Some(_)) => Err(Rejection::MalformedHead(HeadFault::Host)),
        _ => Ok(host),
    }
}

/// RFC 3986 §3.2.2, as far as a gate must know it: a name, an IPv4 or a bracketed IPv6 address, a port.
fn is_authority(value: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(value) else { return false };
    let (host, port) = match text.rfind(':') {
        Some(colon) if !text.ends_with(']') => (&text[..colon], &text[colon + 1..]),
        _ => (text, ""),
    };
    let bracketed = host.strip_prefix('[').and_then(|inner| inner.strip_suffix(']'));
    let host_fits = match bracketed {
        Some(inner) => inner.parse::<Ipv6Addr>().is_ok(),
        None => !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b)),
    };
    // Digits, for `parse` takes a sign; none where nothing follows the colon.
    let port_fits =
        port.len() <= 5 && port.bytes().all(|b| b.is_ascii_digit()) && (port.is_empty() || port.parse::<u16>().is_ok());
    host_fits && port_fits
}

impl Listener {
    /// Whether this host is served here; without `hosts` any is, and even none.
    fn serves(&self, host: Option<&str>) -> bool {
        if self.hosts.is_empty() {
            return true;
        }
        let Some(host) = host else { return false };
        let name = match host.rfind(':') {
            Some(colon) if !host.ends_with(']') => &host[..colon],
            _ => host,
        };
        self.hosts.iter().any(|served| served.eq_ignore_ascii_case(name))
    }
}

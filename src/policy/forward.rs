//! Stage *forward*: the proof that a request passed, and the head that its upstream sees.
//!
//! The body goes as it came; of the head, what concerns only the hop before is removed, what strangers
//! claim about who and where they are is removed, and then our own word on both is set (RFC 9110 §7.6).

use std::borrow::Cow;
use std::net::IpAddr;

use super::access::contains;
use super::decide::Identified;
use super::gateway::{AuthenticatorKind, Endpoint, HostField, Listener, Upstream};
use super::head::{Framing, Head, is_token};
use super::keys::Principal;
use super::request::{RequestHead, Version};

/// A request that passed every stage. Only `inspect` and `Streamed::forward` make one.
#[derive(Debug)]
pub struct Forward<'a> {
    identified: Identified<'a>,
}

/// A field of the forwarded head.
pub type ForwardedField<'a> = (Cow<'a, [u8]>, Cow<'a, [u8]>);

/// What the caller adds to a forwarded head, because it is random or depends on the peer chosen.
#[derive(Clone, Copy, Debug)]
pub struct Hop<'a> {
    /// This request's id: the client's where [`kept_request_id`] says so, else a fresh one.
    pub request_id: &'a str,
    /// Fresh random bits for `traceparent`, not all zero.
    pub trace: (u128, u64),
    /// The chosen peer as `Host` names it.
    pub peer_authority: &'a str,
}

impl<'a> Forward<'a> {
    pub(super) fn judged(identified: Identified<'a>) -> Self {
        Self { identified }
    }

    /// The endpoint.
    pub fn endpoint(&self) -> &'a Endpoint {
        self.identified.endpoint
    }

    /// The index of the upstream it goes to.
    pub fn upstream_index(&self) -> usize {
        self.identified.endpoint.upstream
    }

    /// The upstream it goes to.
    pub fn upstream(&self) -> &'a Upstream {
        &self.identified.gateway.upstreams[self.identified.endpoint.upstream]
    }

    /// The caller.
    pub fn principal(&self) -> Option<&'a Principal> {
        self.identified.principal
    }

    /// The method, as on the wire.
    pub fn method(&self) -> &'a str {
        self.identified.head.method
    }

    /// The target, as it was judged.
    pub fn target(&self) -> Cow<'_, str> {
        self.identified.head.target.origin_form()
    }

    /// How the body came framed.
    pub fn framing(&self) -> Framing {
        self.identified.head.framing
    }

    /// All fields of the forwarded head but those of framing: `Host` first, the client's in their
    /// order, then ours.
    pub fn fields<'h>(&'h self, hop: &Hop<'h>) -> Vec<ForwardedField<'h>> {
        let Identified { head, endpoint, .. } = &self.identified;
        let mut fields: Vec<ForwardedField<'h>> = Vec::with_capacity(head.request.fields.len() + 10);
        let host = match self.upstream().host {
            HostField::Preserve => head.host.unwrap_or(hop.peer_authority),
            HostField::Peer => hop.peer_authority,
        };
        push(&mut fields, "host", host.as_bytes());
        let nominated: Vec<&[u8]> = head.request.nominated().collect();
        for field in head.request.fields {
            let named = nominated.iter().any(|name| name.eq_ignore_ascii_case(field.name));
            if !named && !self.drops(field.name) {
                fields.push((Cow::Borrowed(field.name), Cow::Borrowed(field.value)));
            }
        }
        self.push_path_taken(&mut fields, hop);
        if let Some(principal) = self.identified.principal.filter(|_| endpoint.forwarding.identity) {
            push(&mut fields, "x-authenticated-principal", principal.name.as_bytes());
        }
        fields
    }

    /// Who asked, over which hops, under which id.
    fn push_path_taken<'h>(&'h self, fields: &mut Vec<ForwardedField<'h>>, hop: &Hop<'h>) {
        let Identified { head, connection, .. } = &self.identified;
        let listener = self.listener();
        let trusted = contains(&listener.trusted_proxies, connection.peer.to_canonical());
        let peer = connection.peer.to_canonical();
        let joined = |name: &'static str, own: String| {
            let earlier = head.request.values(name).filter(|_| trusted);
            let mut all: Vec<Cow<'_, [u8]>> = earlier.map(Cow::Borrowed).collect();
            all.push(Cow::Owned(own.into_bytes()));
            all.join(&b", "[..])
        };
        let kept = |name: &'static str| head.request.value(name).filter(|_| trusted);
        push_owned(fields, "x-forwarded-for", joined("x-forwarded-for", peer.to_string()));
        push(fields, "x-forwarded-proto", kept("x-forwarded-proto").unwrap_or(b"http"));
        if let Some(host) = kept("x-forwarded-host").or(head.host.map(str::as_bytes)) {
            push(fields, "x-forwarded-host", host);
        }
        push_owned(fields, "forwarded", joined("forwarded", forwarded_element(peer, head)));
        let protocol = if head.request.version == Version::Http10 { "1.0" } else { "1.1" };
        let mut via: Vec<&[u8]> = head.request.values("via").collect();
        let own = format!("{protocol} portcullis");
        via.push(own.as_bytes());
        push_owned(fields, "via", via.join(&b", "[..]));
        push(fields, "x-request-id", hop.request_id.as_bytes());
        let trace = kept("traceparent").and_then(trace_id);
        let (fresh, span) = hop.trace;
        let trace = trace.map_or_else(
            || format!("00-{fresh:032x}-{span:016x}-00"),
            |(id, flags)| format!("00-{id}-{span:016x}-{flags}"),
        );
        push_owned(fields, "traceparent", trace.into_bytes());
        if let Some(state) = kept("tracestate") {
            push(fields, "tracestate", state);
        }
    }

    fn listener(&self) -> &'a Listener {
        &self.identified.gateway.listeners[self.identified.connection.listener]
    }

    /// Whether a client's field stays behind. An upstream with CGI in its ancestry reads `_` as `-`, so
    /// the gate does too.
    fn drops(&self, name: &[u8]) -> bool {
        let mut folded = [0_u8; 40];
        let Some(folded) = folded.get_mut(..name.len()) else { return self.is_credential(name) };
        for (to, from) in folded.iter_mut().zip(name) {
            *to = if *from == b'_' { b'-' } else { from.to_ascii_lowercase() };
        }
        match &*folded {
            // Hop-by-hop (RFC 9110 §7.6.1), and what the next hop is told anew.
            b"connection"
            | b"keep-alive"
            | b"proxy-connection"
            | b"proxy-authenticate"
            | b"proxy-authorization"
            | b"te"
            | b"trailer"
            | b"transfer-encoding"
            | b"upgrade"
            | b"http2-settings"
            | b"expect"
            | b"host"
            | b"content-length" => true,
            // Who and where: set again by us, or by nobody.
            b"forwarded"
            | b"x-forwarded-for"
            | b"x-forwarded-proto"
            | b"x-forwarded-host"
            | b"x-forwarded-port"
            | b"x-forwarded-prefix"
            | b"x-forwarded-server"
            | b"x-forwarded-scheme"
            | b"x-real-ip"
            | b"x-client-ip"
            | b"true-client-ip"
            | b"via"
            | b"x-request-id"
            | b"traceparent"
            | b"tracestate"
            | b"x-authenticated-principal" => true,
            // What makes another request of it behind the gate's back.
            b"x-original-url"
            | b"x-rewrite-url"
            | b"x-original-host"
            | b"x-host"
            | b"x-http-method"
            | b"x-http-method-override"
            | b"x-method-override" => {
                !self.endpoint().forwarding.pass_headers.iter().any(|passed| passed.as_bytes() == folded)
            }
            folded => self.is_credential(folded),
        }
    }

    fn is_credential(&self, name: &[u8]) -> bool {
        !self.endpoint().forwarding.credentials
            && self.identified.gateway.authenticators.iter().any(|authenticator| {
                let AuthenticatorKind::ApiKey { header, .. } = &authenticator.kind;
                header.as_bytes().eq_ignore_ascii_case(name)
            })
    }
}

/// The client's request id, where it comes from a trusted proxy and is one.
pub fn kept_request_id<'a>(listener: &Listener, peer: IpAddr, request: &RequestHead<'a>) -> Option<&'a str> {
    if !contains(&listener.trusted_proxies, peer.to_canonical()) {
        return None;
    }
    let value = request.single("x-request-id").ok()??;
    let fits =
        (1..=128).contains(&value.len()) && value.iter().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(b));
    std::str::from_utf8(value).ok().filter(|_| fits)
}

/// RFC 7239 §4 and §6: IPv6 in brackets and quoted.
fn forwarded_element(peer: IpAddr, head: &Head<'_>) -> String {
    let client = match peer {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("\"[{address}]\""),
    };
    match head.host {
        Some(host) if is_token(host.as_bytes()) => format!("for={client};host={host};proto=http"),
        Some(host) => format!("for={client};host=\"{host}\";proto=http"),
        None => format!("for={client};proto=http"),
    }
}

/// W3C Trace Context §3.2: version 00, lower case, ids not all zero. Returns the trace's id and flags.
fn trace_id(value: &[u8]) -> Option<(&str, &str)> {
    let text = std::str::from_utf8(value).ok()?;
    let mut parts = text.split('-');
    let (version, id, parent, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let hex = |part: &str, length| {
        part.len() == length && part.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    };
    let sound = version == "00" && hex(id, 32) && hex(parent, 16) && hex(flags, 2) && parts.next().is_none();
    let alive = id.bytes().any(|b| b != b'0') && parent.bytes().any(|b| b != b'0');
    (sound && alive).then_some((id, flags))
}

fn push<'a>(fields: &mut Vec<ForwardedField<'a>>, name: &'static str, value: &'a [u8]) {
    fields.push((Cow::Borrowed(name.as_bytes()), Cow::Borrowed(value)));
}

fn push_owned(fields: &mut Vec<ForwardedField<'_>>, name: &'static str, value: Vec<u8>) {
    fields.push((Cow::Borrowed(name.as_bytes()), Cow::Owned(value)));
}

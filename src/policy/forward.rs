//! Stage *forward*: the proof that a request passed, and the head that its upstream sees.
//!
//! The body goes as it came; of the head, what concerns only the hop before is removed, what strangers
//! claim about who and where they are is removed, and then our own word on both is set (RFC 9110 §7.6).

use std::borrow::Cow;
use std::net::IpAddr;

use bytes::BytesMut;
use smallvec::SmallVec;

use super::access::contains;
use super::authenticate::{Authenticator, AuthenticatorKind, Caller};
use super::decide::{Arrived, Identified};
use super::gateway::{Endpoint, HostField, Listener, Upstream};
use crate::http1::{Field, Framing, HeadWriter, RequestHead, Version, is_token};

/// A request that passed every stage. Only `inspect` and `Streamed::forward` make one.
#[derive(Debug)]
pub struct Forward<'a> {
    identified: Identified<'a>,
}

/// What the caller adds to a forwarded head, because it is random or depends on the peer chosen.
#[derive(Clone, Copy, Debug)]
pub struct Hop<'a> {
    /// This request's id: the client's where [`kept_request_id`] says so, else a fresh one.
    pub request_id: &'a str,
    /// Fresh random ids of a trace and of a span for `traceparent`: 32 and 16 hexadecimal digits, not all zero.
    pub trace: (&'a str, &'a str),
    /// The chosen peer as `Host` names it.
    pub peer_authority: &'a str,
}

impl<'a> Forward<'a> {
    pub(super) fn judged(identified: Identified<'a>) -> Self {
        Self { identified }
    }

    /// The endpoint.
    pub fn endpoint(&self) -> &'a Endpoint {
        self.identified.arrived.endpoint
    }

    /// The index of the upstream it goes to.
    pub fn upstream_index(&self) -> usize {
        self.identified.arrived.endpoint.upstream
    }

    /// The upstream it goes to.
    pub fn upstream(&self) -> &'a Upstream {
        &self.identified.arrived.gateway.upstreams[self.identified.arrived.endpoint.upstream]
    }

    /// The caller.
    pub fn caller(&self) -> Option<&Caller<'a>> {
        self.identified.caller.as_ref()
    }

    /// The method, as on the wire.
    pub fn method(&self) -> &'a str {
        self.identified.arrived.head.method
    }

    /// The target, as it was judged.
    pub fn target(&self) -> Cow<'_, str> {
        self.identified.arrived.head.target.origin_form()
    }

    /// How the body came framed.
    pub fn framing(&self) -> Framing {
        self.identified.arrived.head.framing
    }

    /// The protocol that the client would rather speak, where the endpoint lets it.
    pub fn upgrade(&self) -> Option<&'a str> {
        let allowed = &self.endpoint().forwarding.upgrades;
        self.identified
            .arrived
            .head
            .upgrade
            .filter(|wanted| allowed.iter().any(|known| known.eq_ignore_ascii_case(wanted)))
    }

    /// Writes the head as the upstream sees it: `Host` first, the client's fields in their order, then ours, and
    /// last how the body is framed on that hop, where there is one.
    pub fn write_head(&self, hop: &Hop<'_>, framing: Option<Framing>, bytes: &mut BytesMut) {
        let Arrived { head, endpoint, .. } = &self.identified.arrived;
        let mut writer = HeadWriter::request(bytes, head.method, &head.target.path, head.target.query);
        let host = match self.upstream().host {
            HostField::Preserve => head.host.unwrap_or(hop.peer_authority),
            HostField::Peer => hop.peer_authority,
        };
        writer.field(b"Host", host.as_bytes());
        let nominated: Vec<&[u8]> = head.request.nominated().collect();
        for field in head.request.fields {
            let named = nominated.iter().any(|name| name.eq_ignore_ascii_case(field.name));
            if !named && !self.drops(field) {
                writer.field(field.name, field.value);
            }
        }
        self.write_path_taken(&mut writer, hop);
        if let Some(caller) = &self.identified.caller {
            if endpoint.forwarding.identity {
                writer.field(b"X-Authenticated-Principal", caller.name().as_bytes());
            }
            caller.forwards().for_each(|(name, value)| writer.field(name.as_bytes(), value.as_bytes()));
        }
        if let Some(protocol) = self.upgrade() {
            writer.field(b"Connection", b"upgrade");
            writer.field(b"Upgrade", protocol.as_bytes());
        }
        match framing {
            Some(Framing::Length(length)) => writer.content_length(length),
            Some(Framing::Chunked) => writer.chunked(),
            None => {}
        }
        writer.end();
    }

    /// Who asked, over which hops, under which id.
    fn write_path_taken(&self, writer: &mut HeadWriter<'_>, hop: &Hop<'_>) {
        let Arrived { head, connection, .. } = &self.identified.arrived;
        let peer = connection.peer.to_canonical();
        let trusted = contains(&self.listener().trusted_proxies, peer);
        // RFC 9110 §5.3: what came before stands before ours, in one field.
        let joined =
            |writer: &mut HeadWriter<'_>, name: &'static str, lower: &'static str, earlier: bool, own: &[&[u8]]| {
                let mut parts: SmallVec<[&[u8]; 12]> = SmallVec::new();
                for value in head.request.values(lower).filter(|_| earlier) {
                    parts.extend([value, b", "]);
                }
                parts.extend_from_slice(own);
                writer.parts(name.as_bytes(), &parts);
            };
        let kept = |name: &'static str| head.request.value(name).filter(|_| trusted);
        let scheme = connection.scheme().as_bytes();
        let client = peer.to_string();
        let client = client.as_bytes();
        joined(writer, "X-Forwarded-For", "x-forwarded-for", trusted, &[client]);
        writer.field(b"X-Forwarded-Proto", kept("x-forwarded-proto").unwrap_or(scheme));
        if let Some(host) = kept("x-forwarded-host").or(head.host.map(str::as_bytes)) {
            writer.field(b"X-Forwarded-Host", host);
        }
        let mut element: SmallVec<[&[u8]; 8]> = SmallVec::new();
        forwarded_element(peer.is_ipv6(), client, head.host, &mut element);
        element.extend([&b";proto="[..], scheme]);
        joined(writer, "Forwarded", "forwarded", trusted, &element);
        joined(writer, "Via", "via", true, &[protocol(head.request.version), b" portcullis"]);
        writer.field(b"X-Request-Id", hop.request_id.as_bytes());
        let (fresh, span) = hop.trace;
        let (id, flags) = kept("traceparent").and_then(trace_id).unwrap_or((fresh, "00"));
        let parts = ["00-", id, "-", span, "-", flags].map(str::as_bytes);
        writer.parts(b"Traceparent", &parts);
        if let Some(state) = kept("tracestate") {
            writer.field(b"Tracestate", state);
        }
    }

    fn listener(&self) -> &'a Listener {
        &self.identified.arrived.gateway.listeners[self.identified.arrived.connection.listener]
    }

    /// Whether a client's field stays behind. An upstream with CGI in its ancestry reads `_` as `-`, so
    /// the gate does too.
    fn drops(&self, field: &Field<'_>) -> bool {
        let name = field.name;
        let mut folded: SmallVec<[u8; 64]> = SmallVec::from_elem(0, name.len());
        for (to, from) in folded.iter_mut().zip(name) {
            *to = if *from == b'_' { b'-' } else { from.to_ascii_lowercase() };
        }
        match folded.as_slice() {
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
                !self.endpoint().forwarding.pass_headers.iter().any(|passed| passed.as_bytes() == folded.as_slice())
            }
            folded => self.is_credential(folded, field.value) || self.is_identity(folded),
        }
    }

    /// Whether it is one for any authenticator: which of them an endpoint takes is nothing to the upstream. What
    /// another service looks at (a cookie) may be the upstream's own where that service is not asked.
    fn is_credential(&self, name: &[u8], value: &[u8]) -> bool {
        let Arrived { gateway, endpoint, .. } = &self.identified.arrived;
        let is_for = |(index, it): (usize, &Authenticator)| {
            let everywhere = !matches!(it.kind, AuthenticatorKind::Forward(_));
            (everywhere || endpoint.authentication.accepted.contains(&index)) && it.reads(name, value)
        };
        !endpoint.forwarding.credentials && gateway.authenticators.iter().enumerate().any(is_for)
    }

    /// Whether it is a field that tells of a caller, which nobody but the gate says.
    fn is_identity(&self, name: &[u8]) -> bool {
        let authenticators = &self.identified.arrived.gateway.authenticators;
        let mut told = authenticators.iter().flat_map(|it| &it.forwards);
        told.any(|(field, _)| field.as_bytes().eq_ignore_ascii_case(name))
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

/// RFC 7239 §4 and §6: IPv6 in brackets and quoted, and a host that is no token, too.
fn forwarded_element<'e>(is_v6: bool, client: &'e [u8], host: Option<&'e str>, parts: &mut SmallVec<[&'e [u8]; 8]>) {
    if is_v6 {
        parts.extend([&b"for=\"["[..], client, b"]\""]);
    } else {
        parts.extend([&b"for="[..], client]);
    }
    match host.map(str::as_bytes) {
        Some(host) if is_token(host) => parts.extend([&b";host="[..], host]),
        Some(host) => parts.extend([&b";host=\""[..], host, b"\""]),
        None => {}
    }
}

/// RFC 9110 §7.6.3: the version that the client spoke.
fn protocol(version: Version) -> &'static [u8] {
    match version {
        Version::Http10 => b"1.0",
        Version::Http11 | Version::Other => b"1.1",
        Version::Http2 => b"2.0",
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

//! Stage *access*: may this network address come here at all? And first: which address is it?

use std::net::{IpAddr, Ipv6Addr};

use ipnet::IpNet;

use super::gateway::{Access, Listener};
use super::rejection::Rejection;
use crate::http1::RequestHead;

/// The client's address. Only a trusted proxy is believed, and only in `X-Forwarded-For`, read from the
/// right past further trusted proxies: what stands left of the first stranger is the stranger's claim.
pub fn client_address(listener: &Listener, peer: IpAddr, request: &RequestHead<'_>) -> Result<IpAddr, Rejection> {
    let peer = peer.to_canonical();
    if !contains(&listener.trusted_proxies, peer) {
        return Ok(peer);
    }
    let hops: Vec<&[u8]> = request.list("x-forwarded-for").collect();
    let mut client = peer;
    for hop in hops.into_iter().rev() {
        client = forwarded_address(hop).ok_or(Rejection::UnknownClientAddress)?;
        if !contains(&listener.trusted_proxies, client) {
            break;
        }
    }
    Ok(client)
}

/// Judges an address.
pub fn check(access: &Access, client: IpAddr) -> Result<IpAddr, Rejection> {
    let allowed = access.allow.is_empty() || contains(&access.allow, client);
    if allowed && !contains(&access.deny, client) { Ok(client) } else { Err(Rejection::AddressDenied) }
}

/// The address that counters stand for: an IPv6 client owns its whole /64.
pub fn counted(client: IpAddr) -> IpAddr {
    match client {
        IpAddr::V4(_) => client,
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

/// Whether one of the networks holds the address.
pub fn contains(networks: &[IpNet], address: IpAddr) -> bool {
    networks.iter().any(|network| network.contains(&address))
}

/// An address, in brackets and with a port where proxies add these.
fn forwarded_address(hop: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(hop).ok()?;
    let address = if let Some(rest) = text.strip_prefix('[') {
        rest.split_once(']')?.0.parse().ok()
    } else {
        text.parse()
            .ok()
            .or_else(|| text.parse::<std::net::SocketAddrV4>().ok().map(|with_port| IpAddr::V4(*with_port.ip())))
    };
    address.map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http1::{Field, Version};

    fn seen(forwarded: &[u8]) -> Result<String, Rejection> {
        let listener = Listener {
            name: "public".into(),
            address: ([127, 0, 0, 1], 0).into(),
            hosts: vec![],
            trusted_proxies: vec!["10.0.0.0/8".parse().expect("a network")],
            access: Access::default(),
            total: None,
            http2: false,
            tls: None,
        };
        let fields = [Field { name: b"X-Forwarded-For", value: forwarded }];
        let request =
            RequestHead { method: b"GET", target: b"/", version: Version::Http11, fields: &fields, ended: false };
        client_address(&listener, [10, 0, 0, 1].into(), &request).map(|address| address.to_string())
    }

    #[test]
    fn the_first_stranger_from_the_right_is_the_client() {
        assert_eq!(seen(b"1.2.3.4").as_deref(), Ok("1.2.3.4"));
        assert_eq!(seen(b"6.6.6.6, 1.2.3.4, 10.0.0.2").as_deref(), Ok("1.2.3.4"));
        assert_eq!(seen(b"garbage, 1.2.3.4:99").as_deref(), Ok("1.2.3.4"));
        assert_eq!(seen(b"[2001:db8::1]:443").as_deref(), Ok("2001:db8::1"));
        assert_eq!(seen(b"10.0.0.9").as_deref(), Ok("10.0.0.9"));
        assert_eq!(seen(b"1.2.3.4, garbage"), Err(Rejection::UnknownClientAddress));
    }

    #[test]
    fn a_mapped_address_is_its_ipv4_self() {
        assert_eq!(seen(b"::ffff:1.2.3.4").as_deref(), Ok("1.2.3.4"));
        assert_eq!(counted("2001:db8:1:2:3::9".parse().expect("an address")).to_string(), "2001:db8:1:2::");
    }
}

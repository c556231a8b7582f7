//! Another service that is asked: where it is, whom it has to be, and how long it may take.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use crate::policy::gateway::UpstreamTls;

/// A service that is asked by HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Where it is.
    pub url: ServiceUrl,
    /// How it is spoken to by TLS; there wherever its URL is `https`.
    pub tls: Option<UpstreamTls>,
    /// From the question to the last byte of its answer, connecting included.
    pub timeout: Duration,
}

/// Where a service is.
#[derive(Clone, PartialEq, Eq)]
pub struct ServiceUrl {
    /// Whether it is spoken to by TLS.
    pub secure: bool,
    /// A name or an address, in lower case and without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Path and query, in visible ASCII; `/` at least.
    pub path: String,
}

/// Why a text is no [`ServiceUrl`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UrlFault {
    /// Neither `http://` nor `https://`.
    Scheme,
    /// A name or password stands in it.
    Credentials,
    /// No name or address that could be asked for.
    Host,
    /// No port.
    Port,
    /// A fragment, which is never sent (RFC 9110 §7.1).
    Fragment,
    /// A path or query that has to be encoded first.
    Path,
}

/// Longer ones are no names of services.
const MAX_URL_BYTES: usize = 2048;

impl Service {
    /// The same service by another URL that it told, as an issuer tells where its keys are. It is asked as
    /// this one is: by whom the same certificates lead to, and within the same time.
    ///
    /// # Errors
    ///
    /// Where it is none, or could be answered by anybody on the way.
    pub fn at(&self, url: &str) -> Result<Self, &'static str> {
        let url = ServiceUrl::parse(url).map_err(UrlFault::message)?;
        match (url.secure, &self.tls) {
            (true, None) => Err("it is to be asked by TLS, and this service was not"),
            (false, _) if !url.is_loopback() => Err("it is not to be asked by TLS"),
            (secure, tls) => Ok(Self { url, tls: tls.clone().filter(|_| secure), timeout: self.timeout }),
        }
    }
}

impl ServiceUrl {
    /// Reads an `http` or `https` URL.
    ///
    /// # Errors
    ///
    /// Where it is none, or holds what has no place in it.
    pub fn parse(text: &str) -> Result<Self, UrlFault> {
        let (secure, rest) = match (text.strip_prefix("http://"), text.strip_prefix("https://")) {
            (Some(rest), _) => (false, rest),
            (_, Some(rest)) => (true, rest),
            _ => return Err(UrlFault::Scheme),
        };
        if rest.contains('#') {
            return Err(UrlFault::Fragment);
        }
        let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        if authority.contains('@') {
            return Err(UrlFault::Credentials);
        }
        let (host, port) = host_and_port(authority)?;
        let port = match port {
            None => [80, 443][usize::from(secure)],
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                digits.parse().ok().filter(|port| *port != 0).ok_or(UrlFault::Port)?
            }
            Some(_) => return Err(UrlFault::Port),
        };
        let path = match path.as_bytes().first() {
            None => "/".to_owned(),
            Some(b'/') => path.to_owned(),
            Some(_) => format!("/{path}"),
        };
        // RFC 3986 §3.3 and §3.4, with what WHATWG's URLs bear besides left out.
        let sound = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/?%".contains(&byte);
        if text.len() > MAX_URL_BYTES || !path.bytes().all(sound) {
            return Err(UrlFault::Path);
        }
        Ok(Self { secure, host: host.to_ascii_lowercase(), port, path })
    }

    /// Whether what is said to it stays on this machine.
    pub fn is_loopback(&self) -> bool {
        self.host == "localhost" || self.host.parse().is_ok_and(|address: IpAddr| address.to_canonical().is_loopback())
    }

    /// Scheme, host and port, which is what a connection is made by.
    pub fn origin(&self) -> String {
        let scheme = ["http", "https"][usize::from(self.secure)];
        let open = if self.host.contains(':') { ["[", "]"] } else { ["", ""] };
        format!("{scheme}://{}{}{}:{}", open[0], self.host, open[1], self.port)
    }
}

/// The host without its brackets, and what stands behind the colon.
fn host_and_port(authority: &str) -> Result<(&str, Option<&str>), UrlFault> {
    if let Some(rest) = authority.strip_prefix('[') {
        let (host, rest) = rest.split_once(']').ok_or(UrlFault::Host)?;
        host.parse::<Ipv6Addr>().map_err(|_| UrlFault::Host)?;
        return match rest.strip_prefix(':') {
            None if rest.is_empty() => Ok((host, None)),
            None => Err(UrlFault::Port),
            port => Ok((host, port)),
        };
    }
    let (host, port) = authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port)));
    let named = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    // What looks like an address but is none (`127.1`, `0x7f.1`) would be one to some resolvers.
    let last = host.rsplit('.').next().unwrap_or_default();
    let numeric = last.starts_with(|c: char| c.is_ascii_digit()) && host.parse::<Ipv4Addr>().is_err();
    if host.is_empty() || host.len() > 253 || numeric || !host.bytes().all(named) {
        return Err(UrlFault::Host);
    }
    Ok((host, port))
}

/// Without the path, which may hold what only this service should know.
impl fmt::Debug for ServiceUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.origin())
    }
}

impl UrlFault {
    /// What is wrong, as a sentence about "it".
    pub const fn message(self) -> &'static str {
        match self {
            Self::Scheme => "it is no URL of `http` or `https`",
            Self::Credentials => "it holds credentials",
            Self::Host => "it names no host",
            Self::Port => "its port is none",
            Self::Fragment => "it has a fragment, which is never sent",
            Self::Path => "its path or query is not encoded",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_read_one_way_or_not_at_all() {
        for (text, expected) in [
            ("http://localhost", ("http://localhost:80", "/")),
            ("https://Login.Example.com/a/b?c=%20d", ("https://login.example.com:443", "/a/b?c=%20d")),
            ("https://[::1]:8443?q", ("https://[::1]:8443", "/?q")),
            ("http://127.0.0.1:9000/", ("http://127.0.0.1:9000", "/")),
        ] {
            let url = ServiceUrl::parse(text).expect(text);
            assert_eq!((url.origin().as_str(), url.path.as_str()), expected, "{text}");
            assert!(!format!("{url:?}").contains('?'), "the path is not printed");
        }
        use UrlFault::{Credentials, Fragment, Host, Path, Port, Scheme};
        for (text, fault) in [
            ("ftp://a", Scheme),
            ("HTTP://a", Scheme),
            ("a:80", Scheme),
            ("http://u:p@a/", Credentials),
            ("http://a#b", Fragment),
            ("http:///a", Host),
            ("http://127.1/", Host),
            ("http://0x7f000001/", Host),
            ("http://[::1/", Host),
            ("http://[a]/", Host),
            ("http://a b/", Host),
            ("http://a:/", Port),
            ("http://a:0", Port),
            ("http://a:65536", Port),
            ("http://a:+80", Port),
            ("http://[::1]80", Port),
            ("http://a/ b", Path),
            ("http://a/é", Path),
            ("http://a/\r\nb", Path),
        ] {
            let found = ServiceUrl::parse(text);
            assert_eq!(found, Err(fault), "{text}");
        }
    }

    #[test]
    fn loopback_is_this_machine_alone() {
        for (text, expected) in [
            ("http://localhost/", true),
            ("http://127.9.9.9/", true),
            ("http://[::1]/", true),
            ("http://[::ffff:127.0.0.1]/", true),
            ("http://localhost.example.com/", false),
            ("http://10.0.0.1/", false),
            ("http://0.0.0.0/", false),
        ] {
            assert_eq!(ServiceUrl::parse(text).expect(text).is_loopback(), expected, "{text}");
        }
    }

    #[test]
    fn where_a_service_sends_us_is_held_to_the_same() {
        let url = ServiceUrl::parse("http://127.0.0.1:1/issuer").expect("a URL");
        let service = Service { url, tls: None, timeout: Duration::from_secs(1) };
        let keys = service.at("http://127.0.0.1:2/keys").expect("it is as good");
        assert_eq!((keys.url.port, keys.timeout), (2, service.timeout));
        assert!(service.at("http://10.0.0.1/keys").is_err());
        assert!(service.at("https://127.0.0.1/keys").is_err());
        assert!(service.at("/keys").is_err());
    }
}

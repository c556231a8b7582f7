//! The signature base (RFC 9421 §2.5): the text that both sides make of a request, and sign.
//!
//! Everything in it is as it came on the wire. What is judged and forwarded is made of the same bytes.

use super::SignatureFault;
use super::input::Input;
use crate::http1::RequestHead;

/// A request, as far as a signature can cover it.
#[derive(Clone, Copy)]
pub(super) struct Message<'a> {
    pub(super) request: &'a RequestHead<'a>,
    /// `Host`, as sent.
    pub(super) host: Option<&'a str>,
    /// Of the connection, in lower case.
    pub(super) scheme: &'static str,
}

/// The base of what this covers.
pub(super) fn base(message: Message<'_>, input: &Input<'_>) -> Result<String, SignatureFault> {
    let mut base = String::with_capacity(512);
    for name in input.components() {
        base.push('"');
        base.push_str(name);
        base.push_str("\": ");
        match name.strip_prefix('@') {
            Some(derived) => message.write_derived(derived, &mut base)?,
            None => message.write_field(name, &mut base)?,
        }
        base.push('\n');
    }
    base.push_str("\"@signature-params\": ");
    input.write(&mut base);
    Ok(base)
}

impl<'a> Message<'a> {
    /// RFC 9421 §2.2: what is derived from the request, the names without `@`.
    fn write_derived(self, name: &str, base: &mut String) -> Result<(), SignatureFault> {
        let target = text(self.request.target)?;
        let (_, rest) = split_authority(target);
        let (path, query) = rest.split_once('?').map_or((rest, None), |(path, query)| (path, Some(query)));
        match name {
            "method" => base.push_str(text(self.request.method)?),
            "authority" => self.write_authority(base)?,
            "scheme" => base.push_str(self.scheme),
            // §2.2.2: an absolute target is the URI.
            "target-uri" if !target.starts_with('/') => base.push_str(target),
            "target-uri" => {
                base.push_str(self.scheme);
                base.push_str("://");
                self.write_authority(base)?;
                base.push_str(target);
            }
            "request-target" => base.push_str(target),
            // §2.2.6: no path is the path `/`.
            "path" => base.push_str(if path.is_empty() { "/" } else { path }),
            // §2.2.7: with its question mark, which stands there even without a query.
            "query" => {
                base.push('?');
                base.push_str(query.unwrap_or_default());
            }
            _ => return Err(SignatureFault::Component),
        }
        Ok(())
    }

    /// RFC 9421 §2.2.3: in lower case, and without the port that the scheme has anyway.
    fn write_authority(self, base: &mut String) -> Result<(), SignatureFault> {
        let host = self.host.ok_or(SignatureFault::NotThere)?;
        let default = if self.scheme == "https" { ":443" } else { ":80" };
        let host = host.strip_suffix(default).or(host.strip_suffix(':')).unwrap_or(host);
        base.extend(host.chars().map(|c| c.to_ascii_lowercase()));
        Ok(())
    }

    /// RFC 9421 §2.1: all values of the field, a comma between them. White space around each was taken off when the
    /// head was read, and a value in several lines is no head.
    fn write_field(self, name: &str, base: &mut String) -> Result<(), SignatureFault> {
        // §2.1: a field's name is in lower case. Whatever else is none: this also keeps quotes out of the base.
        let named = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"!#$%&'*+-.^_`|~".contains(&byte);
        if name.is_empty() || !name.bytes().all(named) {
            return Err(SignatureFault::Component);
        }
        // What would be removed on the way is not what was signed.
        if self.request.nominated().any(|nominated| nominated.eq_ignore_ascii_case(name.as_bytes())) {
            return Err(SignatureFault::NotThere);
        }
        let mut fields = self.request.fields.iter().filter(|field| field.is(name)).peekable();
        if fields.peek().is_none() {
            return Err(SignatureFault::NotThere);
        }
        while let Some(field) = fields.next() {
            base.push_str(text(field.value)?);
            if fields.peek().is_some() {
                base.push_str(", ");
            }
        }
        Ok(())
    }
}

/// RFC 9421 §2.5: the base is ASCII, and nobody knows how others would make it so.
fn text(bytes: &[u8]) -> Result<&str, SignatureFault> {
    std::str::from_utf8(bytes).ok().filter(|text| text.is_ascii()).ok_or(SignatureFault::NotAscii)
}

/// The authority of an absolute target, and what follows it. That it is one form or the other was judged before.
fn split_authority(target: &str) -> (&str, &str) {
    match target.split_once("://") {
        Some((_, rest)) if !target.starts_with('/') => rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len())),
        _ => ("", target),
    }
}

#[cfg(test)]
mod tests {
    use ring::hmac;

    use super::*;
    use crate::http1::{Field, Version};

    fn based(target: &str, fields: &[(&str, &str)], input: &str) -> Result<String, SignatureFault> {
        based_on("http", target, fields, input)
    }

    fn based_on(
        scheme: &'static str,
        target: &str,
        fields: &[(&str, &str)],
        input: &str,
    ) -> Result<String, SignatureFault> {
        let fields: Vec<Field<'_>> =
            fields.iter().map(|(name, value)| Field { name: name.as_bytes(), value: value.as_bytes() }).collect();
        let request = RequestHead {
            method: b"POST",
            target: target.as_bytes(),
            version: Version::Http11,
            fields: &fields,
            ended: false,
        };
        let host = request.value("host").and_then(|host| std::str::from_utf8(host).ok());
        let input = format!("sig={input}");
        let input = Input::read(input.as_bytes())?;
        base(Message { request: &request, host, scheme }, &input)
    }

    fn value(scheme: &'static str, target: &str, host: &str, component: &str) -> String {
        let input = format!("(\"{component}\")");
        let base = based_on(scheme, target, &[("Host", host)], &input).expect("it can be covered");
        let line = base.lines().next().expect("it has a line");
        line.strip_prefix(&format!("\"{component}\": ")).expect("it is that one's").to_owned()
    }

    #[test]
    fn the_example_of_rfc_9421_b_2_5_holds() {
        let fields = [
            ("Host", "example.com"),
            ("Date", "Tue, 20 Apr 2021 02:07:55 GMT"),
            ("Content-Type", "application/json"),
            ("Content-Length", "18"),
        ];
        let input = "(\"date\" \"@authority\" \"content-type\");created=1618884473;keyid=\"test-shared-secret\"";
        let base = based("/foo?param=Value&Pet=dog", &fields, input).expect("it has a base");
        let expected = "\"date\": Tue, 20 Apr 2021 02:07:55 GMT\n\
                        \"@authority\": example.com\n\
                        \"content-type\": application/json\n\
                        \"@signature-params\": (\"date\" \"@authority\" \"content-type\")\
                        ;created=1618884473;keyid=\"test-shared-secret\"";
        assert_eq!(base, expected);
        // Appendix B.1.5.
        let secret = "uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ==";
        let bytes = |text: &str| {
            let field = format!("it=:{text}:");
            super::super::input::members(field.as_bytes()).expect("it is base64")[0].1.clone()
        };
        let key = hmac::Key::new(hmac::HMAC_SHA256, &bytes(secret));
        let signature = bytes("pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=");
        assert!(hmac::verify(&key, base.as_bytes(), &signature).is_ok());
    }

    #[test]
    fn components_are_derived_as_rfc_9421_2_2_has_them() {
        let plain = "/path?param=value&x=%7e";
        for (target, host, component, expected) in [
            (plain, "www.example.com", "@method", "POST"),
            (plain, "WWW.Example.com:80", "@authority", "www.example.com"),
            (plain, "www.example.com:", "@authority", "www.example.com"),
            (plain, "www.example.com:8080", "@authority", "www.example.com:8080"),
            (plain, "www.example.com:443", "@authority", "www.example.com:443"),
            (plain, "[::1]:80", "@authority", "[::1]"),
            (plain, "[::80]", "@authority", "[::80]"),
            (plain, "a.example", "@scheme", "http"),
            (plain, "a.example:80", "@target-uri", "http://a.example/path?param=value&x=%7e"),
            (plain, "a.example", "@request-target", plain),
            (plain, "a.example", "@path", "/path"),
            (plain, "a.example", "@query", "?param=value&x=%7e"),
            ("/p%7ea", "a.example", "@path", "/p%7ea"),
            ("/path", "a.example", "@query", "?"),
            ("/path?", "a.example", "@query", "?"),
            ("/a://b?c", "a.example", "@path", "/a://b"),
            ("HTTP://A.example", "a.example", "@path", "/"),
            ("http://a.example?q", "a.example", "@query", "?q"),
            ("http://a.example/x?q", "a.example", "@request-target", "http://a.example/x?q"),
            ("https://a.example/x?q", "a.example", "@target-uri", "https://a.example/x?q"),
        ] {
            assert_eq!(value("http", target, host, component), expected, "{component} of {target}");
        }
    }

    #[test]
    fn scheme_and_port_are_those_of_the_connection() {
        let target = "/path?q";
        for (target, host, component, expected) in [
            (target, "a.example", "@scheme", "https"),
            (target, "A.example:443", "@authority", "a.example"),
            (target, "a.example:80", "@authority", "a.example:80"),
            (target, "a.example:8443", "@authority", "a.example:8443"),
            (target, "[::443]", "@authority", "[::443]"),
            (target, "a.example", "@target-uri", "https://a.example/path?q"),
            (target, "A.example:443", "@target-uri", "https://a.example/path?q"),
            (target, "a.example:80", "@target-uri", "https://a.example:80/path?q"),
            ("https://a.example:443/x", "a.example:443", "@target-uri", "https://a.example:443/x"),
        ] {
            assert_eq!(value("https", target, host, component), expected, "{component} of {target} of {host}");
        }
    }

    #[test]
    fn fields_are_covered_as_rfc_9421_2_1_has_them() {
        let fields =
            [("Host", "a"), ("Cache-Control", "max-age=60"), ("X-Empty", ""), ("cache-control", "a, b"), ("ä", "x")];
        let covered = |name: &str| based("/", &fields, &format!("(\"{name}\")"));
        let line = |name: &str| covered(name).map(|base| base.lines().next().unwrap_or_default().to_owned());
        assert_eq!(line("cache-control").as_deref(), Ok("\"cache-control\": max-age=60, a, b"));
        assert_eq!(line("x-empty").as_deref(), Ok("\"x-empty\": "));
        for (name, fault) in [
            ("x-absent", SignatureFault::NotThere),
            ("Cache-Control", SignatureFault::Component),
            ("", SignatureFault::Component),
            ("a b", SignatureFault::Component),
            ("@status", SignatureFault::Component),
            ("@query-param", SignatureFault::Component),
            ("@signature-params", SignatureFault::Component),
            ("@", SignatureFault::Component),
        ] {
            assert_eq!(covered(name), Err(fault), "{name}");
        }
        let nominated = [("Host", "a"), ("Date", "x"), ("Connection", "close, date")];
        assert_eq!(based("/", &nominated, "(\"date\")"), Err(SignatureFault::NotThere));
        assert_eq!(based("/", &[("Host", "a"), ("X", "é")], "(\"x\")"), Err(SignatureFault::NotAscii));
        assert_eq!(based("/", &[("X", "1")], "(\"@authority\")"), Err(SignatureFault::NotThere));
    }
}

//! The request target: one spelling of it, or none.
//!
//! Routing, parameters, the log and the upstream all see what [`Target::parse`] returns. Whatever two
//! readers could take for different paths is refused, not interpreted (RFC 3986 §6.2.2, §7.3).

use std::borrow::Cow;

/// A target in origin form (RFC 9112 §3.2.1), its path in the one normal spelling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target<'a> {
    /// The path: `pchar` as themselves, everything else percent-encoded in upper case.
    pub path: Cow<'a, str>,
    /// What follows the first `?`, as sent.
    pub query: Option<&'a str>,
    /// The authority of an absolute target (RFC 9112 §3.2.2), to be held against `Host`.
    pub authority: Option<&'a str>,
}

/// Why a target has no single meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetFault {
    /// Neither origin form nor `http(s)://authority/path`.
    Form,
    /// One of CONNECT: its only form is an authority, and there is no tunnel here.
    Tunnel,
    /// A byte that may not stand in a target, or not without percent-encoding.
    Byte,
    /// `#`: a fragment is never sent.
    Fragment,
    /// `%` without two hexadecimal digits.
    BrokenEncoding,
    /// An encoded slash, backslash, semicolon or control, or an encoded percent encoding.
    HiddenByte,
    /// The decoded path is not UTF-8; overlong forms are among these.
    NotUtf8,
    /// `.` or `..`, encoded or not.
    DotSegment,
    /// `//`.
    EmptySegment,
    /// `;`: readers disagree on whether it belongs to the path.
    PathParameter,
}

impl TargetFault {
    /// For the caller: what to send instead.
    pub fn message(self) -> &'static str {
        match self {
            Self::Form => "The request target is neither a path nor an absolute http URI.",
            Self::Tunnel => "CONNECT asks for a tunnel, and there is none here.",
            Self::Byte => "The request target holds a byte that must be percent-encoded.",
            Self::Fragment => "The request target holds a fragment.",
            Self::BrokenEncoding => "The path holds a '%' that two hexadecimal digits do not follow.",
            Self::HiddenByte => {
                "The path hides a slash, a backslash, a semicolon, a control or a second encoding behind percent-encoding."
            }
            Self::NotUtf8 => "The path, decoded, is not UTF-8.",
            Self::DotSegment => "The path holds a '.' or '..' segment.",
            Self::EmptySegment => "The path holds an empty segment.",
            Self::PathParameter => "The path holds a ';'.",
        }
    }
}

impl<'a> Target<'a> {
    /// Reads a target as it stood on the wire.
    pub fn parse(raw: &'a [u8]) -> Result<Self, TargetFault> {
        if raw.contains(&b'#') {
            return Err(TargetFault::Fragment);
        }
        // Visible ASCII, without what delimits a URI in text (RFC 3986 appendix C); the path is held to the
        // whole of RFC 3986 below.
        if !raw.iter().all(|byte| byte.is_ascii_graphic() && !b"\"<>".contains(byte)) {
            return Err(TargetFault::Byte);
        }
        let text = std::str::from_utf8(raw).map_err(|_| TargetFault::Byte)?;
        let (authority, rest) = split_authority(text)?;
        let (path, query) = match rest.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (rest, None),
        };
        Ok(Self { path: normal_path(path)?, query, authority })
    }

    /// The target as it goes upstream.
    pub fn origin_form(&self) -> Cow<'_, str> {
        match self.query {
            None => Cow::Borrowed(&self.path),
            Some(query) => Cow::Owned(format!("{}?{query}", self.path)),
        }
    }
}

/// RFC 9112 §3.2.2: a server must accept the absolute form. An empty path there means `/`.
fn split_authority(text: &str) -> Result<(Option<&str>, &str), TargetFault> {
    if text.starts_with('/') {
        return Ok((None, text));
    }
    let Some((scheme, rest)) = text.split_once("://") else {
        return Err(TargetFault::Form);
    };
    if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
        return Err(TargetFault::Form);
    }
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    // RFC 9110 §4.2.4: userinfo in a target is an error, and a trick.
    if authority.is_empty() || authority.contains('@') {
        return Err(TargetFault::Form);
    }
    match path {
        "" => Ok((Some(authority), "/")),
        _ if path.starts_with('/') => Ok((Some(authority), path)),
        _ => Err(TargetFault::Form),
    }
}

/// Checks a path and gives its normal spelling, borrowed where it came in it.
fn normal_path(path: &str) -> Result<Cow<'_, str>, TargetFault> {
    let normal = if path.contains('%') { Cow::Owned(decode_once(path)?) } else { Cow::Borrowed(path) };
    if let Some(byte) = normal.bytes().find(|byte| !is_path_byte(*byte)) {
        return Err(if byte == b';' { TargetFault::PathParameter } else { TargetFault::Byte });
    }
    let mut segments = normal[1..].split('/').peekable();
    while let Some(segment) = segments.next() {
        match segment {
            "." | ".." => return Err(TargetFault::DotSegment),
            // A path may end with a slash, and that is another path.
            "" if segments.peek().is_some() => return Err(TargetFault::EmptySegment),
            _ => {}
        }
    }
    Ok(normal)
}

/// RFC 3986 §6.2.2: encoded `pchar` become themselves, other encodings get upper case digits.
fn decode_once(path: &str) -> Result<String, TargetFault> {
    let mut normal = String::with_capacity(path.len());
    let mut decoded = Vec::with_capacity(path.len());
    let bytes = path.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] != b'%' {
            normal.push(char::from(bytes[at]));
            decoded.push(bytes[at]);
            at += 1;
            continue;
        }
        let byte = hex_pair(bytes.get(at + 1..at + 3)).ok_or(TargetFault::BrokenEncoding)?;
        let hides_encoding = byte == b'%' && hex_pair(bytes.get(at + 3..at + 5)).is_some();
        if hides_encoding || byte.is_ascii_control() || matches!(byte, b'/' | b'\\' | b';') {
            return Err(TargetFault::HiddenByte);
        }
        if is_path_byte(byte) && byte != b'%' {
            normal.push(char::from(byte));
        } else {
            normal.push_str(&format!("%{byte:02X}"));
        }
        decoded.push(byte);
        at += 3;
    }
    std::str::from_utf8(&decoded).map_err(|_| TargetFault::NotUtf8)?;
    Ok(normal)
}

/// `pchar`, `/` and the `%` of an encoding (RFC 3986 §3.3), without `;`.
fn is_path_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,=:@/%".contains(&byte)
}

fn hex_pair(pair: Option<&[u8]>) -> Option<u8> {
    let &[high, low] = pair? else { return None };
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}

/// Percent-decodes a piece of a normal path or of a query; `None` where it is broken or not UTF-8.
pub fn percent_decode(text: &str, plus_is_space: bool) -> Option<Cow<'_, str>> {
    let encoded = text.contains('%') || (plus_is_space && text.contains('+'));
    if !encoded {
        return Some(Cow::Borrowed(text));
    }
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'%' => {
                decoded.push(hex_pair(bytes.get(at + 1..at + 3))?);
                at += 2;
            }
            b'+' if plus_is_space => decoded.push(b' '),
            byte => decoded.push(byte),
        }
        at += 1;
    }
    String::from_utf8(decoded).ok().map(Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(raw: &str) -> Result<String, TargetFault> {
        Target::parse(raw.as_bytes()).map(|target| target.path.into_owned())
    }

    #[test]
    fn one_spelling_comes_out() {
        assert_eq!(path("/customers/42").as_deref(), Ok("/customers/42"));
        assert_eq!(path("/%63ustomers/%7Ea%21").as_deref(), Ok("/customers/~a!"));
        assert_eq!(path("/stra%c3%9fe").as_deref(), Ok("/stra%C3%9Fe"));
        assert_eq!(path("/100%25").as_deref(), Ok("/100%25"));
        assert_eq!(path("/a/").as_deref(), Ok("/a/"));
        assert_eq!(path("http://h/a").as_deref(), Ok("/a"));
        assert_eq!(path("http://h").as_deref(), Ok("/"));
    }

    #[test]
    fn what_two_readers_take_differently_is_refused() {
        for (raw, fault) in [
            ("*", TargetFault::Form),
            ("example.com:443", TargetFault::Form),
            ("ftp://h/a", TargetFault::Form),
            ("http://user@h/a", TargetFault::Form),
            ("http://h?x", TargetFault::Form),
            ("/a b", TargetFault::Byte),
            ("/a?b=\"c\"", TargetFault::Byte),
            ("/a?b<c", TargetFault::Byte),
            ("/a\\b", TargetFault::Byte),
            ("/\u{e4}", TargetFault::Byte),
            ("/a#b", TargetFault::Fragment),
            ("/a?b#c", TargetFault::Fragment),
            ("/a%2", TargetFault::BrokenEncoding),
            ("/a%zz", TargetFault::BrokenEncoding),
            ("/a%+1", TargetFault::BrokenEncoding),
            ("/a%2fb", TargetFault::HiddenByte),
            ("/a%5Cb", TargetFault::HiddenByte),
            ("/a%00", TargetFault::HiddenByte),
            ("/a%3Bb", TargetFault::HiddenByte),
            ("/%252e%252e/", TargetFault::HiddenByte),
            ("/%c0%ae%c0%ae/", TargetFault::NotUtf8),
            ("/a/../b", TargetFault::DotSegment),
            ("/a/%2e%2E", TargetFault::DotSegment),
            ("/a/./b", TargetFault::DotSegment),
            ("//a", TargetFault::EmptySegment),
            ("/a//b", TargetFault::EmptySegment),
            ("/a/..;/b", TargetFault::PathParameter),
        ] {
            assert_eq!(path(raw), Err(fault), "{raw}");
        }
    }
}

//! Distinguished names as an operator writes them (RFC 4514), made the text that a certificate's name is compared as.
//!
//! Two texts may be one name: types have no case and may be numbers, and there are two ways to escape. What is no
//! such text is a fault, and so is what no certificate's name comes out as: else nobody could ever come in by it.

use super::name::{SHORT_NAMES, joined, written};

/// Why a text is no distinguished name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NameFault(pub &'static str);

/// The text of a certificate's name that is the same one.
///
/// # Errors
///
/// Where it is no distinguished name.
pub fn distinguished_name(text: &str) -> Result<String, NameFault> {
    let (mut parts, mut part) = (Vec::new(), Vec::new());
    let mut rest = text;
    loop {
        let (attribute, end) = attribute(rest)?;
        part.push(attribute);
        let ended = rest[end..].chars().next();
        if ended != Some('+') {
            parts.push(joined(std::mem::take(&mut part)));
        }
        match ended {
            // Both ends are one byte.
            Some(_) => rest = &rest[end + 1..],
            None => return Ok(parts.join(",")),
        }
    }
}

/// One attribute, and where it ends.
fn attribute(text: &str) -> Result<(String, usize), NameFault> {
    const NO_TYPE: NameFault =
        NameFault("expected attributes such as \"CN=Partners CA,O=Example\", without blanks between");
    let (kind, _) = text.split_once('=').ok_or(NO_TYPE)?;
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
    if kind.is_empty() || !kind.bytes().all(fits) {
        return Err(NO_TYPE);
    }
    let known = SHORT_NAMES.iter().find(|(oid, short)| *oid == kind || short.eq_ignore_ascii_case(kind));
    let is_number =
        kind.split('.').all(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()));
    let start = kind.len() + 1;
    if let Some(encoded) = text[start..].strip_prefix('#') {
        let digits = encoded.find([',', '+']).unwrap_or(encoded.len());
        let value = &encoded[..digits];
        if value.is_empty() || !digits.is_multiple_of(2) || !value.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(NameFault("behind `#` stands a value's encoding, two hexadecimal digits for each byte"));
        }
        let kind = match known {
            Some((_, short)) => short,
            None if is_number => kind,
            None => return Err(UNKNOWN),
        };
        return Ok((format!("{kind}=#{}", value.to_ascii_lowercase()), start + 1 + digits));
    }
    let Some((_, short)) = known else {
        return Err(if is_number {
            NameFault("a value of this type is written as `#` and its encoding")
        } else {
            UNKNOWN
        });
    };
    let (value, length) = value(&text[start..])?;
    let attribute = written(short, &value).ok_or(NameFault("there is a character in it that can't be seen"))?;
    Ok((attribute, start + length))
}

const UNKNOWN: NameFault =
    NameFault("there is a type in it that is not known by name; it can be written by its number");

/// RFC 4514 §2.4 and §3: a value, and where it ends.
fn value(text: &str) -> Result<(String, usize), NameFault> {
    const BLANK: NameFault = NameFault("a blank at either end of a value is written as `\\ `");
    let bytes = text.as_bytes();
    let (mut value, mut at, mut ends_blank) = (Vec::new(), 0, false);
    while let Some(byte) = bytes.get(at).filter(|byte| !matches!(byte, b',' | b'+')) {
        ends_blank = *byte == b' ';
        let (meant, length) = match byte {
            b' ' if at == 0 => return Err(BLANK),
            b'"' | b';' | b'<' | b'>' => {
                return Err(NameFault("in a value, `\"`, `;`, `<` and `>` stand behind a `\\`"));
            }
            b'\\' => escaped(&bytes[at + 1..])?,
            byte => (*byte, 1),
        };
        value.push(meant);
        at += length;
    }
    if ends_blank {
        return Err(BLANK);
    }
    let value =
        String::from_utf8(value).map_err(|_| NameFault("what is written in hexadecimal digits is not UTF-8"))?;
    Ok((value, at))
}

/// What stands behind a `\`, and how long that is together.
fn escaped(behind: &[u8]) -> Result<(u8, usize), NameFault> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    match behind {
        [special @ (b'"' | b'+' | b',' | b';' | b'<' | b'>' | b'\\' | b' ' | b'#' | b'='), ..] => Ok((*special, 2)),
        [high, low, ..] if digit(high).is_some() && digit(low).is_some() => {
            Ok((digit(high).unwrap_or(0) * 16 + digit(low).unwrap_or(0), 3))
        }
        _ => Err(NameFault("behind `\\` stands a character that needs it, or two hexadecimal digits")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_name_has_one_text() {
        for (text, expected) in [
            ("CN=Partners", "CN=Partners"),
            ("cn=Partners,o=Example", "CN=Partners,O=Example"),
            ("2.5.4.3=Partners,street=a=b", "CN=Partners,STREET=a=b"),
            (r"CN=Acme\2C Inc.,O=\C3\89t\c3\a9", r"CN=Acme\, Inc.,O=Été"),
            (r"CN=\ a\20,O=\#1#2", r"CN=\ a\ ,O=\#1#2"),
            (r"OU=b+CN=a\+b,C=DE", r"CN=a\+b+OU=b,C=DE"),
            ("1.2.3.4=#0C0178,CN=", "1.2.3.4=#0c0178,CN="),
        ] {
            assert_eq!(distinguished_name(text).as_deref(), Ok(expected), "{text}");
            assert_eq!(distinguished_name(expected).as_deref(), Ok(expected), "{text}: it is what it is");
        }
    }

    #[test]
    fn what_no_certificate_is_named_is_no_name() {
        for text in [
            "",
            "CN",
            "=a",
            "CN=a,",
            "CN=a+",
            ",CN=a",
            "CN = a, O = b",
            "CN=a, O=b",
            "CN= a",
            "CN=a ",
            "CN=a ,O=b",
            "issuer=CN=a",
            "foo=a",
            "1.2.3.4=a",
            "1..2=#0c00",
            "foo=#0c00",
            "1.2.3=#",
            "1.2.3=#0",
            "1.2.3=#0g",
            "CN=a;O=b",
            r#"CN="a""#,
            r"CN=a\",
            r"CN=a\b",
            r"CN=a\zz",
            r"CN=\ff",
            r"CN=a\00",
            "CN=a\u{202e}",
            "/CN=a/O=b",
            "CN=<a>",
        ] {
            assert!(distinguished_name(text).is_err(), "{text}: {:?}", distinguished_name(text));
        }
    }
}

//! Distinguished names as text (RFC 4514), one text for one name.

use x509_parser::asn1_rs::ToDer;
use x509_parser::x509::{AttributeTypeAndValue, RelativeDistinguishedName, X509Name};

use super::hex;

/// RFC 4514 §3, and what else names of certificates have, as OpenSSL writes it.
pub(super) const SHORT_NAMES: [(&str, &str); 19] = [
    ("2.5.4.3", "CN"),
    ("2.5.4.7", "L"),
    ("2.5.4.8", "ST"),
    ("2.5.4.10", "O"),
    ("2.5.4.11", "OU"),
    ("2.5.4.6", "C"),
    ("2.5.4.9", "STREET"),
    ("0.9.2342.19200300.100.1.25", "DC"),
    ("0.9.2342.19200300.100.1.1", "UID"),
    ("2.5.4.5", "serialNumber"),
    ("1.2.840.113549.1.9.1", "emailAddress"),
    ("2.5.4.4", "SN"),
    ("2.5.4.42", "GN"),
    ("2.5.4.12", "title"),
    ("2.5.4.13", "description"),
    ("2.5.4.15", "businessCategory"),
    ("2.5.4.17", "postalCode"),
    ("2.5.4.46", "dnQualifier"),
    ("2.5.4.97", "organizationIdentifier"),
];

/// A name, its last part first; `None` where something in it does not print.
pub(super) fn rfc4514(name: &X509Name<'_>) -> Option<String> {
    let parts: Vec<&RelativeDistinguishedName<'_>> = name.iter().collect();
    let parts = parts.into_iter().rev().map(|part| part.iter().map(attribute).collect::<Option<Vec<_>>>().map(joined));
    Some(parts.collect::<Option<Vec<_>>>()?.join(","))
}

/// A part of several attributes is a set: whichever comes first, it is the same one.
pub(super) fn joined(mut attributes: Vec<String>) -> String {
    attributes.sort_unstable();
    attributes.join("+")
}

/// The common name, where there is exactly one: which of two is meant nobody can tell.
pub(super) fn common_name(name: &X509Name<'_>) -> Option<String> {
    let mut all = name.iter_common_name();
    let one = all.next().filter(|_| all.next().is_none())?;
    text_of(one).and_then(|text| printable(&text).map(str::to_owned))
}

/// What all of prints, and is not empty. What is there and can't be seen does not: two names would look like one.
pub(super) fn printable(text: &str) -> Option<&str> {
    let shows = |c: char| {
        !c.is_control()
            && !matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    (!text.is_empty() && text.chars().all(shows)).then_some(text)
}

fn attribute(attribute: &AttributeTypeAndValue<'_>) -> Option<String> {
    let oid = attribute.attr_type().to_id_string();
    let short = SHORT_NAMES.iter().find(|(known, _)| *known == oid).map(|(_, short)| *short);
    // §2.4: what has no short name, or is no text, is written as it is encoded.
    match short.and_then(|short| Some((short, text_of(attribute)?))) {
        Some((short, value)) => written(short, &value),
        None => {
            let encoded = attribute.attr_value().to_der_vec().ok()?;
            Some(format!("{}=#{}", short.unwrap_or(&oid), hex(&encoded)))
        }
    }
}

/// An attribute that is a text; `None` where that does not print.
pub(super) fn written(short: &str, value: &str) -> Option<String> {
    let mut text = format!("{short}=");
    if !value.is_empty() {
        write_escaped(printable(value)?, &mut text);
    }
    Some(text)
}

/// The types of RFC 5280 §4.1.2.4 whose characters are known.
fn text_of(attribute: &AttributeTypeAndValue<'_>) -> Option<String> {
    const BMP_STRING: u32 = 30;
    if let Ok(text) = attribute.as_str() {
        return Some(text.to_owned());
    }
    let value = attribute.attr_value();
    let (units, rest) = value.data.as_chunks::<2>();
    let is_text = value.header.tag().0 == BMP_STRING && rest.is_empty();
    let units: Vec<u16> = units.iter().map(|unit| u16::from_be_bytes(*unit)).collect();
    String::from_utf16(&units).ok().filter(|_| is_text)
}

/// RFC 4514 §2.4
fn write_escaped(value: &str, text: &mut String) {
    let last = value.chars().count().saturating_sub(1);
    for (index, c) in value.chars().enumerate() {
        let escaped = match c {
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' => true,
            '#' => index == 0,
            ' ' => index == 0 || index == last,
            _ => false,
        };
        if escaped {
            text.push('\\');
        }
        text.push(c);
    }
}

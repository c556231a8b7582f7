//! A table of cases, and what holds for any bytes.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::FormReason::{self, *};
use super::{MAX_FIELDS, parse};

/// A body and the fields in it, name and value in turn.
const ACCEPTED: &[(&str, &[(&str, &str)])] = &[
    ("", &[]),
    ("a=1", &[("a", "1")]),
    ("a=1&b=2", &[("a", "1"), ("b", "2")]),
    ("a", &[("a", "")]),
    ("a=", &[("a", "")]),
    ("a=1&", &[("a", "1")]),
    ("&&a=1&&b=2", &[("a", "1"), ("b", "2")]),
    ("a=b=c", &[("a", "b=c")]),
    ("a==", &[("a", "=")]),
    ("a+b=c+d", &[("a b", "c d")]),
    ("a=%2B", &[("a", "+")]),
    ("a=%26%3D%3b", &[("a", "&=;")]),
    ("%61=1", &[("a", "1")]),
    ("a=%25", &[("a", "%")]),
    ("a=%252F", &[("a", "%2F")]),
    ("a=%c3%a9", &[("a", "\u{e9}")]),
    ("a=\u{e9}", &[("a", "\u{e9}")]),
    ("a=%0D%0A", &[("a", "\r\n")]),
    ("a=1&A=2", &[("a", "1"), ("A", "2")]),
    ("a[]=1&a[b]=2", &[("a[]", "1"), ("a[b]", "2")]),
    ("email=a@example.com/b", &[("email", "a@example.com/b")]),
    ("a=%ef%bb%bf", &[("a", "\u{feff}")]),
];

/// A body, where it is refused and why.
const REFUSED: &[(&[u8], usize, FormReason)] = &[
    (b"a=1&a=2", 4, DuplicateName),
    (b"a=1&b=2&%61=2", 8, DuplicateName),
    (b"a+b=1&a%20b=2", 6, DuplicateName),
    (b"a&a", 2, DuplicateName),
    (b"=1", 0, EmptyName),
    (b"a=1&=", 4, EmptyName),
    (b"a=%", 2, InvalidEscape),
    (b"a=%4", 2, InvalidEscape),
    (b"a=%4&b=1", 2, InvalidEscape),
    (b"a=%zz", 2, InvalidEscape),
    (b"a=%+1", 2, InvalidEscape),
    (b"a=%u0061", 2, InvalidEscape),
    (b"%=1", 0, InvalidEscape),
    (b"b=1&a=%ff", 6, InvalidUtf8),
    (b"a=%c3", 2, InvalidUtf8),
    (b"a=%c3&b=%a9", 2, InvalidUtf8),
    (b"a=%c0%af", 2, InvalidUtf8),
    (b"a=%ed%a0%80", 2, InvalidUtf8),
    (b"\xff=1", 0, InvalidUtf8),
    (b"a=1%00", 3, Nul),
    (b"a%00=1", 1, Nul),
    (b"a=1\0", 3, ControlCharacter),
    (b"a=1\r\n", 3, ControlCharacter),
    (b"a=\x7f", 2, ControlCharacter),
    (b"a=1;b=2", 3, Semicolon),
];

#[test]
fn finds_the_fields() {
    for (body, fields) in ACCEPTED {
        let expected: Value = fields.iter().map(|(name, value)| (*name, *value)).collect();
        let expected = if fields.is_empty() { json!({}) } else { expected };
        assert_eq!(parse(body.as_bytes()), Ok(expected), "{body}");
    }
}

#[test]
fn refuses_with_place_and_reason() {
    for (body, offset, reason) in REFUSED {
        let fault = parse(body).expect_err(&String::from_utf8_lossy(body));
        assert_eq!((fault.offset, fault.reason), (*offset, *reason), "{}", body.escape_ascii());
    }
}

#[test]
fn takes_so_many_fields_and_no_more() {
    let body = |fields: usize| {
        let fields: Vec<String> = (0..fields).map(|index| format!("f{index}=1")).collect();
        fields.join("&")
    };
    assert!(parse(body(MAX_FIELDS).as_bytes()).is_ok());
    let fault = parse(body(MAX_FIELDS + 1).as_bytes()).expect_err("one field too many");
    assert_eq!(fault.reason, TooManyFields);
}

#[test]
fn messages_tell_place_and_rule_and_nothing_of_the_body() {
    let fault = parse(b"secret=1&secret=2").expect_err("the name is there twice");
    assert_eq!(fault.to_string(), "the same form field twice at byte 9");
}

/// As WHATWG URL §5.2 serialises it, every byte escaped that may be.
fn serialised(fields: &[(String, String)]) -> String {
    let escaped = |text: &str| -> String {
        text.bytes()
            .map(|byte| match byte {
                b' ' => "+".to_owned(),
                b'a'..=b'z' => char::from(byte).to_string(),
                _ => format!("%{byte:02X}"),
            })
            .collect()
    };
    let pairs: Vec<_> = fields.iter().map(|(name, value)| format!("{}={}", escaped(name), escaped(value))).collect();
    pairs.join("&")
}

proptest! {
    #[test]
    fn what_was_serialised_is_read_back(
        fields in prop::collection::btree_map("[^\0]{1,8}", "[^\0]{0,8}", 0..8),
    ) {
        let fields: Vec<_> = fields.into_iter().collect();
        let expected: serde_json::Map<_, _> = fields
            .iter()
            .map(|(name, value)| (name.clone(), Value::from(value.as_str())))
            .collect();
        prop_assert_eq!(parse(serialised(&fields).as_bytes()), Ok(Value::Object(expected)));
    }

    #[test]
    fn any_bytes(bytes: Vec<u8>) {
        if let Err(fault) = parse(&bytes) {
            prop_assert!(fault.offset <= bytes.len());
        }
    }

    #[test]
    fn any_pieces(pieces in prop::collection::vec("[ab]|=|&|%|%6|%61|%c3|%a9|\\+|;", 0..16)) {
        let body = pieces.concat();
        match parse(body.as_bytes()) {
            Ok(value) => prop_assert!(value.as_object().is_some_and(|o| o.values().all(Value::is_string))),
            Err(fault) => prop_assert!(fault.offset <= body.len()),
        }
    }
}

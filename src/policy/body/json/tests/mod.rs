//! The reader against a table of cases, and against serde_json on documents made up at random.

mod cases;
mod properties;

use serde_json::Value;

use super::{Integers, JsonReason, JsonRules, MAX_DEPTH, Precision, parse};

/// What the rules of a case are, as its place in the table tells.
fn relaxed(integers: Integers, precision: Precision, depth: u16) -> JsonRules {
    JsonRules { integers, precision, depth }
}

/// What serde_json makes of a document that we accept.
fn theirs(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).expect("serde_json accepts whatever we accept")
}

#[test]
fn accepts_what_every_reader_sees_alike() {
    for (name, bytes) in cases::ACCEPTED {
        match parse(bytes, &JsonRules::default()) {
            Ok(value) => assert_eq!(value, theirs(bytes), "{name}"),
            Err(fault) => panic!("{name}: {fault}"),
        }
    }
}

#[test]
fn refuses_with_place_and_reason() {
    for (name, bytes, offset, reason) in cases::REFUSED {
        match parse(bytes, &JsonRules::default()) {
            Ok(value) => panic!("{name}: accepted as {value}"),
            Err(fault) => assert_eq!((fault.offset, fault.reason), (*offset, *reason), "{name}"),
        }
    }
}

#[test]
fn relaxed_rules_relax_nothing_else() {
    let integers = relaxed(Integers::Any, Precision::Double, 64);
    let precision = relaxed(Integers::Interoperable, Precision::Any, 64);
    for (name, bytes, by_integers, by_precision) in cases::RELAXED {
        for (rules, expected) in [(&integers, by_integers), (&precision, by_precision)] {
            match (parse(bytes, rules), expected) {
                (Ok(value), None) => assert_eq!(value, theirs(bytes), "{name}"),
                (Err(fault), Some(reason)) => assert_eq!(fault.reason, *reason, "{name}"),
                (outcome, expected) => panic!("{name}: {outcome:?}, not {expected:?}"),
            }
        }
    }
}

#[test]
fn numbers_are_held_as_serde_json_holds_them() {
    let any = relaxed(Integers::Any, Precision::Any, 64);
    for text in [
        "0",
        "-0",
        "-1",
        "1",
        "1.0",
        "1e2",
        "9007199254740992",
        "-9007199254740992",
        "9223372036854775807",
        "-9223372036854775808",
        "9223372036854775808",
        "18446744073709551615",
        "18446744073709551616",
        "-9223372036854775809",
        "5e-324",
        "1.7976931348623157e308",
        "0.1000000000000000055511151231257827",
    ] {
        let ours = parse(text.as_bytes(), &any).expect(text);
        let theirs = theirs(text.as_bytes());
        assert_eq!(
            (ours.is_f64(), ours.is_i64(), ours.is_u64()),
            (theirs.is_f64(), theirs.is_i64(), theirs.is_u64()),
            "{text}"
        );
        assert_eq!(ours.to_string(), theirs.to_string(), "{text}");
    }
}

#[test]
fn depth_is_a_limit_that_does_not_move_the_stack() {
    let nested = |levels: usize| {
        let mut text = String::new();
        for level in 0..levels {
            text.push_str(if level % 2 == 0 { "[" } else { "{\"a\":" });
        }
        text.push('1');
        for level in (0..levels).rev() {
            text.push(if level % 2 == 0 { ']' } else { '}' });
        }
        text
    };
    let depth = |depth| relaxed(Integers::Interoperable, Precision::Double, depth);
    let reason = |levels, limit| parse(nested(levels).as_bytes(), &depth(limit)).err().map(|fault| fault.reason);
    assert_eq!(reason(64, 64), None);
    assert_eq!(reason(65, 64), Some(JsonReason::TooDeep(64)));
    assert_eq!(reason(1, 0), Some(JsonReason::TooDeep(0)));
    assert_eq!(reason(0, 0), None);
    assert_eq!(reason(200, 200), None);
    // A configuration cannot ask for more than what others can walk.
    assert_eq!(reason(201, u16::MAX), Some(JsonReason::TooDeep(MAX_DEPTH)));
    assert_eq!(reason(1_000_000, u16::MAX), Some(JsonReason::TooDeep(MAX_DEPTH)));
}

#[test]
fn messages_tell_place_and_rule_and_nothing_of_the_body() {
    let secret = br#"{"secret-name": 1, "secret-name": "secret-value"}"#;
    let fault = parse(secret, &JsonRules::default()).expect_err("the name is there twice");
    assert_eq!(fault.to_string(), "the same name twice in one object at byte 19");
}

//! What holds for any bytes: no panic, and no document that serde_json sees otherwise.

use proptest::prelude::*;
use serde_json::{Map, Number, Value};

use super::super::{Integers, JsonRules, Precision, parse};
use super::{relaxed, theirs};

const INTEROPERABLE: i64 = (1 << 53) - 1;

/// Values that I-JSON can carry.
fn document() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        (-INTEROPERABLE..=INTEROPERABLE).prop_map(Value::from),
        any::<f64>().prop_map(|double| Number::from_f64(double).map_or(Value::Null, Value::Number)),
        text().prop_map(Value::String),
    ];
    leaf.prop_recursive(8, 64, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::Array),
            prop::collection::vec((text(), inner), 0..8)
                .prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// Any characters but noncharacters.
fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(any::<char>(), 0..20).prop_map(|characters| {
        let noncharacter = |c: &char| (*c as u32) & 0xfffe == 0xfffe || ('\u{fdd0}'..='\u{fdef}').contains(c);
        characters.into_iter().filter(|c| !noncharacter(c)).collect()
    })
}

/// Pieces that documents are made of, in an order that seldom makes one.
fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop::sample::select(vec![
        &b"{"[..],
        b"}",
        b"[",
        b"]",
        b",",
        b":",
        b"\"",
        b"\\",
        b"\\u",
        b"d83d",
        b"\\ude00",
        b"0061",
        b"\"a\"",
        b"\"\\u0061\"",
        b"1",
        b"0",
        b"-",
        b".",
        b"e",
        b"9007199254740992",
        b"1e400",
        b"true",
        b"null",
        b" ",
        b"\n",
        b"\0",
        b"\xef\xbb\xbf",
        b"\xc3\xa9",
        b"\xff",
        b"a",
    ]);
    prop::collection::vec(piece, 0..16).prop_map(|pieces| pieces.concat())
}

fn all_rules() -> [JsonRules; 3] {
    [
        JsonRules::default(),
        relaxed(Integers::Any, Precision::Any, 100),
        relaxed(Integers::Interoperable, Precision::Double, 1),
    ]
}

/// Whatever we accept, serde_json accepts with an equal value.
fn agree(bytes: &[u8]) {
    for rules in all_rules() {
        match parse(bytes, &rules) {
            Ok(ours) => assert_eq!(ours, theirs(bytes)),
            Err(fault) => assert!(fault.offset <= bytes.len(), "{fault}"),
        }
    }
}

proptest! {
    #[test]
    fn what_i_json_carries_is_read_as_it_was_written(value in document(), pretty: bool) {
        let bytes = if pretty {
            serde_json::to_vec_pretty(&value)
        } else {
            serde_json::to_vec(&value)
        }.expect("a Value is always serialisable");
        prop_assert_eq!(parse(&bytes, &JsonRules::default()), Ok(value));
    }

    #[test]
    fn any_bytes(bytes: Vec<u8>) {
        agree(&bytes);
    }

    #[test]
    fn any_pieces(bytes in pieces()) {
        agree(&bytes);
    }

    #[test]
    fn documents_with_a_few_bytes_changed(
        value in document(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut: Option<prop::sample::Index>,
    ) {
        let mut bytes = serde_json::to_vec(&value).expect("a Value is always serialisable");
        for (index, byte) in changes {
            let index = index.index(bytes.len());
            bytes[index] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        agree(&bytes);
    }

    #[test]
    fn any_number(text in "-?[0-9]{1,20}(\\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?") {
        agree(text.as_bytes());
    }

    #[test]
    fn any_string_body(text in "[\"\\\\u/bdfnrt0-9a-fA-F\\x00-\\x20é😀]{0,20}") {
        agree(format!("\"{text}\"").as_bytes());
    }
}

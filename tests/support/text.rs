//! Bytes written as text in a case: what TOML cannot hold, or a reader should not have to scroll past.
//!
//! `{x:ff00}` are bytes in hexadecimal, `{repeat:9000:a}` is a text many times, `{jwt:sub=ada,scope=a b}` a token
//! that claims this ([`token::written`]), `{base64:a:b}` a text in base64. In configurations and key files
//! `{sha256:KEY}` is the hash of a key, `{keys}` the set of keys that tokens are signed with, and `{upstream}` the
//! address of the peer. Everything else is itself, other braces too.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::token;

/// The bytes that a text stands for.
pub(crate) fn bytes(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        bytes.extend_from_slice(&rest.as_bytes()[..open]);
        rest = &rest[open..];
        if let Some((inner, after)) = placeholder(rest, "{x:") {
            bytes.extend(unhex(inner));
            rest = after;
        } else if let Some((inner, after)) = placeholder(rest, "{repeat:") {
            let (times, text) = inner.split_once(':').expect("{repeat:TIMES:TEXT}");
            bytes.extend(text.repeat(times.parse().expect("a number of times")).into_bytes());
            rest = after;
        } else if let Some((inner, after)) = placeholder(rest, "{jwt:") {
            bytes.extend(token::written(inner).into_bytes());
            rest = after;
        } else if let Some((text, after)) = placeholder(rest, "{base64:") {
            bytes.extend(STANDARD.encode(text).into_bytes());
            rest = after;
        } else {
            bytes.push(b'{');
            rest = &rest[1..];
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    bytes
}

/// A configuration or a file beside it, its placeholders filled in.
pub(crate) fn filled(text: &str, upstream: &str) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find("{sha256:") {
        let (key, after) = placeholder(&rest[open..], "{sha256:").expect("{sha256:KEY}");
        filled.push_str(&rest[..open]);
        filled.extend(Sha256::digest(key).iter().map(|byte| format!("{byte:02x}")));
        rest = after;
    }
    filled.push_str(rest);
    filled.replace("{upstream}", upstream).replace("{keys}", &token::key_set(&[1]))
}

fn placeholder<'a>(text: &'a str, name: &str) -> Option<(&'a str, &'a str)> {
    text.strip_prefix(name)?.split_once('}')
}

fn unhex(digits: &str) -> Vec<u8> {
    let pair = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).expect("pairs of hexadecimal digits");
    (0..digits.len()).step_by(2).map(pair).collect()
}

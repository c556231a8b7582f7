//! Makes a key file fit to be shown, whatever somebody wrote in the place of a hash. Works on the text,
//! because what can't be parsed is shown too.

use std::ops::Range;

/// Whether a value may be shown.
type MayStay = fn(&str) -> bool;

/// Names whose values are nobody's to see, but for those that hide what they are about.
const NAMES: [(&str, MayStay); 4] =
    [("sha256", is_hash), ("secret", is_reference), ("password", is_password_hash), ("hash", is_password_hash)];

/// The text with everything blanked that is written as the value of one of these names and is no hash or
/// reference. Lengths stay, so that places do.
///
/// It is this text that is read, so that no message can repeat what was blanked.
pub(super) fn what_is_no_hash(text: String) -> String {
    let hidden: Vec<Range<usize>> = NAMES
        .iter()
        .flat_map(|(name, may_stay)| values(&text, name).filter(|value| !may_stay(&text[value.clone()])))
        .collect();
    let mut bytes = text.into_bytes();
    for value in hidden {
        // Lines stay, too: a value in three quotes may have several.
        bytes[value].iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b'*');
    }
    String::from_utf8(bytes).expect("stars are text, and were put in the place of whole characters")
}

/// What is written as the values of a name, between their quotes.
fn values(text: &str, name: &str) -> impl Iterator<Item = Range<usize>> {
    text.match_indices(name).map(|(at, name)| value_at(text, at + name.len()))
}

/// What stands behind a name and `=`, or behind a name and a quote where `=` was forgotten; nothing where
/// the name is no key.
fn value_at(text: &str, from: usize) -> Range<usize> {
    let behind_key = text[from..].trim_start_matches(['"', '\'']);
    let (sign, written) = match behind_key.trim_start_matches(BLANKS).strip_prefix(['=', ':']) {
        Some(written) => (true, written.trim_start_matches(BLANKS)),
        None => (false, behind_key.trim_start_matches(BLANKS)),
    };
    let quote = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|quote| written.starts_with(quote));
    let gap = written.len() < behind_key.len();
    let start = text.len() - written.len() + quote.map_or(0, str::len);
    match quote {
        Some(quote) if sign || gap => start..start + quoted(&text[start..], quote),
        // What stands in a table comes with names of its own.
        None if sign && !written.starts_with('{') => start..start + bare(written),
        _ => from..from,
    }
}

const BLANKS: [char; 2] = [' ', '\t'];

/// How long the text within this quote is. One quote that is not closed ends with the line.
fn quoted(text: &str, quote: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        if !escaped && (text[at..].starts_with(quote) || (quote.len() == 1 && matches!(c, '\n' | '\r'))) {
            return at;
        }
        escaped = !escaped && c == '\\' && quote.starts_with('"');
    }
    text.len()
}

/// How long a value without quotes is. A list of them ends with the line.
fn bare(text: &str) -> usize {
    let ends: &[char] = if text.starts_with('[') { &['\n', '\r'] } else { &[',', '}', '\n', '\r'] };
    text.find(ends).unwrap_or(text.len())
}

fn is_hash(written: &str) -> bool {
    written.len() == 64 && written.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// `${env:NAME}` and `${file:PATH}` tell where a secret is, not what it is.
fn is_reference(written: &str) -> bool {
    written.starts_with("${env:") || written.starts_with("${file:")
}

/// Hashes of passwords begin so, `$argon2id$…`, and references do.
fn is_password_hash(written: &str) -> bool {
    written.starts_with('$')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_hashes_and_references_are_left() {
        let hash = "0f".repeat(32);
        let kept = [
            format!("sha256 = \"{hash}\""),
            format!("{{ sha256='{hash}' }}"),
            "password = \"$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA\"".into(),
            "password = \"${env:ACME}\"\nsecret = '${file:/run/secrets/acme}'".into(),
            // None of these is a key with a value.
            "[principal.secret]\n[principal.\"password\"]\n[principal.sha256-old]".into(),
            "keys = [{ name = \"my-secret\" }]\nscopes = [\"secret\" , \"password\"]".into(),
            "plan = \"top secret plan\" # the password is elsewhere".into(),
            "plan = \"secret\"".into(),
            "plan = \"sha256\"\r\n".into(),
        ];
        for text in kept {
            assert_eq!(what_is_no_hash(text.clone()), text);
        }
    }

    #[test]
    fn values_are_blanked_however_they_are_written() {
        for (text, shown) in [
            ("sha256 = \"pk_1\", expires = 1", "sha256 = \"****\", expires = 1"),
            ("{ sha256 = 'söcret key' }", "{ sha256 = '***********' }"),
            ("sha256=oops\nplan = 1", "sha256=****\nplan = 1"),
            ("sha256 \"oops\"", "sha256 \"****\""),
            ("\"sha256\": \"oops\"", "\"sha256\": \"****\""),
            ("secret = \"a'b\\\"c, d}\", plan = \"x\"", "secret = \"**********\", plan = \"x\""),
            ("secret = 'a\"b\\', plan = \"x\"", "secret = '****', plan = \"x\""),
            ("secret = \"\", plan = \"x\"", "secret = \"\", plan = \"x\""),
            ("client_secret = \"x\"", "client_secret = \"*\""),
            ("secret = \"\"\"\nab\nc\"\"\"\nplan = 1", "secret = \"\"\"\n**\n*\"\"\"\nplan = 1"),
            ("password = \"hunter2\nplan = 1", "password = \"*******\nplan = 1"),
            ("password = 'x${env:NAME}'", "password = '************'"),
            ("secret = \"$argon2id$\"", "secret = \"**********\""),
            ("secret = [\"a\", \"b\"]\nplan = 1", "secret = **********\nplan = 1"),
        ] {
            assert_eq!(what_is_no_hash(text.into()), shown, "{text}");
        }
    }

    #[test]
    fn lengths_stay() {
        for odd in ["sha256", "sha256 =", "sha256 = \"", "sha256sha256", "é sha256 é", "secret = \"\\", "password='''é"]
        {
            assert_eq!(what_is_no_hash(odd.into()).len(), odd.len(), "{odd}");
        }
    }
}

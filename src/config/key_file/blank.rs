//! Makes a key file fit to be shown: in the place of a hash, nothing but a hash is ever printed.

/// The text with everything blanked that follows `sha256 =` and is not 64 hexadecimal digits. Lengths
/// stay, so that places do. Works on the text, because what can't be parsed is shown too.
pub(super) fn what_is_no_hash(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(found) = rest.find("sha256") {
        let value = value_at(rest, found + "sha256".len());
        shown.push_str(&rest[..value.start]);
        let written = &rest[value.clone()];
        if written.len() == 64 && written.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            shown.push_str(written);
        } else {
            shown.extend(std::iter::repeat_n('*', written.len()));
        }
        rest = &rest[value.end..];
    }
    shown + rest
}

/// From behind `=` and quotes to where a quote, a comma, a brace or the line ends it.
fn value_at(text: &str, from: usize) -> std::ops::Range<usize> {
    let rest = &text[from..];
    let behind = rest.trim_start_matches(['"', '\'', ' ', '\t', '=']);
    let start = from + rest.len() - behind.len();
    let length = behind.find(['"', '\'', ',', '}', '\n', '\r']).unwrap_or(behind.len());
    start..start + length
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_hashes_are_left() {
        let hash = "0f".repeat(32);
        let text =
            format!("keys = [{{ sha256 = \"{hash}\" }}, {{ sha256 = 'söcret key' , expires = 1 }}]\nsha256=oops\n");
        let shown = what_is_no_hash(&text);
        assert_eq!(shown.len(), text.len());
        assert!(shown.contains(&hash));
        assert!(shown.contains("'***********'"), "{shown}");
        assert!(shown.ends_with("sha256=****\n"));
        for odd in ["sha256", "sha256 =", "sha256 = \"", "sha256sha256", "é sha256 é"] {
            assert_eq!(what_is_no_hash(odd).len(), odd.len());
        }
    }
}

//! Places in a document, as RFC 6901 §6 writes them: JSON pointers in URI fragments.

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

/// Characters that one name may take. Names can be the client's own.
pub(crate) const NAME_CHARACTERS: usize = 64;

/// Bytes that one pointer may take; the names beyond are left out.
const POINTER_BYTES: usize = 1024;

/// What RFC 3986 §3.5 does not allow in a fragment. `%` itself has to be encoded too.
const NOT_IN_FRAGMENT: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// A JSON pointer (RFC 6901 §3) as a fragment, every name cut to [`NAME_CHARACTERS`].
pub(crate) fn fragment(pointer: &str) -> String {
    let mut fragment = "#".to_owned();
    for token in pointer.split('/').skip(1) {
        let token = escape(&cut(&unescape(token)));
        let token = utf8_percent_encode(&token, NOT_IN_FRAGMENT).to_string();
        if fragment.len() + 1 + token.len() > POINTER_BYTES {
            break;
        }
        fragment.push('/');
        fragment.push_str(&token);
    }
    fragment
}

/// RFC 6901 §4: `~1` before `~0`, so that `~01` becomes `~1`.
fn unescape(token: &str) -> String {
    token.replace("~1", "/").replace("~0", "~")
}

/// RFC 6901 §3.
pub(crate) fn escape(token: &str) -> String {
    token.replace('~', "~0").replace('/', "~1")
}

/// The first [`NAME_CHARACTERS`] of a name.
fn cut(name: &str) -> String {
    name.chars().take(NAME_CHARACTERS).collect()
}

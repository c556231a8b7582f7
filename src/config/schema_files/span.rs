//! Where in a JSON text a JSON pointer points: the parser that judged the text keeps no places.

use std::ops::Range;

/// The bytes of the value that `pointer` (RFC 6901) names, or of the key where that value is an object
/// or array. The text is JSON; where it is not, or has no such value, the answer is `None`.
pub(super) fn span_of(text: &str, pointer: &str) -> Option<Range<usize>> {
    let mut scanner = Scanner { bytes: text.as_bytes(), at: 0 };
    let mut key = None;
    if pointer.is_empty() {
        return scanner.value();
    }
    for token in pointer.strip_prefix('/')?.split('/') {
        let token = token.replace("~1", "/").replace("~0", "~");
        key = scanner.enter(text, &token)?;
    }
    let value = scanner.value()?;
    match text.as_bytes().get(value.start)? {
        b'{' | b'[' => Some(key.unwrap_or(value)),
        _ => Some(value),
    }
}

struct Scanner<'t> {
    bytes: &'t [u8],
    at: usize,
}

impl Scanner<'_> {
    /// Moves to the member or item that is called `token`; an item has no key to show.
    fn enter(&mut self, text: &str, token: &str) -> Option<Option<Range<usize>>> {
        self.space();
        match self.next()? {
            b'{' => loop {
                self.space();
                let key = self.value().filter(|key| self.bytes[key.start] == b'"')?;
                self.space();
                self.next().filter(|byte| *byte == b':')?;
                let name: String = serde_json::from_str(text.get(key.clone())?).ok()?;
                if name == token {
                    return Some(Some(key));
                }
                self.value()?;
                self.space();
                self.next().filter(|byte| *byte == b',')?;
            },
            b'[' => {
                let index: usize = token.parse().ok()?;
                for _ in 0..index {
                    self.value()?;
                    self.space();
                    self.next().filter(|byte| *byte == b',')?;
                }
                Some(None)
            }
            _ => None,
        }
    }

    /// Walks over one value of any kind. Brackets are counted, not matched: the text is known to be JSON.
    fn value(&mut self) -> Option<Range<usize>> {
        self.space();
        let start = self.at;
        let mut depth = 0_usize;
        loop {
            match self.next()? {
                b'"' => self.string()?,
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth = depth.checked_sub(1)?,
                b',' | b':' | b' ' | b'\t' | b'\n' | b'\r' if depth > 0 => continue,
                _ => self.scalar(),
            }
            if depth == 0 {
                return Some(start..self.at);
            }
        }
    }

    fn string(&mut self) -> Option<()> {
        loop {
            match self.next()? {
                b'"' => return Some(()),
                b'\\' => drop(self.next()?),
                _ => {}
            }
        }
    }

    fn scalar(&mut self) {
        while self.bytes.get(self.at).is_some_and(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(byte)) {
            self.at += 1;
        }
    }

    fn space(&mut self) {
        while self.bytes.get(self.at).is_some_and(|byte| b" \t\r\n".contains(byte)) {
            self.at += 1;
        }
    }

    fn next(&mut self) -> Option<u8> {
        let byte = *self.bytes.get(self.at)?;
        self.at += 1;
        Some(byte)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_are_found() {
        let text = r#" { "a" : [ 10, {"b\u0063": "x\"}" , "d/~": -1.5e3 }, [] ], "a2": {"deep": {"e": null}} } "#;
        let of = |pointer| span_of(text, pointer).map(|span| &text[span]);
        assert_eq!(of("/a/0"), Some("10"));
        assert_eq!(of("/a/1/bc"), Some(r#""x\"}""#));
        assert_eq!(of("/a/1/d~1~0"), Some("-1.5e3"));
        assert_eq!(of("/a"), Some("\"a\""));
        assert_eq!(of("/a2/deep/e"), Some("null"));
        assert_eq!(of("/a2/deep"), Some("\"deep\""));
        assert_eq!(of("/a/2"), Some("[]"));
        assert_eq!(of("").map(str::len), Some(text.trim().len()));
        for nowhere in ["/b", "/a/3", "/a/x", "/a2/deep/e/f", "x", "/a/0/0"] {
            assert_eq!(of(nowhere), None, "{nowhere}");
        }
        for broken in ["", "{", "{\"a\"", "{\"a\":", "[", "\"", "{\"a\" 1}", "]"] {
            let _ = (span_of(broken, "/a/0"), span_of(broken, ""));
        }
    }
}

//! Heads and chunks as bytes.

use bytes::BytesMut;

/// Writes one head behind what is in a buffer already. Whoever calls holds the parts to be sound: they were
/// judged, or are our own.
#[derive(Debug)]
pub struct HeadWriter<'a>(&'a mut BytesMut);

impl<'a> HeadWriter<'a> {
    /// Begins a request (RFC 9112 §3).
    pub fn request(bytes: &'a mut BytesMut, method: &str, path: &str, query: Option<&str>) -> Self {
        let mut this = Self(bytes);
        this.put(&[method.as_bytes(), b" ", path.as_bytes()]);
        if let Some(query) = query {
            this.put(&[b"?", query.as_bytes()]);
        }
        this.put(&[b" HTTP/1.1\r\n"]);
        this
    }

    /// Begins a response (RFC 9112 §4).
    pub fn response(bytes: &'a mut BytesMut, status: u16, reason: &str) -> Self {
        let mut this = Self(bytes);
        this.put(&[b"HTTP/1.1 ", itoa::Buffer::new().format(status).as_bytes(), b" ", reason.as_bytes(), b"\r\n"]);
        this
    }

    /// One field.
    pub fn field(&mut self, name: &[u8], value: &[u8]) {
        self.put(&[name, b": ", value, b"\r\n"]);
    }

    /// One field whose value is made of parts.
    pub fn parts(&mut self, name: &[u8], parts: &[&[u8]]) {
        self.put(&[name, b": "]);
        self.put(parts);
        self.put(&[b"\r\n"]);
    }

    /// RFC 9110 §8.6.
    pub fn content_length(&mut self, length: u64) {
        self.field(b"Content-Length", itoa::Buffer::new().format(length).as_bytes());
    }

    /// RFC 9112 §6.1.
    pub fn chunked(&mut self) {
        self.field(b"Transfer-Encoding", b"chunked");
    }

    /// Ends the head.
    pub fn end(mut self) {
        self.put(&[b"\r\n"]);
    }

    fn put(&mut self, parts: &[&[u8]]) {
        parts.iter().for_each(|part| self.0.extend_from_slice(part));
    }
}

/// Writes what comes before the data of a chunk, and gives what comes behind it (RFC 9112 §7.1). `last` where
/// nothing follows; without data that alone ends the body, and nothing at all goes where it is not the last.
pub fn chunk(bytes: &mut BytesMut, data: usize, last: bool) -> &'static [u8] {
    if data == 0 {
        return if last { b"0\r\n\r\n" } else { b"" };
    }
    let digits = (usize::BITS - data.leading_zeros()).div_ceil(4);
    for digit in (0..digits).rev() {
        bytes.extend_from_slice(&[b"0123456789ABCDEF"[data >> (4 * digit) & 15]]);
    }
    bytes.extend_from_slice(b"\r\n");
    if last { b"\r\n0\r\n\r\n" } else { b"\r\n" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_written_as_they_are_read() {
        for (size, last, before, behind) in [
            (1, false, "1\r\n", "\r\n"),
            (15, false, "F\r\n", "\r\n"),
            (16, true, "10\r\n", "\r\n0\r\n\r\n"),
            (0xabc, true, "ABC\r\n", "\r\n0\r\n\r\n"),
            (65_536, false, "10000\r\n", "\r\n"),
            (0, true, "", "0\r\n\r\n"),
            // An empty chunk would end the body.
            (0, false, "", ""),
        ] {
            let mut bytes = BytesMut::new();
            assert_eq!(chunk(&mut bytes, size, last), behind.as_bytes(), "{size}");
            assert_eq!(bytes, before, "{size}");
        }
    }
}

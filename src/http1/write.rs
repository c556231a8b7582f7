//! Heads and chunks as bytes.

use std::io::Write;

/// What ends a body in chunks, without trailers.
pub const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

/// Writes one head behind what is in a buffer already. Whoever calls holds the parts to be sound: they were
/// judged, or are our own.
#[derive(Debug)]
pub struct HeadWriter<'a>(&'a mut Vec<u8>);

impl<'a> HeadWriter<'a> {
    /// Begins a request (RFC 9112 §3).
    pub fn request(bytes: &'a mut Vec<u8>, method: &str, path: &str, query: Option<&str>) -> Self {
        let mut this = Self(bytes);
        this.put(&[method.as_bytes(), b" ", path.as_bytes()]);
        if let Some(query) = query {
            this.put(&[b"?", query.as_bytes()]);
        }
        this.put(&[b" HTTP/1.1\r\n"]);
        this
    }

    /// Begins a response (RFC 9112 §4).
    pub fn response(bytes: &'a mut Vec<u8>, status: u16, reason: &str) -> Self {
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

    /// One field whose value shows itself.
    pub fn shown(&mut self, name: &str, value: std::fmt::Arguments<'_>) {
        self.put(&[name.as_bytes(), b": "]);
        // Writing to a vector does not fail.
        let _ = self.0.write_fmt(value);
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

/// Writes what comes before the data of a chunk; CRLF comes behind it. The data is not empty: an empty chunk
/// would be the last one.
pub fn chunk_size(bytes: &mut Vec<u8>, data: usize) {
    debug_assert!(data > 0, "an empty chunk ends the body");
    let _ = write!(bytes, "{data:X}\r\n");
}

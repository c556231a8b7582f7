//! Samples by grammar: one to three requests behind each other, most of them sound, some of them odd in the
//! ways that readers are known to differ on.

use crate::rng::Rng;
use crate::words::*;

/// Makes the bytes of one connection.
pub fn connection(rng: &mut Rng) -> Vec<u8> {
    // Of a thousand choices, so many are odd: a sample with one oddity tells more than one with twenty.
    let odd = rng.of(&[0, 5, 20, 20, 60, 200]);
    let mut request = Grammar { rng, odd, bytes: Vec::new() };
    for _ in 0..request.rng.of(&[1, 1, 2, 2, 3]) {
        request.one();
    }
    request.bytes
}

struct Grammar<'a> {
    rng: &'a mut Rng,
    odd: usize,
    bytes: Vec<u8>,
}

impl Grammar<'_> {
    fn one(&mut self) {
        if self.is_odd() {
            self.pick(&[], &[b"\r\n", b"\n", b" ", b"\r", b"\0", b"\r\n\r\n", b"\x16\x03\x01", b"a"]);
        }
        self.pick(METHODS, ODD_METHODS);
        self.pick(&[b" "], ODD_GAPS);
        let targets = if self.is_odd() { ODD_TARGETS } else { TARGETS };
        let target = self.rng.of(targets);
        self.put(target);
        self.pick(&[b" "], ODD_GAPS);
        let is_old = self.rng.chance(60);
        self.pick(&[if is_old { b"HTTP/1.0" } else { b"HTTP/1.1" }], ODD_VERSIONS);
        self.end_line();
        if !is_old || self.rng.chance(700) {
            self.host(target);
        }
        let before = self.rng.below(4);
        self.fields(before);
        if is_old && self.rng.chance(300) {
            self.put(b"Connection: keep-alive\r\n");
        }
        if self.is_odd() {
            self.put(b"Connection: upgrade\r\n");
            self.pick(&[b"Upgrade: websocket", b"Upgrade: h2c"], &[b"Upgrade: a, b/1", b"Upgrade:"]);
            self.end_line();
        }
        match self.rng.below(10) {
            0..4 => self.head_end(),
            4..7 => self.sized(),
            _ if is_old && self.rng.chance(900) => self.sized(),
            _ => self.chunked(),
        }
    }

    fn host(&mut self, target: &[u8]) {
        if self.is_odd() && self.rng.chance(300) {
            return;
        }
        self.pick(
            &[b"Host: ", b"Host:", b"host: "],
            &[b"Host : ", b"Host:\t", b"HOST: ", b"Host:\r\n ", b"Ho_st: ", b"Host\0: "],
        );
        let names_host = target.starts_with(b"http://");
        self.pick(if names_host { &[b"gate.test"] } else { HOSTS }, ODD_HOSTS);
        self.end_line();
    }

    fn fields(&mut self, count: usize) {
        for _ in 0..count {
            if self.rng.chance(2) {
                let size = self.rng.of(&[1000, 9000, 17_000, 70_000]);
                self.put(b"X-Long: ");
                self.bytes.extend(std::iter::repeat_n(b'x', size));
            } else {
                self.pick(FIELDS, ODD_FIELDS);
            }
            self.end_line();
        }
        if self.is_odd() {
            self.pick(&[], ODD_FIELDS);
            self.end_line();
        }
    }

    fn head_end(&mut self) {
        let behind = self.rng.below(2);
        self.fields(behind);
        self.pick(&[b"\r\n"], ODD_LINE_ENDS);
    }

    fn sized(&mut self) {
        let body = self.body();
        let mut length = body.len();
        if self.is_odd() {
            length = (length + self.rng.of(&[0, 1, 2, 5])).saturating_sub(self.rng.of(&[0, 1, 2]));
        }
        self.pick(
            &[b"Content-Length: ", b"content-length:", b"CONTENT-LENGTH: "],
            &[b"Content-Length : ", b"Content-Length:\t", b"Content-Length:\r\n "],
        );
        self.number(&length.to_string(), ODD_LENGTHS);
        self.end_line();
        self.head_end();
        self.put(&body);
    }

    fn chunked(&mut self) {
        self.pick(
            &[b"Transfer-Encoding: ", b"transfer-encoding:"],
            &[b"Transfer-Encoding : ", b"Transfer-Encoding:\t", b"Transfer-Encoding:\r\n "],
        );
        self.pick(&[b"chunked"], ODD_CODINGS);
        self.end_line();
        self.head_end();
        for _ in 0..self.rng.of(&[0, 1, 1, 2, 3]) {
            let data = self.body();
            if !data.is_empty() {
                let size = self.size(data.len());
                self.chunk_head(&size);
                self.put(&data);
                self.end_line();
            }
        }
        let last = self.rng.of(&["0", "0", "0", "00", "000"]);
        self.chunk_head(last);
        if self.rng.chance(250) {
            self.pick(TRAILERS, ODD_TRAILERS);
            self.end_line();
        }
        if self.is_odd() {
            self.pick(&[], ODD_TRAILERS);
            self.end_line();
        }
        self.end_line();
    }

    fn size(&mut self, size: usize) -> String {
        let zeros = self.rng.of(&["", "", "", "0", "00000"]);
        if self.rng.chance(500) { format!("{zeros}{size:x}") } else { format!("{zeros}{size:X}") }
    }

    fn chunk_head(&mut self, size: &str) {
        self.number(size, ODD_SIZES);
        if self.rng.chance(200) {
            self.pick(EXTENSIONS, ODD_EXTENSIONS);
        } else if self.is_odd() {
            self.pick(&[], ODD_EXTENSIONS);
        }
        self.end_line();
    }

    /// A number, or what some readers take for it.
    fn number(&mut self, number: &str, odd: &[&[u8]]) {
        if !self.is_odd() {
            return self.put(number.as_bytes());
        }
        for byte in self.rng.of(odd) {
            match byte {
                b'N' => self.put(number.as_bytes()),
                byte => self.bytes.push(*byte),
            }
        }
    }

    fn body(&mut self) -> Vec<u8> {
        if self.rng.chance(4) {
            return vec![b'z'; self.rng.of(&[255, 4096, 16_384, 70_000])];
        }
        self.rng.of(BODIES).to_vec()
    }

    fn end_line(&mut self) {
        // There are so many ends of lines that each is odd less often than anything else.
        let is_odd = self.is_odd() && self.rng.chance(300);
        let end = if is_odd { self.rng.of(ODD_LINE_ENDS) } else { b"\r\n" };
        self.put(end);
    }

    fn is_odd(&mut self) -> bool {
        self.rng.chance(self.odd)
    }

    /// Something sound, or something odd; odd for sure where nothing is sound.
    fn pick(&mut self, sound: &[&[u8]], odd: &[&[u8]]) {
        let is_odd = sound.is_empty() || self.is_odd();
        let choice = self.rng.of(if is_odd { odd } else { sound });
        self.put(choice);
    }

    fn put(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }
}

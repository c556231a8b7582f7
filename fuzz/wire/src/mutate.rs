//! Samples by accident: what exists, with bytes and lines put in, left out, doubled and swapped.

use crate::rng::Rng;

/// Bytes and words that have been somebody's undoing.
const INTERESTING: &[&[u8]] = &[
    b"\r\n",
    b"\n",
    b"\r",
    b"\0",
    b" ",
    b"\t",
    b"\x0b",
    b"\x0c",
    b"\x7f",
    b"\x80",
    b"\xff",
    b"\xa0",
    b":",
    b";",
    b",",
    b"=",
    b"\"",
    b"\\",
    b"%",
    b"#",
    b"/",
    b"?",
    b"_",
    b"-",
    b"+",
    b"0",
    b"1",
    b"9",
    b"a",
    b"\r\n\r\n",
    b"\r\n ",
    b"0\r\n\r\n",
    b"\x85",
    b"\x1f",
    b"Host: gate.test\r\n",
    b"Content-Length: 3\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"chunked",
    b"HTTP/1.1",
    b"GET / HTTP/1.1\r\n",
    b"Connection: close\r\n",
    b"@",
    b"(",
    b"[",
    b"{",
    b"|",
    b"\x01",
];

/// Changes a sample in one to four places. `other` is one to take pieces from.
pub fn mutated(mut bytes: Vec<u8>, other: &[u8], rng: &mut Rng) -> Vec<u8> {
    for _ in 0..rng.of(&[1, 1, 1, 2, 3, 4]) {
        match rng.below(12) {
            0..3 => insert(&mut bytes, rng),
            3 => remove(&mut bytes, rng),
            4 | 5 => replace(&mut bytes, rng),
            6 => double(&mut bytes, rng),
            7 => swap(&mut bytes, rng),
            8 => splice(&mut bytes, other, rng),
            9 => flip(&mut bytes, rng),
            10 => lines(&mut bytes, rng),
            _ => {
                let end = rng.below(bytes.len() + 1);
                if rng.chance(300) {
                    bytes.truncate(end);
                }
            }
        }
    }
    bytes
}

fn insert(bytes: &mut Vec<u8>, rng: &mut Rng) {
    let at = rng.below(bytes.len() + 1);
    let word = rng.of(INTERESTING);
    bytes.splice(at..at, word.iter().copied());
}

fn remove(bytes: &mut Vec<u8>, rng: &mut Rng) {
    let (start, end) = range(bytes, 4, rng);
    bytes.drain(start..end);
}

fn replace(bytes: &mut Vec<u8>, rng: &mut Rng) {
    let (start, end) = range(bytes, 2, rng);
    let word = rng.of(INTERESTING);
    bytes.splice(start..end, word.iter().copied());
}

fn double(bytes: &mut Vec<u8>, rng: &mut Rng) {
    let (start, end) = range(bytes, 40, rng);
    let piece = bytes[start..end].to_vec();
    bytes.splice(end..end, piece);
}

fn swap(bytes: &mut [u8], rng: &mut Rng) {
    if !bytes.is_empty() {
        let (one, other) = (rng.below(bytes.len()), rng.below(bytes.len()));
        bytes.swap(one, other);
    }
}

fn splice(bytes: &mut Vec<u8>, other: &[u8], rng: &mut Rng) {
    let (start, end) = range(other, 60, rng);
    let at = rng.below(bytes.len() + 1);
    let behind = (at + rng.below(end - start + 1)).min(bytes.len());
    bytes.splice(at..behind, other[start..end].iter().copied());
}

fn flip(bytes: &mut [u8], rng: &mut Rng) {
    if !bytes.is_empty() {
        let at = rng.below(bytes.len());
        // Case is bit 5; the high bit is what some mask off.
        bytes[at] ^= rng.of(&[0x20, 0x80, 0x01, 0x10]);
    }
}

/// Leaves a line out, doubles it or has it change places with another.
fn lines(bytes: &mut Vec<u8>, rng: &mut Rng) {
    let mut lines: Vec<Vec<u8>> = bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    if lines.is_empty() {
        return;
    }
    let (one, other) = (rng.below(lines.len()), rng.below(lines.len()));
    match rng.below(3) {
        0 => drop(lines.remove(one)),
        1 => lines.insert(other, lines[one].clone()),
        _ => lines.swap(one, other),
    }
    *bytes = lines.concat();
}

/// Some of the bytes, at most so many.
fn range(bytes: &[u8], most: usize, rng: &mut Rng) -> (usize, usize) {
    let start = rng.below(bytes.len() + 1);
    let end = (start + rng.below(most) + 1).min(bytes.len());
    (start, end)
}

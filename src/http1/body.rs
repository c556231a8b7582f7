//! A body as its bytes come in: which of them are its own, and whether it ended.

use super::chunked::{ChunkFault, Decoder};
use super::framing::{Ending, Framing};

/// What is still to come of a body, of either direction.
#[derive(Clone, Copy, Debug)]
pub struct Body {
    rest: Rest,
}

#[derive(Clone, Copy, Debug)]
enum Rest {
    Length(u64),
    Chunked(Decoder),
    UntilClose,
}

/// What came of some bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// So many of them are done with; the others have to come again, with more behind them.
    pub taken: usize,
    /// So many at their front are the body's, now.
    pub data: usize,
    /// Whether the body ended.
    pub done: bool,
}

impl Body {
    /// The body of a request.
    pub fn of_request(framing: Framing) -> Self {
        Self {
            rest: match framing {
                Framing::Length(length) => Rest::Length(length),
                Framing::Chunked => Rest::Chunked(Decoder::new()),
            },
        }
    }

    /// The body of a response.
    pub fn of_response(ending: Ending) -> Self {
        Self {
            rest: match ending {
                Ending::Nothing => Rest::Length(0),
                Ending::Length(length) => Rest::Length(length),
                Ending::Chunked => Rest::Chunked(Decoder::new()),
                Ending::UntilClose => Rest::UntilClose,
            },
        }
    }

    /// Whether nothing is to come any more.
    pub fn is_done(&self) -> bool {
        matches!(self.rest, Rest::Length(0))
    }

    /// So many bytes are still to come, where that is known.
    pub fn left(&self) -> Option<u64> {
        match self.rest {
            Rest::Length(left) => Some(left),
            Rest::Chunked(_) | Rest::UntilClose => None,
        }
    }

    /// Moves the data among `bytes` to their front.
    pub fn decode(&mut self, bytes: &mut [u8]) -> Result<Decoded, ChunkFault> {
        match &mut self.rest {
            Rest::Length(left) => {
                let data = bytes.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
                *left -= data as u64;
                Ok(Decoded { taken: data, data, done: *left == 0 })
            }
            Rest::Chunked(decoder) => {
                let step = decoder.decode(bytes)?;
                if step.done {
                    self.rest = Rest::Length(0);
                }
                Ok(Decoded { taken: step.taken, data: step.data, done: step.done })
            }
            Rest::UntilClose => Ok(Decoded { taken: bytes.len(), data: bytes.len(), done: false }),
        }
    }

    /// The connection ended: whether that ends the body, too (RFC 9112 §8).
    pub fn ends_with_connection(&self) -> bool {
        matches!(self.rest, Rest::UntilClose | Rest::Length(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The data, and how many bytes were not the body's, or what is wrong; in pieces of at most `most` bytes.
    fn decoded(body: &str, most: usize) -> Result<Option<(String, usize)>, ChunkFault> {
        let mut reader = Body::of_request(Framing::Chunked);
        let (mut held, mut data) = (Vec::new(), Vec::new());
        let mut pieces = body.as_bytes().chunks(most);
        loop {
            let step = reader.decode(&mut held)?;
            data.extend_from_slice(&held[..step.data]);
            held.drain(..step.taken);
            if step.done {
                let rest = held.len() + pieces.map(<[u8]>::len).sum::<usize>();
                return Ok(Some((String::from_utf8(data).expect("it is ASCII"), rest)));
            }
            match pieces.next() {
                Some(piece) => held.extend_from_slice(piece),
                // What is wrong behind the data shows with the next step.
                None if step.data > 0 => {}
                None => return Ok(None),
            }
        }
    }

    #[test]
    fn chunks_are_taken_apart_wherever_they_are_cut() {
        let body = "5\r\nhello\r\n007 ; a=b;c = \"d\\\"e\" ;f\r\n, world\r\n0;x\r\nX-Sum: 1\r\n\r\nGET";
        for most in 1..=body.len() {
            assert_eq!(decoded(body, most), Ok(Some(("hello, world".to_owned(), 3))), "{most}");
        }
        for end in 0..body.len() - 3 {
            assert_eq!(decoded(&body[..end], end.max(1)), Ok(None), "{end}");
        }
    }

    #[test]
    fn what_is_no_chunk_is_told_apart() {
        use ChunkFault::{DataEnd, Extension, LineEnd, Size, TooLong, Trailer};
        let long = format!("1;{}\r\na", "x".repeat(2000));
        let much = format!("{}0\r\n\r\n", format!("1;{}\r\na\r\n", "x".repeat(1000)).repeat(9));
        for (body, fault) in [
            ("\r\n", Size),
            ("g\r\n", Size),
            ("+5\r\nhello", Size),
            ("-1\r\n", Size),
            ("0x5\r\nhello", Size),
            (" 5\r\nhello", Size),
            ("5 \r\nhello", Size),
            ("5,\r\nhello", Size),
            ("10000000000000000\r\n", Size),
            ("00000000000000005\r\nhello", Size),
            ("5\nhello", LineEnd),
            ("5\rhello", LineEnd),
            ("5;\r\nhello", Extension),
            ("5;=a\r\nhello", Extension),
            ("5;a=\r\nhello", Extension),
            ("5;a=\"b\r\nhello", Extension),
            ("5;a=b c\r\nhello", Extension),
            ("5;a \r\nhello", Extension),
            ("5;a\nb\r\nhello", LineEnd),
            ("5\r\nhello!\r\n", DataEnd),
            ("5\r\nhello\n0\r\n", DataEnd),
            ("5\r\nhello\r\r\n", DataEnd),
            ("0\r\nnothing\r\n\r\n", Trailer),
            ("0\r\nX : a\r\n\r\n", Trailer),
            ("0\r\n folded: a\r\n\r\n", Trailer),
            ("0\r\nContent_Length: 5\r\n\r\n", Trailer),
            ("0\r\nHost: a\r\n\r\n", Trailer),
            ("0\r\nA:\x0c\r\n\r\n", Trailer),
            ("0\r\nA: b\x0c\r\n\r\n", Trailer),
            ("0\r\nA: b\n\r\n", LineEnd),
            (&long, TooLong),
            (&much, TooLong),
        ] {
            for most in [1, 7, body.len()] {
                assert_eq!(decoded(body, most), Err(fault), "{body:?} by {most}");
            }
        }
    }

    #[test]
    fn only_a_body_without_a_length_ends_with_its_connection() {
        let ends = |ending| Body::of_response(ending).ends_with_connection();
        assert!(ends(Ending::UntilClose) && ends(Ending::Nothing) && ends(Ending::Length(0)));
        assert!(!ends(Ending::Length(1)) && !ends(Ending::Chunked));
    }
}

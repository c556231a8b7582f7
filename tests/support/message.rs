//! HTTP/1.1 messages as the two neighbours of the gate read them: strictly, and telling a message that
//! was cut off from one that ended. Deliberately not the gate's own reader, which is under test.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt};

/// A start line and its fields.
#[derive(Clone, Debug, Default)]
pub(crate) struct Head {
    pub(crate) start: String,
    pub(crate) fields: Vec<(String, Vec<u8>)>,
}

/// How a body ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// As its framing says.
    Whole,
    /// By the connection's clean end, where only that could tell.
    ByClose,
    /// By the connection's end, before the framing said so.
    Cut,
    /// By a reset.
    Reset,
}

/// How the body of a message is framed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Body {
    Length(u64),
    Chunked,
    UntilClose,
}

impl Head {
    /// Splits a head, without its last empty line, in the one way that needs no interpretation.
    pub(crate) fn split(head: &[u8]) -> Option<Self> {
        let text: String = head.iter().map(|byte| char::from(*byte)).collect();
        let mut lines = text.split("\r\n");
        let start = lines.next()?.to_owned();
        let mut fields = Vec::new();
        for line in lines {
            let (name, value) = line.split_once(':')?;
            let value = value.trim_matches([' ', '\t']).chars().map(|c| c as u8).collect();
            fields.push((name.to_owned(), value));
        }
        let clean = !text.replace("\r\n", "").contains(['\r', '\n']);
        clean.then_some(Self { start, fields })
    }

    pub(crate) fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = String> + 'a {
        let named = self.fields.iter().filter(move |(known, _)| known.eq_ignore_ascii_case(name));
        named.map(|(_, value)| String::from_utf8_lossy(value).into_owned())
    }

    pub(crate) fn value(&self, name: &str) -> Option<String> {
        self.values(name).next()
    }

    /// The framing that the fields state; `otherwise` where they state none.
    pub(crate) fn framing(&self, otherwise: Body) -> Body {
        if self.value("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
            return Body::Chunked;
        }
        self.value("content-length").and_then(|length| length.parse().ok()).map_or(otherwise, Body::Length)
    }
}

/// Reads messages from one side of a connection.
pub(crate) struct Incoming<R> {
    reader: R,
    buffer: Vec<u8>,
    /// All bytes that ever came.
    pub(crate) received: usize,
}

impl<R: AsyncRead + Unpin> Incoming<R> {
    pub(crate) fn new(reader: R) -> Self {
        Self { reader, buffer: Vec::new(), received: 0 }
    }

    /// The next head; `None` where the connection ended cleanly before it began.
    pub(crate) async fn head(&mut self) -> io::Result<Option<Head>> {
        loop {
            if let Some(end) = self.buffer.windows(4).position(|window| window == b"\r\n\r\n") {
                let head = Head::split(&self.buffer[..end]);
                self.buffer.drain(..end + 4);
                return head.map(Some).ok_or_else(|| io::Error::other("this is no head"));
            }
            if self.more().await? == 0 {
                let clean = self.buffer.is_empty();
                return if clean { Ok(None) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
            }
        }
    }

    /// The body that follows, and how it ended.
    pub(crate) async fn body(&mut self, framing: Body) -> (Vec<u8>, Ended) {
        let mut body = Vec::new();
        let ended = match framing {
            Body::Length(length) => self.counted(length, &mut body).await,
            Body::Chunked => self.chunked(&mut body).await,
            Body::UntilClose => match self.counted(u64::MAX, &mut body).await {
                Ended::Cut => Ended::ByClose,
                other => other,
            },
        };
        (body, ended)
    }

    async fn counted(&mut self, length: u64, body: &mut Vec<u8>) -> Ended {
        let mut left = length;
        loop {
            let here = self.buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            body.extend(self.buffer.drain(..here));
            left -= here as u64;
            if left == 0 {
                return Ended::Whole;
            }
            match self.more().await {
                Ok(0) => return Ended::Cut,
                Ok(_) => {}
                Err(_) => return Ended::Reset,
            }
        }
    }

    async fn chunked(&mut self, body: &mut Vec<u8>) -> Ended {
        loop {
            let line = match self.line().await {
                Ok(line) => line,
                Err(ended) => return ended,
            };
            let Ok(size) = u64::from_str_radix(&line, 16) else { return Ended::Cut };
            if size > 0 {
                match self.counted(size, body).await {
                    Ended::Whole => {}
                    other => return other,
                }
            }
            match self.line().await {
                Ok(line) if line.is_empty() && size == 0 => return Ended::Whole,
                Ok(line) if line.is_empty() => {}
                Ok(_) => return Ended::Cut,
                Err(ended) => return ended,
            }
        }
    }

    async fn line(&mut self) -> Result<String, Ended> {
        loop {
            if let Some(end) = self.buffer.windows(2).position(|window| window == b"\r\n") {
                let line: Vec<u8> = self.buffer.drain(..end + 2).collect();
                return Ok(String::from_utf8_lossy(&line[..end]).into_owned());
            }
            match self.more().await {
                Ok(0) => return Err(Ended::Cut),
                Ok(_) => {}
                Err(_) => return Err(Ended::Reset),
            }
        }
    }

    /// Whatever comes next, as it is; nothing where the connection ended.
    pub(crate) async fn some(&mut self) -> io::Result<Vec<u8>> {
        if self.buffer.is_empty() {
            self.more().await?;
        }
        Ok(std::mem::take(&mut self.buffer))
    }

    /// How the connection ends, and what still came before that.
    pub(crate) async fn end(&mut self) -> (Vec<u8>, Ended) {
        self.body(Body::UntilClose).await
    }

    async fn more(&mut self) -> io::Result<usize> {
        self.buffer.reserve(16 << 10);
        let read = self.reader.read_buf(&mut self.buffer).await?;
        self.received += read;
        Ok(read)
    }
}

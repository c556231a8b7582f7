//! What hyper makes of the bytes: a server connection that gets them all at once, and whose answers nobody reads.

use std::cell::RefCell;
use std::convert::Infallible;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper::service::service_fn;
use hyper::{Request, Response, Version};

use crate::reading::{End, Message, Reading};

/// Fields of one head, and bytes of it: more than the gate takes.
const MAX_FIELDS: usize = 300;
const MAX_HEAD_BYTES: usize = 256 << 10;

/// Reads the bytes of one connection.
pub fn read(bytes: &[u8]) -> Reading {
    let seen = Rc::new(RefCell::new(Vec::new()));
    let service = service_fn(|request| note(Rc::clone(&seen), request));
    let served = hyper::server::conn::http1::Builder::new()
        .half_close(true)
        .max_headers(MAX_FIELDS)
        .max_buf_size(MAX_HEAD_BYTES)
        .serve_connection(Memory(bytes.to_vec(), 0), service);
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime without IO needs nothing");
    let outcome = runtime.block_on(served);
    let messages = seen.take();
    match outcome {
        Err(fault) if fault.is_incomplete_message() => Reading { messages, end: End::Incomplete, why: String::new() },
        Err(fault) => Reading { messages, end: End::Refused, why: format!("{fault:?}") },
        Ok(()) => Reading { messages, end: End::Clean, why: String::new() },
    }
}

async fn note(
    seen: Rc<RefCell<Vec<Message>>>,
    request: Request<Incoming>,
) -> Result<Response<Empty<Bytes>>, Infallible> {
    let (head, mut body) = request.into_parts();
    let fields = head.headers.iter().map(|(name, value)| (name.as_str().as_bytes(), value.as_bytes()));
    let version = if head.version == Version::HTTP_11 { "1.1" } else { "1.0" };
    let mut message = Message::new(head.method.as_str().as_bytes(), head.uri.to_string().as_bytes(), version, fields);
    let mut data = Vec::new();
    let done = loop {
        match body.frame().await {
            Some(Ok(frame)) => data.extend_from_slice(frame.data_ref().unwrap_or(&Bytes::new())),
            Some(Err(_)) => break false,
            None => break true,
        }
    };
    message.body(&data, done);
    seen.borrow_mut().push(message);
    Ok(Response::new(Empty::new()))
}

/// The bytes and how many of them were read.
struct Memory(Vec<u8>, usize);

impl Read for Memory {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
        mut buffer: ReadBufCursor<'_>,
    ) -> Poll<std::io::Result<()>> {
        let end = self.0.len().min(self.1 + buffer.remaining());
        buffer.put_slice(&self.0[self.1..end]);
        self.1 = end;
        Poll::Ready(Ok(()))
    }
}

impl Write for Memory {
    fn poll_write(self: Pin<&mut Self>, _cx: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

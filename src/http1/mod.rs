//! HTTP/1.1 messages as bytes (RFC 9112), in both directions and without IO.
//!
//! ```text
//! bytes ─► scan: where does the head end? ─► request | response: its parts, borrowed ─► framing: what follows?
//!       ─► body: its bytes in place, chunks taken apart (chunked)        write: heads and chunks as bytes
//! ```
//!
//! Strict, because between two readers of one message who disagree an attacker finds room: what has two
//! readings is refused, with the section of the RFC beside each rule. What a request *means* (its target, its
//! host, its expectation) is judged by [`crate::policy::head`], whoever filled the [`RequestHead`]; HTTP/2
//! does, too. Nothing here reads a clock or a socket: bytes are arguments.

mod body;
mod chunked;
mod fault;
mod field;
mod framing;
mod request;
mod response;
mod scan;
mod write;

pub use body::{Body, Decoded};
pub use chunked::ChunkFault;
pub use fault::{HeadFault, RequestFault, ResponseFault};
pub use field::{Field, is_token, members, named};
pub use framing::{Ending, Framing, request_framing, response_ending};
pub use request::{NotSingle, ParsedRequest, RequestHead, Version};
pub use response::ResponseHead;
pub use scan::{HeadLimits, Scan};
pub use write::{HeadWriter, chunk};

/// The most fields that a head may have, whatever the limits say.
pub const MAX_FIELDS: usize = 256;

//! Listening, reading, and the exchange with the upstream. The only room that knows Pingora, and of that
//! only its HTTP/2: messages of HTTP/1.1 are read and written by [`crate::http1`].
//!
//! It moves bytes and keeps time; what they mean is judged by [`crate::policy`]. A body is read, judged, and
//! only then is an upstream touched.
//!
//! Reading order: [`Server`] accepts (`door`), hands to a thread (`workers`) and takes another configuration
//! (`rules`); `handshake` agrees with a client on TLS, where that is spoken, and `visitor` is who it is; `connection`
//! serves one client of HTTP/1.1, `streams` one of HTTP/2; `exchange` takes one request
//! through the pipeline and keeps its `account`, on whichever `downstream` it came; `relay` carries it on
//! (`request` out, `response` and `passing` back) to an `upstream`.

mod account;
mod body;
mod budget;
mod buffers;
mod clock;
mod connection;
mod deadline;
mod door;
mod downstream;
mod exchange;
mod gate;
mod handshake;
mod pace;
mod passing;
mod places;
mod relay;
mod request;
mod response;
mod rules;
mod server;
mod spool;
mod streams;
mod transport;
mod tunnel;
mod upstream;
mod visitor;
mod workers;

pub use gate::{Gate, Readiness};
pub use server::{Server, Stop};
pub use workers::Workers;

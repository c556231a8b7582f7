//! The only room that knows Pingora: listeners, reading a request, the exchange with its upstream.
//!
//! It reads bytes and keeps time; what they mean is judged by [`crate::policy`]. Of Pingora it takes
//! the HTTP/1.1 sessions, not `ProxyHttp`, whose replay buffer ends at 64 KiB: here a body is read, judged
//! and only then is an upstream touched.
//!
//! Reading order: [`Server`] accepts (`door`) and takes another configuration (`rules`), `connection` serves
//! one client, `wire` reads a head, `exchange` takes one request through the pipeline and keeps its
//! `account`, `relay` carries it on (`request` out, `response` back) to an `upstream`, `answer` refuses.

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
mod pace;
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
mod workers;

pub use gate::{Gate, Readiness};
pub use server::{Server, Stop};
pub use workers::Workers;

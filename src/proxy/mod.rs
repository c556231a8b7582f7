//! The only room that knows Pingora: listeners, reading a request, the exchange with its upstream.
//!
//! It reads bytes and keeps time; what they mean is judged by [`crate::policy`]. Of Pingora it takes
//! the HTTP/1.1 sessions and the connector with its pool, not `ProxyHttp`, whose replay buffer ends at
//! 64 KiB: here a body is read, judged and only then is an upstream touched.
//!
//! Reading order: [`Server`] accepts, `connection` serves one client, `wire` reads a head,
//! `exchange` takes one request through the pipeline, `relay` carries it on (`request` out, `response`
//! back), `answer` refuses.

mod answer;
mod body;
mod budget;
mod clock;
mod connection;
mod downstream;
mod exchange;
mod gate;
mod relay;
mod request;
mod response;
mod server;
mod upstream;
mod wire;

pub use gate::Gate;
pub use server::{Server, Stop};

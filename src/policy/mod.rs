//! The pure core: what is known of a request, the rules it is judged by, and the judgement.
//!
//! Nothing here reads a clock, a file, the environment or a socket, writes a log or counts anything:
//! time, limits and bodies are arguments, the outcome is a value. The proxy, the tests, the benchmarks
//! and the fuzzers all run this same code.

pub mod gateway;
pub mod quota;
pub mod request;
pub mod time;

pub mod body;
pub mod schema;

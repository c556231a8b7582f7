//! The pure core: what is known of a request, the rules it is judged by, and the judgement.
//!
//! Nothing here reads a clock, a file, the environment or a socket, writes a log or counts anything:
//! time, limits and bodies are arguments, the outcome is a value. The proxy, the tests, the benchmarks
//! and the fuzzers all run this same code. Read [`decide`] first.

pub mod decide;

// The stages, in the order of the flow.
pub mod stage;

pub mod head;
pub mod target;

pub mod route;

pub mod access;
pub mod authenticate;
pub mod authorize;
pub mod body;
pub mod forward;
pub mod media_type;
pub mod params;
pub mod rate_limit;
pub mod schema;

// What they judge by, and what comes of it.
pub mod certificate;
pub mod connection;
pub mod gateway;
pub mod jwt;
pub mod keys;
pub mod passwords;
pub mod problem;
pub mod quota;
pub mod rejection;
pub mod time;
pub mod tls;
pub mod trail;

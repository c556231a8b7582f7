//! Portcullis: a gate that stands before a REST API.
//!
//! A request walks from left to right and is turned away by the first stage that objects:
//!
//! ```text
//! listener ─► head ─► route ─► access ─► guard ─► authenticate ─► rate limit ─► authorize
//!   ─► media type ─► params ─► body ─► schema ─► forward ─► response
//! ```
//!
//! The modules in reading order: what an operator writes ([`config`]) is compiled into what a request,
//! read off the wire by [`http1`] (pure), is judged by ([`policy`], pure), which asks the one named state ([`limits`]) what is left of a quota.
//! Behind the feature `proxy`, everything that touches the outside: what is told of each request (`telemetry`),
//! the exchange with clients and upstreams (`proxy`), the admin listener (`admin`), another configuration while
//! all of this runs (`reload`), word to the system's manager (`systemd`), the demo API (`demo`), the commands
//! (`commands`).

pub mod config;
pub mod http1;
pub mod policy;

pub mod limits;

#[cfg(feature = "proxy")]
pub mod telemetry;

#[cfg(feature = "proxy")]
pub mod identity;

#[cfg(feature = "proxy")]
pub mod proxy;

#[cfg(feature = "proxy")]
pub mod admin;

#[cfg(feature = "proxy")]
pub mod reload;

#[cfg(feature = "proxy")]
pub mod systemd;

#[cfg(feature = "proxy")]
pub mod demo;

#[cfg(feature = "proxy")]
pub mod commands;

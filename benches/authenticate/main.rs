//! What it costs to know who is there, by kind of credential and number of callers, and what knowing them
//! takes in memory.
//!
//! `cargo bench --no-default-features --bench authenticate` measures the pure core. Each kind is a module with
//! functions for `criterion_group!`. What callers present is drawn at random over all of them, so that caches
//! help as little as they do in life; the draw itself is not measured.

#![allow(clippy::print_stderr, reason = "memory is told beside the times")]

mod api_key;
mod identify;
mod memory;
mod tokens;

use criterion::{criterion_group, criterion_main};

criterion_group!(benches, api_key::lookup, api_key::loading, tokens::verifying, identify::identifying);
criterion_main!(benches);

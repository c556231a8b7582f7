//! The API on a real socket: every route, what damage and bad bodies look like, what outlives a
//! restart, and that nothing the schemas let in ends in a 500.

mod answers;
mod client;
mod faults;
mod later;
mod restarts;
mod schemas;

/// The customer that the load tests send, too.
const ADA: &str = r#"{"first_name":"Ada","last_name":"Lovelace","email":"ada@example.com","company":{"name":"Analytical Engines","size":12},"tags":["vip","math"]}"#;

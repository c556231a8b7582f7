//! `portcullis demo`: the gate with a customers API behind it, ready to be tried.
//!
//! What it writes down is in `site`, what it says in `guide`.

mod guide;
mod site;

pub use guide::{Example, examples, guide};
pub use site::{DemoSite, prepare};

//! The one integration binary: each module is a part of the gate as seen from outside.

mod config_faults;
mod config_language;

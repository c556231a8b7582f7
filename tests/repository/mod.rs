//! What must hold of the repository itself: the rooms know only what they may, and the documents say
//! what the code does.

mod architecture;
mod configuration_reference;
mod configurations;
mod documents;
mod problem_catalogue;
mod telemetry_reference;

//! What several tasks share. The tasks are programs: `cargo xtask` in `main.rs`, and those in `bin`.

pub mod log;
pub mod postgres;
#[cfg(any(feature = "cluster", feature = "demo"))]
pub mod private;
mod sibling;
mod started_server;

pub use self::{sibling::sibling, started_server::listening_address};

//! What several tasks share. The tasks are programs: `cargo xtask` in `main.rs`, and those in `bin`.

pub mod log;
mod node_dir;
pub mod postgres;
pub mod private;
mod sibling;
mod started_server;

pub use self::{node_dir::create_node_dir, sibling::sibling, started_server::listening_address};

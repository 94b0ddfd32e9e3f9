//! What several tasks share. The tasks are programs: `cargo xtask` in `main.rs`, and those in `bin`.

pub mod log;
pub mod postgres;

//! The quchat server: REST routes and one event stream per client, over SQLite.

pub mod clock;
pub mod config;

pub use config::Config;

//! The quchat server: REST routes and one event stream per client, over SQLite.
//!
//! The path of a request: `http` decodes it and knows who asks, `domain` decides inside a transaction of the `store`,
//! whose writer commits groups; what was committed goes to the `hub`, which publishes it to the open streams, each of them
//! at the other end of a `line`.

mod app;
mod auth;
mod budget;
pub mod clock;
pub mod config;
mod data_dir;
mod descriptors;
mod domain;
mod housekeeping;
mod http;
mod hub;
mod line;
mod patience;
mod reply_dispatcher;
mod server;
mod store;
mod stream_places;
mod turns;

pub use budget::Budget;
pub use config::Config;
pub use data_dir::DataDirError;
pub use server::{OpenError, ServeError, Server, bind};

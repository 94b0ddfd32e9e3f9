//! The quchat server: REST routes and one event stream per client, over SQLite.
//!
//! The path of a request: `connection` reads it, `http` decodes and authenticates it, and `domain` applies the rules
//! inside a transaction of the `store`, whose writer commits transactions in groups. After a commit the `hub` publishes
//! the events to the open streams, each of which has a writer in `stream`.
//!
//! The `program` around the server reads the flags and runs the verbs.

mod app;
mod args;
mod auth;
pub mod backup;
mod backup_schedule;
mod budget;
pub mod check;
mod cidr;
pub mod clock;
pub mod config;
mod connection;
mod data_dir;
mod domain;
mod erasure;
mod file_limit;
mod follow;
pub mod governing;
mod housekeeping;
mod http;
mod hub;
mod idle_timeout;
mod join_links;
#[cfg(unix)]
mod local_socket;
mod log;
mod metrics;
mod metrics_listener;
mod metrics_page;
pub mod migrating;
mod network;
mod operator;
mod presence_lookup;
mod priority;
pub mod program;
mod rate_limits;
mod reply_dispatcher;
mod server;
#[cfg(unix)]
mod service_manager;
mod session_uses;
mod signals;
mod socket;
mod store;
mod store_url;
mod stream;
mod stream_places;
mod time_span;
mod tls;
mod turns;
mod verbs;

pub use budget::Budget;
pub use cidr::Cidr;
pub use config::{Backups, Config};
pub use data_dir::DataDirError;
pub use join_links::{JoinLinks, Reach};
pub use rate_limits::{ParseRateError, ParseSettingError, Rate, Rates, Setting};
pub use server::{OpenError, ServeError, Server, bind};
pub use store::PostgresSettings;
pub use tls::{Tls, TlsError, TlsFiles};

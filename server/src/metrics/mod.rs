//! Numbers that tell how the server is: what can be counted, the names and meanings, and their text form for Prometheus.
//!
//! Counting is an addition to an atomic number and takes no lock. Each part of the server owns its numbers; they are
//! gathered only when somebody asks. This module must not know HTTP.

mod names;
mod number;
mod page;
mod process;

pub(crate) use self::{
    number::{Counter, Gauge, Histogram, Scale},
    page::Page,
    process::write_process,
};

//! `bench` measures the server, `bench client` the client, and `bench compare` sets two builds side by side.
//!
//! The server runs on a temporary directory and is driven over loopback; the same load on a bare kernel and a bare
//! database is the floor. The client runs in a pseudo-terminal, and its figures are compared with goals. A slow result
//! is not a failure. The bench fails only if it cannot measure, if a delivery is lost, or if `compare` finds a figure
//! that is worse.

#[cfg(target_os = "linux")]
mod client;
#[cfg(target_os = "linux")]
mod compare;
#[cfg(target_os = "linux")]
mod flags;
#[cfg(target_os = "linux")]
mod launch;
#[cfg(target_os = "linux")]
mod proc;
#[cfg(target_os = "linux")]
mod runs;
#[cfg(target_os = "linux")]
mod server;
#[cfg(target_os = "linux")]
mod table;

use std::{
    io::{Write as _, stderr},
    process::ExitCode,
};

/// Every error is only printed, so one type is enough.
#[cfg(target_os = "linux")]
type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

#[cfg(target_os = "linux")]
fn main() -> ExitCode {
    let outcome = match std::env::args().nth(1).as_deref() {
        Some("client") => client::run(),
        Some("compare") => {
            compare::run(&compare::Scenarios { server: server::scenarios(), client: client::scenarios() })
        }
        _ => server::run(),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            writeln!(stderr(), "bench: {error}").ok();
            ExitCode::FAILURE
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn main() -> ExitCode {
    writeln!(stderr(), "bench: needs Linux, because it uses epoll and reads counters from /proc").ok();
    ExitCode::FAILURE
}

//! The bench: the real server on a throwaway directory, driven over loopback, beside the least that the kernel and
//! the disk ask for the same work; and, behind `client`, the real client in a pseudo-terminal, beside its goals. A bench,
//! not a test: it fails only where it could not measure, or a delivery did not arrive. Behind `compare` it sets two
//! builds side by side, and fails where this one is worse.

#[cfg(target_os = "linux")]
mod client;
#[cfg(target_os = "linux")]
mod compare;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
mod runs;
#[cfg(target_os = "linux")]
mod table;

use std::process::ExitCode;

#[cfg(target_os = "linux")]
fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        Some("client") => client::main(),
        Some("compare") => compare::main(),
        _ => linux::main(),
    }
}

#[cfg(not(target_os = "linux"))]
fn main() -> ExitCode {
    use std::io::{Write as _, stderr};
    writeln!(stderr(), "bench: it drives by epoll and reads clocks from /proc, so it needs Linux").ok();
    ExitCode::FAILURE
}

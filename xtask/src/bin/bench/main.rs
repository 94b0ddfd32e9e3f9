//! The bench: the real server on a throwaway directory, driven over loopback, beside the least that the kernel and
//! the disk ask for the same work. A bench, not a test: it judges nothing but whether every delivery arrived.

#[cfg(target_os = "linux")]
mod linux;

use std::process::ExitCode;

#[cfg(target_os = "linux")]
fn main() -> ExitCode {
    linux::main()
}

#[cfg(not(target_os = "linux"))]
fn main() -> ExitCode {
    eprintln!("bench: it drives by epoll and reads clocks from /proc, so it needs Linux");
    ExitCode::FAILURE
}

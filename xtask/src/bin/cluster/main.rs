//! The cluster: a PostgreSQL, two servers, a balancer before them, and three users. Everything is removed at the end.
//!
//! It has two processes. The foreground process owns the terminal: it passes keys on and prints lines. The background
//! process runs everything else. It ends when the pipe with the keys closes, which happens however the foreground
//! process ends: q, Ctrl+C, a closed terminal or `kill -9`.

#[cfg(unix)]
mod background;
#[cfg(unix)]
mod balancer;
#[cfg(unix)]
mod directory;
#[cfg(unix)]
mod foreground;
#[cfg(unix)]
mod keys;
#[cfg(unix)]
mod node;
#[cfg(unix)]
mod people;
#[cfg(unix)]
mod terminal;

use std::{
    io::{self, Write},
    process::ExitCode,
};

/// Every error is only printed, so one type is enough.
#[cfg(unix)]
type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// The arguments are the directory with PostgreSQL's programs, and for the background process a word before it.
#[cfg(unix)]
fn main() -> ExitCode {
    let args: Vec<_> = std::env::args_os().skip(1).collect();
    let outcome = match &*args {
        [programs] => foreground::run(programs.as_ref()),
        [word, programs] if word == foreground::BACKGROUND => background::run(programs.as_ref()).map(|()| 0),
        _ => Err("run cargo xtask cluster".into()),
    };
    match outcome {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            writeln!(io::stderr(), "cluster: {error}").ok();
            ExitCode::FAILURE
        }
    }
}

#[cfg(not(unix))]
fn main() -> ExitCode {
    writeln!(io::stderr(), "cluster: needs Unix sockets; use Linux or macOS").ok();
    ExitCode::FAILURE
}

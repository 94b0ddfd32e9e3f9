//! `cargo xtask run-server`: builds the server in release mode and runs it.

use std::ffi::OsString;

use crate::{Failure, cargo};

pub(crate) fn run(args: Vec<OsString>) -> Result<(), Failure> {
    cargo::run_program("quchat-server", args)
}

//! `cargo xtask run-server`: builds the server in release mode and runs it.

use std::ffi::OsString;

use crate::{TaskError, cargo};

pub(crate) fn run(args: Vec<OsString>) -> Result<(), TaskError> {
    cargo::run_program("quchat-server", args)
}

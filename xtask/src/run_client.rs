//! `cargo xtask run-client`: builds the client in release mode and runs it.

use std::ffi::OsString;

use crate::{TaskError, cargo};

pub(crate) fn run(args: Vec<OsString>) -> Result<(), TaskError> {
    cargo::run_program("quchat-client", args)
}

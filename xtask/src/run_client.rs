//! `cargo xtask run-client`: the client as people run it, in its release build.

use std::ffi::OsString;

use crate::{Failure, cargo};

pub(crate) fn run(args: Vec<OsString>) -> Result<(), Failure> {
    cargo::run_program("quchat-client", args)
}

//! `cargo xtask ci`: what must hold before anything lands.

use std::ffi::OsString;

use crate::{Failure, check, expect_none, test};

pub(crate) fn run(args: Vec<OsString>) -> Result<(), Failure> {
    expect_none("ci", &args)?;
    check::run(Vec::new())?;
    test::run(Vec::new()) // last, so that cargo test's own summary ends the log
}

//! `cargo xtask ci`: all checks and all tests. They must pass before a change is merged.

use std::ffi::OsString;

use crate::{TaskError, check, expect_none, test};

pub(crate) fn run(args: Vec<OsString>) -> Result<(), TaskError> {
    expect_none("ci", &args)?;
    check::run(Vec::new())?;
    test::run(Vec::new()) // last, so that the log ends with the summary of cargo test
}

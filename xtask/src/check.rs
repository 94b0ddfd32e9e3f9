//! `cargo xtask check`: all checks that do not run the code, the quickest first.

use std::ffi::OsString;

use crate::{
    TaskError,
    cargo::{cargo, step},
    expect_none, tidy,
};

pub(crate) fn run(args: Vec<OsString>) -> Result<(), TaskError> {
    expect_none("check", &args)?;
    tidy::run(Vec::new())?;

    let mut fmt = cargo("fmt");
    fmt.args(["--all", "--check"]);
    step(fmt)?;

    let mut clippy = cargo("clippy");
    clippy.args(["--workspace", "--all-targets", "--all-features", "--", "--deny", "warnings"]);
    step(clippy)?;

    let mut doc = cargo("doc");
    doc.args(["--workspace", "--all-features", "--no-deps", "--document-private-items"]);
    doc.env("RUSTDOCFLAGS", "--deny warnings");
    step(doc)
}

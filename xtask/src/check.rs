//! `cargo xtask check`: all checks that do not run the code, the quickest first. `--without-docs` leaves out the
//! documentation, which takes the longest.

use std::ffi::OsString;

use crate::{
    TaskError,
    cargo::{cargo, step},
    expect_none, tidy,
};

pub(crate) fn run(args: Vec<OsString>) -> Result<(), TaskError> {
    let (skips_docs, rest) = match args.split_first() {
        Some((first, rest)) if first == "--without-docs" => (true, rest),
        _ => (false, &*args),
    };
    expect_none("check", rest)?;
    tidy::run(Vec::new())?;

    let mut fmt = cargo("fmt");
    fmt.args(["--all", "--check"]);
    step(fmt)?;

    let mut clippy = cargo("clippy");
    clippy.args(["--workspace", "--all-targets", "--all-features", "--", "--deny", "warnings"]);
    step(clippy)?;

    if skips_docs {
        return Ok(());
    }
    let mut doc = cargo("doc");
    doc.args(["--workspace", "--all-features", "--no-deps", "--document-private-items"]);
    doc.env("RUSTDOCFLAGS", "--deny warnings");
    step(doc)
}

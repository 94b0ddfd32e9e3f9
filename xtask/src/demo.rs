//! `cargo xtask demo`: builds the server and the client, then starts the demo (`src/bin/demo`).

use std::ffi::OsString;

use crate::{
    TaskError,
    cargo::{cargo, hand_over, step},
    expect_none,
};

pub(crate) fn run(args: Vec<OsString>) -> Result<(), TaskError> {
    expect_none("demo", &args)?;
    // One by one, as run-server and run-client build them, so that they can reuse the results.
    for package in ["quchat-server", "quchat-client"] {
        let mut build = cargo("build");
        build.args(["--release", "--package", package]);
        step(build)?;
    }
    let mut demo = cargo("run");
    demo.args(["--release", "--package", "xtask", "--features", "demo", "--bin", "demo"]);
    hand_over(demo)
}

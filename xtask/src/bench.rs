//! `cargo xtask bench`: builds the server as it is released, then becomes the bench (`src/bin/bench`).

use std::ffi::OsString;

use crate::{
    Failure,
    cargo::{cargo, hand_over, step, without_separator},
};

pub(crate) fn run(args: Vec<OsString>) -> Result<(), Failure> {
    let mut server = cargo("build");
    server.args(["--release", "--package", "quchat-server"]);
    step(server)?;
    let mut bench = cargo("run");
    bench.args(["--release", "--package", "xtask", "--features", "bench", "--bin", "bench", "--"]);
    bench.args(without_separator(args));
    hand_over(bench)
}

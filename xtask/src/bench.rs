//! `cargo xtask bench`: builds the server (`bench client`: the client) as it is released, then becomes the bench
//! (`src/bin/bench`).

use std::ffi::OsString;

use crate::{
    Failure,
    cargo::{cargo, hand_over, step, without_separator},
};

pub(crate) fn run(args: Vec<OsString>) -> Result<(), Failure> {
    let args = without_separator(args);
    let of_client = args.first().is_some_and(|first| first == "client");
    let mut measured = cargo("build");
    measured.args(["--release", "--package", if of_client { "quchat-client" } else { "quchat-server" }]);
    step(measured)?;
    let mut bench = cargo("run");
    bench.args(["--release", "--package", "xtask", "--features", "bench", "--bin", "bench", "--"]);
    bench.args(args);
    hand_over(bench)
}

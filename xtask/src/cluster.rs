//! `cargo xtask cluster`: looks for PostgreSQL's programs, builds the server and the client, then starts the cluster
//! (`src/bin/cluster`).

use std::ffi::OsString;

use tasks::postgres::programs;

use crate::{
    TaskError,
    cargo::{cargo, hand_over, step},
    expect_none,
};

pub(crate) fn run(args: Vec<OsString>) -> Result<(), TaskError> {
    expect_none("cluster", &args)?;
    if !cfg!(unix) {
        return Err(TaskError::new("cargo xtask cluster needs Unix sockets; use Linux or macOS"));
    }
    let programs = programs::find(&["initdb", "postgres"]).map_err(TaskError::new)?; // before a build that takes minutes
    // One by one, as run-server and run-client build them, so that they can reuse the results.
    for package in ["quchat-server", "quchat-client"] {
        let mut build = cargo("build");
        build.args(["--release", "--package", package]);
        step(build)?;
    }
    let mut cluster = cargo("run");
    cluster.args(["--release", "--package", "xtask", "--features", "cluster", "--bin", "cluster", "--"]).arg(programs);
    hand_over(cluster)
}

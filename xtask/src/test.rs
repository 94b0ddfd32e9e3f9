//! `cargo xtask test`: every test of the workspace, by plain `cargo test`, whose closing lines are the last ones.

use std::ffi::OsString;

use crate::{Failure, cargo};

pub(crate) fn run(args: Vec<OsString>) -> Result<(), Failure> {
    let mut command = cargo::cargo("test");
    // cargo would ignore `-p` beside `--workspace`
    if !args.iter().any(|arg| names_a_package(&arg.to_string_lossy())) {
        command.args(["--workspace", "--all-features"]);
    }
    command.args(args);
    cargo::hand_over(command)
}

fn names_a_package(arg: &str) -> bool {
    arg == "--package" || arg.starts_with("--package=") || (arg.starts_with("-p") && !arg.starts_with("--"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_named_in_any_of_cargos_ways() {
        for arg in ["-p", "-pxtask", "-p=xtask", "--package", "--package=xtask"] {
            assert!(names_a_package(arg), "{arg}");
        }
        for arg in ["--", "resume", "--release", "--no-fail-fast"] {
            assert!(!names_a_package(arg), "{arg}");
        }
    }
}

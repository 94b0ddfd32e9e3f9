//! `cargo xtask test`: runs every test of the workspace with plain `cargo test`, whose summary is the last output.

use std::ffi::OsString;

use crate::{TaskError, cargo};

pub(crate) fn run(args: Vec<OsString>) -> Result<(), TaskError> {
    let mut command = cargo::cargo("test");
    // With `--workspace`, cargo would ignore `-p`.
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
    fn every_spelling_of_the_package_flag_is_recognised() {
        for arg in ["-p", "-pxtask", "-p=xtask", "--package", "--package=xtask"] {
            assert!(names_a_package(arg), "{arg}");
        }
        for arg in ["--", "resume", "--release", "--no-fail-fast"] {
            assert!(!names_a_package(arg), "{arg}");
        }
    }
}

//! The tasks as processes. `cargo xtask run-server` and `run-client` replace themselves with cargo, which replaces itself
//! with the program, so signals and exit codes pass through unchanged.

#![cfg(test)] // always true here; it makes the lint exceptions for tests apply to the helpers
#![cfg(unix)]

use std::{
    fs,
    io::{BufRead, BufReader},
    os::unix::{fs::PermissionsExt, process::ExitStatusExt},
    process::{Command, Stdio},
};

use tempfile::TempDir;

/// `cargo xtask <task>` with a shell script instead of cargo.
fn task(task: &str, script: &str, dir: &TempDir) -> Command {
    let cargo = dir.path().join("cargo");
    fs::write(&cargo, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&cargo, fs::Permissions::from_mode(0o700)).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command.arg(task).env("CARGO", &cargo).stdin(Stdio::null()).stdout(Stdio::piped());
    command
}

#[test]
fn the_exit_code_of_the_program_is_returned() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["run-server", "run-client"] {
        let output = task(name, "echo \"$@\"; exit 7", &dir).args(["--", "--name", "a b"]).output().unwrap();
        assert_eq!(output.status.code(), Some(7), "{name}");
        let arguments = String::from_utf8(output.stdout).unwrap();
        assert!(arguments.starts_with("run ") && arguments.ends_with(" -- --name a b\n"), "{arguments}");
    }
}

#[test]
fn flags_and_variables_reach_the_server_with_and_without_a_separator() {
    let dir = tempfile::tempdir().unwrap();
    for separator in [&[][..], &["--"]] {
        let mut server = task("run-server", "echo \"$@\" \"$QUCHAT_STORE\"", &dir);
        server.args(separator).args(["--store", "postgres://u@h/d"]).env("QUCHAT_STORE", "postgres://v@h/d");
        let said = String::from_utf8(server.output().unwrap().stdout).unwrap();
        assert!(said.ends_with(" -- --store postgres://u@h/d postgres://v@h/d\n"), "{said}");
    }
}

#[test]
fn a_signal_reaches_the_program() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["run-server", "run-client"] {
        let mut program = task(name, "trap 'exit 9' TERM; echo $$; read nothing; kill -KILL $$", &dir);
        let mut program = program.stdin(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(program.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line.trim_end(), program.id().to_string(), "{name} and the program are one process");
        let killed = Command::new("kill").args(["-TERM", line.trim_end()]).status().unwrap();
        assert!(killed.success());
        let status = program.wait().unwrap();
        assert_eq!((status.code(), status.signal()), (Some(9), None), "{name}");
    }
}

#[test]
fn a_round_of_random_cases_fails_with_its_tests_and_when_there_are_none() {
    let dir = tempfile::tempdir().unwrap();
    for (answers, code, word) in [
        ("running 1 test; exit 0", 0, "500 cases"),
        ("running 0 tests; exit 0", 1, "has no tests"),
        ("minimal failing input; exit 101", 1, "minimal failing input"),
    ] {
        let script =
            format!("case \"$*\" in *--no-run*) exit 0;; esac; test \"$PROPTEST_CASES\" = 500 && echo {answers}");
        let output = task("fuzz", &script, &dir).args(["--minutes", "0", "links"]).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(code) && said.contains(word), "{answers}: {said}");
    }
}

#[test]
fn the_exit_code_is_kept_when_the_output_cannot_be_written() {
    let full = || Stdio::from(fs::OpenOptions::new().write(true).open("/dev/full").unwrap());
    let status = |argument: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
        command.arg(argument).stdout(full()).stderr(full()).status().unwrap().code()
    };
    assert_eq!((status("help"), status("no-such-task")), (Some(1), Some(2)));
}

//! The server's environment variables: empty counts as not set, and unusable values are refused with a clear text.

use std::{
    ffi::OsStr,
    fs,
    os::unix::ffi::OsStrExt,
    process::{Command, Output, Stdio},
};

use crate::harness::{Client, DataDir, Process};

/// Runs a command that must fail. Returns its exit code and its standard error.
fn run_to_failure(command: &mut Command) -> (Option<i32>, String) {
    let Output { status, stderr, stdout } = command.stderr(Stdio::piped()).output().unwrap();
    assert_eq!(stdout, b"");
    (status.code(), String::from_utf8(stderr).unwrap())
}

fn name_of(server: &Process) -> String {
    let answer = Client::anonymous(server.address).get("/v1/server").expect(200);
    answer.value()["name"].as_str().unwrap().to_owned()
}

#[test]
fn an_empty_variable_counts_as_not_set() {
    let home = DataDir::new();
    let mut command = Process::command();
    for variable in ["QUCHAT_DATA_DIR", "QUCHAT_NAME", "QUCHAT_LOG", "STATE_DIRECTORY", "XDG_DATA_HOME"] {
        command.env(variable, "");
    }
    command.args(["--listen", "127.0.0.1:0"]).env("HOME", home.path());
    let server = Process::run(command);
    assert_eq!(name_of(&server), "quchat");
    assert!(home.path().join(".local/share/quchat").is_dir());

    // The default port may be taken, but an empty address is not a usage error.
    let mut command = Process::command();
    command.env("QUCHAT_LISTEN", "").arg("--data-dir").arg(home.path().join(".local/share/quchat"));
    let (code, reason) = run_to_failure(&mut command);
    assert_eq!(code, Some(1), "a data directory that is in use is not a usage error: {reason}");
}

#[test]
fn the_first_of_several_state_directories_is_used() {
    let home = DataDir::new();
    let (first, second) = (home.path().join("first"), home.path().join("second"));
    let mut command = Process::command();
    command.env("STATE_DIRECTORY", format!("{}:{}", first.display(), second.display()));
    command.args(["--listen", "127.0.0.1:0"]);
    drop(Process::run(command));
    assert!(first.is_dir() && !second.exists());
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1);
}

#[test]
fn a_relative_state_directory_is_refused() {
    let home = DataDir::new();
    fs::create_dir(home.path()).unwrap();
    for (variable, value) in [("STATE_DIRECTORY", "quchat"), ("STATE_DIRECTORY", "a:/b"), ("HOME", "me")] {
        let mut command = Process::command();
        command.args(["--listen", "127.0.0.1:0"]).env(variable, value).current_dir(home.path());
        let (code, reason) = run_to_failure(&mut command);
        assert_eq!(code, Some(1), "{variable}={value}: {reason}");
        assert!(reason.contains(variable) && reason.contains("absolute"), "{reason}");
    }
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0, "no other directory is created");
}

#[test]
fn the_error_names_a_variable_that_is_not_utf_8() {
    for variable in ["QUCHAT_LISTEN", "QUCHAT_NAME", "QUCHAT_LOG"] {
        let (code, reason) = run_to_failure(Process::command().env(variable, OsStr::from_bytes(b"\xff")));
        assert_eq!(code, Some(2), "{reason}");
        assert!(reason.contains(variable) && reason.contains("UTF-8"), "{reason}");
    }
    let home = DataDir::new();
    fs::create_dir(home.path()).unwrap();
    let data_dir = home.path().join(OsStr::from_bytes(b"caf\xe9"));
    let mut command = Process::command();
    command.args(["--listen", "127.0.0.1:0"]).env("QUCHAT_DATA_DIR", &data_dir);
    drop(Process::run(command));
    assert!(data_dir.is_dir(), "a path need not be UTF-8");
}

#[test]
fn the_name_of_the_server_follows_the_rules_of_room_names() {
    let long = "x".repeat(65);
    for bad in ["", "  ", "a\u{1b}[2Jb", "a\nb", "a\u{202e}b", &long] {
        for by_flag in [true, false] {
            let mut command = Process::command();
            if by_flag {
                command.args(["--name", bad])
            } else {
                command.env("QUCHAT_NAME", bad)
            };
            if bad.is_empty() && !by_flag {
                continue; // not set
            }
            let (code, reason) = run_to_failure(&mut command);
            assert_eq!(code, Some(2), "{bad:?}: {reason}");
            assert!(reason.contains("--name") && !reason.contains(['\u{1b}', '\u{202e}']), "{bad:?}: {reason}");
        }
    }
    let data_dir = DataDir::new();
    let mut command = Process::command();
    command.args(["--listen", "127.0.0.1:0", "--name", " LAN party 🎉 ", "--data-dir"]).arg(data_dir.path());
    assert_eq!(name_of(&Process::run(command)), "LAN party 🎉");
}

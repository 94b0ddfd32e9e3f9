//! The program without a terminal: its output, its errors, and how it reads its environment.

use std::{
    ffi::OsStr,
    fs::{self, OpenOptions},
    io::pipe,
    os::unix::ffi::OsStrExt,
    process::{Command, Output, Stdio},
};

use tempfile::TempDir;

/// The program with its own home directory and none of its variables set.
fn quchat(home: &TempDir) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_quchat"));
    for variable in
        ["QUCHAT_SERVER", "QUCHAT_USER", "QUCHAT_THEME", "QUCHAT_ASCII", "XDG_CONFIG_HOME", "XDG_STATE_HOME"]
    {
        command.env_remove(variable);
    }
    command.env("HOME", home.path()).stdin(Stdio::null());
    command
}

/// Runs it: exit code, standard output, standard error.
fn outcome(command: &mut Command) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = command.output().expect("it starts");
    let text = |bytes| String::from_utf8(bytes).expect("it speaks UTF-8");
    (status.code(), text(stdout), text(stderr))
}

fn full_disk() -> Stdio {
    OpenOptions::new().write(true).open("/dev/full").expect("a full disk").into()
}

#[test]
fn failed_output_is_an_error_but_a_closed_pipe_is_not() {
    let home = tempfile::tempdir().expect("a home");
    for argument in ["--help", "--version", "help", "config"] {
        let (code, _, reason) = outcome(quchat(&home).arg(argument).stdout(full_disk()).stderr(Stdio::piped()));
        assert_eq!(code, Some(1), "{argument}: {reason}");
        assert!(reason.starts_with("quchat: cannot write to standard output: "), "{argument}: {reason}");

        let closed = pipe().expect("a pipe").1;
        let (code, _, reason) = outcome(quchat(&home).arg(argument).stdout(closed).stderr(Stdio::piped()));
        assert_eq!((code, &*reason), (Some(0), ""), "{argument}");
    }
}

#[test]
fn an_error_that_cannot_be_printed_keeps_its_exit_code() {
    let home = tempfile::tempdir().expect("a home");
    let expected = [(&["--no-such-flag"][..], 2), (&["--server", "", "config"], 2), (&[], 1)];
    for (arguments, expected) in expected {
        for stderr in [full_disk(), pipe().expect("a pipe").1.into()] {
            let status = quchat(&home).args(arguments).stdout(full_disk()).stderr(stderr).status().expect("it starts");
            assert_eq!(status.code(), Some(expected), "{arguments:?}");
        }
    }
}

#[test]
fn an_empty_variable_counts_as_unset() {
    let home = tempfile::tempdir().expect("a home");
    let config = home.path().join("config/quchat");
    fs::create_dir_all(&config).expect("a home can be written to");
    fs::write(config.join("config.toml"), "server = \"chat.example:80\"\nname = \"alice\"\nascii = true\n")
        .expect("so");
    let mut command = quchat(&home);
    command.arg("config").env("XDG_CONFIG_HOME", home.path().join("config"));
    let (_, plain, _) = outcome(&mut command);
    for variable in ["QUCHAT_SERVER", "QUCHAT_USER", "QUCHAT_THEME", "QUCHAT_ASCII", "XDG_STATE_HOME"] {
        command.env(variable, "");
    }
    assert!(plain.contains("chat.example") && plain.contains("alice"), "{plain}");
    assert_eq!(outcome(&mut command), (Some(0), plain, String::new()));
    let (_, overruled, _) = outcome(command.env("QUCHAT_ASCII", "0"));
    assert!(overruled.contains("ascii = false  # QUCHAT_ASCII"), "{overruled}");

    let (code, _, reason) = outcome(quchat(&home).arg("config").env("HOME", ""));
    assert_eq!(code, Some(1));
    assert!(reason.contains("XDG_STATE_HOME") && reason.contains("HOME"), "{reason}");
}

#[test]
fn a_variable_that_is_not_utf_8_is_named() {
    let home = tempfile::tempdir().expect("a home");
    for variable in ["QUCHAT_SERVER", "QUCHAT_USER", "QUCHAT_THEME"] {
        let (code, _, reason) = outcome(quchat(&home).arg("config").env(variable, OsStr::from_bytes(b"\xff")));
        assert_eq!(code, Some(2), "{reason}");
        assert!(reason.contains(variable) && reason.contains("UTF-8"), "{reason}");
    }
}

/// A join link to a server on this machine that nobody runs, with a key and an invite.
const LINK: &str = "quchat://127.0.0.1:7879/AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM/BwcHBwcHBwcHBwcHBwcHBw";
const OTHER_KEY: &str = "quchat://127.0.0.1:7879/BAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQ/BwcHBwcHBwcHBwcHBwcHBw";

#[test]
fn a_join_link_says_which_server_and_its_key_is_kept_until_it_is_forgotten() {
    let home = tempfile::tempdir().expect("a home");
    let linked = || outcome(quchat(&home).args([LINK, "config"]));
    let (code, shown, reason) = linked();
    assert_eq!((code, &*reason), (Some(0), ""));
    assert!(shown.contains("server = \"https://127.0.0.1:7879\"  # the join link"), "{shown}");
    assert_eq!(linked().0, Some(0), "again");

    let (code, _, reason) = outcome(quchat(&home).args([OTHER_KEY, "config"]));
    assert_eq!(code, Some(2));
    assert!(reason.contains("another key") && reason.contains("quchat forget-key https://127.0.0.1:7879"), "{reason}");
    assert_eq!(linked().0, Some(0), "the first key is still the known one");

    let (code, said, _) = outcome(quchat(&home).args(["forget-key", "127.0.0.1:7879"]));
    assert_eq!((code, said.contains("forgotten")), (Some(0), true));
    assert_eq!(outcome(quchat(&home).args(["forget-key", "127.0.0.1:7879"])).0, Some(1));
    assert_eq!(outcome(quchat(&home).args([OTHER_KEY, "config"])).0, Some(0));
}

#[test]
fn an_argument_that_is_no_join_link_is_an_error_which_does_not_show_the_invite() {
    let home = tempfile::tempdir().expect("a home");
    for (argument, said) in [("cofig", "neither a command nor a join link"), (&LINK[..80], "invite in the join link")] {
        let (code, _, reason) = outcome(quchat(&home).arg(argument));
        assert_eq!(code, Some(2));
        assert!(reason.contains(said) && !reason.contains("BwcHBwcH"), "{reason}");
    }
}

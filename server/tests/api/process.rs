//! The program itself: its flags, the line it prints, the files it makes, and its exit codes.

use std::{
    fs::{self, File},
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::Path,
    process::Stdio,
};

use rustix::process::Signal;

use crate::harness::{DataDir, Process};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn it_says_where_it_listens_and_nothing_else() {
    let data_dir = DataDir::new();
    let server = Process::start(&data_dir.path());
    assert!(server.address.ip().is_loopback() && server.address.port() != 0);
    server.register("alice").create_room("lobby");
    server.signal(Signal::TERM);
    let (status, rest) = server.wait();
    assert_eq!((status.code(), &*rest), (Some(0), ""));
}

#[test]
fn what_it_keeps_is_for_its_user_only() {
    let data_dir = DataDir::new();
    let server = Process::start(&data_dir.path());
    server.register("alice").create_room("lobby");
    assert_eq!(mode(&data_dir.path()), 0o700);
    let files = data_dir.files();
    assert!(files.len() >= 2, "{files:?}");
    for file in files {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
    assert_eq!(data_dir.signing_key().len(), 32);
}

#[test]
fn a_restart_keeps_the_signing_key() {
    let data_dir = DataDir::new();
    let server = Process::start(&data_dir.path());
    let alice = server.register("alice");
    let key = data_dir.signing_key();
    server.kill();
    let server = Process::start(&data_dir.path());
    assert_eq!(data_dir.signing_key(), key);
    alice.at(server.address).get("/v1/users/me").expect(200);
    assert_ne!(key, [0; 32]);
}

#[test]
fn a_damaged_key_is_an_error_and_not_a_new_key() {
    let data_dir = DataDir::new();
    Process::start(&data_dir.path()).kill();
    let key = data_dir.files().into_iter().find(|path| path.metadata().unwrap().len() == 32).unwrap();
    fs::write(&key, b"hello").unwrap();
    let output = start_in_vain(&data_dir.path());
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(fs::read(&key).unwrap(), b"hello", "nothing is overwritten");
}

/// Runs the program where it cannot run, to its end.
fn start_in_vain(data_dir: &Path) -> std::process::Output {
    let mut command = Process::command();
    command.args(["--listen", "127.0.0.1:0", "--data-dir"]).arg(data_dir);
    command.stderr(Stdio::piped()).output().unwrap()
}

#[test]
fn a_second_server_on_the_same_data_says_so_and_leaves() {
    let data_dir = DataDir::new();
    let server = Process::start(&data_dir.path());
    let alice = server.register("alice");
    let output = start_in_vain(&data_dir.path());
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{message}");
    assert!(message.contains(data_dir.path().to_str().unwrap()), "it says which: {message}");
    assert!(!message.contains("panicked"), "{message}");
    alice.get("/v1/users/me").expect(200);
}

#[test]
fn a_killed_server_leaves_no_lock_behind() {
    let data_dir = DataDir::new();
    for _ in 0..3 {
        Process::start(&data_dir.path()).kill();
    }
    Process::start(&data_dir.path());
}

#[test]
fn a_taken_port_is_an_error_that_names_it() {
    let (one, two) = (DataDir::new(), DataDir::new());
    let server = Process::start(&one.path());
    let mut command = Process::command();
    command.args(["--listen", &server.address.to_string(), "--data-dir"]).arg(two.path());
    let output = command.stderr(Stdio::piped()).output().unwrap();
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{message}");
    assert!(message.contains(&server.address.port().to_string()), "{message}");
}

#[test]
fn a_data_directory_that_cannot_be_is_an_error() {
    let data_dir = DataDir::new();
    File::create(data_dir.path()).unwrap();
    let output = start_in_vain(&data_dir.path());
    assert_eq!(output.status.code(), Some(1));
    assert!(!output.stderr.is_empty() && output.stdout.is_empty());
}

#[test]
fn a_directory_that_was_there_keeps_its_owner_and_gets_private_files() {
    let data_dir = DataDir::new();
    fs::create_dir(data_dir.path()).unwrap();
    let owner = fs::metadata(data_dir.path()).unwrap().uid();
    let _server = Process::start(&data_dir.path());
    assert_eq!(fs::metadata(data_dir.path()).unwrap().uid(), owner);
    data_dir.files().iter().for_each(|file| assert_eq!(mode(file), 0o600, "{}", file.display()));
}

#[test]
fn the_environment_serves_in_place_of_flags_and_flags_win() {
    let (chosen, ignored) = (DataDir::new(), DataDir::new());
    let mut command = Process::command();
    command.env("QUCHAT_LISTEN", "127.0.0.1:0").env("QUCHAT_DATA_DIR", chosen.path());
    drop(Process::run(command));
    assert!(chosen.path().is_dir());

    let mut command = Process::command();
    command.env("QUCHAT_LISTEN", "127.0.0.1:0").env("QUCHAT_DATA_DIR", ignored.path());
    command.arg("--data-dir").arg(chosen.path());
    drop(Process::run(command));
    assert!(!ignored.path().exists());
}

#[test]
fn a_wrong_flag_is_a_wrong_usage() {
    for arguments in [&["--no-such-flag"][..], &["--listen", "nowhere"], &["--listen"]] {
        let output = Process::command().args(arguments).stderr(Stdio::piped()).output().unwrap();
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{arguments:?}");
        assert!(!output.stderr.is_empty());
    }
}

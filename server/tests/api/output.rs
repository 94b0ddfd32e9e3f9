//! When standard output or standard error cannot be written, lines are lost and nothing else happens.

use std::{
    fs::{self, File, OpenOptions},
    io::{PipeReader, Read, Write, pipe},
    os::fd::OwnedFd,
    process::{Command, Stdio},
    thread,
};

use quchat_shared::event::ByeReason;
use rustix::{
    fs::{OFlags, fcntl_getfl, fcntl_setfl},
    process::Signal,
};

use crate::harness::{DataDir, Process};

/// A device that is always full.
fn full_disk() -> Stdio {
    OpenOptions::new().write(true).open("/dev/full").unwrap().into()
}

/// A pipe without a reader.
fn closed_pipe() -> Stdio {
    pipe().unwrap().1.into()
}

/// A full pipe and its reader, which reads nothing.
fn full_pipe() -> (Stdio, PipeReader) {
    let (reader, writer) = pipe().unwrap();
    let mut writer = File::from(OwnedFd::from(writer));
    let flags = fcntl_getfl(&writer).unwrap();
    fcntl_setfl(&writer, flags | OFlags::NONBLOCK).unwrap();
    while writer.write(&[b'x'; 4096]).is_ok() {}
    while writer.write(b"x").is_ok() {}
    fcntl_setfl(&writer, flags).unwrap();
    (writer.into(), reader)
}

/// The server with a verbose log.
fn command(data_dir: &DataDir) -> Command {
    let mut command = Process::command_on(&data_dir.path());
    command.env("QUCHAT_LOG", "trace");
    command
}

/// Causes log lines, then stops the server. The streams and the process must end in order.
#[track_caller]
fn works_and_stops(server: Process) {
    let alice = server.register("alice");
    let room = alice.create_room("lobby");
    let mut stream = alice.listen();
    for n in 0..200 {
        alice.send_message(room, &format!("message {n}"));
    }
    stream.until(|event| event.name() == "message.created");
    server.signal(Signal::TERM);
    stream.expects_bye(ByeReason::Shutdown);
    assert_eq!(server.wait().0.code(), Some(0));
}

#[test]
fn a_log_that_cannot_be_written_does_not_stop_the_server() {
    for stderr in [full_disk(), closed_pipe()] {
        let data_dir = DataDir::new();
        let mut command = command(&data_dir);
        command.args(["--listen", "127.0.0.1:0"]).stderr(stderr);
        works_and_stops(Process::run(command));
    }
}

#[test]
fn a_log_at_the_file_size_limit_does_not_stop_the_server() {
    let (data_dir, log) = (DataDir::new(), tempfile::NamedTempFile::new().unwrap());
    log.as_file().set_len(16 << 20).unwrap();
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -f 16384; exec \"$0\""]).arg(Process::command().get_program()); // 8 MiB
    command.env("QUCHAT_LOG", "trace").env("QUCHAT_DATA_DIR", data_dir.path()).env("QUCHAT_LISTEN", "127.0.0.1:0");
    command.env("QUCHAT_LIMIT", "all=off").envs(Process::variables(&data_dir.path()));
    command.stderr(OpenOptions::new().append(true).open(log.path()).unwrap());
    works_and_stops(Process::run(command));
    assert_eq!(log.as_file().metadata().unwrap().len(), 16 << 20);
}

#[test]
fn a_log_that_nobody_reads_does_not_stop_the_server() {
    let (data_dir, (stderr, reader)) = (DataDir::new(), full_pipe());
    let mut command = command(&data_dir);
    command.args(["--listen", "127.0.0.1:0"]).stderr(stderr);
    works_and_stops(Process::run(command));
    drop(reader);
}

#[test]
fn a_log_that_is_read_late_is_complete() {
    let (data_dir, (stderr, mut reader)) = (DataDir::new(), full_pipe());
    let mut command = command(&data_dir);
    command.args(["--listen", "127.0.0.1:0"]).stderr(stderr);
    let server = Process::run(command);
    drop(server.register("alice"));
    let log = thread::spawn(move || {
        let mut log = String::new();
        reader.read_to_string(&mut log).map(|_| log)
    });
    server.signal(Signal::TERM);
    assert_eq!(server.wait().0.code(), Some(0));
    let log = log.join().unwrap().unwrap();
    assert!(log.contains("listening on") && log.contains("stopping") && !log.contains("lines were lost"), "{log}");
}

#[test]
fn the_address_is_printed_and_needs_no_reader() {
    let (full, reader) = full_pipe();
    for stdout in [full_disk(), closed_pipe(), full] {
        let data_dir = DataDir::new();
        let mut command = command(&data_dir);
        command.stdout(stdout);
        works_and_stops(Process::run_silently(command));
    }
    drop(reader);
}

#[test]
fn a_server_with_closed_descriptors_runs_and_writes_no_line_into_a_data_file() {
    let data_dir = DataDir::new();
    let mut command = Command::new("sh");
    command.args(["-c", "exec \"$0\" <&- >&- 2>&-"]).arg(Process::command().get_program());
    command.env("QUCHAT_LOG", "trace").env("QUCHAT_DATA_DIR", data_dir.path()).env("QUCHAT_LIMIT", "all=off");
    command.envs(Process::variables(&data_dir.path()));
    let server = Process::run_silently(command);
    #[cfg(target_os = "linux")]
    for descriptor in 0..=2 {
        let file = fs::read_link(format!("/proc/{}/fd/{descriptor}", server.id())).unwrap();
        assert_eq!(file.to_str(), Some("/dev/null"), "{descriptor}");
    }
    works_and_stops(server);
    assert_eq!(data_dir.holds(b"listening on"), None);
}

#[test]
fn an_error_that_cannot_be_printed_keeps_its_exit_code() {
    let data_dir = DataDir::new();
    fs::write(data_dir.path(), "not a directory").unwrap();
    let (full, reader) = full_pipe();
    for (n, stderr) in [full_disk(), closed_pipe(), full].into_iter().enumerate() {
        let status = command(&data_dir).stdout(Stdio::null()).stderr(stderr).status().unwrap();
        assert_eq!(status.code(), Some(1), "{n}");
    }
    drop(reader);
    let (full, reader) = full_pipe();
    for (n, stderr) in [full_disk(), closed_pipe(), full].into_iter().enumerate() {
        let status = command(&data_dir).arg("--no-such-flag").stdout(Stdio::null()).stderr(stderr).status().unwrap();
        assert_eq!(status.code(), Some(2), "{n}");
    }
    drop(reader);
}

#[test]
fn help_that_cannot_be_printed_is_an_error_but_a_closed_pipe_is_not() {
    for flag in ["--help", "--version"] {
        let output = Process::command().arg(flag).stdout(full_disk()).stderr(Stdio::piped()).output().unwrap();
        let reason = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{flag}: {reason}");
        assert!(reason.starts_with("quchat-server: cannot write to standard output: "), "{flag}: {reason}");

        let output = Process::command().arg(flag).stdout(closed_pipe()).stderr(Stdio::piped()).output().unwrap();
        assert_eq!((output.status.code(), &*output.stderr), (Some(0), &b""[..]), "{flag}");
    }
}

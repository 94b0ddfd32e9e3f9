//! A data directory that can only be read from the start: reading works, writing is refused, and nothing is created.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use quchat_shared::{Event, RoomId};
use rustix::process::{Signal, geteuid};
use serde_json::json;

use crate::harness::{Client, DataDir, LoggedProcess, Process, needs_sqlite};

/// The data directory of a stopped server, which nobody can write until this is dropped.
struct ReadOnly {
    data_dir: DataDir,
    alice: Client,
    room: RoomId,
    /// A position in the event stream, before the last message.
    cursor: String,
}

impl ReadOnly {
    fn new() -> Self {
        Self::of(|server| {
            server.signal(Signal::TERM);
            assert_eq!(server.wait().0.code(), Some(0));
        })
    }

    fn of(stop: impl FnOnce(Process)) -> Self {
        let data_dir = DataDir::new();
        let server = Process::start(&data_dir.path());
        let alice = server.register("alice");
        let room = alice.create_room("lobby");
        alice.send_message(room, "1");
        let cursor = alice.rooms().cursor.0;
        alice.send_message(room, "2");
        stop(server);
        let this = Self { data_dir, alice, room, cursor };
        this.protect(0o400, 0o500);
        this
    }

    fn protect(&self, file: u32, directory: u32) {
        let set = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        self.data_dir.files().iter().for_each(|path| set(path, file));
        set(&self.data_dir.path(), directory);
    }

    /// Every name in the directory.
    fn names(&self) -> Vec<PathBuf> {
        let mut names: Vec<_> =
            fs::read_dir(self.data_dir.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
        names.sort();
        names
    }
}

impl Drop for ReadOnly {
    fn drop(&mut self) {
        self.protect(0o600, 0o700);
    }
}

/// The program as a user to whom permissions apply: root without the right to ignore them.
fn bound_by_permissions(arguments: &[&str], data_dir: &Path) -> Command {
    let own = Process::command();
    let mut command = match geteuid().is_root() {
        true => {
            let mut command = Command::new("setpriv");
            let rights = "-dac_override,-dac_read_search,-fowner";
            command.args(["--bounding-set", rights, "--inh-caps", rights, "--"]).arg(own.get_program());
            command
        }
        false => Command::new(own.get_program()),
    };
    command.stdin(Stdio::null()).stderr(Stdio::null());
    command.args(arguments).arg("--data-dir").arg(data_dir);
    command
}

const LISTEN: &[&str] = &["--listen", "127.0.0.1:0"];

#[track_caller]
fn refusal(read_only: &ReadOnly) -> String {
    let mut command = bound_by_permissions(LISTEN, &read_only.data_dir.path());
    let output = command.stderr(Stdio::piped()).output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{text}");
    text.lines().find_map(|line| line.strip_prefix("quchat-server: ")).unwrap().to_owned()
}

#[test]
fn reads_and_streams_work_and_changes_are_refused() {
    needs_sqlite!("it is about SQLite's files");
    let read_only = ReadOnly::new();
    let (before, path) = (read_only.names(), read_only.data_dir.path());
    let log = tempfile::NamedTempFile::new().unwrap();
    let mut command = bound_by_permissions(LISTEN, &path);
    command.stderr(log.reopen().unwrap());
    let LoggedProcess { server, log } = LoggedProcess { server: Process::run(command), log };
    let (alice, room) = (read_only.alice.at(server.address), read_only.room);
    let health = alice.get("/healthz");
    assert_eq!((health.status, health.text().contains("can only be read")), (503, true), "{}", health.text());
    assert_eq!(alice.history(room).len(), 2);
    alice.get("/v1/search?q=2").expect(200);
    let mut stream = alice.resume(&read_only.cursor);
    assert!(matches!(stream.next().event, Event::MessageCreated(event) if &*event.message.text == "2"));
    let cursor = alice.rooms().cursor.0;
    assert!(!alice.resume(&cursor).text().contains("reset"), "what this server hands out, it knows");
    for answer in [
        alice.try_send_message(room, "3"),
        alice.delete(&format!("/v1/rooms/{room}")),
        alice.post("/v1/sessions", &json!({"name": "alice", "password": crate::harness::PASSWORD})),
        alice.delete("/v1/sessions/current"),
    ] {
        assert_eq!(answer.header("retry-after"), Some("1"), "soon, because a restarted database is back soon");
        answer.problem(503, "unavailable");
    }
    let second = bound_by_permissions(LISTEN, &path).output().unwrap();
    assert_eq!(second.status.code(), Some(1), "another server");
    server.signal(Signal::TERM);
    assert_eq!(server.wait().0.code(), Some(0));
    assert_eq!(read_only.names(), before);
    let log = fs::read_to_string(log.path()).unwrap();
    assert_eq!(log.matches("can only be read").count(), 1, "{log}");

    let listed = bound_by_permissions(&["user", "list"], &path).output().unwrap();
    assert!(String::from_utf8(listed.stdout).unwrap().contains("alice"));
    read_only.protect(0o600, 0o700);
    let server = Process::start(&path);
    let alice = alice.at(server.address);
    assert!(!alice.resume(&cursor).text().contains("reset"));
    assert_eq!(alice.send_message(room, "3").seq.0, 3);
}

#[test]
fn what_would_have_to_be_created_is_named() {
    needs_sqlite!("it is about SQLite's files");
    let read_only = ReadOnly::new();
    let file = |name| read_only.data_dir.path().join(name);
    for names in [&["signing-key"][..], &["tls-key.pem", "tls-cert.pem"], &["tls-cert.pem"]] {
        read_only.protect(0o600, 0o700);
        let saved: Vec<_> = names.iter().map(|name| fs::read(file(name)).unwrap()).collect();
        names.iter().for_each(|name| fs::remove_file(file(name)).unwrap());
        read_only.protect(0o400, 0o500);
        let message = refusal(&read_only);
        assert!(message.contains(names[0]) && message.contains("start the server once"), "{message}");
        read_only.protect(0o600, 0o700);
        names.iter().zip(saved).for_each(|(name, saved)| fs::write(file(name), saved).unwrap());
    }
}

#[test]
fn changes_that_are_only_in_the_log_are_not_left_out() {
    needs_sqlite!("it is about SQLite's files");
    let read_only = ReadOnly::of(Process::kill);
    let before = read_only.names();
    let server = Process::run(bound_by_permissions(LISTEN, &read_only.data_dir.path()));
    let alice = read_only.alice.at(server.address);
    assert_eq!(alice.history(read_only.room).len(), 2);
    assert!(matches!(alice.resume(&read_only.cursor).next().event, Event::MessageCreated(_)));
    alice.try_send_message(read_only.room, "3").problem(503, "unavailable");
    server.kill();
    assert_eq!(read_only.names(), before);

    read_only.protect(0o600, 0o700);
    fs::remove_file(read_only.data_dir.path().join("quchat.db-shm")).unwrap();
    read_only.protect(0o400, 0o500);
    let message = refusal(&read_only);
    assert!(message.contains("quchat.db-wal") && message.contains("start the server once"), "{message}");
}

//! Problems of the data directory: files that are missing, replaced, damaged or not ours, and a full disk.

use std::{
    fs::{self, File},
    io::Read,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
    process::Stdio,
};

use quchat_server::clock::Clock;
use quchat_shared::RoomId;
use rustix::process::Signal;

use crate::harness::{Client, DataDir, LoggedProcess, Process, TestServer, eventually, needs_sqlite};

const DATABASE: &str = "quchat.db";
const KEY: &str = "signing-key";

/// Starts the program on a data directory that it must refuse. Returns the error text.
#[track_caller]
fn refusal(data_dir: &Path) -> String {
    let mut command = Process::command();
    command.args(["--listen", "127.0.0.1:0", "--data-dir"]).arg(data_dir);
    let output = command.stderr(Stdio::piped()).output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{text}");
    let message =
        text.lines().find_map(|line| line.strip_prefix("quchat-server: ")).expect("an error on a line of its own");
    for word in ["rusqlite", "migration", "panicked", "os error", "Some("] {
        assert!(!message.contains(word), "{word:?} in {message}");
    }
    message.to_owned()
}

/// The data directory of a stopped server on which alice registered.
fn used() -> (DataDir, Client) {
    let data_dir = DataDir::new();
    let server = Process::start(&data_dir.path());
    let alice = server.register("alice");
    alice.create_room("lobby");
    server.signal(Signal::TERM);
    assert_eq!(server.wait().0.code(), Some(0));
    (data_dir, alice)
}

#[test]
fn a_signing_key_without_its_database_is_refused_with_advice() {
    needs_sqlite!("it is about SQLite's files");
    let (data_dir, _) = used();
    let (database, key) = (data_dir.path().join(DATABASE), data_dir.path().join(KEY));
    fs::remove_file(&database).unwrap();
    let missing = refusal(&data_dir.path());
    for named in [&database, &key] {
        assert!(missing.contains(named.to_str().unwrap()), "{missing}");
    }
    assert!(missing.contains("missing") && missing.contains("backup") && missing.contains("start over"), "{missing}");
    assert!(!database.exists(), "no file is created");
    File::create(&database).unwrap();
    assert_eq!(refusal(&data_dir.path()), missing, "an empty file is no database");
    fs::remove_file(&key).unwrap();
    Process::start(&data_dir.path()).register("mallory");
}

#[test]
fn a_log_without_its_database_is_refused() {
    needs_sqlite!("it is about SQLite's files");
    let data_dir = DataDir::new();
    let server = Process::start(&data_dir.path());
    server.register("alice");
    server.kill();
    fs::remove_file(data_dir.path().join(DATABASE)).unwrap();
    fs::remove_file(data_dir.path().join(KEY)).unwrap();
    let message = refusal(&data_dir.path());
    assert!(message.contains("quchat.db-wal"), "{message}");
    assert!(data_dir.path().join("quchat.db-wal").exists(), "the log is kept, so its data can be saved");
}

#[test]
fn an_interrupted_first_start_does_not_block_the_next_one() {
    needs_sqlite!("it is about SQLite's files");
    // Interrupted before the tables were created, and before the key was.
    let empty = DataDir::new();
    fs::create_dir(empty.path()).unwrap();
    File::create(empty.path().join(DATABASE)).unwrap();
    let server = LoggedProcess::start(&empty.path());
    assert!(!server.log().contains("sign in again"), "{}", server.log());
    server.server.kill();
    fs::remove_file(empty.path().join(KEY)).unwrap();
    let server = LoggedProcess::start(&empty.path());
    assert!(!server.log().contains("sign in again"), "there are no sessions to warn about: {}", server.log());
    assert_eq!(server.server.register("alice").user().name, "alice");
}

#[test]
fn a_database_without_its_key_warns_that_all_sessions_end() {
    needs_sqlite!("a node whose key is not that of the others is refused");
    let (data_dir, alice) = used();
    fs::remove_file(data_dir.path().join(KEY)).unwrap();
    let server = LoggedProcess::start(&data_dir.path());
    server.waits_for("everybody has to sign in again");
    alice.at(server.server.address).get("/v1/users/me").problem(401, "unauthenticated");
    Client::sign_in(server.server.address, "alice").get("/v1/users/me").expect(200);
}

/// Whether somebody writes after the file was changed.
#[derive(Clone, Copy, PartialEq)]
enum Then {
    SomebodyWrites,
    NobodyWrites,
}

/// Changes a file of a running server. The server must stop with an error that names the file.
fn ends_after(change: impl Fn(&Path), named: &str, then: Then) {
    let data_dir = DataDir::new();
    let server = LoggedProcess::start(&data_dir.path());
    let alice = server.server.register("alice");
    let room = alice.create_room("lobby");
    alice.send_message(room, "kept");
    change(&data_dir.path());
    if then == Then::SomebodyWrites {
        let target = format!("/v1/rooms/{room}/messages");
        let body = serde_json::json!({"text": "lost"}).to_string().into_bytes();
        if let Ok(answer) = alice.try_send("POST", &target, "application/json", Some(body)) {
            answer.problem(503, "unavailable");
        }
    }
    let LoggedProcess { server, log } = server;
    assert_eq!(server.wait().0.code(), Some(1));
    let log = fs::read_to_string(log.path()).unwrap();
    let message = log.lines().find_map(|line| line.strip_prefix("quchat-server: ")).unwrap();
    assert!(message.contains(named) && message.contains("removed or replaced"), "{message}");
}

#[test]
fn removing_the_database_stops_a_running_server() {
    needs_sqlite!("it is about SQLite's files");
    ends_after(|dir| fs::remove_file(dir.join(DATABASE)).unwrap(), DATABASE, Then::SomebodyWrites);
}

/// Waits for the check that runs every 10 s.
#[test]
fn removing_the_database_stops_a_server_without_writes() {
    needs_sqlite!("it is about SQLite's files");
    ends_after(|dir| fs::remove_file(dir.join(DATABASE)).unwrap(), DATABASE, Then::NobodyWrites);
}

#[test]
fn replacing_the_database_stops_a_running_server() {
    needs_sqlite!("it is about SQLite's files");
    let replace = |dir: &Path| {
        fs::copy(dir.join(DATABASE), dir.join("copy")).unwrap();
        fs::rename(dir.join("copy"), dir.join(DATABASE)).unwrap();
    };
    ends_after(replace, DATABASE, Then::SomebodyWrites);
}

#[test]
fn removing_the_write_ahead_log_stops_a_running_server() {
    needs_sqlite!("it is about SQLite's files");
    ends_after(|dir| fs::remove_file(dir.join("quchat.db-wal")).unwrap(), "quchat.db-wal", Then::SomebodyWrites);
}

#[test]
fn moving_the_data_directory_stops_a_running_server() {
    needs_sqlite!("it is about SQLite's files");
    ends_after(|dir| fs::rename(dir, dir.with_extension("moved")).unwrap(), DATABASE, Then::SomebodyWrites);
}

#[test]
fn a_second_server_is_refused_even_without_the_lock_file() {
    let data_dir = DataDir::new();
    let server = Process::start(&data_dir.path());
    let alice = server.register("alice");
    fs::remove_file(data_dir.path().join("lock")).unwrap();
    for path in [data_dir.path(), linked(&data_dir)] {
        let message = refusal(&path);
        assert!(message.contains("already using"), "{message}");
    }
    let room = alice.create_room("lobby");
    alice.send_message(room, "the first one goes on");
    server.kill();
    Process::start(&data_dir.path());
}

/// A symbolic link to the data directory.
fn linked(data_dir: &DataDir) -> PathBuf {
    let link = data_dir.path().with_extension("link");
    symlink(data_dir.path(), &link).unwrap();
    link
}

#[test]
fn a_warning_names_files_that_others_can_read() {
    needs_sqlite!("it is about SQLite's files");
    let (data_dir, _) = used();
    for name in [KEY, DATABASE, "lock"] {
        let path = data_dir.path().join(name);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let server = LoggedProcess::start(&data_dir.path());
        server.waits_for(path.to_str().unwrap());
        server.waits_for("chmod 600");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }
    assert!(!LoggedProcess::start(&data_dir.path()).log().contains("chmod"));
}

/// Overwrites a database page that holds one of the texts and no other structure. Returns the index of that text.
fn damage(database: &Path, texts: &[String]) -> usize {
    const PAGE: usize = 4096;
    /// The first byte of a leaf of an index tree (SQLite file format, 1.6).
    const LEAF: u8 = 0x0a;
    let mut bytes = fs::read(database).unwrap();
    let page_of = |text: &String| {
        let at =
            bytes.windows(text.len()).position(|window| window == text.as_bytes()).expect("the message is in the file");
        at / PAGE * PAGE
    };
    let (n, page) = texts
        .iter()
        .map(page_of)
        .enumerate()
        .find(|(_, page)| *page > 0 && bytes[*page] == LEAF)
        .expect("most messages are on leaves");
    bytes[page..page + 200].fill(0xA5);
    fs::write(database, bytes).unwrap();
    n
}

/// A data directory whose database has a damaged page.
struct Damaged {
    data_dir: DataDir,
    alice: Client,
    room: RoomId,
    /// The `txn` of one of alice's messages on that page.
    txn: String,
    /// A room without messages on that page.
    other: RoomId,
}

fn damaged() -> Damaged {
    let data_dir = DataDir::new();
    let server = Process::start(&data_dir.path());
    let alice = server.register("alice");
    let [room, other] = ["lobby", "attic"].map(|name| alice.create_room(name));
    let texts: Vec<_> = (0..60).map(|n| format!("needle {n:02} {}", "x".repeat(300))).collect();
    for (n, text) in texts.iter().enumerate() {
        alice.try_send_once(room, text, &format!("t-{n}")).expect(201);
        alice.send_message(other, &"y".repeat(300));
    }
    server.signal(Signal::TERM);
    server.wait();
    let n = damage(&data_dir.path().join(DATABASE), &texts[..30]);
    Damaged { data_dir, alice, room, txn: format!("t-{n}"), other }
}

#[test]
fn damage_is_reported_after_the_start_before_anyone_reads_it() {
    needs_sqlite!("it is about SQLite's files");
    let Damaged { data_dir, alice, room, .. } = damaged();
    let server = LoggedProcess::start(&data_dir.path());
    server.waits_for("the database is damaged");
    assert!(server.log().contains("ERROR") && server.log().contains("messages"), "{}", server.log());
    let alice = alice.at(server.server.address);
    assert_eq!(alice.get("/healthz").expect(200).text(), "ok", "the server stays healthy: a restart would not help");
    alice.get(&format!("/v1/rooms/{room}/messages?after=0&limit=50")).problem(500, "internal");
    alice.rooms();
}

#[test]
fn reading_a_damaged_page_does_not_affect_the_writes_of_others() {
    needs_sqlite!("it is about SQLite's files");
    let Damaged { data_dir, alice, room, txn, other } = damaged();
    let server = Process::start(&data_dir.path());
    let alice = alice.at(server.address);
    let sent = crate::harness::at_once(12, |n| {
        (0..20)
            .filter(|_| match n % 3 {
                // To answer a repeated send, the server reads the damaged page.
                0 => alice.try_send_once(room, "again", &txn).problem(500, "internal").is_null(),
                _ => alice.try_send_message(other, "well").status == 201,
            })
            .count()
    });
    assert_eq!(sent.iter().sum::<usize>(), 8 * 20, "{sent:?}");
    alice.get("/healthz").expect(200);
}

#[test]
fn a_failed_start_prints_one_error_with_advice() {
    needs_sqlite!("it is about SQLite's files");
    let begun = |fill: &dyn Fn(&Path)| {
        let data_dir = DataDir::new();
        fs::create_dir(data_dir.path()).unwrap();
        fill(&data_dir.path());
        let message = refusal(&data_dir.path());
        assert!(message.contains(data_dir.path().to_str().unwrap()), "the message names the directory: {message}");
        message
    };
    let no_database = begun(&|dir| fs::write(dir.join(DATABASE), "x".repeat(9000)).unwrap());
    assert!(no_database.contains("not a database") && no_database.contains("backup"), "{no_database}");
    let no_key = begun(&|dir| fs::write(dir.join(KEY), "too short").unwrap());
    assert!(no_key.contains("signing key of 32 bytes") && no_key.contains("move it away"), "{no_key}");
    for name in [DATABASE, KEY, "lock"] {
        let folder = begun(&|dir| fs::create_dir(dir.join(name)).unwrap());
        assert!(folder.contains("not a regular file") && folder.contains(name), "{folder}");
        let pipe = begun(&|dir| {
            assert!(std::process::Command::new("mkfifo").arg(dir.join(name)).status().unwrap().success());
        });
        assert!(pipe.contains("not a regular file") && pipe.contains(name), "{pipe}");
    }

    let data_dir = DataDir::new();
    File::create(data_dir.path()).unwrap();
    for path in [data_dir.path(), data_dir.path().join("below")] {
        let message = refusal(&path);
        assert!(message.contains("not a directory") && message.contains("--data-dir"), "{message}");
    }
}

#[test]
fn a_database_of_a_later_version_names_both_versions() {
    needs_sqlite!("it is about SQLite's files");
    /// Offset of `user_version` in an SQLite file, big-endian.
    const USER_VERSION: usize = 60;
    let (data_dir, _) = used();
    let database = data_dir.path().join(DATABASE);
    let mut bytes = Vec::new();
    File::open(&database).unwrap().read_to_end(&mut bytes).unwrap();
    bytes[USER_VERSION..USER_VERSION + 4].copy_from_slice(&99_u32.to_be_bytes());
    fs::write(&database, bytes).unwrap();
    let message = refusal(&data_dir.path());
    assert!(message.contains("later version") && message.matches("99").count() == 1, "{message}");
}

#[test]
fn a_clock_that_jumps_ahead_deletes_no_session() {
    const DAY: u64 = 24 * 60 * 60;
    let server = TestServer::start();
    let alice = server.user("alice");
    for days in [31, 400] {
        server.clock.advance(std::time::Duration::from_secs(days * DAY));
        server.register(&format!("dave{days}"));
        server.sign_in("bob");
    }
    let data_dir = server.data_dir.clone();
    server.stop();
    let server = TestServer::start_on(data_dir, Clock::system(), |_| {});
    alice.at(server.address).get("/v1/users/me").expect(200);
}

/// A server with a file size limit of `kib`, which acts like a full disk. The limit can be raised later.
#[cfg(target_os = "linux")]
fn bounded(kib: u64, data_dir: &Path) -> Process {
    let mut command = std::process::Command::new("bash");
    let script = format!("trap '' XFSZ; ulimit -S -f {kib}; exec \"$0\" --listen 127.0.0.1:0 --data-dir \"$1\"");
    command.args(["-c", &script]).arg(Process::command().get_program()).arg(data_dir);
    command.stdin(Stdio::null()).stderr(Stdio::null());
    Process::run(command)
}

#[cfg(target_os = "linux")]
#[test]
fn writes_on_a_full_disk_are_answered_503_until_there_is_space() {
    needs_sqlite!("it is about SQLite's files");
    let data_dir = DataDir::new();
    let server = bounded(1024, &data_dir.path());
    let alice = server.register("alice");
    let room = alice.create_room("lobby");
    let mut stream = alice.listen();
    let mut sent = 0;
    let refused = loop {
        let answer = alice.try_send_once(room, &"x".repeat(3000), &format!("t-{sent}"));
        if answer.status != 201 {
            break answer;
        }
        sent += 1;
        assert!(sent < 1000, "the limit is never reached");
    };
    refused.problem(503, "unavailable");
    let health = alice.get("/healthz");
    assert_eq!(health.status, 503, "{}", health.text());
    alice.post("/v1/rooms", &serde_json::json!({"name": "another"})).problem(503, "unavailable");
    assert_eq!(alice.history(room).len(), sent, "reading still works");
    alice.try_send_message(room, "").refuses("text");
    stream.until_message(room, quchat_shared::Seq(sent as u64));
    let mut second = alice.listen();

    server.raise_file_size_limit();
    eventually("the server recovers", || (alice.get("/healthz").status == 200).then_some(()));
    let message = alice.try_send_once(room, "after", &format!("t-{sent}")).expect(201).json::<quchat_shared::Message>();
    assert_eq!(message.seq.0, sent as u64 + 1, "a refused message uses no seq and no txn");
    stream.until_message(room, message.seq);
    second.until_message(room, message.seq);
    server.signal(Signal::TERM);
    assert_eq!(server.wait().0.code(), Some(0));
}

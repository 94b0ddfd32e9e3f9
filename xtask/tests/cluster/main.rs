//! The cluster as a process without a terminal: it obeys keys, goes on without a node, and leaves nothing behind.
#![cfg(test)] // always true here; it makes the lint exceptions for tests apply to the helpers
#![cfg(unix)]

use std::{
    env,
    fs::{self, Permissions},
    io::{self, BufRead, BufReader, Lines, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use quchat_client::{
    api::{Access, Client, Origin, Server},
    state::{self, StateDir},
};
use quchat_shared::{
    RoomId, Seq,
    api::{ListMessages, ListRooms, NewMessage, SendMessage},
    query,
};
use rustix::process::{Pid, Signal, kill_process};
use tasks::postgres::programs;
use tempfile::TempDir;

const TIMEOUT: Duration = Duration::from_secs(60);

#[test]
fn messages_outlive_a_killed_node_and_a_restart_of_postgres() {
    let Some(programs) = postgres() else { return };
    let scratch = scratch();
    let mut cluster = Cluster::start(&programs, scratch.path());
    let [alice, bob] = ["alice", "bob"].map(|name| cluster.user(name));
    let room = alice.call::<ListRooms>(&(), &(), &()).unwrap().rooms[0].info.id;
    let mut sent = 0;
    for (key, until) in [
        ("", ""),
        ("k", "node 2 DOWN"),
        ("k", "the only one that is up"),
        ("r", "node 2 up"),
        ("k", "node 1 DOWN"),
        ("p", "PostgreSQL up"),
        ("r", "node 1 up"),
    ] {
        cluster.press(key);
        cluster.lines_until(until);
        for _ in 0..5 {
            sent += 1;
            send(&alice, room, sent);
        }
    }
    let page = bob.call::<ListMessages>(&room, &query::ListMessages::default(), &()).unwrap();
    let seqs: Vec<_> = page.messages.iter().map(|message| message.seq).collect();
    assert_eq!(seqs, (1..=sent).map(Seq).collect::<Vec<_>>());
    cluster.press("q");
    assert!(cluster.process.wait().unwrap().success());
    assert!(is_empty(scratch.path()));
}

#[test]
fn nothing_is_left_after_a_signal_the_end_of_the_keys_or_kill() {
    let Some(programs) = postgres() else { return };
    for signal in [Some(Signal::HUP), Some(Signal::KILL), None] {
        let scratch = scratch();
        let mut cluster = Cluster::start(&programs, scratch.path());
        assert!(!is_empty(scratch.path()));
        match signal {
            Some(signal) => kill_process(Pid::from_child(&cluster.process), signal).unwrap(),
            None => drop(cluster.process.stdin.take()),
        }
        cluster.process.wait().unwrap();
        let deadline = Instant::now() + TIMEOUT;
        while !is_empty(scratch.path()) {
            assert!(Instant::now() < deadline, "{signal:?}: the directory is still there");
            thread::sleep(Duration::from_millis(10));
        }
    }
}

/// The directory with PostgreSQL's programs.
fn postgres() -> Option<PathBuf> {
    let found = programs::find(&["initdb", "postgres"]);
    if let Err(reason) = &found {
        assert!(env::var_os("CI").is_none(), "{reason}");
        writeln!(io::stderr(), "left out: {reason}").ok();
    }
    found.ok()
}

/// A directory that a PostgreSQL can be in, which root runs as somebody else.
fn scratch() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::set_permissions(dir.path(), Permissions::from_mode(0o711)).unwrap();
    dir
}

/// Sends until it is acknowledged, as the client does.
fn send(user: &Client, room: RoomId, n: u64) {
    let message = NewMessage { text: n.to_string(), txn: Some(format!("t-{n}")), reply_to: None };
    let deadline = Instant::now() + TIMEOUT;
    while let Err(failure) = user.call::<SendMessage>(&room, &(), &message) {
        assert!(failure.may_pass() && Instant::now() < deadline, "{failure:?}");
        thread::sleep(Duration::from_millis(10));
    }
}

/// A running cluster, ended when the test is over.
struct Cluster {
    process: Child,
    lines: Lines<BufReader<ChildStdout>>,
    scripts: Vec<PathBuf>,
}

impl Cluster {
    fn start(programs: &Path, scratch: &Path) -> Self {
        let started = Command::new(env!("CARGO_BIN_EXE_cluster"))
            .arg(programs)
            .env("TMPDIR", scratch)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        let mut process = started.expect("the cluster can be executed");
        let lines = BufReader::new(process.stdout.take().expect("it was piped")).lines();
        let mut this = Self { process, lines, scripts: Vec::new() };
        let said = this.lines_until("PostgreSQL up");
        this.scripts = said.iter().filter_map(|line| line.trim().strip_prefix("sh ")).map(PathBuf::from).collect();
        this
    }

    /// The client of a user who is signed in, as the script of that user would start it.
    fn user(&self, name: &str) -> Client {
        let script = self.scripts.iter().find(|script| script.ends_with(name)).expect("a script for each user");
        let text = fs::read_to_string(script).unwrap();
        let address = text.split_whitespace().find(|word| word.starts_with("https://")).expect("an address");
        let origin = Origin::parse(address).unwrap();
        let state = StateDir::at(script.with_file_name(format!("{name}-state")).join("quchat"));
        let session = state::kept_session(&state, &origin).expect("a session");
        Client::signed_in(Access::new(Server { pin: state::kept_pin(&state, &origin), origin }, &session))
    }

    fn press(&mut self, key: &str) {
        self.process.stdin.as_mut().expect("it was piped").write_all(key.as_bytes()).unwrap();
    }

    fn lines_until(&mut self, wanted: &str) -> Vec<String> {
        let mut seen = Vec::new();
        while !wanted.is_empty() && !seen.last().is_some_and(|line: &String| line.contains(wanted)) {
            let line = self.lines.next().unwrap_or_else(|| panic!("ended without {wanted:?}: {seen:#?}"));
            seen.push(line.expect("a line of text"));
        }
        seen
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.process.stdin.take()); // it removes everything
        let _ = self.process.wait();
    }
}

fn is_empty(dir: &Path) -> bool {
    fs::read_dir(dir).expect("the test's own directory").next().is_none()
}

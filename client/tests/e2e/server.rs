//! The real server on its own directory. Tests can kill and restart it and query it over REST.

use std::{
    env,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use quchat_client::api::{Access, Client, Origin, Token};
use quchat_shared::{
    Room, RoomId,
    api::{Credentials, ListMessages, ListRooms, NewMessage, SearchMessages, SendMessage, SignIn, SignOut},
    query,
};
use tempfile::TempDir;

use crate::terminal::PATIENCE;

/// Satisfies every password rule.
pub(crate) const PASSWORD: &str = "correct horse";

/// A server. Dropping it kills the process and removes its directory.
pub(crate) struct Server {
    process: Child,
    address: String,
    dir: TempDir,
}

impl Server {
    /// Starts a new server on a free port.
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    /// Starts a new server with these arguments. They do not survive a restart.
    pub(crate) fn start_with(args: &[&str]) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let (process, address) = run(&dir, "127.0.0.1:0", args).expect("the server starts");
        Self { process, address, dir }
    }

    /// `http://127.0.0.1:PORT`
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Kills the server with SIGKILL.
    pub(crate) fn kill(&mut self) {
        self.process.kill().expect("the server is there");
        self.process.wait().expect("a child can be waited for");
    }

    /// Stops the server; its connections stay open.
    pub(crate) fn stop(&self) {
        self.signal("-STOP");
    }

    /// Continues a stopped server.
    pub(crate) fn go_on(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.process.id().to_string()]).status().expect("kill");
        assert!(sent.success(), "kill {signal}");
    }

    /// Backs the running server up, to a file in a directory of its own.
    pub(crate) fn back_up(&self) -> TempDir {
        let backup = tempfile::tempdir().expect("a directory");
        self.run_verb("backup", backup.path());
        backup
    }

    /// Kills the server and restarts it with the data of the backup.
    pub(crate) fn restore(&mut self, backup: &TempDir) {
        self.kill();
        self.dir = tempfile::tempdir().expect("a directory");
        self.run_verb("restore", backup.path());
        self.start_again();
    }

    fn run_verb(&self, verb: &str, backup: &Path) {
        let mut command = Command::new(program());
        command.arg(verb).arg(backup.join("backup.tar")).arg("--data-dir").arg(self.dir.path());
        let output = command.output().expect("the server's program runs");
        assert!(output.status.success(), "{verb}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// Starts it again on the same directory and port.
    pub(crate) fn start_again(&mut self) {
        let listen = self.address.trim_start_matches("http://").to_owned();
        let deadline = Instant::now() + PATIENCE;
        self.process = loop {
            match run(&self.dir, &listen, &[]) {
                Some((process, _)) => break process,
                None => assert!(Instant::now() < deadline, "the server does not start again on {listen}"),
            }
            thread::sleep(Duration::from_millis(50)); // another process may hold the port for a moment
        };
    }

    /// The texts of a room, oldest first, as `user` reads them.
    pub(crate) fn texts(&self, user: &str, room: &str) -> Vec<String> {
        let token = self.sign_in(user);
        let query = query::ListMessages { bound: query::Bound::Newest, limit: Some(200) };
        let page = self.client(&token).call::<ListMessages>(&self.room(&token, room), &query, &()).expect("a page");
        page.messages.into_iter().map(|message| message.text).collect()
    }

    /// The unread count of a room for the user of this token.
    pub(crate) fn unread(&self, token: &str, room: &str) -> u64 {
        self.listed(token, room).unread
    }

    /// Sends messages over REST.
    pub(crate) fn say(&self, user: &str, room: &str, texts: impl IntoIterator<Item = String>) {
        let token = self.sign_in(user);
        let (client, room) = (self.client(&token), self.room(&token, room));
        for text in texts {
            let new = NewMessage { text, txn: None, reply_to: None };
            client.call::<SendMessage>(&room, &(), &new).expect("it is sent");
        }
    }

    /// Waits until the server finds this word, which it may do a little after the message was sent.
    pub(crate) fn has_indexed(&self, user: &str, word: &str) {
        let client = self.client(&self.sign_in(user));
        let query = query::SearchMessages { q: word.to_owned(), ..query::SearchMessages::default() };
        let until = Instant::now() + PATIENCE;
        while client.call::<SearchMessages>(&(), &query, &()).is_ok_and(|found| found.hits.is_empty()) {
            assert!(Instant::now() < until, "{word} is not found");
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Signs a session out over REST.
    pub(crate) fn sign_out(&self, token: &str) {
        self.client(token).call::<SignOut>(&(), &(), &()).expect("it is signed out");
    }

    fn sign_in(&self, user: &str) -> String {
        let credentials = Credentials { name: user.to_owned(), password: PASSWORD.to_owned() };
        Client::anonymous(self.origin()).call::<SignIn>(&(), &(), &credentials).expect("a session").token
    }

    fn room(&self, token: &str, name: &str) -> RoomId {
        self.listed(token, name).info.id
    }

    fn listed(&self, token: &str, name: &str) -> Room {
        let rooms = self.client(token).call::<ListRooms>(&(), &(), &()).expect("the rooms").rooms;
        rooms.into_iter().find(|room| room.info.name == name).expect("the room is there")
    }

    /// A client with the session of this token.
    fn client(&self, token: &str) -> Client {
        Client::signed_in(Access { server: self.origin().into(), token: Token::new(token.to_owned()) })
    }

    /// The address as the client takes it.
    pub(crate) fn origin(&self) -> Origin {
        Origin::parse(&self.address).expect("the server names its address")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Starts the server and waits for its address; `None` if it exits instead.
fn run(dir: &TempDir, listen: &str, args: &[&str]) -> Option<(Child, String)> {
    let mut process = Command::new(program())
        .args(["--limit", "all=off", "--listen", listen, "--data-dir"])
        .arg(dir.path())
        .args(args)
        .env_remove("QUCHAT_LISTEN")
        .env_remove("QUCHAT_DATA_DIR")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the server can be executed");
    let mut stdout = BufReader::new(process.stdout.take().expect("it was piped"));
    let mut line = String::new();
    stdout.read_line(&mut line).expect("the server's output");
    let address = line.trim().strip_prefix("listening on ").map(str::to_owned);
    if address.is_none() {
        process.wait().expect("a child can be waited for");
    }
    thread::spawn(move || std::io::copy(&mut stdout, &mut std::io::sink()));
    address.map(|address| (process, address))
}

/// The server's binary, which cargo puts beside the client's.
fn program() -> PathBuf {
    let name = format!("quchat-server{}", env::consts::EXE_SUFFIX);
    let path = PathBuf::from(env!("CARGO_BIN_EXE_quchat")).with_file_name(name);
    assert!(
        path.exists(),
        "{} is not built: run `cargo test --workspace` (or `cargo build -p quchat-server` once before)",
        path.display()
    );
    path
}

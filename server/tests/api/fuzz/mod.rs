//! Random input over the wire: no answer is a 5xx, and nothing panics.
//!
//! Each target runs a number of cases that takes seconds. `cargo xtask fuzz` runs more of them for minutes. A case that
//! fails is kept in `server/tests/proptest-regressions` and runs first from then on.

mod bodies;
mod handshakes;
mod requests;
mod targets;

use std::fs;

use proptest::test_runner::{Config, TestRunner, contextualize_config};
use rustix::process::Signal;
use serde_json::json;

use crate::harness::{Client, DataDir, LoggedProcess, prepared};

/// Runs `usual` cases, or as many as `cargo xtask fuzz` asks for.
fn runner(usual: u32, source: &'static str) -> TestRunner {
    let config = Config { cases: usual, max_shrink_iters: 300, source_file: Some(source), ..Config::default() };
    TestRunner::new(contextualize_config(config))
}

/// Who sends a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    Nobody,
    /// Has a token that the server did not sign.
    Forger,
    /// Is in some of the rooms.
    Member,
    /// Is in none of the rooms.
    Outsider,
    /// Created all rooms.
    Admin,
}

impl Who {
    /// The place of a user in [`Stage::users`].
    fn index(self) -> Option<usize> {
        match self {
            Self::Nobody | Self::Forger => None,
            Self::Admin => Some(0),
            Self::Member => Some(1),
            Self::Outsider => Some(2),
        }
    }
}

/// A server with users and rooms.
struct Stage {
    server: LoggedProcess,
    users: [Client; 3],
    _data_dir: DataDir,
}

/// The number of rooms at the start. Their ids begin at 1.
const ROOMS: u64 = 12;
/// The number of messages in each room.
const MESSAGES: u64 = 3;

impl Stage {
    fn set() -> Self {
        let data_dir = prepared::data_dir();
        let server = LoggedProcess::start_with(&data_dir.path(), |command| {
            command.env("QUCHAT_LOG", "error");
        });
        let users = ["alice", "bob", "carol"].map(|name| prepared::client(name).unwrap().at(server.server.address));
        let [admin, member, outsider] = &users;
        for n in 1..=ROOMS {
            let kind = if n % 3 == 0 { "private" } else { "public" };
            let room = admin.post("/v1/rooms", &json!({"name": format!("room {n}"), "kind": kind})).expect(201).value();
            assert_eq!(room["id"], n);
            if n % 2 == 0 {
                admin.put(&format!("/v1/rooms/{n}/members/{}", member.user().id), &json!({})).expect(201);
            }
            for seq in 1..=MESSAGES {
                let text = format!("hello there, @bob, this is number {seq}");
                admin.post(&format!("/v1/rooms/{n}/messages"), &json!({ "text": text })).expect(201);
            }
        }
        admin.put(&format!("/v1/direct/{}", outsider.user().id), &json!({})).expect(201);
        Self { server, users, _data_dir: data_dir }
    }

    fn user(&self, who: Who) -> Option<&Client> {
        who.index().map(|index| &self.users[index])
    }

    /// Signs a user in again whose session a request has ended. If that is not possible any more, sets a new stage.
    fn revive(&mut self, who: Who) {
        let Some(index) = who.index() else { return };
        let user = &self.users[index];
        if user.get("/v1/users/me").status == 200 {
            return;
        }
        match Client::try_sign_in(user.address, &user.user().name) {
            Ok(again) => self.users[index] = again,
            Err(_) => std::mem::replace(self, Self::set()).end(),
        }
    }

    /// Whether nothing has panicked so far.
    fn is_sound(&self) -> bool {
        !self.server.log().contains("panicked")
    }

    /// Stops the server, which must succeed.
    fn end(self) {
        Client::anonymous(self.server.server.address).get("/healthz").expect(200);
        let LoggedProcess { server, log } = self.server;
        server.signal(Signal::TERM);
        assert_eq!(server.wait().0.code(), Some(0));
        let log = fs::read_to_string(log.path()).unwrap();
        assert!(!log.contains("panicked"), "{log}");
    }
}

//! What the program prints about joining, and the invite of the first admin.

use quchat_shared::{
    invite::InviteCode,
    join_link::JoinLink,
    user::{ServerRole, Session},
};
use serde_json::json;

use crate::harness::{Client, DataDir, LoggedProcess, PASSWORD, Process};

/// A server that accepts plain HTTP from everywhere.
fn start(data_dir: &DataDir, flags: &[&str]) -> LoggedProcess {
    LoggedProcess::start_with(&data_dir.path(), |command| {
        command.arg("--plaintext").args(flags);
    })
}

/// The link in the line that begins like this.
fn link(server: &LoggedProcess, start: &str) -> JoinLink {
    let line = server.waits_for(start);
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

fn register(server: &LoggedProcess, name: &str, code: &InviteCode) -> crate::harness::Answer {
    let new = json!({"name": name, "password": PASSWORD, "invite": code.to_string()});
    Client::anonymous(server.server.address).elsewhere().post("/v1/users", &new)
}

const PUBLIC: &[&str] = &["--public-address", "chat.example.org:7000"];
const ADMIN: &str = "to become the admin, run: quchat ";

#[test]
fn a_link_is_printed_for_each_address() {
    let data_dir = DataDir::new();
    let server = start(&data_dir, &["--public-address", "chat.example.org:7000", "--public-address", "[2001:db8::7]"]);
    let port = server.server.address.port();
    server.waits_for("to join, run: quchat quchat://chat.example.org:7000/");
    server.waits_for(&format!("to join, run: quchat 'quchat://[2001:db8::7]:{port}/"));
    drop(server);
    let server = start(&DataDir::new(), &[]);
    let port = server.server.address.port();
    server.waits_for(&format!("to join, run: quchat quchat://127.0.0.1:{port}/"));
    assert!(!server.log().contains("admin"), "the first to register here is the admin: {}", server.log());
}

#[test]
fn each_start_without_an_admin_prints_a_new_invite_for_one() {
    let data_dir = DataDir::new();
    let first = start(&data_dir, PUBLIC);
    let old = link(&first, ADMIN).invite.unwrap();
    first.server.kill();
    let second = start(&data_dir, &["--public-address", "chat.example.org:7000", "--registration", "closed"]);
    let new = link(&second, ADMIN).invite.unwrap();
    register(&second, "mallory", &old).refuses("invite");
    let alice = register(&second, "alice", &new).expect(201).json::<Session>();
    assert_eq!(alice.user.role, ServerRole::Admin);
    register(&second, "mallory", &new).refuses("invite");
    second.server.kill();

    let third = start(&data_dir, PUBLIC);
    third.waits_for("to join, run");
    assert!(!third.log().contains("admin"), "{}", third.log());
}

#[test]
fn the_invite_of_the_admin_is_void_once_there_is_one() {
    let data_dir = DataDir::new();
    let server = start(&data_dir, PUBLIC);
    let code = link(&server, ADMIN).invite.unwrap();
    assert_eq!(server.server.register("alice").user().role, ServerRole::Admin, "the first on this machine");
    register(&server, "mallory", &code).refuses("invite");
}

#[test]
fn flags_that_are_no_limits_modes_or_addresses_are_refused() {
    for (flag, value, word) in [
        ("--limit", "messages=lots", "20/s"),
        ("--limit", "hooks=off", "messages, changes, registrations or rooms"),
        ("--registration", "maybe", "open, invite or closed"),
        ("--public-address", "a b", "host"),
    ] {
        let output = Process::command().args([flag, value]).stderr(std::process::Stdio::piped()).output().unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{flag} {value}: {text}");
        assert!(text.contains(word), "{flag} {value}: {text}");
    }
}

#[test]
fn limits_are_set_by_flags_in_their_order() {
    let data_dir = DataDir::new();
    let server = start(&data_dir, &["--limit", "all=off", "--limit", "messages=1/h:2"]);
    let alice = server.server.register("alice");
    let room = alice.create_room("lobby");
    alice.count_to(room, 2);
    alice.try_send_message(room, "3").problem(429, "rate_limited");
}

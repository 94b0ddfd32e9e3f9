//! `migrate`: a server moves from SQLite to PostgreSQL, and nobody notices; or nothing has happened.

mod before;
mod look;
mod rows;

use std::{
    fs,
    path::Path,
    process::{Output, Stdio},
};

use quchat_server::clock::Clock;
use quchat_shared::{
    Event, Message, Seq,
    api::Hits,
    event::{Reset, ResetReason},
};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use self::before::Before;
use crate::harness::{
    Client, DataDir, Database, LoggedProcess, Node, Process, TestServer, eventually, fill_room, needs_postgres,
};

const OLD: &str = "quchat.db";
const MIGRATED: &str = "quchat.db.migrated";

/// The verb that moves a directory to its PostgreSQL.
fn command(data_dir: &DataDir, more: &[&str]) -> std::process::Command {
    let mut command = Process::command();
    command.envs(Process::variables(&data_dir.path())).env_remove("QUCHAT_STORE");
    command.arg("migrate").arg("--from").arg(data_dir.path()).args(["--to", &data_dir.url().unwrap()]).args(more);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

#[track_caller]
fn succeeds(data_dir: &DataDir, more: &[&str]) -> String {
    let Output { status, stdout, stderr } = command(data_dir, more).output().unwrap();
    assert!(status.success(), "{}", String::from_utf8_lossy(&stderr));
    String::from_utf8(stdout).unwrap()
}

/// Returns the last line of standard error.
#[track_caller]
fn reason(output: &Output, code: i32) -> String {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), &*output.stdout), (Some(code), &b""[..]), "{errors}");
    errors.lines().last().unwrap().strip_prefix("quchat-server: ").unwrap().to_owned()
}

#[track_caller]
fn fails(data_dir: &DataDir, code: i32) -> String {
    reason(&command(data_dir, &[]).output().unwrap(), code)
}

/// A server on SQLite, where one user has registered, and then stopped.
fn small() -> (DataDir, Client) {
    let data_dir = DataDir::on_sqlite();
    let server = on_sqlite(&data_dir);
    let alice = server.register("alice");
    server.stop();
    (data_dir, alice)
}

fn on_sqlite(data_dir: &DataDir) -> TestServer {
    TestServer::start_nodes(1, data_dir.clone(), Clock::system(), |_| {})
}

fn on_postgres(data_dir: &DataDir) -> TestServer {
    TestServer::start_on(data_dir.clone(), Clock::system(), |_| {})
}

fn tables(data_dir: &DataDir) -> i64 {
    data_dir.database().number("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
}

/// A server on PostgreSQL with what was there before, moved.
fn moved(before: &Before, more: &[&str]) -> (DataDir, TestServer) {
    let moved = before.data_dir.with_empty_postgres();
    succeeds(&moved, more);
    let server = on_postgres(&moved);
    (moved, server)
}

#[test]
fn clients_find_everything_as_it_was() {
    needs_postgres!();
    let before = Before::make();
    let (moved, server) = moved(&before, &[]);
    let clients = before.clients_at(server.address);
    let after = look::everything(&clients, &before.rooms);
    assert_eq!(before.seen.len(), after.len());
    assert!(after.iter().filter(|seen| seen.status == 200).count() > 100, "most of it is there");
    for (was, is) in before.seen.iter().zip(&after) {
        assert_eq!(was, is);
    }
    let checked = Process::command_on(&moved.path()).arg("check").output().unwrap();
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stdout));
}

#[test]
fn streams_sends_and_ids_go_on() {
    needs_postgres!();
    let before = Before::make();
    let (_, server) = moved(&before, &["--json"]);
    let [alice, bob, ..] = &*before.clients_at(server.address) else { unreachable!("there are more") };
    assert!(alice.create_room("new") > before.newest_room, "an id is never used again");

    let replayed = |client: &Client, id: &str| {
        let fence = client.create_private_room("fence");
        let received = client.resume(id).until(|event| match event {
            Event::RoomCreated(created) => created.room.id == fence,
            _ => false,
        });
        client.delete_room(fence);
        received.into_iter().map(|received| received.event).collect::<Vec<_>>()
    };
    let events = replayed(bob, &before.bobs_position);
    let texts: Vec<_> = events.iter().filter_map(|event| message(event)).map(|message| &*message.text).collect();
    assert_eq!(texts, before.sent_after_bobs_position);
    assert!(
        events.iter().any(|event| matches!(event, Event::RoomDeleted(deleted) if deleted.room_id == before.doomed))
    );
    let reset = bob.resume(&before.pruned_position).next().event;
    assert!(matches!(reset, Event::Reset(Reset { reason: ResetReason::TooOld, .. })), "{reset:?}");

    let lobby = before.rooms[0];
    let again: Message = alice.try_send_once(lobby, "sent once", "before-1").expect(200).json();
    assert_eq!(again.seq, before.sent_once);
    let last = alice.room(lobby).info.last_seq;
    assert_eq!(alice.send_message(lobby, "next").seq, Seq(last.0 + 1));
    before.ended.at(server.address).get("/v1/users/me").problem(401, "unauthenticated");
    let mallory = server.register("mallory");
    before.ended.at(server.address).get("/v1/users/me").problem(401, "unauthenticated");
    assert!(mallory.user().id > before.newest_user);
}

fn message(event: &Event) -> Option<&Message> {
    match event {
        Event::MessageCreated(created) => Some(&created.message),
        _ => None,
    }
}

#[test]
fn old_messages_are_found_once_the_index_is_made_anew() {
    needs_postgres!();
    let before = Before::make();
    let (moved, server) = moved(&before, &[]);
    let clients = before.clients_at(server.address);
    let find = |client: &Client, word: &str| {
        eventually("the index is complete", || {
            let answer = client.get(&format!("/v1/search?q={word}"));
            (answer.status == 200).then(|| answer.json::<Hits>())
        })
    };
    for (client, found) in clients.iter().zip(&before.found) {
        let texts: Vec<_> = find(client, "needle").hits.into_iter().map(|hit| hit.message.text).collect();
        assert_eq!(&texts, found, "{}", client.user().name);
    }
    clients[0].send_message(before.rooms[0], "a needle that is new");
    eventually("a new message is found", || {
        (find(&clients[0], "needle").hits.len() > before.found[0].len()).then_some(())
    });
    let checked = Process::command_on(&moved.path()).arg("check").output().unwrap();
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stdout));
}

#[test]
fn every_row_arrives_but_those_of_a_room_that_is_being_purged() {
    needs_postgres!();
    let before = Before::make();
    let doomed = before.doomed;
    let sqlite = Database::Sqlite(before.data_dir.sqlite());
    assert!(sqlite.number(&format!("SELECT count(*) FROM messages WHERE room_id = {doomed}")) > 0, "it is not purged");
    let was = rows::of_all_tables(&sqlite, doomed);
    drop(sqlite);
    let moved = before.data_dir.with_empty_postgres();
    succeeds(&moved, &[]);
    let database = moved.database();
    for (table, was) in was {
        assert!(!was.is_empty(), "the test has nothing in {}", table.name);
        assert_eq!(rows::of(&database, &table, None), was, "{}", table.name);
    }
}

#[test]
fn an_interrupted_copy_leaves_nothing_and_the_next_one_succeeds() {
    needs_postgres!();
    let (data_dir, alice) = small();
    let room = {
        let server = on_sqlite(&data_dir);
        alice.at(server.address).create_room("lobby")
    };
    fill_room(&Database::Sqlite(data_dir.sqlite()), room, &alice, 100_000);
    let moved = data_dir.with_empty_postgres();
    let database = moved.database();
    let copying = "SELECT count(*) FROM pg_stat_progress_copy
        WHERE datname = current_database() AND tuples_processed > 5000";
    let open = "SELECT count(*) FROM pg_stat_progress_copy WHERE datname = current_database()";
    let cut = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_progress_copy WHERE datname = current_database()";
    for how in ["kill -9", "Ctrl+C", "lost connection"] {
        let mut child = command(&moved, &[]).spawn().unwrap();
        eventually("rows are copied", || (database.number(copying) > 0).then_some(()));
        match how {
            "kill -9" => child.kill().unwrap(),
            "Ctrl+C" => kill_process(Pid::from_child(&child), Signal::INT).unwrap(),
            _ => assert_eq!(database.number(cut), 1),
        }
        let output = child.wait_with_output().unwrap();
        match how {
            "kill -9" => assert_eq!(output.status.code(), None),
            "Ctrl+C" => assert!(reason(&output, 130).contains("nothing was changed")),
            _ => {
                let reason = reason(&output, 1);
                assert!(reason.contains("PostgreSQL"), "{reason}");
            }
        }
        eventually("PostgreSQL has undone it", || (database.number(open) == 0).then_some(()));
        assert_eq!(tables(&moved), 0, "nothing is left");
        assert!(data_dir.path().join(OLD).exists() && !data_dir.path().join(MIGRATED).exists());
    }
    // Meanwhile the old server goes on.
    on_sqlite(&data_dir).stop();
    let printed: Value = serde_json::from_str(&succeeds(&moved, &["--json"])).unwrap();
    assert_eq!(printed["copied"], serde_json::json!({"users": 1, "rooms": 1, "messages": 100_000}));
    let server = on_postgres(&moved);
    let alice = alice.at(server.address);
    assert_eq!(alice.messages(room, "?before=100001&limit=1").messages[0].text, "needle 100000");
}

#[test]
fn a_database_that_is_not_empty_or_in_use_is_refused() {
    needs_postgres!();
    let (data_dir, alice) = small();
    let moved = data_dir.with_empty_postgres();
    let other = DataDir::new();
    let server = TestServer::start_nodes(1, other.clone(), Clock::system(), |_| {});
    let refused = |code, to: &DataDir| {
        let mut command = Process::command();
        command.envs(Process::variables(&data_dir.path())).env("QUCHAT_STORE", to.url().unwrap());
        command.args(["migrate", "--from"]).arg(data_dir.path()).stderr(Stdio::piped());
        reason(&command.output().unwrap(), code)
    };
    let said = refused(1, &other);
    assert!(said.contains("a quchat-server runs on") && said.contains("stop it"), "{said}");
    server.register("zoe");
    server.stop();
    let said = refused(1, &other);
    assert!(said.contains("has users or rooms already"), "{said}");
    assert_eq!(other.database().number("SELECT count(*) FROM users"), 1);

    // A server that ran there without anybody has left its lineage and its keys.
    let mut config = quchat_server::Config::new(DataDir::on_sqlite().path());
    config.postgres = moved.postgres();
    Node::start(config).stop();
    succeeds(&moved, &[]);
    let server = on_postgres(&moved);
    alice.at(server.address).get("/v1/users/me").expect(200);
}

#[test]
fn a_directory_that_cannot_be_moved_is_refused() {
    needs_postgres!();
    let (data_dir, _) = small();
    let moved = data_dir.with_empty_postgres();
    let server = on_sqlite(&data_dir);
    let said = fails(&moved, 1);
    assert!(said.contains("a quchat-server is using") && said.contains("stop it"), "{said}");
    server.stop();
    let nothing = DataDir::on_sqlite().with_empty_postgres();
    let said = fails(&nothing, 4);
    assert!(said.contains(OLD) && said.contains("does not exist"), "{said}");
    assert!(!nothing.path().exists(), "a mistyped directory is not created");
    let current: i64 = data_dir.sqlite().query_row("PRAGMA user_version", (), |row| row.get(0)).unwrap();
    let set_version = |version| data_dir.sqlite().execute_batch(&format!("PRAGMA user_version = {version}")).unwrap();
    set_version(current - 1);
    let said = fails(&moved, 1);
    assert!(said.contains("earlier version") && said.contains("start the server once"), "{said}");
    set_version(current + 1);
    let said = fails(&moved, 1);
    assert!(said.contains("later version") && said.contains("start that version"), "{said}");
    set_version(current);
    data_dir.sqlite().execute_batch("UPDATE users SET name = 'a' || char(0)").unwrap();
    let said = fails(&moved, 1);
    assert!(said.contains("refuses a row of the table users") && said.contains("check"), "{said}");
    assert_eq!(tables(&moved), 0);
}

#[test]
fn a_postgresql_that_cannot_be_reached_is_named_and_nothing_changes() {
    let (data_dir, _) = small();
    let mut migrate = Process::command();
    migrate.arg("migrate").arg("--from").arg(data_dir.path()).args(["--to", "postgres://quchat@127.0.0.1:1/chat"]);
    let said = reason(&migrate.stdout(Stdio::piped()).stderr(Stdio::piped()).output().unwrap(), 5);
    assert!(said.contains("database chat of PostgreSQL on 127.0.0.1") && said.contains("cannot be reached"), "{said}");
    assert!(data_dir.path().join(OLD).exists() && !data_dir.path().join(MIGRATED).exists());
}

#[test]
fn the_old_database_is_kept_but_not_used_by_mistake() {
    needs_postgres!();
    let (data_dir, alice) = small();
    let moved = data_dir.with_empty_postgres();
    let printed = succeeds(&moved, &[]);
    for words in ["--store", "--data-dir", MIGRATED, "pg_dump"] {
        assert!(printed.contains(words), "{words} is not in {printed}");
    }
    let names = |dir: &Path| {
        let names = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.starts_with(OLD)).collect::<Vec<_>>()
    };
    assert_eq!(names(&data_dir.path()), [MIGRATED], "with all that was in its log");
    let mut config = quchat_server::Config::new(data_dir.path());
    let Err(refusal) = Node::try_start(config.clone()) else { panic!("it starts") };
    let said = refusal.to_string();
    assert!(said.contains("moved to PostgreSQL") && said.contains("--store") && said.contains("rename"), "{said}");
    let said = fails(&moved, 1);
    assert!(said.contains("moved to PostgreSQL"), "{said}");

    let server = on_postgres(&moved);
    let room = alice.at(server.address).create_room("on PostgreSQL");
    server.stop();
    // Another directory has other keys.
    let elsewhere = DataDir::on_sqlite();
    config.data_dir = elsewhere.path();
    config.postgres = moved.postgres();
    let Err(refusal) = Node::try_start(config) else { panic!("it starts") };
    assert!(refusal.to_string().contains("signing key"), "{refusal}");

    fs::rename(data_dir.path().join(MIGRATED), data_dir.path().join(OLD)).unwrap();
    let server = on_sqlite(&data_dir);
    alice.at(server.address).get(&format!("/v1/rooms/{room}")).problem(404, "not_found");
}

#[test]
fn a_server_on_postgresql_warns_of_a_database_that_was_not_moved() {
    needs_postgres!();
    let (data_dir, _) = small();
    let moved = data_dir.with_empty_postgres();
    let line = LoggedProcess::start(&moved.path()).waits_for("this database is not used");
    assert!(line.contains(OLD) && line.contains("migrate"), "{line}");
    succeeds(&moved, &[]);
    assert!(!LoggedProcess::start(&moved.path()).log().contains("not used"));
}

#[test]
fn a_copy_that_was_complete_before_the_end_is_recognised() {
    needs_postgres!();
    let (data_dir, alice) = small();
    let moved = data_dir.with_empty_postgres();
    succeeds(&moved, &[]);
    let (old, migrated) = (data_dir.path().join(OLD), data_dir.path().join(MIGRATED));
    fs::rename(&migrated, &old).unwrap(); // as if it had been killed just before it renamed it
    let printed: Value = serde_json::from_str(&succeeds(&moved, &["--json"])).unwrap();
    assert_eq!((&printed["copied"], printed["kept"].as_str()), (&Value::Null, migrated.to_str()));
    assert!(migrated.exists() && !old.exists());
    fs::rename(&migrated, &old).unwrap();
    let server = on_sqlite(&data_dir);
    alice.at(server.address).create_room("written since");
    server.stop();
    let said = fails(&moved, 1);
    assert!(said.contains("has users or rooms already"), "{said}");
    assert!(old.exists(), "what was written since is not put aside");
    fs::write(&migrated, "x").unwrap();
    let said = fails(&moved, 1);
    assert!(said.contains("earlier migration") && said.contains("move it away"), "{said}");
}

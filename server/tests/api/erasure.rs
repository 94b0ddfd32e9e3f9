//! What was deleted or replaced is in no file any more: not in the database, and soon not in its log.

use std::time::Duration;

use quchat_server::clock::Clock;
use quchat_shared::{RoomId, Seq};

use crate::harness::{Client, TestServer, eventually, fill_room, needs_sqlite, store};

/// Words that nothing else contains, each more than once in a text that takes several pages.
fn text(word: &str) -> String {
    format!("{word} ").repeat(3900 / (word.len() + 1))
}

fn start() -> TestServer {
    TestServer::start_with(|config| config.erase_delay = Duration::from_millis(20))
}

fn in_files(server: &TestServer, word: &str) -> bool {
    server.data_dir.holds(word.as_bytes()).is_some()
}

#[track_caller]
fn is_erased(server: &TestServer, word: &str) {
    eventually("the word is in no file", || (!in_files(server, word)).then_some(()));
}

/// A room with texts of many lengths, some of them among others of another room.
fn talk(alice: &Client, room: RoomId, word: &str) -> Vec<Seq> {
    let other = alice.create_room("other");
    let lengths = [1, 3, 40, 150, 1, 2, 10, 80, 300, 1];
    let send = |times: &usize| {
        alice.send_message(other, &"y".repeat(times * 5));
        alice.send_message(room, &format!("{word} ").repeat(*times)).seq
    };
    lengths.iter().cycle().take(60).map(send).collect()
}

#[test]
fn a_deleted_text_is_erased_from_all_files() {
    let server = start();
    let alice = server.user("alice");
    let room = alice.create_room("lobby");
    alice.send_message(room, &text("xylophone"));
    let seqs = talk(&alice, room, "xylophone");
    assert!(in_files(&server, "xylophone"));
    alice.delete_message(room, 1);
    for seq in seqs {
        alice.delete_message(room, seq.0);
    }
    is_erased(&server, "xylophone");
    if store().is_none() {
        let unerased = || server.data_dir.database().number("SELECT count(*) FROM unerased");
        eventually("nothing is left to erase", || (unerased() == 0).then_some(()));
    }
    let server = server.restart(|_| {});
    assert!(!in_files(&server, "xylophone"));
}

#[test]
fn a_replaced_text_is_erased_from_all_files() {
    let server = start();
    let alice = server.user("alice");
    let room = alice.create_room("lobby");
    alice.send_message(room, &text("xylophone"));
    alice.send_message(room, "short xylophone");
    alice.send_message(room, &"after ".repeat(50));
    assert!(in_files(&server, "xylophone"));
    alice.edit(room, 1, "short");
    alice.edit(room, 2, &text("marimba"));
    is_erased(&server, "xylophone");
    assert!(in_files(&server, "marimba"));
    alice.edit(room, 2, "short again");
    is_erased(&server, "marimba");
}

#[test]
fn the_log_keeps_a_deleted_text_only_until_it_is_emptied() {
    needs_sqlite!("it is about SQLite's files");
    let server = TestServer::start_with(|config| config.erase_delay = Duration::from_secs(3600));
    let alice = server.user("alice");
    let room = alice.create_room("lobby");
    alice.send_message(room, &text("xylophone"));
    alice.delete_message(room, 1);
    assert!(in_files(&server, "xylophone"), "or else these tests would prove nothing about the log");
    let crashed = server.data_dir.copy();
    let server =
        TestServer::start_on(crashed, Clock::system(), |config| config.erase_delay = Duration::from_millis(20));
    is_erased(&server, "xylophone");
    assert_eq!(alice.at(server.address).message(room, 1).text, "");
}

#[test]
fn an_open_read_delays_the_erasure_but_no_message() {
    needs_sqlite!("it is about SQLite's files");
    let server = start();
    let alice = server.user("alice");
    let room = alice.create_room("lobby");
    alice.send_message(room, &text("xylophone"));
    let reader = server.data_dir.sqlite();
    reader.execute_batch("BEGIN").unwrap();
    let count = || reader.query_row("SELECT count(*) FROM messages", (), |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(count(), 1);
    alice.delete_message(room, 1);
    for n in 0..50 {
        alice.send_message(room, &n.to_string());
    }
    assert!(in_files(&server, "xylophone"), "a reader may still need it");
    assert_eq!(count(), 1);
    reader.execute_batch("COMMIT").unwrap();
    is_erased(&server, "xylophone");
}

#[test]
fn a_large_room_that_is_deleted_is_erased_once_nobody_sends() {
    needs_sqlite!("it is about SQLite's files");
    let server = start();
    let alice = server.user("alice");
    let (room, _) = (alice.create_room("lobby"), alice.create_room("other"));
    fill_room(&server.data_dir.database(), room, &alice, 3000);
    let server = server.restart(|config| config.erase_delay = Duration::from_millis(20));
    let alice = alice.at(server.address);
    let indexed = || server.data_dir.database().number("SELECT indexed FROM search_state");
    eventually("all texts are in the index", || (indexed() >= 3000).then_some(()));
    alice.delete_room(room);
    is_erased(&server, "needle");
}

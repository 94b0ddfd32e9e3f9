//! Upgrading a database of an earlier version whose data today's rules no longer allow.

use std::fs;

use quchat_shared::{Event, Room, RoomId, Seq, room::Role};
use serde_json::json;

use crate::harness::{Client, DataDir, TestServer, eventually, needs_sqlite};

/// A database that quchat-server 0.1.0 wrote.
const OLD: &str = include_str!("fixtures/0.1.0.sql");
/// A position in its event stream, before the last message.
const CURSOR: &str = "abcd0123-23";
const GENERAL: RoomId = RoomId(1);
const DESERTED: RoomId = RoomId(10);

fn database(data_dir: &DataDir) -> rusqlite::Connection {
    rusqlite::Connection::open(data_dir.path().join("quchat.db")).unwrap()
}

fn upgraded() -> TestServer {
    let data_dir = DataDir::new();
    fs::create_dir(data_dir.path()).unwrap();
    database(&data_dir).execute_batch(OLD).unwrap();
    TestServer::start_on(data_dir, quchat_server::clock::Clock::system(), |_| {})
}

/// Everything in a database: its version, its tables and their rows.
fn dump(database: &rusqlite::Connection) -> Vec<String> {
    let texts = |sql: &str| {
        let mut statement = database.prepare(sql).unwrap();
        let rows = statement.query_map((), |row| row.get::<_, String>(0)).unwrap();
        rows.collect::<Result<Vec<_>, _>>().unwrap()
    };
    let mut all = texts("SELECT user_version || '' FROM pragma_user_version");
    all.extend(texts("SELECT coalesce(sql, name) FROM sqlite_schema ORDER BY name"));
    for table in texts("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name") {
        let columns = texts(&format!("SELECT 'quote(\"' || name || '\")' FROM pragma_table_info('{table}')"));
        all.extend(texts(&format!("SELECT {} FROM {table}", columns.join(" || ',' || "))));
    }
    all
}

/// The last migration fails because something has the name of its table.
#[test]
#[cfg(unix)]
fn a_migration_that_fails_leaves_the_old_state() {
    needs_sqlite!("the old database is one of SQLite");
    let data_dir = DataDir::new();
    fs::create_dir(data_dir.path()).unwrap();
    let old = database(&data_dir);
    old.execute_batch(OLD).unwrap();
    old.execute_batch("CREATE TABLE invites (n INTEGER)").unwrap();
    let before = dump(&old);
    let mut command = crate::harness::Process::command();
    command.args(["--listen", "127.0.0.1:0", "--data-dir"]).arg(data_dir.path()).stderr(std::process::Stdio::piped());
    let output = command.output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    for words in ["quchat.db", "invites", "nothing was changed", "start the earlier version again"] {
        assert!(text.contains(words), "{words:?} in {text}");
    }
    assert_eq!(dump(&old), before);
    old.execute_batch("DROP TABLE invites").unwrap();
    drop(old);
    let server = TestServer::start_on(data_dir, quchat_server::clock::Clock::system(), |_| {});
    assert_eq!(server.sign_in("alice").history(GENERAL).len(), 4);
}

fn names(client: &Client) -> Vec<(u64, String)> {
    client.rooms().rooms.into_iter().map(|room| (room.info.id.0, room.info.name)).collect()
}

#[test]
fn rooms_whose_names_now_look_the_same_get_a_number() {
    needs_sqlite!("the old database is one of SQLite");
    let server = upgraded();
    let carol = server.sign_in("carol");
    let expected = [
        (1, "general".to_owned()),
        (2, "gen\u{200B}eral (3)".to_owned()),
        (3, "room 3".to_owned()),
        (4, "General (2)".to_owned()),
        (5, "y".repeat(63)),
        (6, format!("{} (2)", "y".repeat(60))),
        (10, "deserted".to_owned()),
    ];
    assert_eq!(names(&carol), expected);
    for (_, name) in expected {
        carol.post("/v1/rooms", &json!({"name": name})).problem(409, "name_taken");
    }
    let room = carol.get("/v1/rooms/2").expect(200).json::<Room>();
    assert_eq!((room.info.rev, room.info.last_seq), (2, Seq(1)));
    let restarted = server.restart(|_| {});
    assert_eq!(names(&carol.at(restarted.address)).len(), 7);
}

#[test]
fn private_rooms_keep_names_that_look_the_same() {
    needs_sqlite!("the old database is one of SQLite");
    let server = upgraded();
    let of_alice: Vec<_> = names(&server.sign_in("alice")).into_iter().filter(|(id, _)| [7, 8].contains(id)).collect();
    assert_eq!(of_alice, [(7, "plans".to_owned()), (8, "pl\u{200B}ans".to_owned())]);
}

#[test]
fn a_client_that_resumes_gets_the_new_names() {
    needs_sqlite!("the old database is one of SQLite");
    let server = upgraded();
    let mut stream = server.sign_in("alice").resume(CURSOR);
    let received = stream.until(|event| matches!(event, Event::RoomUpdated(updated) if updated.room.id == RoomId(6)));
    let received: Vec<_> = received
        .into_iter()
        .map(|received| match received.event {
            Event::RoomUpdated(updated) => format!("{} is {}", updated.room.id, updated.room.name),
            event => event.name().to_owned(),
        })
        .collect();
    let expected = [
        "read.updated",
        "room.created",
        "message.created",
        "2 is gen\u{200B}eral (3)",
        "3 is room 3",
        &format!("6 is {} (2)", "y".repeat(60)),
    ];
    assert_eq!(received, expected);
}

#[test]
fn invisible_messages_survive_an_upgrade() {
    needs_sqlite!("the old database is one of SQLite");
    let server = upgraded();
    let alice = server.sign_in("alice");
    let texts: Vec<_> = alice.history(GENERAL).into_iter().map(|message| message.text).collect();
    assert_eq!(texts, ["hello", "@alice hi", "\u{200B}", "after the cursor"]);
    assert_eq!(alice.send_message(GENERAL, "on").seq, Seq(5));
    alice.try_send_message(GENERAL, "\u{200B}").refuses("text");
}

#[test]
fn an_empty_private_room_is_purged() {
    needs_sqlite!("the old database is one of SQLite");
    let server = upgraded();
    let database = database(&server.data_dir);
    let left = "SELECT (SELECT count(*) FROM rooms WHERE id = 9) + (SELECT count(*) FROM messages WHERE room_id = 9)";
    eventually("it is gone", || (database.query_row(left, (), |row| row.get::<_, i64>(0)).unwrap() == 0).then_some(()));
}

#[test]
fn members_of_old_rooms_are_listed_by_name_with_the_time_of_their_joining() {
    needs_sqlite!("the old database is one of SQLite");
    let server = upgraded();
    let listed = server.sign_in("alice").members(GENERAL, "").members;
    let listed: Vec<_> = listed.into_iter().map(|member| (member.user.name, member.joined_at.as_millis())).collect();
    let joined = [("alice", 1_795_908_911_234), ("bob", 1_795_908_911_256), ("carol", 1_795_908_911_264)];
    assert_eq!(listed, joined.map(|(name, at)| (name.to_owned(), at)));
}

#[test]
fn the_first_to_join_an_empty_public_room_becomes_owner() {
    needs_sqlite!("the old database is one of SQLite");
    let server = upgraded();
    assert_eq!(server.sign_in("carol").join(DESERTED).member.unwrap().role, Role::Owner);
}

#[test]
fn a_password_of_another_unicode_form_still_works_and_is_rehashed() {
    needs_sqlite!("the old database is one of SQLite");
    let server = upgraded();
    let try_sign_in =
        |password: &str| server.anonymous().post("/v1/sessions", &json!({"name": "bob", "password": password})).status;
    let hash = || {
        let sql = "SELECT password_hash FROM users WHERE name = 'bob'";
        database(&server.data_dir).query_row(sql, (), |row| row.get::<_, String>(0)).unwrap()
    };
    let old = hash();
    assert_eq!(try_sign_in("cafe secret"), 401);
    assert_eq!(hash(), old);
    assert_eq!(try_sign_in("cafe\u{301} secret"), 201, "as it was typed when bob registered");
    assert_ne!(hash(), old);
    assert_eq!((try_sign_in("caf\u{e9} secret"), try_sign_in("cafe\u{301}\u{A0}secret")), (201, 201));
    assert_eq!(try_sign_in("cafe secret"), 401);
}

#[test]
fn an_account_with_a_name_that_is_no_longer_allowed_stays() {
    needs_sqlite!("the old database is one of SQLite");
    let server = upgraded();
    assert_eq!(server.sign_in("___").user().name, "___");
    let credentials = json!({"name": "...", "password": "correct horse"});
    server.anonymous().post("/v1/users", &credentials).refuses("name");
}

#[test]
fn messages_of_before_can_be_edited_deleted_and_reacted_to() {
    needs_sqlite!("the old database is one of SQLite");
    let server = upgraded();
    let (alice, carol) = (server.sign_in("alice"), server.sign_in("carol"));
    let mut stream = alice.resume(CURSOR);
    let old = alice.history(GENERAL);
    assert!(old.iter().all(|message| message.rev == 1 && message.reactions.is_empty()));
    assert_eq!(alice.react(GENERAL, 1, "👍").reactions[0].users, [alice.user().id]);
    let edited = alice.edit(GENERAL, 1, "hello again");
    assert_eq!((edited.rev, &*edited.text, edited.reactions.len()), (3, "hello again", 1));
    alice.delete_message(GENERAL, 3);
    assert_eq!(carol.message(GENERAL, 3).text, "");
    let is_tombstone = |event: &Event| matches!(event, Event::MessageUpdated(e) if e.message.deleted_at.is_some());
    assert!(stream.until(is_tombstone).iter().any(|received| received.event.name() == "message.updated"));
}

#[test]
fn rooms_of_an_old_database_can_be_changed_and_deleted() {
    needs_sqlite!("the old database is one of SQLite");
    let server = upgraded();
    let (alice, carol) = (server.sign_in("alice"), server.sign_in("carol"));
    assert_eq!(alice.update_room(RoomId(3), &json!({"name": "Room Three"})).info.rev, 3);
    assert!(alice.update_room(GENERAL, &json!({"archived": true})).info.archived);
    let mut stream = carol.listen();
    alice.delete_room(GENERAL);
    assert_eq!(stream.next().event.name(), "room.deleted");
    assert!(carol.create_room("general") > DESERTED);
    let database = database(&server.data_dir);
    let left = "SELECT (SELECT count(*) FROM rooms WHERE id = 1) + (SELECT count(*) FROM messages WHERE room_id = 1)
        + (SELECT count(*) FROM mentions WHERE room_id = 1) + (SELECT count(*) FROM members WHERE room_id = 1)";
    eventually("it is gone", || (database.query_row(left, (), |row| row.get::<_, i64>(0)).unwrap() == 0).then_some(()));
}

#[test]
fn users_of_an_old_database_can_open_direct_rooms() {
    needs_sqlite!("the old database is one of SQLite");
    let server = upgraded();
    let (alice, carol) = (server.sign_in("alice"), server.sign_in("carol"));
    let room = alice.open_direct_room(carol.user().id).info.id;
    alice.send_message(room, "hello");
    assert_eq!(carol.room(room).peer.map(|peer| peer.name).as_deref(), Some("alice"));
}

//! Backups: made while the server runs and while it does not, verified, restored elsewhere, and interrupted.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Output, Stdio},
    thread,
};

use quchat_shared::{
    Event,
    event::{Reset, ResetReason},
};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::harness::{Client, DataDir, Over, Process, eventually, needs_sqlite};

/// Runs a verb to its end.
fn run(arguments: &[&str], data_dir: &Path) -> Output {
    let mut command = Process::command_on(data_dir);
    command.args(arguments).stderr(Stdio::piped());
    command.output().unwrap()
}

/// Runs a verb that succeeds. Returns what it prints.
#[track_caller]
fn succeeds(arguments: &[&str], data_dir: &Path) -> String {
    let output = run(arguments, data_dir);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Runs a verb that fails with this code. Returns the last line of standard error.
#[track_caller]
fn fails(arguments: &[&str], data_dir: &Path, code: i32) -> String {
    let output = run(arguments, data_dir);
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(code), 0), "{arguments:?}: {errors}");
    let reason = errors.lines().last().unwrap().strip_prefix("quchat-server: ").unwrap().to_owned();
    assert!(!errors.contains("panicked") && !errors.contains("os error"), "{errors}");
    reason
}

/// A directory for backups, and the path of one in it.
fn place() -> (tempfile::TempDir, PathBuf, String) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("backup.tar");
    let text = file.to_str().unwrap().to_owned();
    (dir, file, text)
}

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_backup_of_a_running_server_is_restored_elsewhere_and_clients_go_on() {
    needs_sqlite!("the verb copies SQLite's files");
    let (data_dir, (dir, _, file)) = (DataDir::new(), place());
    let server = Process::start(&data_dir.path());
    let alice = server.register("alice");
    let room = alice.create_room("lobby");
    alice.send_message(room, "before");
    succeeds(&["backup", &file], &data_dir.path());
    let lost = alice.create_room("lost");
    alice.send_message(room, "after");
    let after = alice.rooms().cursor.to_string();
    server.kill();

    let restored = DataDir::new();
    succeeds(&["restore", &file], &restored.path());
    assert!(names(&restored.path()).iter().all(|name| !name.starts_with('.')), "{:?}", names(&restored.path()));
    assert_eq!(names(dir.path()), ["backup.tar"]);
    let server = Process::start(&restored.path());
    let alice = alice.at(server.address);
    assert_eq!(alice.history(room).iter().map(|message| &*message.text).collect::<Vec<_>>(), ["before"]);
    alice.get(&format!("/v1/rooms/{lost}")).problem(404, "not_found");
    let reset = alice.resume(&after).next().event;
    assert!(matches!(reset, Event::Reset(Reset { reason: ResetReason::Unknown, .. })), "{reset:?}");
    assert!(alice.create_room("new") > lost, "an id that was lost is not used again");
}

#[test]
fn a_token_from_after_the_backup_is_nobody_elses_later() {
    needs_sqlite!("the verb copies SQLite's files");
    let (data_dir, (_dir, _, file)) = (DataDir::new(), place());
    let server = Process::start(&data_dir.path());
    server.register("alice");
    succeeds(&["backup", &file], &data_dir.path());
    let mallory = server.register("mallory");
    server.kill();
    let restored = DataDir::new();
    succeeds(&["restore", &file], &restored.path());
    let server = Process::start(&restored.path());
    let bob = server.register("bob");
    mallory.at(server.address).get("/v1/users/me").problem(401, "unauthenticated");
    assert_eq!(bob.get("/v1/users/me").value()["name"], "bob");
}

#[test]
fn a_backup_of_a_stopped_server_is_a_plain_private_archive() {
    needs_sqlite!("the verb copies SQLite's files");
    let (data_dir, (dir, path, file)) = (DataDir::new(), place());
    let server = Process::start(&data_dir.path());
    server.register("alice").create_room("lobby");
    server.kill(); // with a log that is not in the database yet
    let printed = succeeds(&["backup", "--json", &file], &data_dir.path());
    let manifest: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(manifest["files"][0]["name"], "quchat.db");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
    let unpacked = dir.path().join("unpacked");
    fs::create_dir(&unpacked).unwrap();
    let tar = std::process::Command::new("tar").args(["-xf", &file, "-C"]).arg(&unpacked).status().unwrap();
    assert!(tar.success());
    let all = ["manifest.json", "quchat.db", "signing-key", "tls-cert.pem", "tls-key.pem"];
    assert_eq!(names(&unpacked), all);
    assert_eq!(fs::read(unpacked.join("signing-key")).unwrap(), data_dir.signing_key());
    Client::sign_in(Process::start(&data_dir.path()).address, "alice").get("/v1/users/me").expect(200);
}

#[test]
fn deleted_text_is_in_no_backup_made_after_its_deletion() {
    needs_sqlite!("the verb copies SQLite's files");
    let (data_dir, (_dir, path, file)) = (DataDir::new(), place());
    let server = Process::start(&data_dir.path());
    let alice = server.register("alice");
    let room = alice.create_room("lobby");
    let mut deleted = Vec::new();
    for n in 0..120 {
        let seq = alice.send_message(room, &format!("needle{n:03} {}", "hay ".repeat(n))).seq.0;
        if n % 3 == 0 {
            deleted.push((seq, format!("needle{n:03}")));
        }
    }
    for (seq, _) in &deleted {
        alice.delete_message(room, *seq);
    }
    succeeds(&["backup", &file], &data_dir.path());
    let bytes = fs::read(path).unwrap();
    let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(holds("needle001"));
    for (_, text) in deleted {
        assert!(!holds(&text), "{text}");
    }
}

#[test]
fn writers_go_on_during_backups_and_each_of_those_is_whole() {
    needs_sqlite!("the verb copies SQLite's files");
    let (data_dir, (dir, ..)) = (DataDir::new(), place());
    let server = Process::start(&data_dir.path());
    let alice = server.register("alice");
    let room = alice.create_room("lobby");
    let over = Over::default();
    let sent = thread::scope(|scope| {
        let writing = scope.spawn(|| {
            let mut sent = 0;
            while !over.is_set() {
                alice.send_message(room, "again");
                sent += 1;
            }
            sent
        });
        let end = over.set_on_drop();
        for n in 0..3 {
            let file = dir.path().join(format!("{n}.tar"));
            succeeds(&["backup", file.to_str().unwrap()], &data_dir.path());
        }
        drop(end);
        writing.join().unwrap()
    });
    server.kill();
    let mut before = 0;
    for n in 0..3 {
        let restored = DataDir::new();
        succeeds(&["restore", dir.path().join(format!("{n}.tar")).to_str().unwrap()], &restored.path());
        let count = "SELECT count(*) FROM messages JOIN rooms ON rooms.id = room_id AND seq <= last_seq";
        let count: i64 = restored.sqlite().query_row(count, (), |row| row.get(0)).unwrap();
        assert!((before..=sent).contains(&count), "{before} {count} {sent}");
        before = count;
    }
}

#[test]
fn nothing_is_overwritten() {
    needs_sqlite!("the verb copies SQLite's files");
    let (data_dir, (dir, path, file)) = (DataDir::new(), place());
    drop(Process::start(&data_dir.path()));
    fs::write(&path, "precious").unwrap();
    let reason = fails(&["backup", &file], &data_dir.path(), 1);
    assert!(reason.contains(&file) && reason.contains("another name"), "{reason}");
    assert_eq!(fs::read(&path).unwrap(), b"precious");
    assert_eq!(names(dir.path()), ["backup.tar"]);

    let other = dir.path().join("other.tar");
    succeeds(&["backup", other.to_str().unwrap()], &data_dir.path());
    let before = names(&data_dir.path());
    let reason = fails(&["restore", other.to_str().unwrap()], &data_dir.path(), 1);
    assert!(reason.contains("not empty"), "{reason}");
    assert_eq!(names(&data_dir.path()), before);
}

#[test]
fn damage_is_found_and_a_damaged_backup_restores_nothing() {
    needs_sqlite!("the verb copies SQLite's files");
    let (data_dir, (_dir, path, file)) = (DataDir::new(), place());
    let server = Process::start(&data_dir.path());
    server.register("alice");
    succeeds(&["backup", &file], &data_dir.path());
    assert!(succeeds(&["backup", "--verify", &file], &data_dir.path()).contains("all checksums match"));
    let whole = fs::read(&path).unwrap();
    let mut flipped = whole.clone();
    flipped[20_000] ^= 1;
    let cases =
        [flipped, whole[..whole.len() / 2].to_vec(), whole[..whole.len() - 2048].to_vec(), vec![], b"x".repeat(2048)];
    for (nth, bytes) in cases.into_iter().enumerate() {
        fs::write(&path, bytes).unwrap();
        let reason = fails(&["backup", "--verify", &file], &data_dir.path(), 1);
        assert!(reason.contains(&file) && reason.contains("not a complete backup"), "{nth}: {reason}");
        let restored = DataDir::new();
        assert_eq!(fails(&["restore", &file], &restored.path(), 1), reason);
        assert!(!restored.path().exists(), "{nth}");
        fs::create_dir(restored.path()).unwrap();
        fails(&["restore", &file], &restored.path(), 1);
        assert_eq!(names(&restored.path()), [""; 0], "{nth}");
    }
    fails(&["backup", "--verify", "/nowhere/at/all"], &data_dir.path(), 4);
    fails(&["backup", &file], &DataDir::new().path(), 4);
}

/// The database is large enough for the signal to come before the end.
#[test]
fn an_interrupted_backup_leaves_nothing() {
    needs_sqlite!("the verb copies SQLite's files");
    let (data_dir, (dir, _, file)) = (DataDir::new(), place());
    drop(Process::start(&data_dir.path()));
    let fill = "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 20000)
        INSERT INTO events (kind, room_id, at) SELECT printf('%.2000c', 'x'), 1, n FROM n";
    data_dir.sqlite().execute(fill, ()).unwrap();
    for signal in [Signal::INT, Signal::TERM] {
        let mut command = Process::command();
        let mut child = command.args(["backup", &file, "--data-dir"]).arg(data_dir.path()).spawn().unwrap();
        eventually("it has begun", || dir.path().join("backup.tar.part").exists().then_some(()));
        kill_process(Pid::from_child(&child), signal).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(130));
        assert_eq!(names(dir.path()), [""; 0]);
    }
    // What a killed one leaves is taken away by the next.
    fs::write(dir.path().join("backup.tar.part"), "rest").unwrap();
    succeeds(&["backup", &file], &data_dir.path());
    assert_eq!(names(dir.path()), ["backup.tar"]);
}

#[test]
fn a_backup_to_a_full_disk_is_an_error_that_leaves_nothing() {
    needs_sqlite!("the verb copies SQLite's files");
    let (data_dir, (dir, _, file)) = (DataDir::new(), place());
    let server = Process::start(&data_dir.path());
    let alice = server.register("alice");
    let mut command = std::process::Command::new("sh");
    command.args(["-c", "ulimit -f 40; exec \"$0\" backup \"$1\" --data-dir \"$2\""]);
    command.arg(Process::command().get_program()).arg(&file).arg(data_dir.path()).stderr(Stdio::piped());
    let output = command.output().unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{errors}");
    assert!(errors.contains(&file), "{errors}");
    assert_eq!(names(dir.path()), [""; 0]);
    alice.create_room("lobby");
}

#[test]
fn a_check_finds_a_used_server_in_order_while_it_runs_and_after_a_crash() {
    let data_dir = DataDir::new();
    let server = Process::start(&data_dir.path());
    let (alice, bob) = (server.register("alice"), server.register("bob"));
    let room = alice.create_room("lobby");
    bob.join(room);
    let private = alice.create_private_room("den");
    let gone = alice.create_room("gone");
    for n in 0..30 {
        bob.send_message(room, &format!("message {n} for @alice"));
        alice.send_message(private, "words to find");
        alice.send_message(gone, "words to lose");
    }
    alice.react(room, 3, "👍");
    bob.edit(room, 4, "no mention");
    bob.delete_message(room, 5);
    alice.send_message(room, "@all come");
    alice.open_direct_room(bob.user().id);
    assert!(succeeds(&["check"], &data_dir.path()).contains("in order"));
    wait_for_index(&data_dir, 90);
    alice.delete_room(gone);
    assert_eq!(succeeds(&["check", "--json"], &data_dir.path()).trim(), r#"{"ok":true,"problems":[]}"#);
    server.kill();
    succeeds(&["check"], &data_dir.path());
}

/// Waits until as many messages can be found.
fn wait_for_index(data_dir: &DataDir, messages: i64) {
    let indexed = match data_dir.postgres() {
        Some(_) => "SELECT count(*) FROM search_index",
        None => "SELECT indexed FROM search_state",
    };
    eventually("the index is complete", || (data_dir.database().number(indexed) >= messages).then_some(()));
}

#[test]
fn a_check_names_every_kind_of_contradiction() {
    let data_dir = DataDir::new();
    let server = Process::start(&data_dir.path());
    let (alice, bob) = (server.register("alice"), server.register("bob"));
    let room = alice.create_room("lobby");
    bob.join(room);
    for n in 0..9 {
        bob.send_message(room, &format!("message {n} for @alice"));
    }
    alice.react(room, 3, "👍");
    wait_for_index(&data_dir, 9);
    server.kill();
    let of_both = [
        ("DELETE FROM messages WHERE seq = 2", "ends at message 9, but has 8"),
        ("UPDATE rooms SET last_seq = 12", "ends at message 12"),
        ("UPDATE rooms SET member_count = 7", "counts 7 members, but has 2"),
        ("UPDATE members SET last_read_seq = 99", "has read room"),
        ("UPDATE members SET name_key = 'x'", "another name"),
        ("UPDATE messages SET mentions = NULL WHERE seq = 1", "but is none"),
        ("DELETE FROM mentions WHERE seq = 4", "does not count as a mention"),
        ("UPDATE messages SET reactions = NULL", "does not show it"),
        ("DELETE FROM reactions", "other reactions"),
        ("UPDATE pruned SET through = 3", "should have been removed"),
    ];
    let of_sqlite = [
        ("UPDATE messages SET mentions_all = 1 WHERE seq = 4", "names everyone"),
        ("DELETE FROM sessions; PRAGMA foreign_keys = OFF; DELETE FROM users WHERE id = 2", "refers to a row of users"),
        ("DELETE FROM search_positions WHERE seq = 3", "never be found"),
        ("INSERT INTO search_positions (room_id, seq) VALUES (1, 77)", "which does not exist"),
        ("INSERT INTO search_1 (search_1) VALUES ('delete-all')", "search holds 0 messages"),
    ];
    let of_postgres = [
        ("UPDATE messages SET mentions_all = true WHERE seq = 4", "names everyone"),
        ("UPDATE messages SET sender_id = 77 WHERE seq = 2", "refers to a row of users"),
        ("DELETE FROM search_index WHERE seq = 3", "never be found"),
        ("UPDATE search_index SET seq = 77 WHERE seq = 3", "which does not exist"),
        ("UPDATE search_index SET terms = ''", "search holds 0 messages"),
    ];
    let of_one = if data_dir.postgres().is_some() { of_postgres } else { of_sqlite };
    for (change, word) in of_both.into_iter().chain(of_one) {
        let copy = data_dir.copy();
        match data_dir.postgres() {
            Some(_) => copy.database().change(change),
            None => copy.sqlite().execute_batch(change).unwrap(),
        }
        let output = run(&["check"], &copy.path());
        let found = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(1), "{change}: {found}");
        assert!(found.contains(word), "{change}: {found}");
    }
    let copy = data_dir.copy();
    succeeds(&["check"], &copy.path());
    if data_dir.postgres().is_some() {
        return; // its files are not ours
    }
    let database = copy.path().join("quchat.db");
    let mut bytes = fs::read(&database).unwrap();
    let page = bytes.windows(9).position(|window| window == b"message 5").unwrap() / 4096 * 4096;
    bytes[page..page + 200].fill(0xA5);
    fs::write(&database, bytes).unwrap();
    assert_eq!(run(&["check"], &copy.path()).status.code(), Some(1));
}

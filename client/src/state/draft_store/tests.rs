//! Tests unsent messages through restarts, kills in the middle of a save, broken files and second clients.

use quchat_shared::{RoomInfo, Timestamp, UserId, room::RoomKind, user::ServerRole};

use super::*;

const ROOM: RoomId = RoomId(3);

struct Home {
    _dir: tempfile::TempDir,
    state_dir: StateDir,
    origin: Origin,
}

impl Home {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let state_dir = StateDir::at(dir.path().join("quchat"));
        Self { _dir: dir, state_dir, origin: Origin::parse("localhost").unwrap() }
    }

    fn open(&self) -> Result<DraftStore, NotKept> {
        self.open_as(1, "alice", 0)
    }

    fn open_as(&self, id: u64, name: &str, registered: i64) -> Result<DraftStore, NotKept> {
        let (id, created_at) = (UserId(id), Timestamp::from_millis(registered));
        let user = User { id, name: name.into(), role: ServerRole::Member, created_at, online: true, suspended: false };
        DraftStore::open(&self.state_dir, &self.origin, &user)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.state_dir.user(&self.origin, UserId(1)).join("rooms").join(name)
    }
}

fn unsent(draft: &str, texts: &[&str]) -> Stored {
    let kept = |(n, text): (usize, &&str)| StoredMessage {
        txn: format!("p-{n}").into(),
        text: (*text).into(),
        reply_to: (n == 1).then_some(Seq(7)),
        edit: None,
        changed: false,
        written_ms: 1_795_340_400_000 + n as i64,
        refused: (n == 1).then(|| "too loud".into()),
    };
    Stored { draft: draft.into(), outbox: texts.iter().enumerate().map(kept).collect(), ..Stored::new(ROOM) }
}

#[test]
fn written_text_is_there_after_a_restart() {
    let home = Home::new();
    let unsent = Stored {
        reply_to: Some(Seq(3)),
        inputs: vec!["first\n\u{7}".into(), "/join".into()],
        ..unsent("half a \"thought\"\n\u{1b}[31m\0 ende…", &["one", "zwei 🎉\n\ttab"])
    };
    home.open().unwrap().save(&unsent).unwrap();
    let found = home.open().unwrap().read().unwrap();
    assert_eq!(found, Found { rooms: vec![unsent], visits: vec![], emoji: vec![], set_aside: vec![], former: None });
}

#[test]
fn edits_are_there_after_a_restart_with_the_draft_that_they_replaced() {
    let home = Home::new();
    let former = SavedDraft { text: "half a thought".into(), reply_to: Some(Seq(3)) };
    let mut all = unsent("the plan", &["one", "two"]);
    all.outbox[0].edit = Some(EditOf { seq: Seq(7), rev: Some(2) });
    all.outbox[1].changed = true;
    for target in [EditTarget::Message(EditOf { seq: Seq(4), rev: None }), EditTarget::Unsent("p-1".into())] {
        all.editing = Some(Editing { target, former: former.clone() });
        home.open().unwrap().save(&all).unwrap();
        assert_eq!(home.open().unwrap().read().unwrap().rooms, [all.clone()]);
    }
}

#[test]
fn only_a_file_with_edits_is_unreadable_for_versions_that_would_send_them_as_messages() {
    let home = Home::new();
    let store = home.open().unwrap();
    let mut stored = unsent("x", &["one"]);
    let format = |stored: &Stored| {
        store.save(stored).unwrap();
        let file: serde_json::Value = serde_json::from_slice(&fs::read(home.file("3.json")).unwrap()).unwrap();
        file["format"].as_u64()
    };
    assert_eq!(format(&stored), Some(1));
    stored.outbox[0].edit = Some(EditOf { seq: Seq(7), rev: None });
    assert_eq!(format(&stored), Some(2));
}

#[test]
fn recent_emoji_are_kept_in_their_order() {
    let home = Home::new();
    let mut store = home.open().unwrap();
    let emoji: Vec<Arc<str>> = vec!["🦀".into(), "👩🏽‍🚀".into()];
    store.write_emoji(&emoji).unwrap();
    assert_eq!(store.read().unwrap().emoji, emoji);
    fs::write(home.state_dir.user(&home.origin, UserId(1)).join("emoji.json"), "{\"emoji\":[7]}").unwrap();
    assert!(store.read().unwrap().emoji.is_empty());
}

#[test]
fn a_room_with_nothing_to_store_has_no_file() {
    let home = Home::new();
    let mut store = home.open().unwrap();
    store.save(&unsent("x", &[])).unwrap();
    store.save(&unsent("", &[])).unwrap();
    store.save(&unsent("", &[])).unwrap();
    assert!(!home.file("3.json").exists());
    assert_eq!(store.read().unwrap().rooms, []);
}

#[test]
fn a_kill_at_any_time_during_a_save_leaves_the_old_or_the_new_file() {
    let home = Home::new();
    let (old, new) = (unsent("old", &["a"]), unsent("new and longer", &["a", "b"]));
    home.open().unwrap().save(&old).unwrap();
    let complete = encode(&new).unwrap();
    for cut in 0..=complete.len() {
        // What a kill leaves behind: the unfinished file up to some byte, before the rename.
        fs::write(home.file("3.json.4711.tmp"), &complete[..cut]).unwrap();
        let found = home.open().unwrap().read().unwrap();
        assert_eq!(
            found,
            Found { rooms: vec![old.clone()], visits: vec![], emoji: vec![], set_aside: vec![], former: None }
        );
        assert!(!home.file("3.json.4711.tmp").exists());
    }
    fs::write(home.file("3.json.4711.tmp"), &complete).unwrap();
    fs::rename(home.file("3.json.4711.tmp"), home.file("3.json")).unwrap();
    assert_eq!(home.open().unwrap().read().unwrap().rooms, [new]);
}

#[test]
fn an_invalid_file_is_set_aside_unchanged_and_hides_no_other() {
    let home = Home::new();
    let mut store = home.open().unwrap();
    store.save(&unsent("fine", &[])).unwrap();
    let complete = encode(&Stored { room: RoomId(4), ..unsent("x", &["y"]) }).unwrap();
    let torn = &complete[..complete.len() / 2];
    let elsewhere = String::from_utf8(complete.clone()).unwrap().replace("\"room\":4", "\"room\":5");
    let nameless = String::from_utf8(complete.clone()).unwrap().replace("p-0", "");
    let broken = [torn, elsewhere.as_bytes(), nameless.as_bytes(), b"", b"\xff\0", b"[]"];
    for (n, bytes) in (1..).zip(broken) {
        fs::write(home.file("4.json"), bytes).unwrap();
        let found = store.read().unwrap();
        let aside = home.file(&format!("4.json.broken-{n}"));
        assert_eq!(fs::read(&aside).unwrap(), bytes);
        assert_eq!((found.rooms.len(), found.set_aside), (1, vec![aside]));
    }
}

#[test]
fn a_second_client_of_one_user_leaves_the_files_alone() {
    let home = Home::new();
    let first = home.open().unwrap();
    assert_eq!(home.open().unwrap_err(), NotKept::Elsewhere);
    assert!(home.open_as(2, "bob", 0).is_ok(), "another user has another store");
    drop(first);
    assert!(home.open().is_ok(), "a leftover lock file does not lock");
}

#[test]
fn a_failing_disk_is_reported_in_a_sentence() {
    let home = Home::new();
    fs::create_dir_all(home.state_dir.root().parent().unwrap()).unwrap();
    fs::write(home.state_dir.root(), "a file where the directory should be").unwrap();
    assert!(matches!(home.open(), Err(NotKept::Failing(reason)) if reason.contains("quchat")));
}

#[test]
fn unsent_messages_are_never_given_to_another_user_with_the_same_id() {
    let home = Home::new();
    home.open().unwrap().save(&unsent("of alice", &["in her name"])).unwrap();
    let of_alice = fs::read(home.file("3.json")).unwrap();
    for (n, (name, registered)) in (1..).zip([("mallory", 5), ("alice", 6)]) {
        let mut store = home.open_as(1, name, registered).unwrap();
        let former = home.state_dir.user(&home.origin, UserId(1)).join(format!("former-{n}"));
        let found =
            Found { rooms: vec![], visits: vec![], emoji: vec![], set_aside: vec![], former: Some(former.clone()) };
        assert_eq!(store.read().unwrap(), found, "a new server gave {name} the id of alice");
        assert_eq!(home.open_as(1, name, registered).unwrap_err(), NotKept::Elsewhere, "the lock is kept");
        store.save(&unsent(name, &[])).unwrap();
        drop(store);
        let found = home.open_as(1, name, registered).unwrap().read().unwrap();
        assert_eq!((found.rooms, found.former), (vec![unsent(name, &[])], None));
    }
    let kept = home.state_dir.user(&home.origin, UserId(1)).join("former-1/rooms/3.json");
    assert_eq!(fs::read(kept).unwrap(), of_alice, "nothing is lost");
}

#[test]
fn files_of_an_unknown_owner_are_set_aside() {
    let home = Home::new();
    home.open().unwrap().save(&unsent("whose?", &[])).unwrap();
    let who = home.state_dir.user(&home.origin, UserId(1)).join("who.json");
    for left in [None, Some("{\"name\":\"al")] {
        match left {
            None => fs::remove_file(&who).unwrap(),
            Some(torn) => fs::write(&who, torn).unwrap(),
        }
        let found = home.open().unwrap().read().unwrap();
        assert!(found.rooms.is_empty() && found.former.is_some(), "{found:?}");
    }
}

#[test]
fn a_file_of_a_later_version_is_not_changed() {
    let home = Home::new();
    home.open().unwrap().save(&unsent("now", &[])).unwrap();
    let later = fs::read_to_string(home.file("3.json")).unwrap().replace("\"format\":1", "\"format\":3,\"new\":{}");
    fs::write(home.file("3.json"), &later).unwrap();
    let mut store = home.open().unwrap();
    assert_eq!(
        store.read().unwrap(),
        Found { rooms: vec![], visits: vec![], emoji: vec![], set_aside: vec![], former: None }
    );
    assert!(store.save(&unsent("of the older one", &[])).unwrap_err().contains("later version of quchat"));
    assert!(store.save(&unsent("", &[])).is_err());
    assert_eq!(fs::read_to_string(home.file("3.json")).unwrap(), later);
}

#[test]
fn a_read_error_does_not_delete_the_file() {
    let home = Home::new();
    let mut store = home.open().unwrap();
    fs::create_dir(home.file("3.json")).unwrap(); // unreadable, as after an I/O error
    assert!(matches!(store.read(), Err(NotKept::Failing(reason)) if reason.contains("3.json")));
    assert!(home.file("3.json").exists());
}

fn visit(id: u64, name: &str, joined: bool) -> Visit {
    let info = RoomInfo {
        id: RoomId(id),
        rev: 4,
        name: name.into(),
        topic: "t".into(),
        kind: RoomKind::Private,
        created_by: UserId(2),
        created_at: Timestamp::from_millis(5),
        last_seq: Seq(6),
        archived: true,
    };
    Visit { info, joined, peer: None }
}

#[test]
fn visited_rooms_are_restored_in_order_and_an_invalid_file_counts_as_missing() {
    let home = Home::new();
    let mut store = home.open().unwrap();
    let visits = [visit(7, "den", true), visit(3, "a \"b\"\n\u{1b}[31m 🎉", false)];
    store.write_visits(&visits).unwrap();
    assert_eq!(store.read().unwrap().visits, visits);
    for broken in ["{\"visits\":[{\"id\":7,", "{\"rooms\":[7,3]}", "{\"visits\":[7]}"] {
        fs::write(home.state_dir.user(&home.origin, UserId(1)).join("visits.json"), broken).unwrap();
        assert_eq!(store.read().unwrap().visits, []);
    }
}

#[cfg(unix)]
mod in_place_of_a_file {
    use std::os::unix::fs::symlink;

    use rustix::fs::{CWD, Mode, mkfifoat};

    use super::*;
    use crate::state::{LastSignIn, Log, keep_session, kept_session};

    /// Everything that may exist in place of a file.
    fn things(path: &Path) -> Vec<Box<dyn Fn() + '_>> {
        vec![
            Box::new(move || mkfifoat(CWD, path, Mode::RUSR | Mode::WUSR).unwrap()),
            Box::new(move || fs::create_dir(path).unwrap()),
            Box::new(move || symlink("/dev/zero", path).unwrap()),
            Box::new(move || symlink(path, path).unwrap()),
            Box::new(move || File::create(path).unwrap().set_len(1 << 40).unwrap()), // as large as a disk
        ]
    }

    fn clear(path: &Path) {
        fs::remove_file(path).or_else(|_| fs::remove_dir_all(path)).ok();
    }

    #[test]
    fn a_non_file_is_reported_in_a_sentence_and_a_huge_file_is_set_aside() {
        let home = Home::new();
        home.open().unwrap().save(&unsent("kept", &[])).unwrap();
        let other = home.file("4.json");
        for put in &things(&other)[..4] {
            put();
            let read = home.open().unwrap().read();
            assert!(matches!(&read, Err(NotKept::Failing(why)) if why.contains("4.json")), "{read:?}");
            clear(&other);
        }
        things(&other)[4]();
        let found = home.open().unwrap().read().unwrap();
        assert_eq!((found.rooms.len(), found.set_aside.len()), (1, 1));
    }

    #[test]
    fn a_lock_or_owner_file_that_is_not_a_file_is_reported_in_a_sentence() {
        let home = Home::new();
        drop(home.open().unwrap());
        let dir = home.state_dir.user(&home.origin, UserId(1));
        for name in ["lock", "who.json"] {
            for put in &things(&dir.join(name))[..4] {
                clear(&dir.join(name));
                put();
                let Err(NotKept::Failing(why)) = home.open() else { panic!("{name} was opened") };
                assert!(why.contains(name), "{why}");
            }
            clear(&dir.join(name));
        }
    }

    #[test]
    fn the_client_starts_if_its_optional_files_are_not_regular_files() {
        let home = Home::new();
        let user = User {
            id: UserId(1),
            name: "alice".into(),
            role: ServerRole::Member,
            created_at: Timestamp::from_millis(0),
            online: true,
            suspended: false,
        };
        let session = quchat_shared::user::Session {
            id: quchat_shared::SessionId(1),
            token: "a.b.c".into(),
            expires_at: Timestamp::from_millis(1),
            user,
        };
        let token = home.state_dir.token(&home.origin);
        fs::create_dir_all(token.parent().unwrap()).unwrap();
        for put in things(&token) {
            put();
            assert_eq!(kept_session(&home.state_dir, &home.origin), None);
            clear(&token);
        }
        keep_session(&home.state_dir, &home.origin, &session).unwrap();
        let (last, log) = (home.state_dir.last_sign_in(), home.state_dir.root().join("quchat.log"));
        for (path, put) in things(&last).into_iter().map(|put| (&last, put)) {
            put();
            assert_eq!(LastSignIn::read(&home.state_dir), LastSignIn::default());
            clear(path);
        }
        for put in &things(&log)[..4] {
            put();
            Log::open(&home.state_dir).line(Timestamp::from_millis(0), "nobody reads this");
            clear(&log);
        }
    }
}

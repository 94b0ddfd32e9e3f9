//! Any bytes in the files of the state: the client reads what is sound, loses nothing that somebody wrote, and goes on.

use std::{fs, path::Path};

use proptest::{prelude::*, sample::select, test_runner::contextualize_config};
use quchat_shared::{
    RoomId, RoomInfo, Seq, SessionId, Timestamp, User, UserId,
    pin::Pin,
    room::{Notify, RoomKind},
    user::{ServerRole, Session},
};

use super::{DraftStore, LastSignIn, StateDir, keep_pin, keep_session, kept_pin, kept_session};
use crate::{
    api::{Origin, Server},
    model::{EditOf, EditTarget, Editing, SavedDraft, Stored, StoredMessage, Visit},
};

const ROOM: RoomId = RoomId(3);

fn user() -> User {
    let (id, created_at) = (UserId(1), Timestamp::from_millis(0));
    User { id, name: "alice".into(), role: ServerRole::Member, created_at, online: true, suspended: false }
}

/// What somebody wrote and has not sent.
fn unsent() -> Stored {
    let message = StoredMessage {
        txn: "p-1".into(),
        text: "hello 🦀".into(),
        reply_to: Some(Seq(7)),
        edit: Some(EditOf { seq: Seq(4), rev: Some(2) }),
        changed: true,
        written_ms: 1_795_340_400_000,
        refused: Some("too loud".into()),
    };
    let former = SavedDraft { text: "half a thought".into(), reply_to: None };
    Stored {
        draft: "a \"draft\"\n".into(),
        reply_to: Some(Seq(3)),
        editing: Some(Editing { target: EditTarget::Unsent("p-1".into()), former }),
        outbox: vec![message],
        inputs: vec!["/join".into()],
        notify: Some(Notify::Mentions),
        ..Stored::new(ROOM)
    }
}

fn visit() -> Visit {
    let info = RoomInfo {
        id: ROOM,
        rev: 4,
        name: "lobby".into(),
        topic: "t".into(),
        kind: RoomKind::Public,
        created_by: UserId(2),
        created_at: Timestamp::from_millis(5),
        last_seq: Seq(6),
        archived: false,
    };
    Visit { info, joined: true, peer: None }
}

/// A state directory with every file in it.
struct Home {
    _dir: tempfile::TempDir,
    state_dir: StateDir,
    origin: Origin,
}

impl Home {
    fn full() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let home = Self {
            state_dir: StateDir::at(dir.path().join("quchat")),
            origin: Origin::parse("https://localhost").unwrap(),
            _dir: dir,
        };
        let (state_dir, origin) = (&home.state_dir, &home.origin);
        let store = DraftStore::open(state_dir, origin, &user()).unwrap();
        store.save(&unsent()).unwrap();
        store.write_visits(&[visit()]).unwrap();
        store.write_emoji(&["🦀".into()]).unwrap();
        let session =
            Session { id: SessionId(1), token: "a.b.c".into(), expires_at: Timestamp::from_millis(1), user: user() };
        keep_session(state_dir, origin, &session).unwrap();
        keep_pin(state_dir, &Server { origin: origin.clone(), pin: Some(Pin([9; 32])) }).unwrap();
        let last = LastSignIn { server: Some(origin.to_string()), name: Some("alice".into()), chosen: true };
        last.write(state_dir).unwrap();
        home
    }

    /// Whether some file has exactly these bytes.
    fn has(&self, bytes: &[u8]) -> bool {
        fn below(dir: &Path, bytes: &[u8]) -> bool {
            fs::read_dir(dir)
                .unwrap()
                .map(|entry| entry.unwrap().path())
                .any(|path| if path.is_dir() { below(&path, bytes) } else { fs::read(path).unwrap() == bytes })
        }
        below(self.state_dir.root(), bytes)
    }
}

/// What happens to the bytes of a file.
#[derive(Debug, Clone)]
enum Damage {
    /// Some of them are replaced.
    Replaced(prop::sample::Index, usize, Vec<u8>),
    /// A value of the JSON is replaced: the first one after this place.
    Value(prop::sample::Index, &'static str),
    /// Something else entirely.
    Other(Vec<u8>),
}

impl Damage {
    fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Replaced(at, len, with) => {
                let at = at.index(bytes.len());
                let end = (at + len).min(bytes.len());
                bytes.splice(at..end, with.iter().copied());
            }
            Self::Value(at, with) => {
                let after = at.index(bytes.len());
                let Some(colon) = bytes[after..].iter().position(|byte| *byte == b':') else { return };
                let begin = after + colon + 1;
                let end =
                    bytes[begin..].iter().position(|byte| b",}]".contains(byte)).map_or(bytes.len(), |len| begin + len);
                bytes.splice(begin..end, with.bytes());
            }
            Self::Other(with) => bytes.clone_from(with),
        }
    }
}

fn damage() -> impl Strategy<Value = Damage> {
    const VALUES: &[&str] =
        &["null", "0", "-1", "1e999", "18446744073709551616", "\"\"", "\"\\u0000\"", "[]", "{}", "true", "3", "99"];
    let bytes = |max| prop::collection::vec(any::<u8>(), 0..max);
    prop_oneof![
        3 => (any::<prop::sample::Index>(), 0_usize..200, bytes(6)).prop_map(|(at, len, with)| Damage::Replaced(at, len, with)),
        3 => (any::<prop::sample::Index>(), select(VALUES)).prop_map(|(at, with)| Damage::Value(at, with)),
        1 => bytes(60).prop_map(Damage::Other),
        1 => select(VALUES).prop_map(|with| Damage::Other(with.into())),
    ]
}

proptest! {
    #![proptest_config(contextualize_config(ProptestConfig { cases: 64, ..ProptestConfig::default() }))]

    #[test]
    fn fuzz_any_bytes_in_a_file_are_survived(file in 0_usize..7, damage in prop::collection::vec(damage(), 1..3)) {
        let home = Home::full();
        let (state_dir, origin) = (&home.state_dir, &home.origin);
        let own = state_dir.user(origin, UserId(1));
        let room = own.join("rooms/3.json");
        let files = [
            room.clone(),
            own.join("who.json"),
            own.join("visits.json"),
            own.join("emoji.json"),
            state_dir.token(origin),
            state_dir.pin(origin),
            state_dir.last_sign_in(),
        ];
        let path = &files[file];
        let mut bytes = fs::read(path).unwrap();
        for damage in damage {
            if !bytes.is_empty() {
                damage.apply(&mut bytes);
            }
        }
        fs::write(path, &bytes).unwrap();
        let (drafts, token) = (fs::read(&room).unwrap(), fs::read(state_dir.token(origin)).unwrap());

        let _ = (LastSignIn::read(state_dir), kept_pin(state_dir, origin));
        if let Some(session) = kept_session(state_dir, origin) {
            prop_assert!(session.token.bytes().all(|byte| byte.is_ascii_graphic()), "{:?}", session.token);
        }
        let mut store = DraftStore::open(state_dir, origin, &user()).unwrap();
        let found = store.read().unwrap();
        prop_assert!(home.has(&drafts), "what was written is lost: {:?}", found);
        prop_assert!(home.has(&token), "the sign-in is lost");
        let is_readable = found.rooms.iter().any(|stored| stored.room == ROOM);
        prop_assert!(file != 0 || is_readable || !found.set_aside.is_empty() || room.exists(), "{:?}", found);
        prop_assert!(file <= 1 || found.rooms == [unsent()], "another file hides the drafts: {:?}", found);

        // A room whose file is of a later version is the only one that cannot be saved.
        if let Err(reason) = store.save(&unsent()) {
            prop_assert!(reason.contains("later version") && fs::read(&room).unwrap() == drafts, "{}", reason);
            return Ok(());
        }
        drop(store);
        let found = DraftStore::open(state_dir, origin, &user()).unwrap().read().unwrap();
        prop_assert_eq!(found.rooms, [unsent()]);
    }
}

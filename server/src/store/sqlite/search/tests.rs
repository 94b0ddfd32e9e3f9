//! Whatever happens to messages, the index offers those that match, and nothing is left of texts that are gone.

use std::collections::BTreeSet;

use proptest::{collection::vec, prelude::*, sample::select};
use quchat_shared::{RoomInfo, event::RoomDeleted, room::RoomKind, text::search::Search};

use super::*;
use crate::store::{EventRef, WriteEvents, WriteRooms, writer::Engine};

const USERS: u64 = 2;
const ROOMS: [RoomKind; 4] = [RoomKind::Public, RoomKind::Public, RoomKind::Private, RoomKind::Private];
const WORDS: [&str; 14] = [
    "apple",
    "Applesauce",
    "internship",
    "international",
    "of",
    "the",
    "a",
    "été",
    "東京",
    "東京都",
    "京",
    "-",
    "2026年",
    "i",
];
const QUERIES: [&str; 14] = [
    "app",
    "apple",
    "apples",
    "intern",
    "interns",
    "of the",
    "\"of the\"",
    "the -app",
    "a",
    "ete",
    "東京",
    "京都 -2026",
    "年 of",
    "app -\"東京都 of\"",
];

#[derive(Debug, Clone)]
enum Step {
    Send {
        room: u64,
        sender: u64,
        text: String,
    },
    /// An empty text deletes the message.
    Replace {
        nth: usize,
        text: String,
    },
    DeleteRoom {
        room: u64,
    },
    Purge,
    Index,
    Tidy,
    Prune,
    ChangeRules,
}

fn step() -> impl Strategy<Value = Step> {
    let text = || vec(select(&WORDS[..]), 1..6).prop_map(|words| words.join(" "));
    let room = || 1..=ROOMS.len() as u64;
    prop_oneof![
        12 => (room(), 1..=USERS, text()).prop_map(|(room, sender, text)| Step::Send { room, sender, text }),
        4 => (any::<usize>(), text()).prop_map(|(nth, text)| Step::Replace { nth, text }),
        2 => any::<usize>().prop_map(|nth| Step::Replace { nth, text: String::new() }),
        1 => room().prop_map(|room| Step::DeleteRoom { room }),
        1 => Just(Step::Purge),
        3 => Just(Step::Index),
        1 => Just(Step::Tidy),
        1 => Just(Step::Prune),
        1 => Just(Step::ChangeRules),
    ]
}

fn info(room: u64) -> RoomInfo {
    RoomInfo {
        id: RoomId(room),
        rev: 1,
        name: room.to_string(),
        topic: String::new(),
        kind: ROOMS[room as usize - 1],
        created_by: UserId(1),
        created_at: Timestamp::from_millis(0),
        last_seq: Seq(0),
        archived: false,
    }
}

/// A message as the model knows it.
#[derive(Debug, Clone)]
struct Sent {
    room: u64,
    seq: u64,
    sender: u64,
    text: String,
}

struct Case {
    db: Sqlite,
    dir: tempfile::TempDir,
    /// In the order of sending.
    sent: Vec<Sent>,
    deleted_rooms: BTreeSet<u64>,
}

impl Case {
    fn new() -> Self {
        use crate::store::stored_text::Text;
        let dir = tempfile::tempdir().unwrap();
        let mut this = Self {
            db: Sqlite::open(&dir.path().join("db")).unwrap(),
            dir,
            sent: Vec::new(),
            deleted_rooms: BTreeSet::new(),
        };
        this.write(|this| {
            for user in 1..=USERS {
                this.db.run(
                    "INSERT INTO users (id, name, name_key, password_hash, role, created_at) VALUES (?1, ?1, ?1, '', 'member', 0)",
                    [int(user)],
                )?;
            }
            for room in 1..=ROOMS.len() as u64 {
                this.db.run(
                    "INSERT INTO rooms (id, name, name_key, topic, kind, created_by, created_at) VALUES (?1, ?1, ?1, '', ?2, 1, 0)",
                    params![int(room), info(room).kind.to_text()],
                )?;
            }
            Ok(())
        });
        this
    }

    /// In a transaction of its own: the index is written when one is committed.
    fn write<T>(&mut self, write: impl FnOnce(&mut Self) -> Result<T>) -> T {
        Engine::begin(&mut self.db, &[]).unwrap();
        let outcome = write(self).unwrap();
        Engine::commit(&mut self.db).unwrap();
        outcome
    }

    fn run(&mut self, step: Step) -> Result<()> {
        match step {
            Step::Send { room, .. } if self.deleted_rooms.contains(&room) => {}
            Step::Send { room, sender, text } => {
                let seq = self.sent.iter().filter(|sent| sent.room == room).count() as u64 + 1;
                let event = RoomDeleted { room_id: RoomId(room) }; // the log keeps references alone
                let at = Timestamp::from_millis(0);
                self.db.record(&info(room), EventRef::MessageCreated { seq: Seq(seq) }, event.into(), at)?;
                self.db.run(
                    "INSERT INTO messages (room_id, seq, sender_id, text, sent_at) VALUES (?, ?, ?, ?, ?)",
                    params![int(room), int(seq), int(sender), text, int(self.sent.len() as u64)],
                )?;
                self.sent.push(Sent { room, seq, sender, text });
            }
            Step::Replace { nth, text } => {
                let nth = nth % self.sent.len().max(1);
                let Some(sent) = self.sent.get_mut(nth) else { return Ok(()) };
                if sent.text.is_empty() || self.deleted_rooms.contains(&sent.room) {
                    return Ok(());
                }
                let (room, seq) = (int(sent.room), int(sent.seq));
                self.db.replace_indexed_text(RoomId(sent.room), Seq(sent.seq), &text)?;
                self.db.run(
                    "UPDATE messages SET text = ?3, deleted_at = CASE ?3 WHEN '' THEN 1 END WHERE room_id = ?1 AND seq = ?2",
                    params![room, seq, text],
                )?;
                sent.text = text;
            }
            Step::DeleteRoom { room } => {
                self.db.delete_room(&info(room))?;
                self.deleted_rooms.insert(room);
            }
            Step::Purge => drop(self.purge(2)?),
            Step::Index => drop(self.db.index_messages()?),
            Step::Tidy => drop(self.db.tidy_index()?),
            Step::Prune => drop(self.db.prune_events(Timestamp::from_millis(1), 1, 5)?),
            Step::ChangeRules => drop(self.db.run("UPDATE search_state SET rules = 'older ones'", ())?),
        }
        Ok(())
    }

    /// Takes a step of the removal of old parts and deleted rooms; every other room counts as large. Returns whether there
    /// was one.
    fn purge(&mut self, limit: u32) -> Result<bool> {
        if self.db.remove_search_part()? {
            return Ok(true);
        }
        let next = "SELECT id FROM rooms WHERE is_deleted = 1 ORDER BY id LIMIT 1";
        let Some(room) = self.db.one(next, (), |row| uint(row, 0))? else { return Ok(false) };
        let messages = if room % 2 == 1 { u64::MAX } else { 1 };
        self.db.purge_room(RoomId(room), messages, limit).map(|()| true)
    }

    fn index_all(&mut self) {
        while !self.write(|this| this.db.index_messages()).is_complete {}
    }

    /// Every query over some rooms, compared with a look at all texts.
    fn check(&self) {
        for part in self.db.search_parts().unwrap() {
            let check = format!("INSERT INTO search_{0} (search_{0}) VALUES ('integrity-check')", part.id);
            self.db.run(&check, ()).unwrap();
        }
        assert_eq!(self.db.unindexed().unwrap(), None);
        let scopes = [
            (Public::AllBut(Vec::new()), vec![]),
            (Public::AllBut(vec![RoomId(2)]), vec![RoomId(3), RoomId(4)]),
            (Public::One(RoomId(2)), vec![]),
            (Public::None, vec![RoomId(4)]),
            (Public::None, vec![]),
        ];
        let is_deleted = |room: &RoomId| self.deleted_rooms.contains(&room.0);
        for (public, mut rooms) in scopes {
            rooms.retain(|room| !is_deleted(room)); // nobody is in it any more
            if matches!(public, Public::One(room) if is_deleted(&room)) {
                continue;
            }
            for (query, sender) in QUERIES.iter().flat_map(|query| [(query, None), (query, Some(UserId(2)))]) {
                let search = Search::parse(query).unwrap();
                let is_wanted = |sent: &&Sent| {
                    let room = RoomId(sent.room);
                    let is_readable = match (&public, info(sent.room).kind) {
                        (Public::AllBut(others), RoomKind::Public) => !others.contains(&room),
                        (Public::One(one), RoomKind::Public) => *one == room,
                        (Public::None, RoomKind::Public) => false,
                        _ => rooms.contains(&room),
                    };
                    is_readable
                        && !self.deleted_rooms.contains(&sent.room)
                        && sender.is_none_or(|id| id.0 == sent.sender)
                };
                let matching = |sent: &&Sent| search.find(&sent.text).is_some();
                let wanted: Vec<_> = self
                    .sent
                    .iter()
                    .rev()
                    .filter(is_wanted)
                    .filter(matching)
                    .map(|sent| (sent.room, sent.seq))
                    .collect();
                for by_whole_words in [false, true] {
                    let public = match &public {
                        Public::None => Public::None,
                        Public::One(room) => Public::One(*room),
                        Public::AllBut(rooms) => Public::AllBut(rooms.clone()),
                    };
                    let asked = Wanted { search: &search, public, rooms: rooms.clone(), sender, by_whole_words };
                    let found = self.db.found(&asked, Position::START, Position::END, 1000).unwrap();
                    assert!(found.is_sorted_by(|a, b| a.0 > b.0), "newest first, each once");
                    let found = found.into_iter().map(|(_, room, seq)| (room.0, seq.0));
                    let text = |place: &(u64, u64)| {
                        let sent = self.sent.iter().find(|sent| (sent.room, sent.seq) == *place).unwrap();
                        assert!(is_wanted(&sent), "{query}: {sent:?} is none of the wanted");
                        search.find(&sent.text).is_some()
                    };
                    assert_eq!(found.filter(text).collect::<Vec<_>>(), wanted, "{query}");
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn whatever_happens_what_matches_is_found_and_nothing_else(steps in vec(step(), 1..60)) {
        let mut case = Case::new();
        for step in steps {
            let is_reopened = matches!(step, Step::ChangeRules);
            case.write(|case| case.run(step));
            if is_reopened {
                case.db = Sqlite::open(&case.dir.path().join("db")).unwrap();
            }
        }
        case.index_all();
        case.check();
    }
}

/// Indexes a message in each of the rooms 1 and 2, begins the index anew and takes these steps before it is complete.
fn check_index_begun_anew(meanwhile: Vec<Step>) {
    let send = |room, text: &str| Step::Send { room, sender: 1, text: text.to_owned() };
    let mut case = Case::new();
    for step in [send(1, "apple"), send(2, "apple apple"), Step::Index, Step::ChangeRules] {
        case.write(|case| case.run(step));
    }
    case.db = Sqlite::open(&case.dir.path().join("db")).unwrap();
    meanwhile.into_iter().for_each(|step| case.write(|case| case.run(step)));
    case.index_all();
    case.check();
}

#[test]
fn what_is_removed_before_it_is_indexed_anew_leaves_a_sound_index() {
    let delete = Step::Replace { nth: 0, text: String::new() };
    check_index_begun_anew(vec![Step::DeleteRoom { room: 2 }, delete, Step::Index, Step::Purge]);
}

#[test]
fn an_index_is_complete_although_the_newest_messages_are_removed_before_it_gets_there() {
    check_index_begun_anew(vec![Step::DeleteRoom { room: 2 }, Step::Purge, Step::Purge]);
}

/// How many pages of the index hold these bytes.
fn pages_with(db: &Sqlite, word: &str) -> u64 {
    let tables = "SELECT name FROM sqlite_schema WHERE name GLOB 'search_[0-9]*_data'";
    let tables = db.all(tables, (), |row| row.get::<_, String>(0)).unwrap();
    let pages = |table: &String| {
        let pages = format!(
            "SELECT (SELECT count(*) FROM {table} WHERE instr(block, CAST(?1 AS BLOB)))
             + (SELECT count(*) FROM {} WHERE instr(term, CAST(?1 AS BLOB)))",
            table.replace("_data", "_idx")
        );
        db.one(&pages, [word], |row| uint(row, 0)).unwrap().unwrap()
    };
    tables.iter().map(pages).sum()
}

/// How many pages of the index hold "zyzzyvas", or a beginning of it that has a list of its own.
fn pages_with_beginnings(db: &Sqlite) -> u64 {
    ["zyzzyvas", "zyzzyv", "zyz"].map(|word| pages_with(db, word)).iter().sum()
}

#[test]
fn a_text_that_is_replaced_leaves_no_word_in_the_index() {
    let left = |is_secure: bool| {
        let mut case = Case::new();
        case.write(|case| {
            case.db.run("INSERT INTO search_1 (search_1, rank) VALUES ('secure-delete', ?)", [is_secure])?;
            for n in 0..400 {
                let text = if n % 100 == 50 { "the zyzzyvas".to_owned() } else { format!("the other {n} words") };
                case.run(Step::Send { room: 1 + n % 4, sender: 1, text })?;
            }
            Ok(())
        });
        case.index_all();
        assert!(pages_with(&case.db, "zyzzyvas") > 0);
        for nth in [50, 150, 250, 350] {
            let text = if nth == 350 { "the okapi" } else { "" };
            case.write(|case| case.run(Step::Replace { nth, text: text.to_owned() }));
        }
        case.check();
        pages_with_beginnings(&case.db)
    };
    assert_eq!(left(true), 0);
    assert!(left(false) > 0, "this can be seen");
}

#[test]
fn a_room_that_is_removed_leaves_no_word_in_the_index_although_others_send_meanwhile() {
    for room in [1, 2] {
        let mut case = Case::new();
        let send = |room, text: String| Step::Send { room, sender: 1, text };
        for n in 0..3 {
            case.write(|case| {
                for n in 100 * n..100 * (n + 1) {
                    case.run(send(room, format!("the zyzzyvas {n}")))?;
                    case.run(send(3, format!("the others {n}")))?;
                }
                Ok(())
            });
            case.index_all(); // each time a tree of its own
        }
        assert!(pages_with_beginnings(&case.db) > 0);
        case.write(|case| case.run(Step::DeleteRoom { room }));
        let mut steps = 0;
        while case.write(|case| Ok(case.purge(1000)? || case.db.tidy_index()?)) {
            case.write(|case| case.run(send(4, format!("meanwhile {steps}"))));
            case.index_all();
            steps += 1;
            assert!(steps < 200, "this comes to an end");
        }
        assert_eq!(pages_with_beginnings(&case.db), 0);
        case.check();
    }
}

#[test]
fn messages_are_found_in_all_parts_and_a_part_without_any_goes() {
    let mut case = Case::new();
    for room in [1, 3, 1, 1, 4] {
        for _ in 0..4 {
            let texts = (0..5).map(|n| Step::Send { room, sender: 1, text: format!("apple {n}") }).collect::<Vec<_>>();
            texts.into_iter().for_each(|send| case.write(|case| case.run(send)));
            case.index_all();
        }
    }
    let parts = |case: &Case| case.db.search_parts().unwrap().len();
    let before = parts(&case);
    assert!(before > 4, "{before} parts");
    case.check();
    case.write(|case| case.run(Step::DeleteRoom { room: 1 }));
    let mut nth = 0;
    while case.write(|case| case.purge(1000)) {
        // A text changes while its part is being replaced.
        case.write(|case| case.run(Step::Replace { nth: 20 + nth % 20, text: format!("applesauce {nth}") }));
        nth += 1;
    }
    assert!(parts(&case) < before - 1, "{} of {before} parts are left", parts(&case));
    case.check();
    let tables = "SELECT count(*) FROM sqlite_schema WHERE name GLOB 'search_[0-9]*_data'";
    let tables = case.db.one(tables, (), |row| uint(row, 0)).unwrap();
    assert_eq!(tables, Some(parts(&case) as u64), "no table is left of the others");
}

#[test]
fn an_index_of_before_the_parts_is_built_anew_and_nothing_is_left_of_it() {
    let mut case = Case::new();
    case.write(|case| case.run(Step::Send { room: 1, sender: 1, text: "apple".to_owned() }));
    case.index_all();
    let path = case.dir.path().join("old");
    let mut old = rusqlite::Connection::open(&path).unwrap();
    let migrations = rusqlite_migration::Migrations::new(super::super::migrations());
    migrations.to_version(&mut old, 6).unwrap();
    old.execute("INSERT INTO search (rowid, terms) VALUES (1, 'zyzzyvas')", ()).unwrap();
    old.execute("UPDATE search_state SET rules = ?, indexed = 1, hidden = 1", [terms::version()]).unwrap();
    old.execute("ATTACH ? AS new", [case.dir.path().join("db").to_str()]).unwrap();
    let fill = ["users", "rooms", "messages", "search_positions"]
        .map(|table| format!("INSERT INTO main.{table} SELECT * FROM new.{table};"))
        .concat();
    old.execute_batch(&fill).unwrap();
    drop(old);
    case.db = Sqlite::open(&path).unwrap();
    assert_eq!(case.db.unindexed().unwrap(), Some(Unindexed { done: 0, of: 1 }));
    assert!(pages_with(&case.db, "zyzzyvas") > 0);
    while case.write(|case| case.purge(1000)) {}
    assert_eq!(pages_with(&case.db, "zyzzyvas"), 0);
    case.index_all();
    case.check();
}

#[test]
fn the_newest_message_before_a_moment_is_found_although_some_are_gone() {
    let mut case = Case::new();
    case.write(|case| {
        for n in 0..20 {
            case.run(Step::Send { room: 1 + n % 2 * 2, sender: 1, text: "a".to_owned() })?; // sent at `n`
        }
        Ok(())
    });
    case.index_all();
    case.write(|case| case.db.run("DELETE FROM search_positions WHERE position BETWEEN 5 AND 9", ()));
    let position = |millis| case.db.position_before(Timestamp::from_millis(millis)).unwrap().0;
    assert_eq!([0, 1, 4, 9, 10, 20, 21].map(position), [0, 1, 4, 4, 10, 20, 20]);
}

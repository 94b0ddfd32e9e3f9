//! Whatever happens to messages, the index offers those that match, and nothing is left of texts that are gone. These tests
//! need a PostgreSQL in which they may create a database: `QUCHAT_TEST_STORE`.

use std::{cell::RefCell, collections::BTreeSet, env, process};

use proptest::{
    collection::vec,
    prelude::*,
    sample::select,
    test_runner::{Config, TestRunner},
};
use quchat_shared::{RoomInfo, event::RoomDeleted, text::search::Search};

use super::*;
use crate::store::{
    EventRef, WriteEvents, WriteRooms,
    postgres::{
        connection::{Connection, Planned},
        consistency,
        feed::Feed,
        opening,
        settings::Settings,
    },
    stored_text::Text as _,
    writer::Engine,
};

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
    /// As if many others had been sent.
    Skip {
        positions: u64,
    },
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
        2 => (0..40_000u64).prop_map(|positions| Step::Skip { positions }),
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

/// A database of its own, dropped together with this.
struct Database {
    db: RefCell<Postgres>,
    settings: Settings,
    server: Connection,
    name: String,
    /// Keeps the lineage alive that writes belong to.
    _feed: Feed,
}

fn plain(server: &Connection, sql: String) {
    server.flight(vec![Planned::Plain(sql.leak())], None).unwrap();
}

impl Database {
    /// `None` without a PostgreSQL.
    fn new(name: &str) -> Option<Self> {
        let Ok(store) = env::var("QUCHAT_TEST_STORE") else {
            eprintln!("left out: QUCHAT_TEST_STORE is not set");
            return None;
        };
        let server = Connection::open(&Settings::parse(&store).unwrap(), "").unwrap();
        let name = format!("quchat_unit_{}_{name}", process::id());
        plain(&server, format!("CREATE DATABASE {name}"));
        let (place, options) = store.split_once('?').unwrap_or((&store, ""));
        let (authority, _) = place.rsplit_once('/').unwrap();
        let settings = Settings::parse(&format!("{authority}/{name}?{options}")).unwrap();
        let opened = opening::open(&settings).unwrap();
        Some(Self { db: RefCell::new(opened.engine), settings, server, name, _feed: opened.feed })
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        plain(&self.server, format!("DROP DATABASE {} WITH (FORCE)", self.name));
    }
}

struct Case<'a> {
    db: &'a mut Postgres,
    /// In the order of sending.
    sent: Vec<Sent>,
    deleted_rooms: BTreeSet<u64>,
}

impl<'a> Case<'a> {
    fn new(db: &'a mut Postgres) -> Self {
        let mut this = Self { db, sent: Vec::new(), deleted_rooms: BTreeSet::new() };
        this.write(|this| {
            this.db.run("TRUNCATE users, rooms, messages, events, search_index RESTART IDENTITY CASCADE", params![])?;
            this.db.run("UPDATE pruned SET through = 0", params![])?;
            this.db.run("UPDATE search_state SET events = 0, newest = 0, rebuilt = 0, needed = 0", params![])?;
            for user in 1..=USERS {
                let insert = "INSERT INTO users (id, name, name_key, password_hash, role, created_at)
                    VALUES ($1, $1::bigint::text, $1::bigint::text, '', 'member', 0)";
                this.db.run(insert, params![int(user)])?;
            }
            for room in 1..=ROOMS.len() as u64 {
                let insert = "INSERT INTO rooms (id, name, name_key, topic, kind, created_by, created_at)
                    VALUES ($1, $1::bigint::text, $1::bigint::text, '', $2, 1, 0)";
                this.db.run(insert, params![int(room), info(room).kind.to_text()])?;
            }
            Ok(())
        });
        this
    }

    fn write<T>(&mut self, write: impl FnOnce(&mut Self) -> Result<T>) -> T {
        Engine::begin(self.db, &[]).unwrap();
        let outcome = write(self).unwrap();
        Engine::commit(self.db).unwrap();
        outcome
    }

    fn run(&mut self, step: Step) -> Result<()> {
        match step {
            Step::Send { room, .. } if self.deleted_rooms.contains(&room) => {}
            Step::Send { room, sender, text } => self.send(room, sender, text)?,
            Step::Replace { nth, text } => {
                let nth = nth % self.sent.len().max(1);
                let Some(sent) = self.sent.get_mut(nth) else { return Ok(()) };
                if sent.text.is_empty() || self.deleted_rooms.contains(&sent.room) {
                    return Ok(());
                }
                let (room, seq) = (int(sent.room), int(sent.seq));
                self.db.replace_indexed_text(RoomId(sent.room), Seq(sent.seq), &text)?;
                let update = "UPDATE messages SET text = $3, deleted_at = CASE $3::text WHEN '' THEN 1 END
                    WHERE room_id = $1 AND seq = $2";
                self.db.run(update, params![room, seq, text.clone()])?;
                sent.text = text;
            }
            Step::DeleteRoom { room } => {
                self.db.delete_room(&info(room))?;
                self.deleted_rooms.insert(room);
            }
            Step::Purge => drop(self.db.purge_deleted_rooms(2)?),
            Step::Index => drop(self.db.index_messages()?),
            Step::Skip { positions } => {
                let skip = "UPDATE search_state SET newest = newest + $1::bigint";
                self.db.run(skip, params![int(positions)]).map(drop)?;
            }
            Step::Prune => drop(self.db.prune_events(Timestamp::from_millis(1), 1, 5)?),
            Step::ChangeRules => drop(self.db.run("UPDATE search_state SET rules = 'older ones'", params![])?),
        }
        Ok(())
    }

    fn send(&mut self, room: u64, sender: u64, text: String) -> Result<()> {
        let seq = self.sent.iter().filter(|sent| sent.room == room).count() as u64 + 1;
        let event = RoomDeleted { room_id: RoomId(room) }; // the log keeps references alone
        let at = Timestamp::from_millis(0);
        self.db.record(&info(room), EventRef::MessageCreated { seq: Seq(seq) }, event.into(), at)?;
        let insert = "INSERT INTO messages (room_id, seq, sender_id, text, sent_at) VALUES ($1, $2, $3, $4, $5)";
        let sent_at = int(self.sent.len() as u64);
        self.db.run(insert, params![int(room), int(seq), int(sender), text.clone(), sent_at])?;
        self.sent.push(Sent { room, seq, sender, text });
        Ok(())
    }

    fn index_all(&mut self) {
        while !self.write(|this| this.db.index_messages()).is_complete {}
    }

    /// What the index holds is what the texts say.
    fn check_lexemes(&mut self) {
        let held = "SELECT position, room_id, seq, is_public, array_to_string(tsvector_to_array(terms), ' ')
            FROM search_index ORDER BY position";
        let held = self.write(|this| {
            this.db.all(held, params![], |row| {
                Ok((uint(row, 0)?, uint(row, 1)?, uint(row, 2)?, get::<bool>(row, 3)?, get::<String>(row, 4)?))
            })
        });
        for (position, room, seq, is_public, held) in held {
            let sent = self.sent.iter().find(|sent| (sent.room, sent.seq) == (room, seq)).unwrap();
            assert_eq!(is_public, info(room).kind == RoomKind::Public);
            let place = Place { position, room: RoomId(room), is_public, sender: UserId(sent.sender) };
            let wanted = lexemes(&place, &sent.text);
            assert_eq!(held.split(' ').collect::<BTreeSet<_>>(), wanted.split(' ').collect(), "{sent:?}");
        }
    }

    /// Every query over some rooms, compared with a look at all texts.
    fn check(&mut self) {
        self.check_lexemes();
        self.write(|this| {
            assert_eq!(this.db.unindexed()?, None);
            let scopes = [
                (Public::AllBut(Vec::new()), vec![]),
                (Public::AllBut(vec![RoomId(2)]), vec![RoomId(3), RoomId(4)]),
                (Public::One(RoomId(2)), vec![]),
                (Public::None, vec![RoomId(4)]),
                (Public::None, vec![]),
            ];
            for (public, mut rooms) in scopes {
                rooms.retain(|room| !this.deleted_rooms.contains(&room.0)); // nobody is in it any more
                if !matches!(public, Public::One(room) if this.deleted_rooms.contains(&room.0)) {
                    this.check_scope(&public, &rooms);
                }
            }
            Ok(())
        });
    }

    fn check_scope(&self, public: &Public, rooms: &[RoomId]) {
        for (query, sender) in QUERIES.iter().flat_map(|query| [(query, None), (query, Some(UserId(2)))]) {
            let search = Search::parse(query).unwrap();
            let is_wanted = |sent: &&Sent| {
                let room = RoomId(sent.room);
                let is_readable = match (public, info(sent.room).kind) {
                    (Public::AllBut(others), RoomKind::Public) => !others.contains(&room),
                    (Public::One(one), RoomKind::Public) => *one == room,
                    (Public::None, RoomKind::Public) => false,
                    _ => rooms.contains(&room),
                };
                is_readable && !self.deleted_rooms.contains(&sent.room) && sender.is_none_or(|id| id.0 == sent.sender)
            };
            let matching = |sent: &&Sent| search.find(&sent.text).is_some();
            let wanted: Vec<_> =
                self.sent.iter().rev().filter(is_wanted).filter(matching).map(|sent| (sent.room, sent.seq)).collect();
            for limit in [2, 1000] {
                let public = match public {
                    Public::None => Public::None,
                    Public::One(room) => Public::One(*room),
                    Public::AllBut(rooms) => Public::AllBut(rooms.clone()),
                };
                let asked = Wanted { search: &search, public, rooms: rooms.to_vec(), sender, by_whole_words: false };
                let found = self.pages(&asked, limit);
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

    fn pages(&self, asked: &Wanted<'_>, limit: u32) -> Vec<(Position, RoomId, Seq)> {
        let (mut all, mut before) = (Vec::new(), Position::END);
        loop {
            let page = self.db.found(asked, Position::START, before, limit).unwrap();
            let is_end = page.len() < limit as usize;
            before = page.last().map_or(before, |(last, ..)| *last);
            all.extend(page);
            if is_end {
                return all;
            }
        }
    }
}

#[test]
fn whatever_happens_what_matches_is_found_and_nothing_else() {
    let Some(database) = Database::new("found") else { return };
    let config = Config { cases: 15, failure_persistence: None, ..Config::default() };
    let outcome = TestRunner::new(config).run(&vec(step(), 1..60), |steps| {
        let mut db = database.db.borrow_mut();
        let mut case = Case::new(&mut db);
        for step in steps {
            case.write(|case| case.run(step));
        }
        case.index_all();
        case.check();
        Ok(())
    });
    outcome.unwrap();
    let problems = consistency::contradictions(&database.settings, |_, _| true).unwrap();
    assert!(problems.iter().all(|problem| !problem.contains("search")), "{problems:?}");
}

#[test]
fn the_newest_message_before_a_moment_is_found_although_some_are_gone() {
    let Some(database) = Database::new("before") else { return };
    let mut db = database.db.borrow_mut();
    let mut case = Case::new(&mut db);
    case.write(|case| {
        for n in 0..20 {
            case.run(Step::Send { room: 1 + n % 2 * 2, sender: 1, text: "a".to_owned() })?; // sent at `n`
        }
        Ok(())
    });
    case.index_all();
    case.write(|case| case.db.run("DELETE FROM search_index WHERE position BETWEEN 5 AND 9", params![]));
    let position = |millis| case.write(|case| case.db.position_before(Timestamp::from_millis(millis))).0;
    assert_eq!([0, 1, 4, 9, 10, 20, 21].map(position), [0, 1, 4, 4, 10, 20, 20]);
}

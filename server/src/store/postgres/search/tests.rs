//! Whatever happens to messages, the index offers those that match, and nothing is left of texts that are gone. These tests
//! need a PostgreSQL in which they may create a database: `QUCHAT_TEST_STORE`.

use std::{cell::RefCell, collections::BTreeSet, env, process};

use proptest::{
    collection::vec,
    prelude::*,
    test_runner::{Config, TestRunner},
};

use super::*;
use crate::store::{
    WriteEvents, WriteRooms,
    postgres::{
        connection::{Connection, Planned},
        consistency,
        feed::Feed,
        opening,
        settings::Settings,
    },
    search_model::{self as model, Model},
    stored_text::Text as _,
    writer::Engine,
};

/// What happens in a case.
#[derive(Debug, Clone)]
enum Step {
    Model(model::Step),
    Purge,
    /// As if many others had been sent.
    Skip {
        positions: u64,
    },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        24 => model::step().prop_map(Step::Model),
        1 => Just(Step::Purge),
        2 => (0..40_000u64).prop_map(|positions| Step::Skip { positions }),
    ]
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
    model: Model,
}

impl<'a> Case<'a> {
    fn new(db: &'a mut Postgres) -> Self {
        let mut this = Self { db, model: Model::default() };
        this.write(|this| {
            this.db.run("TRUNCATE users, rooms, messages, events, search_index RESTART IDENTITY CASCADE", params![])?;
            this.db.run("UPDATE pruned SET through = 0", params![])?;
            this.db.run("UPDATE search_state SET events = 0, newest = 0, rebuilt = 0, needed = 0", params![])?;
            for user in 1..=model::USERS {
                let insert = "INSERT INTO users (id, name, name_key, password_hash, role, created_at)
                    VALUES ($1, $1::bigint::text, $1::bigint::text, '', 'member', 0)";
                this.db.run(insert, params![int(user)])?;
            }
            for room in model::rooms() {
                let insert = "INSERT INTO rooms (id, name, name_key, topic, kind, created_by, created_at)
                    VALUES ($1, $1::bigint::text, $1::bigint::text, '', $2, 1, 0)";
                this.db.run(insert, params![int(room.id.0), room.kind.to_text()])?;
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
            Step::Model(step) => self.run_model_step(step),
            Step::Purge => self.db.purge_deleted_rooms(2).map(drop),
            Step::Skip { positions } => {
                let skip = "UPDATE search_state SET newest = newest + $1::bigint";
                self.db.run(skip, params![int(positions)]).map(drop)
            }
        }
    }

    fn run_model_step(&mut self, step: model::Step) -> Result<()> {
        match step {
            model::Step::Send { room, sender, text } => {
                let Some((sent, at)) = self.model.send(room, sender, text) else { return Ok(()) };
                sent.record(self.db)?;
                let insert =
                    "INSERT INTO messages (room_id, seq, sender_id, text, sent_at) VALUES ($1, $2, $3, $4, $5)";
                let sent_at = at.as_millis();
                self.db.run(insert, params![int(room), int(sent.seq), int(sender), sent.text, sent_at])?;
            }
            model::Step::Replace { nth, text } => {
                let Some(sent) = self.model.replace(nth, text) else { return Ok(()) };
                self.db.replace_indexed_text(RoomId(sent.room), Seq(sent.seq), &sent.text)?;
                let update = "UPDATE messages SET text = $3, deleted_at = CASE $3::text WHEN '' THEN 1 END
                    WHERE room_id = $1 AND seq = $2";
                self.db.run(update, params![int(sent.room), int(sent.seq), sent.text])?;
            }
            model::Step::DeleteRoom { room } => {
                self.db.delete_room(&model::room(room))?;
                self.model.delete_room(room);
            }
            model::Step::Index => drop(self.db.index_messages()?),
            model::Step::Prune => drop(self.db.prune_events(Timestamp::from_millis(1), 1, 5)?),
            model::Step::ChangeRules => drop(self.db.run("UPDATE search_state SET rules = 'older ones'", params![])?),
        }
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
            let sent = self.model.message(room, seq);
            assert_eq!(is_public, model::room(room).kind == RoomKind::Public);
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
            for limit in [2, 1000] {
                this.model.check(false, |wanted| this.pages(wanted, limit));
            }
            Ok(())
        });
    }

    fn pages(&self, wanted: &Wanted<'_>, limit: u32) -> Vec<(Position, RoomId, Seq)> {
        let (mut all, mut before) = (Vec::new(), Position::END);
        loop {
            let page = self.db.found(wanted, Position::START, before, limit).unwrap();
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
            let send = model::Step::Send { room: 1 + n % 2 * 2, sender: 1, text: "a".to_owned() };
            case.run_model_step(send)?; // sent at `n`
        }
        Ok(())
    });
    case.index_all();
    case.write(|case| case.db.run("DELETE FROM search_index WHERE position BETWEEN 5 AND 9", params![]));
    let position = |millis| case.write(|case| case.db.position_before(Timestamp::from_millis(millis))).0;
    assert_eq!([0, 1, 4, 9, 10, 20, 21].map(position), [0, 1, 4, 4, 10, 20, 20]);
}

//! Whatever happens to messages, the index offers those that match, and nothing is left of texts that are gone.

use std::collections::BTreeSet;

use proptest::{collection::vec, prelude::*};

use super::{super::consistency::contradictions, *};
use crate::store::{
    WriteEvents, WriteRooms,
    search_model::{self as model, Model},
    stored_text::Text as _,
    writer::Engine,
};

/// What happens in a case.
#[derive(Debug, Clone)]
enum Step {
    Model(model::Step),
    Purge,
    Tidy,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        24 => model::step().prop_map(Step::Model),
        1 => Just(Step::Purge),
        1 => Just(Step::Tidy),
    ]
}

fn send(room: u64, text: impl Into<String>) -> Step {
    Step::Model(model::Step::Send { room, sender: 1, text: text.into() })
}

fn replace(nth: usize, text: impl Into<String>) -> Step {
    Step::Model(model::Step::Replace { nth, text: text.into() })
}

fn delete_room(room: u64) -> Step {
    Step::Model(model::Step::DeleteRoom { room })
}

const INDEX: Step = Step::Model(model::Step::Index);
const CHANGE_RULES: Step = Step::Model(model::Step::ChangeRules);

struct Case {
    db: Sqlite,
    dir: tempfile::TempDir,
    model: Model,
}

impl Case {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut this = Self { db: Sqlite::open(&dir.path().join("db")).unwrap(), dir, model: Model::default() };
        this.write(|this| {
            for user in 1..=model::USERS {
                this.db.run(
                    "INSERT INTO users (id, name, name_key, password_hash, role, created_at) VALUES (?1, ?1, ?1, '', 'member', 0)",
                    [int(user)],
                )?;
            }
            for room in model::rooms() {
                this.db.run(
                    "INSERT INTO rooms (id, name, name_key, topic, kind, created_by, created_at) VALUES (?1, ?1, ?1, '', ?2, 1, 0)",
                    params![int(room.id.0), room.kind.to_text()],
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
            Step::Model(step) => self.run_model_step(step),
            Step::Purge => self.purge(2).map(drop),
            Step::Tidy => self.db.tidy_index().map(drop),
        }
    }

    fn run_model_step(&mut self, step: model::Step) -> Result<()> {
        match step {
            model::Step::Send { room, sender, text } => {
                let Some((sent, at)) = self.model.send(room, sender, text) else { return Ok(()) };
                sent.record(&mut self.db)?;
                self.db.run(
                    "INSERT INTO messages (room_id, seq, sender_id, text, sent_at) VALUES (?, ?, ?, ?, ?)",
                    params![int(room), int(sent.seq), int(sender), sent.text, at.as_millis()],
                )?;
            }
            model::Step::Replace { nth, text } => {
                let Some(sent) = self.model.replace(nth, text) else { return Ok(()) };
                self.db.replace_indexed_text(RoomId(sent.room), Seq(sent.seq), &sent.text)?;
                self.db.run(
                    "UPDATE messages SET text = ?3, deleted_at = CASE ?3 WHEN '' THEN 1 END WHERE room_id = ?1 AND seq = ?2",
                    params![int(sent.room), int(sent.seq), sent.text],
                )?;
            }
            model::Step::DeleteRoom { room } => {
                self.db.delete_room(&model::room(room))?;
                self.model.delete_room(room);
            }
            model::Step::Index => drop(self.db.index_messages()?),
            model::Step::Prune => drop(self.db.prune_events(Timestamp::from_millis(1), 1, 5)?),
            model::Step::ChangeRules => drop(self.db.run("UPDATE search_state SET rules = 'older ones'", ())?),
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
        self.check_separators();
        for by_whole_words in [false, true] {
            let found = |wanted: &Wanted<'_>| self.db.found(wanted, Position::START, Position::END, 1000).unwrap();
            self.model.check(by_whole_words, found);
        }
    }

    /// The separators hold nothing but beginnings of terms that are in the index.
    fn check_separators(&self) {
        let all = |sql: &str| self.db.all(sql, (), |row| row.get::<_, Vec<u8>>(0)).unwrap();
        let texts = "SELECT room_id, kind, sender_id, text FROM messages JOIN rooms ON rooms.id = room_id
            WHERE deleted_at IS NULL";
        let texts = self.db.all(texts, (), |row| indexed_text(row, RoomId(uint(row, 0)?), 1)).unwrap();
        let terms: Vec<_> = texts.iter().map(IndexedText::terms).collect();
        let keys: BTreeSet<_> = terms.iter().flat_map(|terms| terms.split(' ')).flat_map(separators::keys).collect();
        for part in self.db.search_parts().unwrap() {
            for separator in all(&format!("SELECT term FROM search_{}_idx WHERE term <> x''", part.id)) {
                let next = keys.range(separator.clone()..).next();
                let is_beginning = next.is_some_and(|key| key.starts_with(&separator));
                assert!(is_beginning, "{:?} is left in part {}", String::from_utf8_lossy(&separator), part.id);
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
            let is_reopened = matches!(step, Step::Model(model::Step::ChangeRules));
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
    let mut case = Case::new();
    for step in [send(1, "apple"), send(2, "apple apple"), INDEX, CHANGE_RULES] {
        case.write(|case| case.run(step));
    }
    case.db = Sqlite::open(&case.dir.path().join("db")).unwrap();
    meanwhile.into_iter().for_each(|step| case.write(|case| case.run(step)));
    case.index_all();
    case.check();
}

#[test]
fn what_is_removed_before_it_is_indexed_anew_leaves_a_sound_index() {
    check_index_begun_anew(vec![delete_room(2), replace(0, ""), INDEX, Step::Purge]);
}

#[test]
fn an_index_is_complete_although_the_newest_messages_are_removed_before_it_gets_there() {
    check_index_begun_anew(vec![delete_room(2), Step::Purge, Step::Purge]);
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
                case.run(send(1 + n % 4, text))?;
            }
            Ok(())
        });
        case.index_all();
        assert!(pages_with(&case.db, "zyzzyvas") > 0);
        for nth in [50, 150, 250, 350] {
            let text = if nth == 350 { "the okapi" } else { "" };
            case.write(|case| case.run(replace(nth, text)));
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
        case.write(|case| case.run(delete_room(room)));
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
            let texts = (0..5).map(|n| send(room, format!("apple {n}"))).collect::<Vec<_>>();
            texts.into_iter().for_each(|send| case.write(|case| case.run(send)));
            case.index_all();
        }
    }
    let parts = |case: &Case| case.db.search_parts().unwrap().len();
    let before = parts(&case);
    assert!(before > 4, "{before} parts");
    case.check();
    case.write(|case| case.run(delete_room(1)));
    let mut nth = 0;
    while case.write(|case| case.purge(1000)) {
        // A text changes while its part is being replaced.
        case.write(|case| case.run(replace(20 + nth % 20, format!("applesauce {nth}"))));
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
    case.write(|case| case.run(send(1, "apple")));
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
            case.run(send(1 + n % 2 * 2, "a"))?; // sent at `n`
        }
        Ok(())
    });
    case.index_all();
    case.write(|case| case.db.run("DELETE FROM search_positions WHERE position BETWEEN 5 AND 9", ()));
    let position = |millis| case.db.position_before(Timestamp::from_millis(millis)).unwrap().0;
    assert_eq!([0, 1, 4, 9, 10, 20, 21].map(position), [0, 1, 4, 4, 10, 20, 20]);
}

/// A text of words that no other number has, and that begin in another way.
fn rare_words(number: u64) -> String {
    let letter = |n: u64| char::from(b'a' + u8::try_from(n % 26).expect("it is below 26"));
    let word =
        |n: u64| [n, n / 26, n / 676, n / 17_576, n * 7, n * 11, n * 5, n * 3].map(letter).iter().collect::<String>();
    let words = (300 * number..300 * (number + 1)).map(|n| word(n * 7919 % 456_976));
    words.collect::<Vec<_>>().join(" ")
}

#[test]
fn a_text_that_is_deleted_leaves_no_separator_in_the_index() {
    let mut case = Case::new();
    case.write(|case| (0..10).try_for_each(|number| case.run(send(1 + number % 4, rare_words(number)))));
    case.index_all();
    while case.write(|case| case.db.tidy_index()) {}
    for nth in 0..10 {
        case.write(|case| case.run(replace(nth, "")));
        case.check_separators();
    }
    case.check();
}

#[test]
fn changes_in_a_closed_part_do_not_begin_its_merge_anew() {
    let mut case = Case::new();
    let trees = |case: &Case| case.db.one("SELECT count(DISTINCT segid) FROM search_1_idx", (), |row| uint(row, 0));
    for batch in 0..12 {
        case.write(|case| (10 * batch..10 * (batch + 1)).try_for_each(|number| case.run(send(1, rare_words(number)))));
        case.write(|case| case.db.run("UPDATE search_parts SET size = 0", ())); // not large yet
        case.index_all();
    }
    case.write(|case| case.run(send(2, "the first one in the next part")));
    case.index_all();
    for nth in 0..60 {
        case.write(|case| case.run(replace(nth, rare_words(200 + nth as u64))));
        case.write(|case| case.run(send(2, "the next one")));
        case.index_all();
        let trees = trees(&case).unwrap().unwrap();
        assert!(trees <= 12, "{trees} trees after {nth} changes");
    }
    case.check();
}

#[test]
fn positions_that_were_never_given_do_not_count_as_messages() {
    let mut case = Case::new();
    case.write(|case| case.run(send(1, "apple")));
    case.index_all();
    assert!(case.db.is_much_of_index(LARGE_ROOM).unwrap());
    case.write(|case| {
        case.db.run("UPDATE sqlite_sequence SET seq = seq + (1 << 24) WHERE name = 'search_positions'", ())
    });
    case.write(|case| case.run(send(1, "apple")));
    case.index_all();
    assert!(case.db.is_much_of_index(LARGE_ROOM).unwrap());
}

#[test]
fn a_part_that_is_removed_during_a_check_is_no_damage() {
    for is_removed_whole in [false, true] {
        let mut case = Case::new();
        case.write(|case| (0..10).try_for_each(|number| case.run(send(1, rare_words(number)))));
        case.index_all();
        let path = case.dir.path().join("db");
        let remove = |case: &mut Case| {
            case.write(|case| case.run(CHANGE_RULES));
            case.db = Sqlite::open(&path).unwrap();
            while case.write(|case| case.purge(1000)) && is_removed_whole {}
        };
        let checked = contradictions(&path, |done, _| {
            if done == 1 {
                remove(&mut case);
            }
            true
        });
        let problems = checked.unwrap();
        assert!(!problems.iter().any(|problem| problem.contains("FTS5")), "{problems:?}");
        case.index_all();
        case.check();
    }
}

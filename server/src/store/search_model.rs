//! What a search must find, for the tests of every engine: a look at all texts, instead of an index.

use std::collections::BTreeSet;

use proptest::{collection::vec, prelude::*, sample::select};
use quchat_shared::{
    RoomId, RoomInfo, Seq, Timestamp, UserId, event::RoomDeleted, room::RoomKind, text::search::Search,
};

use super::{EventRef, Position, Public, Result, Wanted, WriteEvents};

pub(super) const USERS: u64 = 2;
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

/// What may happen to messages with every engine.
#[derive(Debug, Clone)]
pub(super) enum Step {
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
    Index,
    Prune,
    ChangeRules,
}

pub(super) fn step() -> impl Strategy<Value = Step> {
    let text = || vec(select(&WORDS[..]), 1..6).prop_map(|words| words.join(" "));
    let room = || 1..=ROOMS.len() as u64;
    prop_oneof![
        12 => (room(), 1..=USERS, text()).prop_map(|(room, sender, text)| Step::Send { room, sender, text }),
        4 => (any::<usize>(), text()).prop_map(|(nth, text)| Step::Replace { nth, text }),
        2 => any::<usize>().prop_map(|nth| Step::Replace { nth, text: String::new() }),
        1 => room().prop_map(|room| Step::DeleteRoom { room }),
        3 => Just(Step::Index),
        1 => Just(Step::Prune),
        1 => Just(Step::ChangeRules),
    ]
}

pub(super) fn rooms() -> impl Iterator<Item = RoomInfo> {
    (1..=ROOMS.len() as u64).map(room)
}

pub(super) fn room(id: u64) -> RoomInfo {
    RoomInfo {
        id: RoomId(id),
        rev: 1,
        name: id.to_string(),
        topic: String::new(),
        kind: ROOMS[id as usize - 1],
        created_by: UserId(1),
        created_at: Timestamp::from_millis(0),
        last_seq: Seq(0),
        archived: false,
    }
}

/// A message; its text is empty if it was deleted.
#[derive(Debug, Clone)]
pub(super) struct Sent {
    pub(super) room: u64,
    pub(super) seq: u64,
    pub(super) sender: u64,
    pub(super) text: String,
}

impl Sent {
    /// Records that it was sent. The log keeps references alone, so any event stands for it.
    pub(super) fn record(&self, log: &mut impl WriteEvents) -> Result<()> {
        let event = RoomDeleted { room_id: RoomId(self.room) };
        let reference = EventRef::MessageCreated { seq: Seq(self.seq) };
        log.record(&room(self.room), reference, event.into(), Timestamp::from_millis(0)).map(drop)
    }
}

/// All messages in the order of sending, and the rooms that were deleted.
#[derive(Default)]
pub(super) struct Model {
    sent: Vec<Sent>,
    deleted_rooms: BTreeSet<u64>,
}

impl Model {
    /// Adds a message, unless its room was deleted. Returns it with the moment at which it was sent.
    pub(super) fn send(&mut self, room: u64, sender: u64, text: String) -> Option<(Sent, Timestamp)> {
        if self.deleted_rooms.contains(&room) {
            return None;
        }
        let at = Timestamp::from_millis(self.sent.len() as i64);
        let seq = self.sent.iter().filter(|sent| sent.room == room).count() as u64 + 1;
        let sent = Sent { room, seq, sender, text };
        self.sent.push(sent.clone());
        Some((sent, at))
    }

    /// Replaces the text of a message, unless the message or its room was deleted. Returns it with the new text.
    pub(super) fn replace(&mut self, nth: usize, text: String) -> Option<Sent> {
        let nth = nth % self.sent.len().max(1);
        let sent = self.sent.get_mut(nth)?;
        if sent.text.is_empty() || self.deleted_rooms.contains(&sent.room) {
            return None;
        }
        sent.text = text;
        Some(sent.clone())
    }

    pub(super) fn delete_room(&mut self, room: u64) {
        self.deleted_rooms.insert(room);
    }

    pub(super) fn message(&self, room: u64, seq: u64) -> &Sent {
        self.sent.iter().find(|sent| (sent.room, sent.seq) == (room, seq)).expect("only what was sent is asked for")
    }

    /// Compares what each query finds in some rooms with a look at all texts.
    pub(super) fn check(&self, by_whole_words: bool, found: impl Fn(&Wanted<'_>) -> Vec<(Position, RoomId, Seq)>) {
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
                let search = &Search::parse(query).expect("the queries are valid");
                let (public, rooms) = (public.clone(), rooms.clone());
                self.check_found(&Wanted { search, public, rooms, sender, by_whole_words }, &found, query);
            }
        }
    }

    fn check_found(
        &self,
        wanted: &Wanted<'_>,
        found: impl Fn(&Wanted<'_>) -> Vec<(Position, RoomId, Seq)>,
        query: &str,
    ) {
        let found = found(wanted);
        assert!(found.is_sorted_by(|a, b| a.0 > b.0), "newest first, each once");
        let is_match = |sent: &Sent| wanted.search.find(&sent.text).is_some();
        let of_found = |&(_, room, seq): &(Position, RoomId, Seq)| {
            let sent = self.message(room.0, seq.0);
            assert!(self.is_wanted(sent, wanted), "{query}: {sent:?} is none of the wanted");
            is_match(sent).then_some((room.0, seq.0))
        };
        let matching = self.sent.iter().rev().filter(|sent| self.is_wanted(sent, wanted) && is_match(sent));
        let matching: Vec<_> = matching.map(|sent| (sent.room, sent.seq)).collect();
        assert_eq!(found.iter().filter_map(of_found).collect::<Vec<_>>(), matching, "{query}");
    }

    fn is_wanted(&self, sent: &Sent, wanted: &Wanted<'_>) -> bool {
        let id = RoomId(sent.room);
        let is_readable = match (&wanted.public, room(sent.room).kind) {
            (Public::AllBut(others), RoomKind::Public) => !others.contains(&id),
            (Public::One(one), RoomKind::Public) => *one == id,
            (Public::None, RoomKind::Public) => false,
            _ => wanted.rooms.contains(&id),
        };
        let is_by_sender = wanted.sender.is_none_or(|sender| sender.0 == sent.sender);
        is_readable && is_by_sender && !self.deleted_rooms.contains(&sent.room)
    }
}

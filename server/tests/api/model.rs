//! Random joins, leaves, messages and reconnects of two users, checked against a small model.

use std::collections::BTreeMap;

use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use quchat_shared::{Event, RoomId, Seq};

use crate::harness::{Client, Stream, TestServer};

/// An action of a user. `who` is 0 or 1, and so is `room`; room 1 is private to user 0.
#[derive(Debug, Clone)]
enum Step {
    Join { who: usize, room: usize },
    Leave { who: usize, room: usize },
    Send { who: usize, room: usize },
    Retry { who: usize },
    Read { who: usize, room: usize, seq: u64 },
    Disconnect { who: usize },
    Connect { who: usize },
}

fn step() -> impl Strategy<Value = Step> {
    let (who, room) = (0..2_usize, 0..2_usize);
    prop_oneof![
        2 => (who.clone(), room.clone()).prop_map(|(who, room)| Step::Join { who, room }),
        2 => (who.clone(), room.clone()).prop_map(|(who, room)| Step::Leave { who, room }),
        5 => (who.clone(), room.clone()).prop_map(|(who, room)| Step::Send { who, room }),
        1 => who.clone().prop_map(|who| Step::Retry { who }),
        2 => (who.clone(), room, 0..8_u64).prop_map(|(who, room, seq)| Step::Read { who, room, seq }),
        2 => who.clone().prop_map(|who| Step::Disconnect { who }),
        2 => who.prop_map(|who| Step::Connect { who }),
    ]
}

/// The expected state of one room.
#[derive(Debug, Default)]
struct RoomModel {
    private: bool,
    last_seq: u64,
    /// The members and their read markers.
    members: BTreeMap<usize, u64>,
}

/// An event.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Entry {
    Joined { room: usize, who: usize },
    Left { room: usize, who: usize },
    Message { room: usize, seq: u64 },
    Read { room: usize, who: usize, seq: u64 },
}

impl Entry {
    fn room(&self) -> usize {
        match *self {
            Self::Joined { room, .. }
            | Self::Left { room, .. }
            | Self::Message { room, .. }
            | Self::Read { room, .. } => room,
        }
    }

    /// Whether the event is about this user.
    fn concerns(&self, user: usize) -> bool {
        matches!(*self, Self::Joined { who, .. } | Self::Left { who, .. } | Self::Read { who, .. } if who == user)
    }
}

/// How a user receives events.
enum Reader {
    /// On a live stream, with the events that must come next.
    Connected(Box<Stream>, Vec<Entry>),
    /// Disconnected, with the part of the log that the user has seen.
    Away { position: String, seen: usize },
}

/// The two users of the whole test, with new rooms for each case.
struct World<'a> {
    clients: &'a [Client; 2],
    rooms: [RoomId; 2],
    model: [RoomModel; 2],
    log: Vec<Entry>,
    readers: [Reader; 2],
    sent: [Option<(usize, String, u64)>; 2],
    case: usize,
    steps: usize,
}

impl World<'_> {
    fn happens(&mut self, entry: Entry) {
        for (who, reader) in self.readers.iter_mut().enumerate() {
            let is_member = self.model[entry.room()].members.contains_key(&who);
            let is_private = matches!(entry, Entry::Read { .. });
            if let Reader::Connected(_, expected) = reader
                && (entry.concerns(who) || is_member && !is_private)
            {
                expected.push(entry.clone());
            }
        }
        self.log.push(entry);
    }

    /// The events after `seen` that a user with the current rights must get in a replay.
    fn replayed(&self, user: usize, seen: usize) -> Vec<Entry> {
        let is_replayed = |(at, entry): &(usize, &Entry)| match **entry {
            Entry::Read { room, who, .. } => {
                let is_same =
                    |later: &Entry| matches!(*later, Entry::Read { room: r, who: w, .. } if (r, w) == (room, who));
                who == user && !self.log[at + 1..].iter().any(is_same)
            }
            _ if entry.concerns(user) => true,
            _ => {
                let joined = Entry::Joined { room: entry.room(), who: user };
                let since = self.log.iter().rposition(|earlier| *earlier == joined).unwrap_or(0);
                self.model[entry.room()].members.contains_key(&user) && *at >= since
            }
        };
        self.log.iter().enumerate().skip(seen).filter(is_replayed).map(|(_, entry)| entry.clone()).collect()
    }

    fn joins(&mut self, who: usize, room: usize) {
        if !self.model[room].members.contains_key(&who) {
            let end = self.model[room].last_seq;
            self.model[room].members.insert(who, end);
            self.happens(Entry::Joined { room, who });
        }
    }

    fn may(&self, who: usize, room: usize) -> bool {
        !self.model[room].private || self.model[room].members.contains_key(&who)
    }

    fn take(&mut self, step: &Step) {
        self.steps += 1;
        match *step {
            Step::Join { who, room } => {
                let answer =
                    self.clients[who].request("PUT", &format!("/v1/rooms/{}/members/me", self.rooms[room]), None);
                assert_eq!(answer.status, if self.may(who, room) { 200 } else { 404 });
                if answer.status == 200 {
                    self.joins(who, room);
                }
            }
            Step::Leave { who, room } => {
                let answer = self.clients[who].delete(&format!("/v1/rooms/{}/members/me", self.rooms[room]));
                assert_eq!(answer.status, if self.may(who, room) { 204 } else { 404 });
                if self.model[room].members.remove(&who).is_some() {
                    self.happens(Entry::Left { room, who });
                }
            }
            Step::Send { who, room } => {
                let txn = format!("{}-{}", self.case, self.steps);
                let answer = self.clients[who].try_send_once(self.rooms[room], &txn, &txn);
                assert_eq!(answer.status, if self.may(who, room) { 201 } else { 404 });
                if answer.status == 201 {
                    self.joins(who, room);
                    self.model[room].last_seq += 1;
                    let seq = self.model[room].last_seq;
                    assert_eq!(answer.value()["seq"], seq);
                    self.model[room].members.insert(who, seq);
                    self.happens(Entry::Message { room, seq });
                    self.sent[who] = Some((room, txn, seq));
                }
            }
            Step::Retry { who } => {
                let Some((room, txn, seq)) = self.sent[who].clone() else { return };
                if self.model[room].members.contains_key(&who) {
                    let answer = self.clients[who].try_send_once(self.rooms[room], "once more", &txn).expect(200);
                    assert_eq!(answer.value()["seq"], seq);
                }
            }
            Step::Read { who, room, seq } => self.reads(who, room, seq),
            Step::Disconnect { who } => self.disconnect(who),
            Step::Connect { who } => self.connect(who),
        }
    }

    fn reads(&mut self, who: usize, room: usize, seq: u64) {
        let answer = self.clients[who].try_mark_read(self.rooms[room], seq);
        let end = self.model[room].last_seq;
        let may = self.may(who, room);
        let Some(marker) = self.model[room].members.get_mut(&who) else {
            return assert_eq!(answer.status, if may { 403 } else { 404 });
        };
        let seq = seq.min(end);
        let moves = seq > *marker;
        *marker = seq.max(*marker);
        assert_eq!(answer.value()["unread"], end - *marker);
        if moves {
            self.happens(Entry::Read { room, who, seq });
        }
    }

    fn disconnect(&mut self, who: usize) {
        self.catch_up(who);
        if let Reader::Connected(stream, _) = &self.readers[who] {
            self.readers[who] = Reader::Away { position: stream.last_id().to_owned(), seen: self.log.len() };
        }
    }

    fn connect(&mut self, who: usize) {
        if let Reader::Away { position, seen } = &self.readers[who] {
            let stream = self.clients[who].resume(position);
            self.readers[who] = Reader::Connected(Box::new(stream), self.replayed(who, *seen));
        }
    }

    /// Checks that the stream delivered exactly the expected events.
    fn catch_up(&mut self, who: usize) {
        let Reader::Connected(stream, expected) = &mut self.readers[who] else { return };
        for expected in expected.drain(..) {
            let mut events = std::iter::repeat_with(|| stream.next().event);
            let received = events.find_map(|event| entry(self.clients, self.rooms, who, event));
            assert_eq!(received, Some(expected));
        }
    }

    fn check(&mut self) {
        for who in 0..2 {
            self.connect(who);
            self.catch_up(who);
            for room in 0..2 {
                let listed =
                    self.clients[who].rooms().rooms.into_iter().find(|listed| listed.info.id == self.rooms[room]);
                assert_eq!(listed.is_some(), self.may(who, room));
                let Some(listed) = listed else { continue };
                let marker = self.model[room].members.get(&who).copied();
                assert_eq!(listed.info.last_seq, Seq(self.model[room].last_seq));
                assert_eq!(listed.member.map(|member| member.last_read_seq.0), marker);
                assert_eq!(listed.unread, marker.map_or(0, |marker| self.model[room].last_seq - marker));
                assert_eq!(self.clients[who].history(self.rooms[room]).len() as u64, self.model[room].last_seq);
            }
        }
    }
}

/// Translates an event that `reader` received into the model. Returns `None` for events that other tests cover: owners,
/// deleted rooms, and rooms of another case.
fn entry(clients: &[Client; 2], rooms: [RoomId; 2], reader: usize, event: Event) -> Option<Entry> {
    let user = |id| clients.iter().position(|client| client.user().id == id).expect("there are two users");
    let number = |id: RoomId| rooms.iter().position(|room| *room == id);
    match event {
        Event::MemberJoined(e) => Some(Entry::Joined { room: number(e.room.id)?, who: user(e.user.id) }),
        Event::MemberLeft(e) => Some(Entry::Left { room: number(e.room_id)?, who: user(e.user.id) }),
        Event::MessageCreated(e) => Some(Entry::Message { room: number(e.room_id)?, seq: e.message.seq.0 }),
        Event::ReadUpdated(e) => Some(Entry::Read { room: number(e.room_id)?, who: reader, seq: e.last_read_seq.0 }),
        Event::MemberUpdated(_) | Event::RoomDeleted(_) => None,
        other => panic!("unexpected event: {other:?}"),
    }
}

#[test]
fn two_users_see_what_the_contract_says_after_any_actions() {
    let server = TestServer::start();
    let clients = [server.user("alice"), server.user("bob")];
    let config = Config { cases: 24, failure_persistence: None, max_shrink_time: 30_000, ..Config::default() };
    let case = std::cell::Cell::new(0);
    let outcome = TestRunner::new(config).run(&prop::collection::vec(step(), 1..40), |steps| {
        case.set(case.get() + 1);
        let rooms = [
            clients[0].create_room(&format!("public {}", case.get())),
            clients[0].create_private_room(&format!("private {}", case.get())),
        ];
        let owned = || BTreeMap::from([(0, 0)]);
        let mut world = World {
            clients: &clients,
            rooms,
            model: [
                RoomModel { members: owned(), ..RoomModel::default() },
                RoomModel { members: owned(), private: true, ..RoomModel::default() },
            ],
            log: Vec::new(),
            readers: [0, 1].map(|who: usize| Reader::Connected(Box::new(clients[who].listen()), Vec::new())),
            sent: [None, None],
            case: case.get(),
            steps: 0,
        };
        steps.iter().for_each(|step| world.take(step));
        world.check();
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}

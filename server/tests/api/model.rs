//! Random comings, goings, messages and reconnects, checked against a model that fits on a page.

use std::collections::BTreeMap;

use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use quchat_shared::{Event, RoomId, Seq};

use crate::harness::{Client, Stream, TestServer, Told};

/// What a user may do next; `who` is 0 or 1, `room` is 0 or 1, the second of which is private to user 0.
#[derive(Debug, Clone)]
enum Step {
    Join { who: usize, room: usize },
    Leave { who: usize, room: usize },
    Send { who: usize, room: usize },
    Retry { who: usize },
    Read { who: usize, room: usize, seq: u64 },
    Reconnect { who: usize },
}

fn step() -> impl Strategy<Value = Step> {
    let (who, room) = (0..2_usize, 0..2_usize);
    prop_oneof![
        2 => (who.clone(), room.clone()).prop_map(|(who, room)| Step::Join { who, room }),
        2 => (who.clone(), room.clone()).prop_map(|(who, room)| Step::Leave { who, room }),
        5 => (who.clone(), room.clone()).prop_map(|(who, room)| Step::Send { who, room }),
        1 => who.clone().prop_map(|who| Step::Retry { who }),
        2 => (who.clone(), room, 0..8_u64).prop_map(|(who, room, seq)| Step::Read { who, room, seq }),
        2 => who.prop_map(|who| Step::Reconnect { who }),
    ]
}

/// What must be true of one room.
#[derive(Debug, Default)]
struct RoomModel {
    private: bool,
    last_seq: u64,
    /// Who is in, with their marker.
    members: BTreeMap<usize, u64>,
}

/// The two users of the whole test, in fresh rooms each time.
struct World<'a> {
    clients: &'a [Client; 2],
    rooms: [RoomId; 2],
    model: [RoomModel; 2],
    streams: [Stream; 2],
    /// What each user must be told next, in a word.
    expected: [Vec<String>; 2],
    sent: [Option<(usize, String, u64)>; 2],
    case: usize,
    steps: usize,
}

impl World<'_> {
    /// Everyone in the room is told, and `also`.
    fn tell(&mut self, room: usize, also: Option<usize>, what: &str) {
        for who in 0..2 {
            if self.model[room].members.contains_key(&who) || also == Some(who) {
                self.expected[who].push(what.to_owned());
            }
        }
    }

    fn joins(&mut self, who: usize, room: usize) {
        if !self.model[room].members.contains_key(&who) {
            let end = self.model[room].last_seq;
            self.model[room].members.insert(who, end);
            self.tell(room, None, &format!("member.joined {room} {who}"));
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
                    self.tell(room, Some(who), &format!("member.left {room} {who}"));
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
                    self.tell(room, None, &format!("message.created {room} {seq}"));
                    self.sent[who] = Some((room, txn, seq));
                }
            }
            Step::Retry { who } => {
                let Some((room, txn, seq)) = self.sent[who].clone() else { return };
                if !self.model[room].members.contains_key(&who) {
                    return;
                }
                let answer = self.clients[who].try_send_once(self.rooms[room], "once more", &txn).expect(200);
                assert_eq!(answer.value()["seq"], seq);
            }
            Step::Read { who, room, seq } => {
                let answer = self.clients[who].try_mark_read(self.rooms[room], seq);
                let end = self.model[room].last_seq;
                let may = self.may(who, room);
                match self.model[room].members.get_mut(&who) {
                    None => assert_eq!(answer.status, if may { 403 } else { 404 }),
                    Some(marker) => {
                        let moved = seq.min(end) > *marker;
                        *marker = (*marker).max(seq.min(end));
                        assert_eq!(answer.value()["unread"], end - *marker);
                        if moved {
                            let what = format!("read.updated {room} {marker}");
                            self.expected[who].push(what);
                        }
                    }
                }
            }
            Step::Reconnect { who } => {
                self.catch_up(who);
                self.streams[who] = self.clients[who].resume(self.streams[who].last_id());
            }
        }
    }

    /// The stream has told exactly what it had to.
    fn catch_up(&mut self, who: usize) {
        for expected in std::mem::take(&mut self.expected[who]) {
            let told = loop {
                let told = self.streams[who].next();
                if told.event.name() != "member.updated" {
                    break told; // who owns what is proved elsewhere
                }
            };
            assert_eq!(self.words(&told), expected);
        }
    }

    fn words(&self, told: &Told) -> String {
        let number =
            |id: RoomId| self.rooms.iter().position(|room| *room == id).map_or("?".to_owned(), |n| n.to_string());
        let user = |id| self.clients.iter().position(|client| client.user().id == id).unwrap_or(9);
        let about = match &told.event {
            Event::MemberJoined(e) => format!("{} {}", number(e.room.id), user(e.user.id)),
            Event::MemberLeft(e) => format!("{} {}", number(e.room_id), user(e.user.id)),
            Event::MessageCreated(e) => format!("{} {}", number(e.room_id), e.message.seq),
            Event::ReadUpdated(e) => format!("{} {}", number(e.room_id), e.last_read_seq),
            other => format!("{other:?}"),
        };
        format!("{} {about}", told.event.name())
    }

    fn check(&mut self) {
        for who in 0..2 {
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

#[test]
fn whatever_two_users_do_both_see_what_the_contract_says() {
    let server = TestServer::start();
    let clients = [server.user("alice"), server.user("bob")];
    let config = Config { cases: 24, failure_persistence: None, max_shrink_iters: 60, ..Config::default() };
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
            streams: [clients[0].listen(), clients[1].listen()],
            expected: [Vec::new(), Vec::new()],
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

//! Random edits, deletions and reactions of three users who come, go and reconnect, checked against a small model: the
//! streams lead to what the history says.

use std::collections::BTreeMap;

use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use quchat_shared::{Event, Message, RoomId, Seq};

use crate::harness::{Client, Stream, TestServer, message_of, nodes};

const EMOJI: [&str; 3] = ["👍", "🎉", "❤\u{FE0F}"];

/// What a user does in one of two rooms. Room 1 is private to user 0, who owns both and is the admin.
#[derive(Debug, Clone)]
enum Act {
    Join,
    Leave,
    Send,
    /// A message is named by any number, in a circle.
    Edit(u64, u8),
    Delete(u64),
    React(u64, usize),
    Unreact(u64, usize),
    Disconnect,
    Connect,
}

type Step = (usize, usize, Act);

fn step() -> impl Strategy<Value = Step> {
    let act = prop_oneof![
        2 => Just(Act::Join),
        1 => Just(Act::Leave),
        5 => Just(Act::Send),
        4 => (0..9_u64, 0..3_u8).prop_map(|(nth, text)| Act::Edit(nth, text)),
        1 => (0..9_u64).prop_map(Act::Delete),
        4 => (0..9_u64, 0..3_usize).prop_map(|(nth, emoji)| Act::React(nth, emoji)),
        2 => (0..9_u64, 0..3_usize).prop_map(|(nth, emoji)| Act::Unreact(nth, emoji)),
        2 => Just(Act::Disconnect),
        2 => Just(Act::Connect),
    ];
    (0..3_usize, prop_oneof![3 => Just(0_usize), 1 => Just(1)], act)
}

/// The expected state of a message.
#[derive(Debug, Clone)]
struct Expected {
    sender: usize,
    text: String,
    rev: u64,
    is_deleted: bool,
    /// Who reacted with what, in the order in which each emoji came first.
    reactions: Vec<(&'static str, Vec<usize>)>,
    /// The step that changed it last.
    changed: usize,
}

/// A client that applies its stream.
struct Reader {
    stream: Option<Stream>,
    position: String,
    held: BTreeMap<(RoomId, Seq), Message>,
}

struct World<'a> {
    clients: &'a [Client; 3],
    rooms: [RoomId; 2],
    /// A room that everyone is in; its messages mark positions.
    fence: RoomId,
    messages: [Vec<Expected>; 2],
    /// For each room, the members and the step at which they joined last.
    members: [BTreeMap<usize, usize>; 2],
    readers: [Reader; 3],
    step: usize,
}

impl World<'_> {
    /// The status of something that only members may do.
    fn member_status(&self, who: usize, room: usize) -> u16 {
        match self.members[room].contains_key(&who) {
            true => 200,
            false if room == 1 => 404,
            false => 403,
        }
    }

    fn take(&mut self, (who, room, act): &Step) {
        self.step += 1;
        let (who, room, now) = (*who, *room, self.step);
        let (client, id) = (&self.clients[who], self.rooms[room]);
        let is_hidden = room == 1 && !self.members[room].contains_key(&who);
        let count = self.messages[room].len() as u64;
        match *act {
            Act::Join if !is_hidden => {
                client.join(id);
                self.members[room].entry(who).or_insert(now);
            }
            // User 0 stays, so that nobody inherits a room.
            Act::Leave if room == 0 && who != 0 => {
                client.leave(id);
                self.members[room].remove(&who);
            }
            Act::Send if !is_hidden => {
                client.send_message(id, &now.to_string());
                self.members[room].entry(who).or_insert(now);
                let (text, reactions) = (now.to_string(), Vec::new());
                self.messages[room].push(Expected {
                    sender: who,
                    text,
                    rev: 1,
                    is_deleted: false,
                    reactions,
                    changed: now,
                });
            }
            Act::Edit(nth, text) if count > 0 => self.edits(who, room, nth % count, &text.to_string()),
            Act::Delete(nth) if count > 0 => self.deletes(who, room, nth % count),
            Act::React(nth, emoji) if count > 0 => self.reacts(who, room, nth % count, EMOJI[emoji], true),
            Act::Unreact(nth, emoji) if count > 0 => self.reacts(who, room, nth % count, EMOJI[emoji], false),
            Act::Disconnect => self.disconnect(who),
            Act::Connect => self.connect(who),
            _ => {}
        }
    }

    fn edits(&mut self, who: usize, room: usize, nth: u64, text: &str) {
        let status = self.member_status(who, room);
        let message = &mut self.messages[room][nth as usize];
        let status = match status {
            200 if message.sender != who => 403,
            200 if message.is_deleted => 409,
            status => status,
        };
        assert_eq!(self.clients[who].try_edit(self.rooms[room], nth + 1, text).status, status);
        if status == 200 && message.text != text {
            message.text = text.to_owned();
            message.rev += 1;
            message.changed = self.step;
        }
    }

    fn deletes(&mut self, who: usize, room: usize, nth: u64) {
        let is_hidden = self.member_status(who, room) == 404;
        let message = &mut self.messages[room][nth as usize];
        let status = match who {
            _ if is_hidden => 404,
            0 => 204,
            _ if message.sender == who => 204,
            _ => 403,
        };
        assert_eq!(self.clients[who].try_delete_message(self.rooms[room], nth + 1).status, status);
        if status == 204 && !message.is_deleted {
            message.is_deleted = true;
            message.text.clear();
            message.reactions.clear();
            message.rev += 1;
            message.changed = self.step;
        }
    }

    fn reacts(&mut self, who: usize, room: usize, nth: u64, emoji: &'static str, adds: bool) {
        let status = self.member_status(who, room);
        let message = &mut self.messages[room][nth as usize];
        let status = if status == 200 && message.is_deleted && adds { 409 } else { status };
        let method = if adds { "PUT" } else { "DELETE" };
        assert_eq!(self.clients[who].try_react(method, self.rooms[room], nth + 1, emoji).status, status);
        if status != 200 {
            return;
        }
        let known = message.reactions.iter().position(|(other, _)| *other == emoji);
        let has_reacted = known.is_some_and(|at| message.reactions[at].1.contains(&who));
        if adds == has_reacted {
            return;
        }
        match known {
            Some(at) if adds => message.reactions[at].1.push(who),
            Some(at) => message.reactions[at].1.retain(|user| *user != who),
            None => message.reactions.push((emoji, vec![who])),
        }
        message.reactions.retain(|(_, users)| !users.is_empty());
        message.rev += 1;
        message.changed = self.step;
    }

    fn disconnect(&mut self, who: usize) {
        self.catch_up(who);
        let reader = &mut self.readers[who];
        if let Some(stream) = reader.stream.take() {
            reader.position = stream.last_id().to_owned();
        }
    }

    fn connect(&mut self, who: usize) {
        let reader = &mut self.readers[who];
        if reader.stream.is_none() {
            reader.stream = Some(self.clients[who].resume(&reader.position));
        }
    }

    /// Applies all that has come to a stream.
    fn catch_up(&mut self, who: usize) {
        let Reader { stream: Some(stream), held, .. } = &mut self.readers[who] else { return };
        let end = self.clients[0].send_message(self.fence, "fence").seq;
        for received in stream.until_message(self.fence, end) {
            match received.event {
                Event::MessageCreated(e) if self.rooms.contains(&e.room_id) => {
                    let known = held.insert((e.room_id, e.message.seq), e.message);
                    assert_eq!(known, None, "each is created once");
                }
                Event::MessageUpdated(e) => {
                    let rev = e.message.rev;
                    let known = held.insert((e.room_id, e.message.seq), e.message);
                    // What another node has committed is shown as it is when it is read, which may be after further changes.
                    let may_repeat = nodes() > 1;
                    let is_newer = |known: Message| known.rev < rev || (may_repeat && known.rev == rev);
                    assert!(known.is_none_or(is_newer), "no change comes twice");
                }
                Event::MemberLeft(e) if e.user.id == self.clients[who].user().id => {
                    held.retain(|(room, _), _| *room != e.room_id);
                }
                event => assert_ne!(event.name(), "reset", "{:?}", message_of(&event)),
            }
        }
    }

    fn check(&mut self) {
        for room in 0..2 {
            let history = self.clients[0].history(self.rooms[room]);
            let user = |who: usize| self.clients[who].user().id;
            for (message, expected) in history.iter().zip(&self.messages[room]) {
                assert_eq!((message.rev, &*message.text), (expected.rev, &*expected.text));
                assert_eq!(message.deleted_at.is_some(), expected.is_deleted);
                let shown = message.reactions.iter().map(|r| (&*r.emoji, r.users.clone(), r.count as usize));
                let expected = expected.reactions.iter();
                let expected =
                    expected.map(|(emoji, users)| (*emoji, users.iter().map(|who| user(*who)).collect(), users.len()));
                assert_eq!(shown.collect::<Vec<_>>(), expected.collect::<Vec<(&str, Vec<_>, usize)>>());
            }
            assert_eq!(history.len(), self.messages[room].len());
            for who in 0..3 {
                self.connect(who);
                self.catch_up(who);
                let held = &self.readers[who].held;
                let joined = self.members[room].get(&who).copied();
                for (message, expected) in history.iter().zip(&self.messages[room]) {
                    let copy = held.get(&(self.rooms[room], message.seq));
                    assert!(copy.is_none_or(|copy| copy == message), "{who} holds {copy:?} of {message:?}");
                    let must_hold = joined.is_some_and(|joined| joined <= expected.changed);
                    assert_eq!(copy.is_some(), must_hold, "{who} and {message:?}");
                }
            }
        }
    }
}

#[test]
fn whoever_follows_a_stream_holds_what_the_history_says() {
    let server = TestServer::start();
    let clients = ["alice", "bob", "carol"].map(|name| server.user(name));
    let fence = clients[0].create_room("fence");
    clients.iter().for_each(|client| drop(client.join(fence)));
    let config = Config { cases: 24, failure_persistence: None, max_shrink_time: 30_000, ..Config::default() };
    let case = std::cell::Cell::new(0);
    let outcome = TestRunner::new(config).run(&prop::collection::vec(step(), 1..60), |steps| {
        case.set(case.get() + 1);
        let rooms = [
            clients[0].create_room(&format!("public {}", case.get())),
            clients[0].create_private_room(&format!("private {}", case.get())),
        ];
        let mut world = World {
            clients: &clients,
            rooms,
            fence,
            messages: [Vec::new(), Vec::new()],
            members: [BTreeMap::from([(0, 0)]), BTreeMap::from([(0, 0)])],
            readers: [0, 1, 2].map(|who: usize| Reader {
                stream: Some(clients[who].listen()),
                position: String::new(),
                held: BTreeMap::new(),
            }),
            step: 0,
        };
        steps.iter().for_each(|step| world.take(step));
        world.check();
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}

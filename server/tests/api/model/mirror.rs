//! What a client knows that took a snapshot once and has applied the events since.

use std::collections::BTreeMap;

use quchat_shared::{
    Event, Message, Room, RoomId, RoomInfo, Seq, UserId,
    room::{Membership, Role, RoomKind},
};

use super::entry::Numbers;

/// One room as a client knows it.
#[derive(Debug, Clone)]
struct Mirrored {
    room: Room,
    /// Who else is in it, known to members alone.
    members: BTreeMap<UserId, Role>,
    /// Those that came on the stream.
    messages: BTreeMap<Seq, Message>,
}

/// What must be the same as in a new snapshot. Those outside hear of new messages only now and then, so `last_seq` is 0
/// for them.
type View = (RoomInfo, Option<Membership>, bool, BTreeMap<UserId, Role>);

/// The rooms of the case as one user knows them.
#[derive(Debug, Clone)]
pub(super) struct Mirror {
    me: usize,
    rooms: BTreeMap<usize, Mirrored>,
}

impl Mirror {
    /// Takes a snapshot.
    pub(super) fn new(me: usize, numbers: Numbers<'_>) -> Self {
        let listed = numbers.clients[me].rooms().rooms;
        let numbered = listed.into_iter().filter_map(|room| Some((numbers.room(room.info.id)?, room)));
        let rooms = numbered.map(|(number, room)| (number, Mirrored::new(room, me, numbers)));
        Self { me, rooms: rooms.collect() }
    }

    /// Checks that it is the same as a new snapshot.
    pub(super) fn check(&self, numbers: Numbers<'_>) {
        let fresh = Self::new(self.me, numbers);
        assert_eq!(self.views(), fresh.views(), "what user {} made of the events, and a snapshot", self.me);
        for (number, mirrored) in self.rooms.iter().filter(|(_, mirrored)| !mirrored.messages.is_empty()) {
            let history = numbers.clients[self.me].history(numbers.rooms[*number]);
            for message in mirrored.messages.values() {
                assert_eq!(history.get(message.seq.0 as usize - 1), Some(message));
            }
        }
    }

    fn views(&self) -> BTreeMap<usize, View> {
        self.rooms.iter().map(|(number, mirrored)| (*number, mirrored.view())).collect()
    }

    /// Changes what is known as a client does.
    pub(super) fn apply(&mut self, event: &Event, numbers: Numbers<'_>) {
        let me = numbers.clients[self.me].user().id;
        match event {
            Event::MemberJoined(e) if e.user.id == me => {
                let Some(number) = numbers.room(e.room.id) else { return };
                // The event does not say what else there is to know. If the room is gone again, that follows.
                let answer = numbers.clients[self.me].get(&format!("/v1/rooms/{}", e.room.id));
                if answer.status == 200 {
                    self.rooms.insert(number, Mirrored::new(answer.json(), self.me, numbers));
                }
            }
            Event::MemberLeft(e) if e.user.id == me => {
                let Some(number) = numbers.room(e.room_id) else { return };
                let Some(left) = self.rooms.get_mut(&number) else { return };
                left.leave();
                if left.room.info.kind != RoomKind::Public {
                    self.rooms.remove(&number);
                }
            }
            Event::RoomDeleted(e) => drop(numbers.room(e.room_id).and_then(|number| self.rooms.remove(&number))),
            Event::RoomUpdated(e) => {
                let number = numbers.room(e.room.id);
                let Some(mirrored) = number.and_then(|number| self.rooms.get_mut(&number)) else { return };
                if e.room.rev > mirrored.room.info.rev {
                    let last_seq = mirrored.room.info.last_seq.max(e.room.last_seq);
                    mirrored.room.info = RoomInfo { last_seq, ..e.room.clone() };
                }
            }
            _ => {
                let room = room_of(event).and_then(|id| numbers.room(id));
                if let Some(mirrored) = room.and_then(|number| self.rooms.get_mut(&number)) {
                    mirrored.apply(event, me);
                }
            }
        }
    }
}

fn room_of(event: &Event) -> Option<RoomId> {
    match event {
        Event::MemberJoined(e) => Some(e.room.id),
        Event::MemberUpdated(e) => Some(e.room.id),
        Event::MemberLeft(e) => Some(e.room_id),
        Event::MessageCreated(e) => Some(e.room_id),
        Event::MessageUpdated(e) => Some(e.room_id),
        Event::ReadUpdated(e) => Some(e.room_id),
        Event::SettingsUpdated(e) => Some(e.room_id),
        Event::BanUpdated(e) => Some(e.room_id),
        _ => None,
    }
}

impl Mirrored {
    fn new(room: Room, me: usize, numbers: Numbers<'_>) -> Self {
        let mut members = BTreeMap::new();
        if room.member.is_some() {
            let listed = numbers.clients[me].members(room.info.id, "").members;
            members = listed.into_iter().map(|member| (member.user.id, member.role)).collect();
        }
        Self { room, members, messages: BTreeMap::new() }
    }

    fn view(&self) -> View {
        let Self { room, members, .. } = self;
        let mut info = room.info.clone();
        if room.member.is_none() {
            info.last_seq = Seq(0);
        }
        (info, room.member, room.banned, members.clone())
    }

    fn leave(&mut self) {
        self.room.member = None;
        self.members.clear();
        self.messages.clear();
    }

    fn apply(&mut self, event: &Event, me: UserId) {
        match event {
            Event::MemberJoined(e) => drop(self.members.insert(e.user.id, e.role)),
            Event::MemberUpdated(e) => {
                let Some(member) = &mut self.room.member else { return };
                if e.user.id == me {
                    member.role = e.role;
                }
                self.members.insert(e.user.id, e.role);
            }
            Event::MemberLeft(e) => drop(self.members.remove(&e.user.id)),
            Event::MessageCreated(e) => {
                self.room.info.last_seq = self.room.info.last_seq.max(e.message.seq);
                if let Some(member) = self.room.member.as_mut().filter(|_| e.message.sender.id == me) {
                    member.last_read_seq = e.message.seq;
                }
                self.messages.insert(e.message.seq, e.message.clone());
            }
            Event::MessageUpdated(e) => {
                if let Some(held) = self.messages.get_mut(&e.message.seq).filter(|held| held.rev < e.message.rev) {
                    *held = e.message.clone();
                }
            }
            Event::ReadUpdated(e) => {
                self.room.member.iter_mut().for_each(|member| member.last_read_seq = e.last_read_seq);
            }
            Event::SettingsUpdated(e) => self.room.member.iter_mut().for_each(|member| member.notify = e.notify),
            Event::BanUpdated(e) => self.room.banned = e.banned,
            _ => {}
        }
    }
}

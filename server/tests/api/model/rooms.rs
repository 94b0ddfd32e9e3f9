//! Steps that change a room as such: opening, changing, archiving, deleting it.

use quchat_shared::RoomId;
use serde_json::{Value, json};

use super::{DIRECT, PAIR, entry::Entry, world::World};

impl World<'_> {
    /// Opens the direct room of two of the users.
    pub(super) fn open(&mut self, who: usize) {
        let Some(peer) = PAIR.into_iter().find(|peer| PAIR.contains(&who) && *peer != who) else { return };
        let peer = self.client(peer).user().id;
        let answer = self.client(who).request("PUT", &format!("/v1/direct/{peer}"), None);
        let model = &mut self.rooms[DIRECT];
        let opened = answer.expect(if model.has(who) { 200 } else { 201 }).value();
        if std::mem::replace(&mut model.is_absent, false) {
            self.numbers.rooms[DIRECT] = RoomId(opened["id"].as_u64().unwrap());
            self.happens(Entry::Created { room: DIRECT, who });
        }
        self.admit(who, DIRECT, None);
    }

    pub(super) fn set_topic(&mut self, who: usize, room: usize, topic: &str) {
        if self.try_change(who, room, &json!({"topic": topic})) && self.rooms[room].topic != topic {
            topic.clone_into(&mut self.rooms[room].topic);
            self.room_changed(room);
        }
    }

    pub(super) fn archive(&mut self, who: usize, room: usize, archived: bool) {
        if self.try_change(who, room, &json!({"archived": archived})) && self.rooms[room].is_archived != archived {
            self.rooms[room].is_archived = archived;
            self.room_changed(room);
        }
    }

    /// Returns whether the user may change the room.
    fn try_change(&self, who: usize, room: usize, change: &Value) -> bool {
        let answer = self.client(who).try_update_room(self.id(room), change);
        if self.is_refused(who, room, answer.status) {
            return false;
        }
        let status = match self.rooms[room].rank(who) {
            _ if self.is_direct(room) => 409,
            0..=1 => 403,
            _ => 200,
        };
        answer.expect(status);
        status == 200
    }

    fn room_changed(&mut self, room: usize) {
        self.rooms[room].rev += 1;
        let rev = self.rooms[room].rev;
        self.happens(Entry::Changed { room, rev });
    }

    pub(super) fn delete_room(&mut self, who: usize, room: usize) {
        let answer = self.client(who).try_delete_room(self.id(room));
        if self.is_refused(who, room, answer.status) {
            return;
        }
        let status = match self.rooms[room].rank(who) {
            _ if self.is_direct(room) => 409,
            0..=2 => 403,
            _ => 204,
        };
        answer.expect(status);
        if status != 204 {
            return;
        }
        let model = &mut self.rooms[room];
        model.is_absent = true;
        let members = std::mem::take(&mut model.members);
        if model.is_public() {
            self.happens(Entry::Deleted { room, who: None });
        } else {
            members.into_keys().for_each(|who| self.happens(Entry::Deleted { room, who: Some(who) }));
        }
    }
}

//! Steps that change a message: a new text, a tombstone, reactions.

use super::{entry::Entry, world::World};

impl World<'_> {
    pub(super) fn edit(&mut self, who: usize, room: usize, seq: u64, text: &str) {
        let answer = self.client(who).try_edit(self.id(room), seq, text);
        if self.is_refused(who, room, answer.status) || self.is_refused_to_outsiders(who, room, answer.status) {
            return;
        }
        let status = match self.rooms[room].message(seq) {
            None => 404,
            Some(message) if message.sender != who => 403,
            Some(message) if message.is_deleted => 409,
            Some(_) => 200,
        };
        answer.expect(status);
        if status == 200 && self.rooms[room].message_mut(seq).text != text {
            text.clone_into(&mut self.rooms[room].message_mut(seq).text);
            self.message_changed(room, seq);
        }
    }

    pub(super) fn delete_message(&mut self, who: usize, room: usize, seq: u64) {
        let answer = self.client(who).try_delete_message(self.id(room), seq);
        if self.is_refused(who, room, answer.status) {
            return;
        }
        let model = &mut self.rooms[room];
        let status = match model.message(seq) {
            None => 404,
            Some(message) if message.sender != who && model.rank(who) < 2 => 403,
            Some(_) => 204,
        };
        answer.expect(status);
        if status == 204 && !std::mem::replace(&mut model.message_mut(seq).is_deleted, true) {
            model.message_mut(seq).reactions.clear();
            self.message_changed(room, seq);
        }
    }

    /// Adds a reaction, or takes it back.
    pub(super) fn react(&mut self, who: usize, room: usize, seq: u64, emoji: &'static str, adds: bool) {
        let method = if adds { "PUT" } else { "DELETE" };
        let answer = self.client(who).try_react(method, self.id(room), seq, emoji);
        if self.is_refused(who, room, answer.status) || self.is_refused_to_outsiders(who, room, answer.status) {
            return;
        }
        let status = match self.rooms[room].message(seq) {
            None => 404,
            Some(message) if message.is_deleted && adds => 409,
            Some(_) => 200,
        };
        answer.expect(status);
        if status != 200 {
            return;
        }
        let reactions = &mut self.rooms[room].message_mut(seq).reactions;
        let changes = if adds { reactions.insert((emoji, who)) } else { reactions.remove(&(emoji, who)) };
        if changes {
            self.message_changed(room, seq);
        }
    }

    /// Checks that what only members do, and nobody in an archived room, is refused; returns whether it was.
    fn is_refused_to_outsiders(&self, who: usize, room: usize, status: u16) -> bool {
        let model = &self.rooms[room];
        let is_refused = !model.has(who) || model.is_archived;
        if is_refused {
            assert_eq!(status, 403);
        }
        is_refused
    }

    fn message_changed(&mut self, room: usize, seq: u64) {
        let message = self.rooms[room].message_mut(seq);
        message.rev += 1;
        let rev = message.rev;
        self.happens(Entry::MessageChanged { room, seq, rev });
    }
}

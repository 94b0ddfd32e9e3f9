//! Steps of one user alone: coming, going, sending, reading.

use std::collections::BTreeSet;

use quchat_shared::room::{Notify, Role, RoomKind};

use super::{
    PAIR,
    entry::Entry,
    room::{MemberModel, MessageModel},
    world::World,
};

impl World<'_> {
    /// Checks that a request is refused to those who do not see the room or are banned from it; returns whether it was.
    pub(super) fn is_refused(&self, who: usize, room: usize, status: u16) -> bool {
        let model = &self.rooms[room];
        let refusal = match (model.is_visible_to(who), model.banned.contains(&who)) {
            (false, _) => Some(404),
            (true, true) => Some(403),
            (true, false) => None,
        };
        refusal.iter().for_each(|refusal| assert_eq!(status, *refusal));
        refusal.is_some()
    }

    pub(super) fn is_direct(&self, room: usize) -> bool {
        self.rooms[room].kind == RoomKind::Direct
    }

    /// Makes a user a member if they are not one yet.
    pub(super) fn admit(&mut self, who: usize, room: usize, by: Option<usize>) {
        let (joined, model) = (self.log.len() + 1, &mut self.rooms[room]);
        if !model.has(who) {
            let role = if model.is_public() && model.owners() == 0 { Role::Owner } else { Role::Member };
            let member = MemberModel { role, marker: model.last_seq(), notify: Notify::default(), joined };
            model.members.insert(who, member);
            self.happens(Entry::Joined { room, who, role, by });
        }
    }

    /// Ends a membership, with what follows for the room.
    pub(super) fn dismiss(&mut self, who: usize, room: usize, by: Option<usize>, banned: bool) {
        if self.rooms[room].members.remove(&who).is_none() {
            return;
        }
        self.happens(Entry::Left { room, who, by, banned });
        let model = &mut self.rooms[room];
        if model.owners() > 0 {
            return;
        }
        if let Some(heir) = model.heir() {
            model.members.get_mut(&heir).unwrap().role = Role::Owner;
            self.happens(Entry::Updated { room, who: heir, role: Role::Owner, by: None });
        } else if !model.is_public() {
            model.is_absent = true;
            self.happens(Entry::Deleted { room, who: Some(who) });
        }
    }

    pub(super) fn join(&mut self, who: usize, room: usize) {
        let answer = self.client(who).request("PUT", &format!("/v1/rooms/{}/members/me", self.id(room)), None);
        if !self.is_refused(who, room, answer.status) {
            answer.expect(200);
            self.admit(who, room, None);
        }
    }

    pub(super) fn leave(&mut self, who: usize, room: usize) {
        let answer = self.client(who).delete(&format!("/v1/rooms/{}/members/me", self.id(room)));
        let status = match self.rooms[room].is_visible_to(who) {
            false => 404,
            true if self.is_direct(room) => 409,
            true => 204,
        };
        answer.expect(status);
        if status == 204 {
            self.dismiss(who, room, None, false);
        }
    }

    pub(super) fn send(&mut self, who: usize, room: usize) {
        let txn = self.text();
        let answer = self.client(who).try_send_once(self.id(room), &txn, &txn);
        if self.is_refused(who, room, answer.status) {
            return;
        }
        if self.rooms[room].is_archived {
            return drop(answer.expect(403));
        }
        if self.is_direct(room) {
            PAIR.into_iter().for_each(|other| self.admit(other, room, Some(who)));
        } else {
            self.admit(who, room, None);
        }
        let model = &mut self.rooms[room];
        let (text, reactions) = (txn.clone(), BTreeSet::new());
        model.messages.push(MessageModel { sender: who, text, rev: 1, is_deleted: false, reactions });
        let seq = model.last_seq();
        model.members.get_mut(&who).unwrap().marker = seq;
        assert_eq!(answer.expect(201).value()["seq"], seq);
        self.happens(Entry::Message { room, seq });
        self.sent[who] = Some((room, txn, seq));
    }

    pub(super) fn retry(&mut self, who: usize) {
        let Some((room, txn, seq)) = self.sent[who].clone() else { return };
        if self.rooms[room].has(who) {
            let answer = self.client(who).try_send_once(self.id(room), "once more", &txn).expect(200);
            assert_eq!(answer.value()["seq"], seq);
        }
    }

    pub(super) fn read(&mut self, who: usize, room: usize, seq: u64) {
        let answer = self.client(who).try_mark_read(self.id(room), seq);
        if self.is_refused(who, room, answer.status) {
            return;
        }
        let end = self.rooms[room].last_seq();
        let Some(member) = self.rooms[room].members.get_mut(&who) else { return assert_eq!(answer.status, 403) };
        let seq = seq.min(end);
        let moves = seq > member.marker;
        member.marker = seq.max(member.marker);
        assert_eq!(answer.value()["unread"], end - member.marker);
        if moves {
            self.happens(Entry::Read { room, who, seq });
        }
    }

    pub(super) fn set_notify(&mut self, who: usize, room: usize, notify: Notify) {
        let level = serde_json::to_value(notify).unwrap();
        let answer = self.client(who).try_set_notify(self.id(room), level.as_str().unwrap());
        if self.is_refused(who, room, answer.status) {
            return;
        }
        let Some(member) = self.rooms[room].members.get_mut(&who) else { return assert_eq!(answer.status, 403) };
        answer.expect(200);
        if std::mem::replace(&mut member.notify, notify) != notify {
            self.happens(Entry::Notify { room, who, notify });
        }
    }
}

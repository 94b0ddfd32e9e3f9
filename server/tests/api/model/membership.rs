//! Steps that one user takes for another: adding, removing, roles, bans.

use quchat_shared::room::Role;

use super::{entry::Entry, world::World};

impl World<'_> {
    pub(super) fn add(&mut self, who: usize, whom: usize, room: usize) {
        if who == whom {
            return self.join(who, room);
        }
        let answer = self.client(who).try_add_member(self.id(room), self.client(whom));
        if self.is_refused(who, room, answer.status) {
            return;
        }
        if self.is_direct(room) {
            return drop(answer.expect(409));
        }
        let model = &self.rooms[room];
        let status = match () {
            () if model.rank(who) < 1 => 403,
            () if model.has(whom) => 200,
            () if model.banned.contains(&whom) => 403,
            () => 201,
        };
        answer.expect(status);
        if status == 201 {
            self.admit(whom, room, Some(who));
        }
    }

    pub(super) fn remove(&mut self, who: usize, whom: usize, room: usize) {
        if who == whom {
            return self.leave(who, room);
        }
        let answer = self.client(who).try_remove_member(self.id(room), self.client(whom));
        if self.is_refused(who, room, answer.status) {
            return;
        }
        if self.is_direct(room) {
            return drop(answer.expect(409));
        }
        let model = &self.rooms[room];
        let may = model.rank(who) >= 2 && (!model.has(whom) || model.rank(who) > model.rank(whom));
        answer.expect(if may { 204 } else { 403 });
        if may {
            self.dismiss(whom, room, Some(who), false);
        }
    }

    pub(super) fn set_role(&mut self, who: usize, whom: usize, room: usize, role: Role) {
        let name = serde_json::to_value(role).unwrap();
        let answer = self.client(who).try_set_role(self.id(room), self.client(whom), name.as_str().unwrap());
        if self.is_refused(who, room, answer.status) {
            return;
        }
        if self.is_direct(room) {
            return drop(answer.expect(409));
        }
        let model = &self.rooms[room];
        let status = match model.members.get(&whom).map(|member| member.role) {
            _ if model.rank(who) < 3 => 403,
            None => 404,
            Some(Role::Owner) if role != Role::Owner && model.owners() == 1 => 409,
            Some(_) => 200,
        };
        answer.expect(status);
        if status == 200 && model.role(whom) != role {
            self.rooms[room].members.get_mut(&whom).unwrap().role = role;
            self.happens(Entry::Updated { room, who: whom, role, by: (who != whom).then_some(who) });
        }
    }

    pub(super) fn ban(&mut self, who: usize, whom: usize, room: usize) {
        let answer = self.client(who).try_ban(self.id(room), self.client(whom));
        if self.is_refused(who, room, answer.status) {
            return;
        }
        if self.is_direct(room) {
            return drop(answer.expect(409));
        }
        let model = &mut self.rooms[room];
        let (may, is_public) = (model.may_ban(who, whom), model.is_public());
        answer.expect(if may { 204 } else { 403 });
        if may && model.banned.insert(whom) {
            self.dismiss(whom, room, Some(who), true);
            if is_public {
                self.happens(Entry::Ban { room, who: whom, banned: true });
            }
        }
    }

    pub(super) fn unban(&mut self, who: usize, whom: usize, room: usize) {
        let answer = self.client(who).try_unban(self.id(room), self.client(whom));
        if self.is_refused(who, room, answer.status) {
            return;
        }
        if self.is_direct(room) {
            return drop(answer.expect(409));
        }
        let model = &mut self.rooms[room];
        let (may, is_public) = (model.rank(who) >= 2, model.is_public());
        answer.expect(if may { 204 } else { 403 });
        if may && model.banned.remove(&whom) && is_public {
            self.happens(Entry::Ban { room, who: whom, banned: false });
        }
    }
}

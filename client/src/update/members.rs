//! The list of members: one page at a time, kept current while it is open.

use std::sync::Arc;

use quchat_shared::{
    RoomId, UserId,
    api::Members,
    event::Presence,
    room::{Member, Role},
};

use super::Failure;
use crate::model::{Dialog, Model, People, Tone};

/// Opens the list of the open room's members.
pub(super) fn open(model: &mut Model) {
    let why = match model.open_room() {
        None => "no room is open",
        Some(room) if room.gone => "this room is gone",
        Some(room) if room.banned => "you are banned from this room",
        Some(room) => {
            let people = People::of(room.info.id);
            return model.show_dialog(Dialog::People(people));
        }
    };
    model.show_notice(Tone::Calm, why);
}

/// Lists the members whose name begins with this.
pub(super) fn filter(model: &mut Model, typed: Arc<str>) {
    if let Some(people) = model.people_list().filter(|people| people.filter != typed) {
        (people.filter, people.after, people.wanted) = (typed, None, true);
        people.before.clear();
    }
}

/// Shows the next page, or the one before.
pub(super) fn turn(model: &mut Model, forward: bool) {
    let Some(people) = model.people_list().filter(|people| !people.wanted) else { return };
    if forward {
        let Some(next) = people.next.take() else { return };
        people.before.push(people.after.replace(next));
    } else {
        let Some(before) = people.before.pop() else { return };
        people.after = before;
    }
    people.wanted = true;
}

/// Handles a page. It is dropped if another one is wanted by now.
pub(super) fn arrived(model: &mut Model, room: RoomId, reply: Result<Members, Failure>) {
    let Some(people) = model.people_list().filter(|people| people.room == room && !people.wanted) else { return };
    match reply {
        Err(failure) => people.problem = Some(failure.reason().to_owned()),
        Ok(Members { members, next }) => {
            let first = |page: &[Member]| page.first().map(|member| member.user.id);
            let moved = people.page.as_deref().is_none_or(|page| first(page) != first(&members));
            people.rev += u64::from(moved);
            (people.page, people.next, people.problem) = (Some(members), next, None);
        }
    }
}

/// Somebody has joined: the page is read again.
pub(super) fn joined(model: &mut Model, room: RoomId) {
    if let Some(people) = model.people_list().filter(|people| people.room == room) {
        people.wanted = true;
    }
}

/// Somebody has left.
pub(super) fn left(model: &mut Model, room: RoomId, user: UserId) {
    let page = model.people_list().filter(|people| people.room == room).and_then(|people| people.page.as_mut());
    if let Some(page) = page {
        page.retain(|member| member.user.id != user);
    }
}

/// Somebody's role has changed.
pub(super) fn role_changed(model: &mut Model, room: RoomId, user: UserId, role: Role) {
    let page = model.people_list().filter(|people| people.room == room).and_then(|people| people.page.as_mut());
    if let Some(member) = page.and_then(|page| page.iter_mut().find(|member| member.user.id == user)) {
        member.role = role;
    }
}

/// Users came online or went offline.
pub(super) fn presence(model: &mut Model, event: &Presence) {
    let page =
        model.people_list().filter(|people| people.room == event.room_id).and_then(|people| people.page.as_mut());
    for member in page.into_iter().flatten() {
        if event.online.contains(&member.user.id) {
            member.user.online = true;
        } else if event.offline.contains(&member.user.id) {
            member.user.online = false;
        }
    }
}

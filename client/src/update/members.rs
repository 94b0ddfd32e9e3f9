//! The list of members: one page at a time, kept current while it is open.

use std::sync::Arc;

use quchat_shared::{RoomId, UserId, api::Members, event::Presence, room::Role};

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
        people.filter = typed;
        people.list.restart();
    }
}

/// Handles a page. It is dropped if another one is wanted by now.
pub(super) fn arrived(model: &mut Model, room: RoomId, reply: Result<Members, Failure>) {
    let Some(people) = model.people_list().filter(|people| people.room == room) else { return };
    match reply {
        _ if people.list.wanted => {}
        Err(failure) => people.list.problem = Some(failure.reason().to_owned()),
        Ok(Members { members, next }) => people.list.take(members, next, |member| member.user.id.0),
    }
}

/// Somebody has joined: the page is read again.
pub(super) fn joined(model: &mut Model, room: RoomId) {
    if let Some(people) = model.people_list().filter(|people| people.room == room) {
        people.list.wanted = true;
    }
}

/// Somebody has left.
pub(super) fn left(model: &mut Model, room: RoomId, user: UserId) {
    let page = model.people_list().filter(|people| people.room == room).and_then(|people| people.list.page.as_mut());
    if let Some(page) = page {
        page.retain(|member| member.user.id != user);
    }
}

/// Somebody's role has changed.
pub(super) fn role_changed(model: &mut Model, room: RoomId, user: UserId, role: Role) {
    let page = model.people_list().filter(|people| people.room == room).and_then(|people| people.list.page.as_mut());
    if let Some(member) = page.and_then(|page| page.iter_mut().find(|member| member.user.id == user)) {
        member.role = role;
    }
}

/// Users came online or went offline.
pub(super) fn presence(model: &mut Model, event: &Presence) {
    let page =
        model.people_list().filter(|people| people.room == event.room_id).and_then(|people| people.list.page.as_mut());
    for member in page.into_iter().flatten() {
        if event.online.contains(&member.user.id) {
            member.user.online = true;
        } else if event.offline.contains(&member.user.id) {
            member.user.online = false;
        }
    }
}

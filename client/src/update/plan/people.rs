//! Requests about people: who is online, a page of members, bans, users or invites, users for the switcher, typing, and
//! levels to be set.

use std::sync::Arc;

use quchat_shared::{
    RoomId, UserId,
    api::NewNotify,
    limits::PAGE_MAX,
    query::{ListMembers, ListUsers, Page},
};

use crate::{
    model::{Call, Link, Model},
    update::{Effect, Request, effect::call},
};

/// How many users the switcher shows.
const FOUND_MAX: u32 = 10;

/// Makes the requests that are due. Without a stream there are none, because the answers would be old at once.
pub(super) fn plan(model: &mut Model, effects: &mut Vec<Effect>) {
    if model.link != Link::Connected {
        return;
    }
    if let Some(id) = room_to_look_round(model) {
        let page = ListMembers { limit: Some(PAGE_MAX), ..ListMembers::default() };
        call(model, Call::MeetMembers(id), Request::ListMembers(id, page), effects);
    }
    if let Some(id) = room_to_tell(model) {
        call(model, Call::NotifyTyping, Request::NotifyTyping(id), effects);
    }
    meet_peers(model, effects);
    set_level(model, effects);
    let lists = [list_request(model), bans_request(model), users_request(model), invites_request(model)];
    let requests = lists.into_iter().chain([look_up_request(model)]);
    for (what, request) in requests.flatten().collect::<Vec<_>>() {
        if let Call::LookUp(prefix) = &what {
            model.look_up.asked = prefix.clone();
        }
        call(model, what, request, effects);
    }
}

/// Asks for the next users of direct rooms, a page at a time.
fn meet_peers(model: &mut Model, effects: &mut Vec<Effect>) {
    if model.internal.unmet.is_empty() || model.internal.awaits(|call| *call == Call::MeetPeers) {
        return;
    }
    let ids: Vec<UserId> = model.internal.unmet.iter().copied().take(PAGE_MAX as usize).collect();
    model.internal.unmet.retain(|id| !ids.contains(id));
    let filter = ListUsers { ids: Some(ids), limit: Some(PAGE_MAX), ..ListUsers::default() };
    call(model, Call::MeetPeers, Request::ListUsers(filter), effects);
}

/// Sends the next notify level, one at a time.
fn set_level(model: &mut Model, effects: &mut Vec<Effect>) {
    if model.internal.unset.is_empty() || model.internal.awaits(|call| matches!(call, Call::SetNotify(..))) {
        return;
    }
    while let Some(id) = model.internal.unset.pop_first() {
        let level = model.rooms.get(&id).filter(|room| room.joined()).and_then(|room| room.notify);
        if let Some(notify) = level {
            call(model, Call::SetNotify(id, notify), Request::SetNotify(id, NewNotify { notify }), effects);
            return;
        }
    }
}

/// The open room, if it is time to ask who is there.
fn room_to_look_round(model: &mut Model) -> Option<RoomId> {
    model.internal.participants_due.take_if(|due| *due <= model.now.mono_ms)?;
    let room = model.open_room().filter(|room| room.joined() && !room.is_direct() && !room.gone && !room.remembered)?;
    room.participants.online().is_none().then_some(room.info.id)
}

/// The room whose members must be told now that the user is typing there.
fn room_to_tell(model: &mut Model) -> Option<RoomId> {
    if !std::mem::take(&mut model.internal.typing.due) || model.link != Link::Connected {
        return None;
    }
    let (id, _) = model.internal.typing.begun?;
    let me = model.me();
    let room = model.rooms.get(&id).filter(|room| room.joined() && room.may_write().is_ok())?;
    if room.peer.as_ref().is_some_and(|peer| Some(peer.id) == me) {
        return None; // the user's own notes
    }
    model.internal.typing.told = Some(model.now.mono_ms);
    Some(id)
}

/// The request for the page on the screen. One is in flight.
fn list_request(model: &mut Model) -> Option<(Call, Request)> {
    let room = model.people_list().filter(|people| people.list.wanted)?.room;
    if model.internal.awaits(|call| *call == Call::ListMembers(room)) {
        return None;
    }
    let people = model.people_list()?;
    people.list.wanted = false;
    let prefix = Some(people.filter.trim_start_matches('@').to_owned()).filter(|prefix| !prefix.is_empty());
    let page = ListMembers { prefix, after: people.list.after.clone(), limit: None };
    Some((Call::ListMembers(room), Request::ListMembers(room, page)))
}

/// The request for the page of bans on the screen. One is in flight.
fn bans_request(model: &mut Model) -> Option<(Call, Request)> {
    let room = model.ban_list().filter(|bans| bans.list.wanted)?.room;
    if model.internal.awaits(|call| *call == Call::ListBans(room)) {
        return None;
    }
    let list = &mut model.ban_list()?.list;
    list.wanted = false;
    let page = Page { after: list.after.clone(), limit: None };
    Some((Call::ListBans(room), Request::ListBans(room, page)))
}

/// The request for the page of users on the screen. One is in flight.
fn users_request(model: &mut Model) -> Option<(Call, Request)> {
    if model.internal.awaits(|call| *call == Call::ListUsers) {
        return None;
    }
    let users = model.user_list().filter(|users| users.list.wanted)?;
    users.list.wanted = false;
    let prefix = Some(users.filter.trim_start_matches('@').to_owned()).filter(|prefix| !prefix.is_empty());
    let page = ListUsers { prefix, after: users.list.after.clone(), ..ListUsers::default() };
    Some((Call::ListUsers, Request::ListUsers(page)))
}

/// The request for the page of invites on the screen. One is in flight.
fn invites_request(model: &mut Model) -> Option<(Call, Request)> {
    if model.internal.awaits(|call| *call == Call::ListInvites) {
        return None;
    }
    let list = &mut model.invite_list().filter(|invites| invites.list.wanted)?.list;
    list.wanted = false;
    let page = Page { after: list.after.clone(), limit: None };
    Some((Call::ListInvites, Request::ListInvites(page)))
}

/// The request for users by the start of their name. One is in flight; the latest text wins.
fn look_up_request(model: &Model) -> Option<(Call, Request)> {
    let wanted = &model.look_up.wanted;
    if *wanted == model.look_up.asked || model.internal.awaits(|call| matches!(call, Call::LookUp(_))) {
        return None;
    }
    let filter = ListUsers { prefix: Some(wanted.to_string()), limit: Some(FOUND_MAX), ..ListUsers::default() };
    Some((Call::LookUp(Arc::clone(wanted)), Request::ListUsers(filter)))
}

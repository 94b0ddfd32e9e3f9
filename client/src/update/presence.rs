//! Who is online and who is typing, and telling others that the user is typing.

use std::sync::Arc;

use quchat_shared::{
    RoomId, UserRef,
    api::{Members, Users},
    event::{Presence, Typing},
};

use super::{Failure, members};
use crate::model::{Link, Model, OwnTyping, PRESENCE_MAX};

/// How long a room must be open before it is asked who is there, in milliseconds.
const LOOK_ROUND_MS: u64 = 1_000;
/// Others are told that the user is typing once this much time has passed since the first key, in milliseconds.
const TYPING_AFTER_MS: u64 = 300;
/// After a pause of this length the user counts as having begun again, in milliseconds.
const TYPING_PAUSE_MS: u64 = 3_000;
/// The shortest time between two such notes, in milliseconds.
const TYPING_EVERY_MS: u64 = 3_000;

/// The stream is live: what was known is old.
pub(super) fn begin(model: &mut Model) {
    for room in model.rooms.values_mut() {
        room.participants.forget_presence();
        if let Some(peer) = room.peer.as_ref().filter(|_| room.is_direct()) {
            model.internal.unmet.insert(peer.id);
        }
    }
    look_round_soon(model);
}

/// The open room is another one, or the user has joined it.
pub(super) fn look_round_soon(model: &mut Model) {
    model.internal.participants_due = Some(model.now.mono_ms.saturating_add(LOOK_ROUND_MS));
}

/// Handles the first members of a room. If there are more, the room has no presence.
pub(super) fn met_members(model: &mut Model, id: RoomId, reply: Result<Members, Failure>) {
    let Ok(Members { members, next: None }) = reply else { return };
    let open = model.open == Some(id);
    if let Some(room) = model.rooms.get_mut(&id).filter(|room| open && room.joined())
        && members.len() <= PRESENCE_MAX
    {
        room.participants.meet(&members);
    }
}

/// Handles the other users of direct rooms.
pub(super) fn met_peers(model: &mut Model, reply: Result<Users, Failure>) {
    let Ok(Users { users, .. }) = reply else { return };
    for room in model.rooms.values_mut().filter(|room| room.is_direct()) {
        let peer = room.peer.as_ref().and_then(|peer| users.iter().find(|user| user.id == peer.id));
        if let Some(peer) = peer {
            room.participants.meet_peer(peer.id, peer.online);
        }
    }
}

/// Users came online or went offline.
pub(super) fn presence(model: &mut Model, event: &Presence) {
    if let Some(room) = model.rooms.get_mut(&event.room_id) {
        room.participants.changed(&event.online, &event.offline);
    }
    members::presence(model, event);
}

/// Another user is typing. It is shown of the open room only.
pub(super) fn typing(model: &mut Model, event: &Typing) {
    let (now, me) = (model.now.mono_ms, model.me());
    let open = model.open == Some(event.room_id) && me != Some(event.user_id);
    let Some(room) = model.rooms.get_mut(&event.room_id).filter(|_| open) else { return };
    let name = room.name_of(event.user_id).unwrap_or("someone").to_owned();
    room.participants.types(UserRef { id: event.user_id, name }, now);
}

/// Forgets those who have stopped typing.
pub(super) fn end_typing(model: &mut Model) {
    let now = model.now.mono_ms;
    if let Some(room) = model.open_room_mut() {
        room.participants.end_typing(now);
    }
}

/// The next change by time alone.
pub(super) fn deadline(model: &Model) -> Option<u64> {
    let typing = model.open_room().and_then(|room| room.participants.typing_until());
    let look_round = model.internal.participants_due.filter(|_| model.link == Link::Connected);
    [typing, look_round].into_iter().flatten().min()
}

/// The user changed the draft of a room. Others are told of a message that will come, not of an edit or a command.
pub(super) fn typed(model: &mut Model, id: RoomId, text: &Arc<str>) {
    let now = model.now.mono_ms;
    let edit = model.rooms.get(&id).is_some_and(|room| room.draft.editing.is_some());
    let command = text.starts_with('/') && !text.starts_with("//") && !text.contains('\n');
    let OwnTyping { begun, last, due, told } = &mut model.internal.typing;
    if text.trim().is_empty() || command || edit {
        *begun = None;
        return;
    }
    let since = begun.filter(|(room, _)| *room == id && now < last.saturating_add(TYPING_PAUSE_MS));
    let (_, since) = *begun.insert(since.unwrap_or((id, now)));
    *last = now;
    *due = now >= since.saturating_add(TYPING_AFTER_MS)
        && told.is_none_or(|told| now >= told.saturating_add(TYPING_EVERY_MS));
}

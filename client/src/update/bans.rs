//! The list of bans: one page at a time, kept current while it is open.

use quchat_shared::{RoomId, UserRef, api::Bans};

use super::Failure;
use crate::model::{BanList, Dialog, Model, Paged, PersonAction, Tone};

/// Opens the list of the open room's bans.
pub(super) fn open(model: &mut Model) {
    if model.is_signed_out() {
        return model.show_dialog(Dialog::SignedOut);
    }
    match model.open_room().filter(|room| !room.gone) {
        Some(room) if room.is_direct() => model.show_notice(Tone::Calm, "nobody can be banned from a direct room"),
        Some(room) => {
            let bans = BanList { room: room.info.id, list: Paged::default() };
            model.show_dialog(Dialog::Bans(bans));
        }
        None => model.show_notice(Tone::Error, "no room is open"),
    }
}

/// Handles a page. It is dropped if another one is wanted by now.
pub(super) fn arrived(model: &mut Model, id: RoomId, reply: Result<Bans, Failure>) {
    if let (Ok(Bans { bans, .. }), Some(room)) = (&reply, model.open_room_mut().filter(|room| room.info.id == id)) {
        bans.iter().for_each(|ban| room.participants.ban(&ban.user));
    }
    let Some(bans) = model.ban_list().filter(|bans| bans.room == id) else { return };
    match reply {
        _ if bans.list.wanted => {}
        Err(failure) => bans.list.problem = Some(failure.reason().to_owned()),
        Ok(Bans { bans: page, next }) => bans.list.take(page, next, |ban| ban.user.id.0),
    }
}

/// A user was banned: the page is read again.
pub(super) fn banned(model: &mut Model, id: RoomId, user: &UserRef) {
    if let Some(room) = model.open_room_mut().filter(|room| room.info.id == id) {
        room.participants.ban(user);
    }
    if let Some(bans) = model.ban_list().filter(|bans| bans.room == id) {
        bans.list.wanted = true;
    }
}

/// The ban of a user was lifted.
fn lifted(model: &mut Model, id: RoomId, user: &UserRef) {
    if let Some(room) = model.rooms.get_mut(&id) {
        room.participants.unban(user.id);
    }
    if let Some(bans) = model.ban_list().filter(|bans| bans.room == id) {
        bans.list.problem = None;
        bans.list.retain(|ban| ban.user.id != user.id);
    }
}

/// The user has done this with somebody, if it is about a ban.
pub(super) fn done(model: &mut Model, user: &UserRef, action: &PersonAction) {
    match action {
        PersonAction::Ban(room, _) => banned(model, *room, user),
        PersonAction::Unban(room) => lifted(model, *room, user),
        _ => {}
    }
}

/// Shows in the open list why a ban was not lifted. Returns whether it is open.
pub(super) fn shows_refusal(model: &mut Model, action: &PersonAction, why: &str) -> bool {
    let PersonAction::Unban(room) = action else { return false };
    let Some(bans) = model.ban_list().filter(|bans| bans.room == *room) else { return false };
    bans.list.problem = Some(why.to_owned());
    true
}

//! The inbox: the messages of all rooms that mention the user.
//!
//! The server lists them. What arrives while the inbox is open is added here.

use quchat_shared::{
    Message,
    api::{FoundIn, Hit, Mentions},
};

use super::Failure;
use crate::model::{Call, Dialog, DialogId, Listing, Model, mentions};

/// Opens the inbox.
pub(super) fn open(model: &mut Model) {
    let mut listing = Listing::default();
    listing.renew(model.now.mono_ms, 0);
    model.show_dialog(Dialog::Inbox(listing));
}

/// The user comes to the end of a list: fetches more of it.
pub(super) fn more(model: &mut Model) {
    let now = model.now.mono_ms;
    match model.dialogs.last_mut() {
        Some(Dialog::Inbox(listing)) => listing.want_more(now),
        Some(Dialog::Search) => model.search.listing.want_more(now),
        _ => {}
    }
}

/// Handles a page of the inbox that begins after this position.
pub(super) fn arrived(model: &mut Model, after: Option<&str>, reply: Result<Mentions, Failure>) {
    let Some(listing) = model.inbox_mut() else { return };
    if listing.wanted.is_none() || listing.after() != after {
        return; // of an inbox that was closed
    }
    match reply {
        Ok(Mentions { mentions, next }) => {
            let hit = |mention: quchat_shared::api::Mention| {
                let (message, room) = (mention.message, mention.room);
                Hit { message, room, ranges: Vec::new() }
            };
            listing.take(mentions.into_iter().map(hit).collect(), next);
        }
        Err(failure) => listing.fail(failure.reason()),
    }
}

/// Adds, changes or removes a message of the open inbox.
pub(super) fn note(model: &mut Model, message: &Message) {
    if !model.shows_dialog(DialogId::Inbox) {
        return;
    }
    let Some((me, room)) = model.me().zip(model.rooms.get(&message.room_id)) else { return };
    let found_in = FoundIn { id: room.info.id, name: room.info.name.clone(), kind: room.info.kind, peer: None };
    let Some(listing) = model.inbox_mut() else { return };
    if mentions(message, me) {
        listing.update(message, Vec::new());
        listing.add(Hit { message: message.clone(), room: found_in, ranges: Vec::new() });
    } else {
        listing.remove((message.room_id, message.seq));
    }
}

/// When something about the list is due.
pub(super) fn deadline(model: &Model) -> Option<u64> {
    let asking = model.internal.awaits(|call| matches!(call, Call::ListMentions(_)));
    model.inbox()?.deadline(model.now.mono_ms, asking)
}

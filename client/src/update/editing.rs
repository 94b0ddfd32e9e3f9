//! Editing a message in the composer: which message, the way in and the way back.
//!
//! What becomes of the text afterwards is decided in `edits`.

use std::sync::Arc;

use quchat_shared::{Message, RoomId, Seq};

use super::find;
use crate::model::{Cause, EditOf, EditTarget, Model, Room, SendState, Tone};

/// How many of the newest messages are searched for one of the user's own.
const REACH: usize = 1_000;

/// Puts the selected message, or the user's last one in the open room, into the composer.
pub(super) fn edit(model: &mut Model) {
    let chosen = model.selection().map(|message| EditTarget::Message(EditOf::now(message)));
    let target = match chosen.map_or_else(|| last_own(model), Ok) {
        Ok(target) => target,
        Err(why) => return model.show_notice(Tone::Calm, why),
    };
    if let Err(why) = may_edit(model, &target) {
        return model.show_notice(Tone::Calm, &why);
    }
    if let Some(id) = model.open {
        begin(model, id, target);
    }
}

/// The user's last message in the open room, sent or not.
pub(super) fn last_own(model: &Model) -> Result<EditTarget, &'static str> {
    let none = "you have written no message here that could be edited";
    let room = model.open_room().ok_or("no room is open")?;
    let me = model.me();
    for pending in room.written().rev() {
        match &pending.state {
            SendState::Refused(_) => {} // `Action::Review` has it
            SendState::Sent(message) if message.deleted_at.is_some() => {}
            SendState::Sent(message) => return Ok(EditTarget::Message(EditOf::now(message))),
            _ => return Ok(EditTarget::Unsent(Arc::clone(&pending.txn))),
        }
    }
    if room.timeline.has_newer && !room.timeline.is_unknown() {
        return Err("your last message is not loaded: go to the newest message first");
    }
    let own = |message: &&Arc<Message>| Some(message.sender.id) == me && message.deleted_at.is_none();
    let last = room.timeline.messages.iter().rev().take(REACH).find(own);
    last.map(|message| EditTarget::Message(EditOf::now(message))).ok_or(none)
}

/// Fails with one sentence if the user cannot edit the message.
pub(super) fn may_edit(model: &Model, target: &EditTarget) -> Result<(), String> {
    let room = model.open_room().ok_or("no room is open")?;
    if let EditTarget::Message(edit) = target {
        may_edit_message(model, room, edit.seq)?;
    }
    room.may_write()
}

fn may_edit_message(model: &Model, room: &Room, seq: Seq) -> Result<(), &'static str> {
    let message = room.message(seq).ok_or("the message is not loaded")?;
    if message.deleted_at.is_some() {
        return Err("nothing to edit: the message was deleted");
    }
    if Some(message.sender.id) != model.me() {
        return Err("only its author can edit a message");
    }
    if room.joined() || model.internal.is_joining(room.info.id) {
        Ok(())
    } else {
        Err("you are not in this room; /join it to edit your messages")
    }
}

/// Whether the user can edit the message. What they cannot do is not offered.
#[must_use]
pub(crate) fn is_editable(model: &Model, message: &Message) -> bool {
    let room = model.open_room();
    room.is_some_and(|room| may_edit_message(model, room, message.seq).is_ok() && room.may_write().is_ok())
}

fn begin(model: &mut Model, id: RoomId, target: EditTarget) {
    find::stay(model);
    let Some(room) = model.rooms.get_mut(&id) else { return };
    let Some(text) = room.latest_text(&target).map(str::to_owned) else { return };
    room.begin_edit(target, &text);
    model.selected = None;
    model.in_side_bar = false;
    model.touch(id);
}

/// Puts a refused edit into the composer again. It is based on the message as it is now, which the user can see. Returns
/// `false` if the message cannot be edited any more.
pub(super) fn take_back(model: &mut Model, id: RoomId, edit: EditOf, text: &str) -> bool {
    let Some(room) = model.rooms.get_mut(&id) else { return false };
    let message = room.message(edit.seq);
    if room.gone || message.is_some_and(|message| message.deleted_at.is_some()) {
        return false;
    }
    let now = EditOf { seq: edit.seq, rev: message.map(|message| message.rev) };
    room.begin_edit(EditTarget::Message(now), text);
    model.touch(id);
    model.save_now(id);
    true
}

/// Cancels the edit in the open room: the former draft returns. Returns whether there was one.
pub(super) fn cancel(model: &mut Model) -> bool {
    let Some(room) = model.open_room_mut() else { return false };
    let id = room.info.id;
    let Some(changed) = room.leave_edit() else { return false };
    if changed {
        room.cleared_when_gone |= room.gone;
        let left = Cause::Draft(id, Arc::clone(&room.draft.text));
        model.show_notice_while(left, Tone::Calm, "edit cancelled; Up brings your text back");
    }
    model.touch(id);
    model.save_now(id);
    true
}

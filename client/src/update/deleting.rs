//! Deleting a message: who may, the question, and what is shown until the server's copy arrives.

use std::sync::Arc;

use quchat_shared::{
    Message, RoomId, Seq, Timestamp, UserRef,
    room::{Role, RoomKind},
    user::ServerRole,
};

use super::{Effect, Failure, Request, editing, effect::call, find};
use crate::model::{Call, EditTarget, Model, Question, Tone};

/// Asks whether to delete the selected message, or the user's last one in the open room.
pub(super) fn ask(model: &mut Model) {
    let chosen = model.selection().map(|message| message.seq);
    let target = match chosen {
        Some(seq) => Ok(seq),
        None => match editing::last_own(model) {
            Ok(EditTarget::Message(edit)) => Ok(edit.seq),
            Ok(EditTarget::Unsent(_)) => Err("your last message is not sent yet; /edit changes it"),
            Err(why) => Err(why),
        },
    };
    let checked = target.and_then(|seq| may_delete(model, seq).map(|()| seq));
    match (checked, model.open) {
        (Ok(seq), Some(room)) => {
            find::stay(model);
            model.ask(Question::DeleteMessage { room, seq });
        }
        (Err(why), _) => model.show_notice(Tone::Calm, why),
        (Ok(_), None) => {}
    }
}

/// Fails with one sentence if the user cannot delete this message of the open room.
fn may_delete(model: &Model, seq: Seq) -> Result<(), &'static str> {
    let room = model.open_room().ok_or("no room is open")?;
    let message = room.message(seq).ok_or("the message is not loaded")?;
    let admin = model.account.as_ref().is_some_and(|account| account.user.role == ServerRole::Admin);
    let moderates = room.member.is_some_and(|member| matches!(member.role, Role::Moderator | Role::Owner));
    let may = Some(message.sender.id) == model.me() || moderates || admin && room.info.kind == RoomKind::Public;
    match () {
        () if room.gone => Err("this room is gone"),
        () if message.deleted_at.is_some() => Err("the message is deleted already"),
        () if !may => Err("only its author and moderators can delete a message"),
        () => Ok(()),
    }
}

/// Whether the user can delete the message. What they cannot do is not offered.
#[must_use]
pub(crate) fn is_deletable(model: &Model, message: &Message) -> bool {
    may_delete(model, message.seq).is_ok()
}

/// Deletes the message: the answer was yes.
pub(super) fn delete(model: &mut Model, id: RoomId, seq: Seq, effects: &mut Vec<Effect>) {
    let asked = model.internal.awaits(|call| *call == Call::DeleteMessage(id, seq));
    if !asked {
        call(model, Call::DeleteMessage(id, seq), Request::DeleteMessage((id, seq)), effects);
    }
}

/// Handles the reply to a deletion.
pub(super) fn answered(model: &mut Model, id: RoomId, seq: Seq, reply: Result<(), Failure>) {
    match reply {
        Ok(()) => bury(model, id, seq),
        Err(failure) => {
            let why = format!("not deleted: {}", failure.reason());
            model.show_notice(Tone::Error, &why);
        }
    }
}

/// Shows a tombstone until the server's copy arrives, which has a higher revision.
fn bury(model: &mut Model, id: RoomId, seq: Seq) {
    let by = model.account.as_ref().map(|account| UserRef { id: account.user.id, name: account.user.name.clone() });
    let now = Timestamp::from_millis(model.now.wall_ms);
    let Some(room) = model.rooms.get_mut(&id) else { return };
    let Some(message) = room.message(seq).filter(|message| message.deleted_at.is_none()) else { return };
    let tombstone = Arc::new(Message {
        text: String::new(),
        mentions: Vec::new(),
        mentions_all: false,
        reactions: Vec::new(),
        deleted_at: Some(now),
        deleted_by: by,
        ..Message::clone(message)
    });
    room.quoted.replace(&tombstone);
    room.timeline.replace(&tombstone);
    find::look_again(model, id, seq);
}

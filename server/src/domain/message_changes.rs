//! Messages that change: a new text, or a tombstone in place of it.

use quchat_shared::{Message, RoomId, RoomInfo, Seq, Timestamp, api::MessageEdit, event::MessageUpdated, limits};

use super::{
    Caller, Error, Principal, Result, invalid, mentions,
    messages::find_message,
    policy::{self, Action},
    users,
};
use crate::store::{EventRef, Tx};

/// Replaces the text of a message of the caller's. The same text changes nothing.
pub(crate) fn edit_message(
    tx: &mut dyn Tx,
    caller: Caller,
    (room, seq): (RoomId, Seq),
    edit: &MessageEdit,
    now: Timestamp,
) -> Result<Message> {
    let (info, _) = policy::authorize(tx, caller, Action::Edit, room)?;
    let message = find_message(tx, room, seq)?;
    if message.sender.id != caller.user {
        return Err(Error::Forbidden("only its author may edit a message"));
    }
    if message.deleted_at.is_some() {
        return Err(Error::Conflict("this message was deleted; send a new one".into()));
    }
    let text = invalid("text", limits::message_text(&edit.text))?;
    if text == message.text {
        return Ok(message);
    }
    if let Some(seen) = edit.expect_rev
        && tx.text_rev(room, seq)? > seen
    {
        return Err(Error::Conflict("the text was edited elsewhere meanwhile; look at it, then edit again".into()));
    }
    let named = mentions::named(tx, &info, &text)?;
    let edited = Message {
        rev: message.rev + 1,
        mentions: named.users,
        mentions_all: named.all && tx.may_mention_all(room, seq)?,
        text: text.into_owned(),
        edited_at: Some(now),
        ..message
    };
    tx.replace_text(&edited)?;
    record_update(tx, &info, &edited, now)?;
    Ok(edited)
}

/// Removes the text, the mentions and the reactions of a message. A second time changes nothing.
pub(crate) fn delete_message(
    tx: &mut dyn Tx,
    caller: Principal,
    (room, seq): (RoomId, Seq),
    now: Timestamp,
) -> Result<()> {
    let (info, _) = policy::authorize(tx, caller, Action::DeleteOwnMessage, room)?;
    let message = find_message(tx, room, seq)?;
    if caller.user() != Some(message.sender.id) {
        policy::authorize(tx, caller, Action::DeleteMessage, room)?;
    }
    if message.deleted_at.is_some() {
        return Ok(());
    }
    let tombstone = Message {
        rev: message.rev + 1,
        text: String::new(),
        mentions: Vec::new(),
        mentions_all: false,
        reactions: Vec::new(),
        deleted_at: Some(now),
        deleted_by: caller.user().map(|user| users::reference(tx, user)).transpose()?,
        ..message
    };
    tx.replace_with_tombstone(&tombstone)?;
    record_update(tx, &info, &tombstone, now)?;
    Ok(())
}

/// Logs and publishes a change of a message. Returns the id of the event.
pub(super) fn record_update(tx: &mut dyn Tx, room: &RoomInfo, message: &Message, now: Timestamp) -> Result<u64> {
    let event = MessageUpdated { room_id: room.id, message: message.clone() };
    Ok(tx.record(room, EventRef::MessageUpdated { seq: message.seq }, event.into(), now)?)
}

//! Messages: a room's history, one message of it, and adding to it.

use quchat_shared::{
    Message, RoomId, Seq, Timestamp, UserId,
    api::{MessagePage, NewMessage, OwnReaction},
    event::{MessageCreated, RoomActivity},
    limits,
    query::{Bound, ListMessages},
    room::RoomKind,
};

use super::{
    Caller, Error, Principal, Result, direct_rooms, invalid, memberships, mentions,
    policy::{self, Action},
    users,
};
use crate::store::{Change, Ephemeral, EventRef, NewMessageRow, Range, Snapshot, Tx};

/// The outcome of sending a message.
#[derive(Debug)]
pub(crate) enum Sent {
    /// Stored as the newest message of the room.
    Created(Message),
    /// A message with this `txn` already exists.
    Known(Message),
}

/// A page of a room's history.
pub(crate) fn list_messages(
    store: &dyn Snapshot,
    caller: Principal,
    room: RoomId,
    page: &ListMessages,
) -> Result<MessagePage> {
    let limit = invalid("limit", limits::page(page.limit))?;
    let (info, _) = policy::authorize(store, caller, Action::Read, room)?;
    let messages = match page.bound {
        Bound::Newest => store.messages(room, Range::Before(info.last_seq.next()), limit)?,
        Bound::Before(seq) => store.messages(room, Range::Before(seq), limit)?,
        Bound::After(seq) => store.messages(room, Range::After(seq), limit)?,
        Bound::Around(seq) => {
            // Half of the page before the message, the rest from it on. Seqs have no gaps, so the start can be
            // computed.
            let last_start = info.last_seq.0.saturating_sub(u64::from(limit));
            let start = seq.0.saturating_sub(u64::from(limit / 2) + 1).min(last_start);
            store.messages(room, Range::After(Seq(start)), limit)?
        }
    };
    let (has_older, has_newer) = match (messages.first(), messages.last(), page.bound) {
        (Some(first), Some(last), _) => (first.seq > Seq(1), last.seq < info.last_seq),
        (_, _, Bound::After(seq)) => (info.last_seq > Seq(0) && seq > Seq(0), false),
        _ => (false, info.last_seq > Seq(0)),
    };
    let own_reactions = own_reactions(store, caller, &messages)?;
    Ok(MessagePage { messages, has_older, has_newer, own_reactions })
}

/// One message of a room that the caller can read.
pub(crate) fn get_message(store: &dyn Snapshot, caller: Principal, (room, seq): (RoomId, Seq)) -> Result<Message> {
    policy::authorize(store, caller, Action::Read, room)?;
    find_message(store, room, seq)
}

/// The message, whoever asks.
pub(super) fn find_message(store: &dyn Snapshot, room: RoomId, seq: Seq) -> Result<Message> {
    store.message(room, seq)?.ok_or(Error::NotFound("message"))
}

/// The caller's reactions to the messages of a page.
fn own_reactions(store: &dyn Snapshot, caller: Principal, page: &[Message]) -> Result<Vec<OwnReaction>> {
    let (Some(first), Some(last)) = (page.first(), page.last()) else { return Ok(Vec::new()) };
    if page.iter().all(|message| message.reactions.is_empty()) {
        return Ok(Vec::new()); // most pages
    }
    let Some(user) = caller.user() else { return Ok(Vec::new()) };
    Ok(store.reactions_of(user, first.room_id, first.seq, last.seq)?)
}

/// Adds a message to a room, or returns the existing one with the same `txn`.
pub(crate) fn send_message(
    tx: &mut dyn Tx,
    caller: Caller,
    room: RoomId,
    new: &NewMessage,
    now: Timestamp,
) -> Result<Sent> {
    let (info, actor) = policy::authorize(tx, caller, Action::Read, room)?;
    let known = match &new.txn {
        Some(txn) => sent_before(tx, caller, txn)?,
        None => None,
    };
    if let Some((_, seq)) = known.filter(|&(known_in, _)| known_in == room) {
        // Also in a room that was archived meanwhile: the sender learns that the message is there.
        return tx.message(room, seq)?.map(Sent::Known).ok_or(Error::NotFound("message"));
    }
    policy::may(actor, Action::Post, &info)?;
    if let Some(txn) = &new.txn {
        invalid("txn", limits::txn(txn))?;
    }
    if known.is_some() {
        return Err(Error::Conflict("this txn belongs to a message in another room".into()));
    }
    let text = invalid("text", limits::message_text(&new.text))?;
    let answers = match new.reply_to {
        Some(seq) => Some(author(tx, room, seq)?),
        None => None,
    };
    let member = match info.kind {
        RoomKind::Public if actor.membership.is_none() => Some(memberships::admit(tx, &info, caller.user, None, now)?),
        RoomKind::Public | RoomKind::Private => actor.membership,
        RoomKind::Direct => {
            direct_rooms::before_message(tx, &info, caller.user, now)?;
            actor.membership
        }
    };
    let sender = users::reference(tx, caller.user)?;
    let may_mention_all = mentions::may_mention_all(tx, caller, &info, member)?;
    let named = mentions::named(tx, &info, &text)?;
    let message = Message {
        mentions: named.users,
        mentions_all: named.all && may_mention_all,
        reply_to: new.reply_to,
        answers,
        txn: new.txn.clone(),
        ..Message::new(room, info.last_seq.next(), sender, text.into_owned(), now)
    };
    let event = MessageCreated { room_id: room, message: message.clone() };
    let created = tx.record(&info, EventRef::MessageCreated { seq: message.seq }, event.into(), now)?;
    tx.insert_message(&NewMessageRow { message: &message, event: created, may_mention_all })?;
    if info.kind == RoomKind::Public {
        let activity = RoomActivity { id: room, last_seq: message.seq };
        tx.publish(Change::Ephemeral(Ephemeral::Activity(activity)));
    }
    Ok(Sent::Created(message))
}

/// The message that the caller sent with this `txn`. A `txn` is kept as long as its room, but a deleted room has messages
/// until they are purged.
fn sent_before(tx: &mut dyn Tx, caller: Caller, txn: &str) -> Result<Option<(RoomId, Seq)>> {
    match tx.message_with_txn(caller.user, txn)? {
        Some((room, seq)) if tx.room(room)?.is_none() => {
            tx.forget_txn(room, seq)?;
            Ok(None)
        }
        known => Ok(known),
    }
}

/// The author of a message that is replied to.
fn author(store: &dyn Snapshot, room: RoomId, seq: Seq) -> Result<UserId> {
    let detail = "there is no such message in this room".into();
    let message = store.message(room, seq)?.ok_or(Error::Invalid { field: "reply_to".into(), detail })?;
    Ok(message.sender.id)
}

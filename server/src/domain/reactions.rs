//! Reactions: emoji that members put on messages and take back.
//!
//! A message holds what everybody sees of its reactions. It is kept up to date one reaction at a time.

use quchat_shared::{
    Message, RoomId, Seq, Timestamp, UserId, limits,
    message::{REACTION_USERS_MAX, REACTIONS_MAX, Reaction},
};

use super::{
    Caller, Error, Result, invalid,
    message_changes::record_update,
    messages::find_message,
    policy::{self, Action},
};
use crate::store::Tx;

/// Adds a reaction of the caller. A second time changes nothing.
pub(crate) fn add_reaction(
    tx: &mut dyn Tx,
    caller: Caller,
    (room, seq, emoji): &(RoomId, Seq, String),
    now: Timestamp,
) -> Result<Message> {
    let (info, _) = policy::authorize(tx, caller, Action::React, *room)?;
    let mut message = find_message(tx, *room, *seq)?;
    let emoji = invalid("emoji", limits::emoji(emoji))?;
    if message.deleted_at.is_some() {
        return Err(Error::Conflict("this message was deleted; nobody can react to it any more".into()));
    }
    if tx.has_reacted(*room, *seq, caller.user, emoji)? {
        return Ok(message);
    }
    add(&mut message.reactions, emoji, caller.user)?;
    message.rev += 1;
    let event = record_update(tx, &info, &message, now)?;
    tx.insert_reaction(&message, emoji, caller.user, event)?;
    Ok(message)
}

/// Takes a reaction of the caller back. If there is none, nothing changes.
pub(crate) fn remove_reaction(
    tx: &mut dyn Tx,
    caller: Caller,
    (room, seq, emoji): &(RoomId, Seq, String),
    now: Timestamp,
) -> Result<Message> {
    let (info, _) = policy::authorize(tx, caller, Action::React, *room)?;
    let mut message = find_message(tx, *room, *seq)?;
    let emoji = invalid("emoji", limits::emoji(emoji))?;
    if !tx.has_reacted(*room, *seq, caller.user, emoji)? {
        return Ok(message);
    }
    message.rev += 1;
    remove(&mut message.reactions, emoji, caller.user);
    if let Some(reaction) = message.reactions.iter_mut().find(|reaction| reaction.emoji == emoji)
        && reaction.count > reaction.users.len() as u64
        && reaction.users.len() < REACTION_USERS_MAX
    {
        let first = tx.first_reactors(*room, *seq, emoji, REACTION_USERS_MAX + 1)?; // the caller may be among them
        reaction.users = first.into_iter().filter(|user| *user != caller.user).take(REACTION_USERS_MAX).collect();
    }
    tx.delete_reaction(&message, emoji, caller.user)?;
    record_update(tx, &info, &message, now)?;
    Ok(message)
}

fn add(reactions: &mut Vec<Reaction>, emoji: &str, user: UserId) -> Result<()> {
    if let Some(reaction) = reactions.iter_mut().find(|reaction| reaction.emoji == emoji) {
        reaction.count += 1;
        if reaction.users.len() < REACTION_USERS_MAX {
            reaction.users.push(user);
        }
        return Ok(());
    }
    if reactions.len() >= REACTIONS_MAX {
        let detail = format!("there are {REACTIONS_MAX} different emoji on this message already; use one of them");
        return Err(Error::Conflict(detail.into()));
    }
    reactions.push(Reaction { emoji: emoji.to_owned(), count: 1, users: vec![user] });
    Ok(())
}

/// Leaves the list of users one short if the user was in it and there are more than it holds.
fn remove(reactions: &mut Vec<Reaction>, emoji: &str, user: UserId) {
    if let Some(reaction) = reactions.iter_mut().find(|reaction| reaction.emoji == emoji) {
        reaction.count = reaction.count.saturating_sub(1);
        reaction.users.retain(|other| *other != user);
    }
    reactions.retain(|reaction| reaction.count > 0);
}

//! Reactions: adding one, taking it back, and the replies. They are shown at once; `plan` sends them.

use std::sync::Arc;

use quchat_shared::{Message, RoomId, Seq, limits::is_bidi_control};

use super::{Failure, changed};
use crate::{
    model::{Dialog, DialogId, Model, Tone},
    text::emoji::EMOJI,
};

/// Most emoji that are remembered as recent.
const RECENT_MAX: usize = 20;
/// Longest emoji that is sent, in bytes. The longest that exists has 35.
const EMOJI_BYTES_MAX: usize = 64;
/// How many of the newest messages are searched for one by another user.
const REACH: usize = 1_000;

/// Opens the picker for the selected message, or for the newest one by another user.
pub(super) fn pick(model: &mut Model) {
    match target(model) {
        Ok((room, seq)) => model.show_dialog(Dialog::React { room, seq }),
        Err(why) => model.show_notice(Tone::Calm, &why),
    }
}

/// Toggles the nth reaction of the selected message, counted from 1.
pub(super) fn toggle_nth(model: &mut Model, number: u8) {
    let (room, seq) = match target(model) {
        Ok(target) => target,
        Err(why) => return model.show_notice(Tone::Calm, &why),
    };
    match nth(model, room, seq, number) {
        Some(emoji) => toggle(model, room, seq, &emoji),
        None => model.show_notice(Tone::Calm, &format!("the message has no reaction no. {number}")),
    }
}

fn nth(model: &Model, id: RoomId, seq: Seq, number: u8) -> Option<String> {
    let (room, me) = model.rooms.get(&id).zip(model.me())?;
    let shown = room.reactions(room.message(seq)?, me);
    shown.get(usize::from(number).checked_sub(1)?).map(|reaction| reaction.emoji.clone())
}

/// `/react EMOJI`: toggles it on the newest message by another user.
pub(super) fn react_to_newest(model: &mut Model, emoji: &str) {
    match target(model) {
        Ok((room, seq)) => toggle(model, room, seq, emoji),
        Err(why) => model.show_notice(Tone::Error, &why),
    }
}

/// The selected message, or the newest one by another user.
fn target(model: &Model) -> Result<(RoomId, Seq), String> {
    let room = model.open_room().ok_or("no room is open")?;
    let me = model.me();
    let theirs = |message: &&Arc<Message>| Some(message.sender.id) != me && message.deleted_at.is_none();
    let newest = || room.timeline.messages.iter().rev().take(REACH).find(theirs);
    let message = model.selection().or_else(newest).ok_or("there is no message to react to")?;
    if message.deleted_at.is_some() {
        return Err("nothing to react to: the message was deleted".to_owned());
    }
    if room.gone {
        return Err("this room is gone".to_owned());
    }
    if room.info.archived {
        return Err("this room is archived: it takes no reactions".to_owned());
    }
    if !room.joined() && !model.internal.is_joining(room.info.id) {
        return Err("you are not in this room; /join it to react".to_owned());
    }
    Ok((room.info.id, message.seq))
}

/// The emoji that was typed: itself, or one of our table by its name.
///
/// # Errors
/// One sentence that says what to type.
pub(super) fn parse(typed: &str) -> Result<Arc<str>, String> {
    let name = typed.trim().trim_matches(':').to_lowercase();
    if let Some((_, emoji)) = EMOJI.iter().find(|(known, _)| *known == name) {
        return Ok((*emoji).into());
    }
    let typed = typed.trim();
    match looks_like_emoji(typed) {
        true => Ok(typed.into()),
        false => Err("/react takes one emoji or its name, such as :+1:".to_owned()),
    }
}

/// Whether a text may be an emoji. The server decides.
#[must_use]
pub(crate) fn looks_like_emoji(text: &str) -> bool {
    let odd = |c: char| c.is_ascii_alphabetic() || c.is_whitespace() || c.is_control() || is_bidi_control(c);
    !text.is_ascii() && text.len() <= EMOJI_BYTES_MAX && !text.chars().any(odd)
}

/// Adds the reaction, or takes it back.
pub(super) fn toggle(model: &mut Model, id: RoomId, seq: Seq, emoji: &str) {
    model.close_dialog(DialogId::React);
    if model.is_signed_out() {
        return model.ask_for_password();
    }
    let Some((room, me)) = model.rooms.get_mut(&id).zip(model.account.as_ref().map(|account| account.user.id)) else {
        return;
    };
    let Some(message) = room.message(seq).filter(|message| message.deleted_at.is_none()).map(Arc::clone) else {
        return model.show_notice(Tone::Calm, "nothing to react to: the message was deleted");
    };
    let on = !room.has_reacted(&message, emoji, me);
    room.reactions.want(seq, emoji, on);
    model.internal.busy.insert(id);
    if on {
        remember(model, emoji);
    }
}

/// Puts an emoji in front of the recent ones.
fn remember(model: &mut Model, emoji: &str) {
    if model.recent_emoji.first().is_some_and(|first| **first == *emoji) {
        return;
    }
    model.recent_emoji.retain(|other| **other != *emoji);
    model.recent_emoji.insert(0, emoji.into());
    model.recent_emoji.truncate(RECENT_MAX);
    model.internal.emoji_changed = true;
}

/// Takes the stored recent emoji.
pub(super) fn recalled(model: &mut Model, stored: Vec<Arc<str>>) {
    for emoji in stored {
        if model.recent_emoji.len() < RECENT_MAX && looks_like_emoji(&emoji) && !model.recent_emoji.contains(&emoji) {
            model.recent_emoji.push(emoji);
        }
    }
}

/// Handles the reply to a reaction.
pub(super) fn answered(model: &mut Model, id: RoomId, call: u64, reply: Result<Message, Failure>) {
    let Some((me, room)) = model.me().zip(model.rooms.get_mut(&id)) else { return };
    match reply {
        Ok(message) => {
            room.reactions.succeeded(call, &message, me);
            model.internal.busy.insert(id);
            changed::renew(model, id, message);
        }
        Err(failure) => {
            room.reactions.failed(call);
            let why = format!("no reaction: {}", failure.reason());
            model.show_notice(Tone::Error, &why);
        }
    }
}

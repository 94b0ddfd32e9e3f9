//! Which messages notify a user who looks elsewhere, and the window title.
//!
//! Owns the decision. How the terminal notifies is up to the runtime.

use quchat_shared::{
    Message, RoomId,
    room::{Notify, RoomKind},
};

use super::{Failure, Msg};
use crate::{
    model::{Alert, Model, Room, Tone, mentions},
    text::clip,
};

/// If the terminal never reports its focus, the user counts as away after this long without a key.
const AWAY_AFTER_MS: u64 = 60_000;
/// Most columns of a message that a notification quotes.
const QUOTE_MAX: u16 = 160;
/// Most columns of a room's name.
const NAME_MAX: u16 = 40;

/// The words of `/notify`.
pub(crate) const LEVELS: [(&str, Notify); 3] =
    [("all", Notify::All), ("mentions", Notify::Mentions), ("none", Notify::None)];

/// Notes that the user is at the keyboard, if the user caused this `Msg`.
pub(super) fn note_presence(model: &mut Model, msg: &Msg) {
    let by_itself = matches!(
        msg,
        Msg::Start { .. }
            | Msg::Tick
            | Msg::TermFocus(_)
            | Msg::Redraw
            | Msg::Stop
            | Msg::Seen(_)
            | Msg::Unseen
            | Msg::Done { .. }
            | Msg::Knocked { .. }
            | Msg::Stream { .. }
            | Msg::Visited(_)
            | Msg::EmojiRecalled(_)
            | Msg::Loaded(_)
            | Msg::Saved { .. }
            | Msg::Copied
            | Msg::Notice(_)
    );
    if !by_itself {
        model.internal.last_key = model.now.mono_ms;
    }
    model.internal.tells_focus |= matches!(msg, Msg::TermFocus(_));
}

/// Prepares the notification of a new message, if the user wants one and is not looking at the room.
pub(super) fn prepare_notification(model: &mut Model, id: RoomId, message: &Message) {
    let (Some(me), Some(room)) = (model.me(), model.rooms.get(&id)) else { return };
    let looking = model.open == Some(id) && !is_away(model);
    let named = mentions(message, me) || room.info.kind == RoomKind::Direct;
    let wanted = match room.level() {
        Notify::All => true,
        Notify::Mentions => named,
        Notify::None => false,
    };
    if looking || !wanted || !room.joined() || message.sender.id == me {
        return;
    }
    let title = name(room);
    let body = clip(&format!("{}: {}", message.sender.name, message.text), QUOTE_MAX);
    let more = model.internal.alert.take().map_or(0, |alert| alert.more + 1);
    model.internal.alert = Some(Alert { room: id, title, body, more });
}

fn is_away(model: &Model) -> bool {
    let idle = model.now.mono_ms.saturating_sub(model.internal.last_key);
    !model.term_focused || (!model.internal.tells_focus && idle >= AWAY_AFTER_MS)
}

/// The window title: the open room, preceded by the unread count without the room that the user is looking at.
#[must_use]
pub fn title(model: &Model) -> String {
    let Some(open) = model.open_room() else { return "quchat".to_owned() };
    let looking = |room: &Room| room.info.id == open.info.id && model.term_focused;
    let counted = |room: &&Room| room.level() != Notify::None && !looking(room);
    let (unread, mentions) = (model.rooms.values().filter(counted)).fold((0_u64, 0_u64), |(unread, mentions), room| {
        (unread.saturating_add(room.unread()), mentions.saturating_add(room.addressed()))
    });
    let count = match (unread, mentions) {
        (0, _) => String::new(),
        (_, 0) => format!("({unread}) "),
        _ => format!("({unread}, @{mentions}) "),
    };
    format!("{count}{} · quchat", name(open))
}

/// A room's name in a sentence or a title.
pub(super) fn name(room: &Room) -> String {
    format!("{}{}", room.sign(), clip(room.name(), NAME_MAX))
}

/// The level of this name. `None` for an empty name, which asks for the current level.
///
/// # Errors
/// One sentence that says what to change.
pub(super) fn level(typed: &str) -> Result<Option<Notify>, String> {
    let level = LEVELS.iter().find(|(word, _)| *word == typed).map(|(_, level)| *level);
    match (typed, level) {
        ("", _) => Ok(None),
        (_, Some(level)) => Ok(Some(level)),
        _ => Err("/notify takes all, mentions or none".to_owned()),
    }
}

/// Sets the notify level of the open room, if given, and shows the current one.
pub(super) fn set(model: &mut Model, level: Option<Notify>) {
    let Some(room) = model.open_room_mut() else { return };
    let id = room.info.id;
    if let Some(level) = level {
        room.notify = Some(level);
        model.internal.unset.insert(id);
    }
    let Some(room) = model.open_room() else { return };
    let what = match room.level() {
        Notify::All => "notifies you of every message",
        Notify::Mentions => "notifies you of mentions",
        Notify::None => "is muted; repeat /mute to unmute",
    };
    let text = format!("{} {what}", name(room));
    model.touch(id);
    model.show_notice(Tone::Calm, &text);
}

/// Mutes the open room, or unmutes it.
pub(super) fn mute(model: &mut Model) {
    let muted = model.open_room().is_some_and(|room| room.level() == Notify::None);
    set(model, Some(if muted { Notify::default() } else { Notify::None }));
}

/// The stream is live: levels that only this machine knows are sent to the server.
pub(super) fn send_levels(model: &mut Model) {
    let own = model.rooms.values().filter(|room| room.notify.is_some() && room.joined());
    model.internal.unset = own.map(|room| room.info.id).collect();
}

/// Handles the reply to that. After a failure the level stays on this machine, until it is sent again.
pub(super) fn level_set(model: &mut Model, id: RoomId, level: Notify, reply: Result<(), Failure>) {
    if reply.is_ok() {
        set_elsewhere(model, id, level);
    }
}

/// The server has a new level, of this client or of another one.
pub(super) fn set_elsewhere(model: &mut Model, id: RoomId, level: Notify) {
    let pending = model.internal.unset.contains(&id);
    let Some(room) = model.rooms.get_mut(&id) else { return };
    if let Some(member) = &mut room.member {
        member.notify = level;
    }
    if !pending && room.notify.take().is_some() {
        model.touch(id);
    }
}

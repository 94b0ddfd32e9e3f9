//! Writing: the draft of each room, earlier inputs, and what Enter does.

use std::sync::Arc;

use quchat_shared::{Message, RoomId, Seq, limits};

use super::{
    commands::{self, SlashCommand},
    edits, outbox, presence,
};
use crate::{
    model::{Cause, Model, NO_ROOM, OUTBOX_MAX, Position, Question, Room, TerminalTask, Tone},
    text::pieces::pieces,
};

/// Most messages that one draft is split into: what the server takes from a user at once.
const PIECES_MAX: usize = 100;
/// How long another Enter after a command counts as the same key press. A held key repeats within this time.
const ENTER_HELD_MS: u64 = 750;
/// How many of the newest messages are searched for one by another user.
const REPLY_REACH: usize = 1_000;

/// Takes the changed text of the composer.
pub(super) fn edited(model: &mut Model, id: RoomId, text: Arc<str>) {
    model.internal.after_end_of_input = false;
    if id == NO_ROOM && model.open_room().is_none() {
        model.command.text = text;
        return;
    }
    let Some(room) = model.rooms.get_mut(&id).filter(|room| room.draft.text != text) else { return };
    let shown = std::mem::replace(&mut room.draft.text, Arc::clone(&text));
    room.stop_recalling(&shown);
    model.touch(id);
    presence::typed(model, id, &text);
}

/// Puts an earlier or later input into the composer. The draft returns after the latest one. While a message is being
/// edited, nothing is recalled.
pub(super) fn recall(model: &mut Model, back: bool) {
    let Some(room) = model.open_room_mut().filter(|room| room.draft.editing.is_none()) else { return };
    let inputs = &room.inputs.list;
    let at = match (&room.inputs.at, back) {
        (None, false) | (Some((0, _)), true) => return,
        (None, true) => inputs.len().checked_sub(1),
        (Some((at, _)), true) => Some(at - 1),
        (Some((at, _)), false) => Some(at + 1).filter(|&at| at < inputs.len()),
    };
    let input = at.and_then(|at| Some((at, Arc::clone(inputs.get(at)?))));
    if room.inputs.at.is_some() {
        let lent = answered_by_left(room, &room.draft.text);
        room.draft.reply_to.take_if(|seq| lent == Some(*seq));
    }
    match input {
        Some((at, input)) => {
            let left = room.inputs.at.take().map_or_else(|| room.draft.leave(), |(_, left)| left);
            room.draft.reply_to = answered_by_left(room, &input).or(room.draft.reply_to);
            room.draft.replace(input);
            room.inputs.at = Some((at, left));
        }
        None => room.end_recall(),
    }
}

/// The reply target of the draft that an edited input replaced, if `text` is that draft.
fn answered_by_left(room: &Room, text: &Arc<str>) -> Option<Seq> {
    room.inputs.left.as_ref().filter(|left| left.text == *text)?.reply_to
}

/// Moves a letter typed in the side bar, and the focus, to the composer.
pub(super) fn typed(model: &mut Model, letter: char) {
    model.internal.after_end_of_input = false;
    if letter.is_control() || !model.dialogs.is_empty() || model.account.is_none() {
        return;
    }
    model.in_side_bar = false;
    let Some(room) = model.open_room_mut() else {
        let text = format!("{}{letter}", model.command.text).into();
        return model.command.replace(text);
    };
    let shown = Arc::clone(&room.draft.text);
    room.draft.replace(format!("{shown}{letter}").into());
    room.stop_recalling(&shown);
    let id = room.info.id;
    model.touch(id);
}

/// Asks about a long paste. It is kept as an earlier input, whatever the answer.
pub(super) fn pasted(model: &mut Model, id: RoomId, text: Arc<str>, at: usize) {
    let Some(room) = model.rooms.get_mut(&id).filter(|_| model.dialogs.is_empty()) else { return };
    room.inputs.keep_paste(Arc::clone(&text));
    model.touch(id);
    model.ask(Question::Paste { room: id, text, at });
}

/// Inserts a paste into the draft.
pub(super) fn paste(model: &mut Model, id: RoomId, text: &Arc<str>, at: usize) {
    let Some(room) = model.rooms.get_mut(&id) else { return };
    let shown = Arc::clone(&room.draft.text);
    let (before, after) = shown.split_at_checked(at).unwrap_or((&shown, ""));
    let whole = format!("{before}{text}{after}").into();
    room.inputs.forget(text);
    room.stop_recalling(&shown);
    room.draft.replace(whole);
    model.touch(id);
}

/// Saves the draft and opens it in the user's editor.
pub(super) fn open_editor(model: &mut Model) {
    let Some(room) = model.open_room() else { return };
    let id = room.info.id;
    model.save_now(id);
    model.internal.seen = None; // the screen is the editor's
    model.internal.terminal_task = Some(TerminalTask::OpenEditor(id));
}

/// Takes the text from the editor as the draft. The previous draft becomes an earlier input.
pub(super) fn editor_closed(model: &mut Model, id: RoomId, text: Result<Arc<str>, String>) {
    let text = match text {
        Ok(text) => text,
        Err(why) => return model.show_notice(Tone::Error, &why),
    };
    let Some(room) = model.rooms.get_mut(&id).filter(|room| room.draft.text != text) else { return };
    let shown = Arc::clone(&room.draft.text);
    room.stop_recalling(&shown);
    room.inputs.keep_cleared(&shown);
    room.cleared_when_gone |= room.gone;
    room.inputs.remember(shown);
    room.draft.replace(text);
    model.touch(id);
    model.save_now(id);
}

/// Whether there is text in the composer.
pub(super) fn has_draft(model: &Model) -> bool {
    !model.open_room().map_or(&model.command.text, |room| &room.draft.text).is_empty()
}

/// Makes the draft a reply to `target`, or to the newest message by another user.
pub(super) fn reply(model: &mut Model, target: Option<Seq>) {
    let Some(target) = target.or_else(|| newest_of_others(model)) else { return };
    let Some(room) = model.open_room_mut() else { return };
    room.leave_edit(); // an edit replies to nothing
    room.draft.reply_to = Some(target);
    let id = room.info.id;
    model.selected = None;
    model.in_side_bar = false;
    model.touch(id);
}

/// The newest message by another user in the open room. Shows a notice if there is none.
pub(super) fn newest_of_others(model: &mut Model) -> Option<Seq> {
    let me = model.me();
    let theirs = |message: &&Arc<Message>| Some(message.sender.id) != me && message.deleted_at.is_none();
    let newest =
        model.open_room()?.timeline.messages.iter().rev().take(REPLY_REACH).find(theirs).map(|message| message.seq);
    if newest.is_none() {
        model.show_notice(Tone::Calm, "there is no message to reply to");
    }
    newest
}

/// Makes the draft no reply any more.
pub(super) fn cancel_reply(model: &mut Model) {
    let Some(room) = model.open_room_mut() else { return };
    if room.draft.reply_to.take().is_some() {
        let id = room.info.id;
        model.touch(id);
    }
}

/// A slash command that was sent, and the reply target of the draft.
pub(super) type Sent = (SlashCommand, Option<Seq>);

/// Enter: sends the draft. If it is a slash command, returns it to be run.
pub(super) fn send(model: &mut Model) -> Option<Sent> {
    if model.open_room().is_none() {
        return send_command(model);
    }
    if let Some(id) = model.open_room().filter(|room| room.draft.editing.is_some()).map(|room| room.info.id) {
        edits::submit(model, id);
        return None;
    }
    let room = model.open_room().filter(|room| !room.draft.text.trim().is_empty())?;
    let (id, draft) = (room.info.id, Arc::clone(&room.draft.text));
    let text = match draft.strip_prefix('/') {
        Some(literal) if literal.starts_with('/') => literal,
        Some(_) if draft.contains('\n') => &*draft, // several lines are never a command
        Some(command) => return take_command(model, id, command),
        None => &*draft,
    };
    let long = text.contains('\n') && text.trim_end().chars().count() > limits::TEXT_MAX;
    match room.check_message(text) {
        Ok(text) => say(model, id, text),
        Err(_) if long && room.may_write().is_ok() => model.ask(Question::Split { room: id }),
        Err(why) => object(model, id, &why),
    }
    None
}

fn take_command(model: &mut Model, id: RoomId, typed: &str) -> Option<Sent> {
    let command = match commands::parse(model, typed) {
        Ok(command) => command,
        Err(why) => {
            object(model, id, &why);
            return None;
        }
    };
    let room = model.rooms.get_mut(&id)?;
    let reply_to = room.draft.reply_to.take_if(|_| command.says());
    room.clear_draft();
    model.touch(id);
    Some((command, reply_to))
}

/// Enter while no room is open: only commands can be sent.
fn send_command(model: &mut Model) -> Option<Sent> {
    let typed = Arc::clone(&model.command.text);
    let command = typed.trim().strip_prefix('/').filter(|command| !command.starts_with('/'));
    let parsed = match command {
        Some(command) => commands::parse(model, command),
        None if typed.trim().is_empty() => return None,
        None => Err("no room is open: only commands can be typed, such as /join NAME or /help".to_owned()),
    };
    match parsed {
        Ok(command) => {
            model.command.replace("".into());
            hold_enter(model);
            Some((command, None))
        }
        Err(why) => {
            model.show_notice_while(Cause::Command(typed), Tone::Error, &why);
            None
        }
    }
}

fn hold_enter(model: &mut Model) {
    model.internal.command_sent_until = Some(model.now.mono_ms.saturating_add(ENTER_HELD_MS));
}

/// Whether this Enter belongs to the one that sent a command. A held or doubled Enter must not open and join a room.
pub(super) fn is_enter_of_command(model: &mut Model) -> bool {
    let held = model.internal.command_sent_until.take().is_some_and(|until| model.now.mono_ms < until);
    if held {
        hold_enter(model);
    }
    held
}

/// Shows why the draft of this room is not sent, until it changes.
fn object(model: &mut Model, id: RoomId, why: &str) {
    let text = model.rooms.get(&id).map_or("".into(), |room| Arc::clone(&room.draft.text));
    let listed = model.cursor.is_some();
    let cause = if why == commands::UNLISTED && !listed { Cause::Unlisted } else { Cause::Draft(id, text) };
    model.show_notice_while(cause, Tone::Error, why);
}

/// Sends a draft as several messages, up to the limit on pending ones. Up brings back the rest. An edit stays one.
pub(super) fn send_split(model: &mut Model, id: RoomId) {
    let Some(room) = model.rooms.get_mut(&id).filter(|room| room.draft.editing.is_none()) else { return };
    let draft = Arc::clone(&room.draft.text);
    let text = if draft.starts_with("//") { &draft[1..] } else { &*draft };
    let all = pieces(text, limits::TEXT_MAX);
    let fit = PIECES_MAX.min(OUTBOX_MAX.saturating_sub(room.outbox.len()));
    let checked =
        room.may_write().and_then(|()| all.iter().take(fit).map(|(_, piece)| room.check_message(piece)).collect());
    let messages: Vec<Arc<str>> = match checked {
        Ok(messages) => messages,
        Err(why) => return object(model, id, &why),
    };
    let mut reply_to = room.draft.reply_to.take();
    room.clear_draft();
    if let Some(&(rest, _)) = all.get(fit) {
        room.inputs.put_aside(text[rest..].into());
        let told = format!("{} messages are being sent; Up brings back the rest", messages.len());
        model.show_notice(Tone::Calm, &told);
    }
    for message in messages {
        post(model, id, message, reply_to.take());
    }
}

/// The number of messages that a text is split into, its characters, and whether that is more than can be sent at once.
#[must_use]
pub(crate) fn measure(text: &str) -> (usize, usize, bool) {
    let count = pieces(text, limits::TEXT_MAX).len();
    (count.min(PIECES_MAX), text.trim_end().chars().count(), count > PIECES_MAX)
}

fn say(model: &mut Model, id: RoomId, text: Arc<str>) {
    if let Some(room) = model.rooms.get_mut(&id) {
        let reply_to = room.draft.reply_to.take();
        room.clear_draft();
        post(model, id, text, reply_to);
    }
}

/// Queues a message. The composer does not change.
fn post(model: &mut Model, id: RoomId, text: Arc<str>, reply_to: Option<Seq>) {
    let Some(room) = model.rooms.get_mut(&id) else { return };
    room.go_to(Position::default());
    room.new_after = None;
    outbox::queue(model, id, text, reply_to);
    if model.is_signed_out() {
        model.ask_for_password(); // the message is queued until the user signs in
    }
}

/// Queues a message in the open room.
pub(super) fn post_here(model: &mut Model, text: Arc<str>, reply_to: Option<Seq>) {
    if let Some(id) = model.open {
        post(model, id, text, reply_to);
    }
}

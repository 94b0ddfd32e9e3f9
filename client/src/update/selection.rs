//! Selecting a message with the keyboard, to copy it, reply to it or follow it.
//!
//! The selected message is a seq of the open room. The history component decides where it is on the screen.

use std::sync::Arc;

use quchat_shared::{
    Message,
    limits::is_bidi_control,
    text::markup::{Kind, markup},
};

use super::{find, jump, reading, writing};
use crate::{
    model::{Anchor, Key, Model, Position, Room, Seen, TerminalTask, Tone, Unfolded},
    text::clock,
};

/// Selects the current hit of the search, else the last visible message.
pub(super) fn start(model: &mut Model) {
    let found = find::stay(model);
    let seen = model.internal.seen.as_ref().map(|seen| seen.last.clone());
    let Some(room) = model.open_room() else { return };
    let last = match seen {
        Some(Key::Seq(seq)) if room.timeline.index(seq).is_some() => Some(seq),
        _ => room.timeline.last(),
    };
    match found.filter(|&seq| room.timeline.index(seq).is_some()).or(last) {
        Some(seq) => (model.selected, model.in_side_bar) = (Some(seq), false),
        None => model.show_notice(Tone::Calm, "there is no message to select"),
    }
}

/// Selects the message `by` places further down, clamped to the loaded ones.
pub(super) fn step(model: &mut Model, by: isize) {
    let Some((room, at)) =
        model.open_room().zip(model.selected).and_then(|(room, seq)| room.timeline.index(seq).map(|at| (room, at)))
    else {
        return;
    };
    let to = at.saturating_add_signed(by).min(room.timeline.messages.len() - 1); // it contains the selected one
    choose(model, to);
}

/// Selects the first loaded message or the last one. If the room continues after the last, only goes to its end.
pub(super) fn to_edge(model: &mut Model, last: bool) {
    if last {
        reading::to_bottom(model);
    }
    let Some(room) = model.open_room().filter(|room| !last || !room.timeline.has_newer) else { return };
    let count = room.timeline.messages.len();
    choose(model, if last { count.saturating_sub(1) } else { 0 });
}

/// Messages of a page. Two pages overlap by one message.
pub(super) fn page(model: &Model) -> isize {
    let shown = model.internal.seen.as_ref().and_then(|seen| match (&seen.first, &seen.last) {
        (Key::Seq(first), Key::Seq(last)) => isize::try_from(last.0.saturating_sub(first.0)).ok(),
        _ => None,
    });
    shown.unwrap_or(1).max(1)
}

/// Ends the selection. Returns whether there was one.
pub(super) fn leave(model: &mut Model) -> bool {
    model.selected.take().is_some()
}

fn choose(model: &mut Model, at: usize) {
    let seen = model.internal.seen.clone();
    let height = i32::from(model.page_rows);
    let Some(room) = model.open.and_then(|open| model.rooms.get_mut(&open)) else { return };
    let Some(seq) = room.timeline.messages.get(at).map(|message| message.seq) else { return };
    model.selected = Some(seq);
    room.stay();
    let (key, seen) = (Key::Seq(seq), seen.filter(|seen| seen.room == room.info.id));
    let unmoved = |seen: &Seen| {
        let same = room.anchor == seen.anchor || (room.anchor == Anchor::End && seen.at_end);
        same && room.scroll_rows == 0 // the next frame shows the same messages
    };
    match seen {
        // Visible already; the history component shows all of it.
        Some(seen) if unmoved(&seen) && seen.first <= key && key <= seen.last => {}
        Some(seen) if key > seen.last => stand(room, key, 1 - height),
        _ => stand(room, key, 0),
    }
}

fn stand(room: &mut Room, top: Key, rows: i32) {
    room.stand(Position { anchor: Anchor::At { top, byte: 0 }, scroll_rows: rows });
}

/// Copies the text of the selected message, optionally with author and time.
pub(super) fn copy(model: &mut Model, with_author: bool) {
    let Some(message) = chosen(model) else { return };
    if message.deleted_at.is_some() {
        return model.show_notice(Tone::Calm, "nothing to copy: the message was deleted");
    }
    let text = if with_author {
        let sent = clock::second(message.sent_at.as_millis(), &model.zone);
        format!("{sent} {}: {}", message.sender.name, message.text)
    } else {
        message.text.clone()
    };
    put(model, &text, "text");
}

/// Copies the links of the selected message, one per line.
pub(super) fn copy_links(model: &mut Model) {
    let Some(message) = chosen(model) else { return };
    let stretches = markup(&message.text, &[]);
    let links: Vec<_> =
        stretches.into_iter().filter(|(_, kind)| *kind == Kind::Link).map(|(at, _)| &message.text[at]).collect();
    match links.len() {
        0 => model.show_notice(Tone::Calm, "the message contains no link"),
        1 => put(model, links[0], "link"),
        n => put(model, &links.join("\n"), &format!("{n} links")),
    }
}

/// Shows the number of the message and when it was sent, edited and deleted, to the second; and by whom it was deleted,
/// if not by its author.
pub(super) fn show_times(model: &mut Model) {
    let Some(message) = chosen(model) else { return };
    let second = |at: quchat_shared::Timestamp| clock::second(at.as_millis(), &model.zone);
    let mut times = format!("no. {} · sent {}", message.seq.0, second(message.sent_at));
    if let Some(at) = message.edited_at {
        times.push_str(&format!(" · edited {}", second(at)));
    }
    if let Some(at) = message.deleted_at {
        times.push_str(&format!(" · deleted {}", second(at)));
        if let Some(by) = message.deleted_by.as_ref().filter(|by| by.id != message.sender.id) {
            times.push_str(&format!(" by {}", by.name));
        }
    }
    model.show_notice(Tone::Calm, &times);
}

/// Unfolds the selected message, or folds it again.
pub(super) fn unfold(model: &mut Model) {
    let Some((message, id)) = chosen(model).zip(model.open) else { return };
    let Some(room) = model.rooms.get_mut(&id) else { return };
    let shown = room.unfolded.messages.insert(message.seq) || !room.unfolded.messages.remove(&message.seq);
    model.show_notice(Tone::Calm, if shown { "shown in full" } else { "long messages are folded" });
}

/// Unfolds all long messages of the open room, or folds them again.
pub(super) fn unfold_all(model: &mut Model) {
    let Some(room) = model.open_room_mut() else { return };
    let all = !room.unfolded.all && room.unfolded.messages.is_empty();
    room.unfolded = Unfolded { all, ..Unfolded::default() };
    model.show_notice(Tone::Calm, if all { "shown in full" } else { "long messages are folded" });
}

/// Makes the draft a reply to the selected message.
pub(super) fn reply(model: &mut Model) {
    match chosen(model) {
        Some(message) if message.deleted_at.is_some() => {
            model.show_notice(Tone::Calm, "nothing to reply to: the message was deleted");
        }
        chosen => writing::reply(model, chosen.map(|message| message.seq)),
    }
}

/// Selects the message that the selected one replies to. If it is not loaded, it is fetched and shown.
pub(super) fn to_replied(model: &mut Model) {
    let Some(message) = chosen(model) else { return };
    let Some(seq) = message.reply_to else { return model.show_notice(Tone::Calm, "the message is not a reply") };
    jump::leave(model);
    match model.open_room().and_then(|room| room.timeline.index(seq)) {
        Some(at) => choose(model, at),
        None => {
            model.selected = None;
            let rows = model.page_rows;
            if let Some(room) = model.open_room_mut() {
                room.go_to(Position::in_view(seq, 0, rows));
            }
        }
    }
}

fn chosen(model: &Model) -> Option<Arc<Message>> {
    model.selection().map(Arc::clone)
}

/// Copies text without control characters, because it may be pasted into a shell.
pub(super) fn put(model: &mut Model, text: &str, what: &str) {
    let safe = |c: &char| matches!(c, '\n' | '\t') || !c.is_control() && !is_bidi_control(*c);
    model.internal.terminal_task = Some(TerminalTask::Copy(text.chars().filter(safe).collect()));
    let text = format!("{what} sent to the terminal's clipboard"); // the terminal does not confirm it
    model.show_notice(Tone::Calm, &text);
}

/// tmux has the copied text, and has passed it on if its version does that.
pub(super) fn copied(model: &mut Model) {
    model.show_notice(Tone::Calm, "copied to tmux, which passes it on to the terminal if it can");
}

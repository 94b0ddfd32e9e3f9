//! One line about another message: what a reply quotes, what an edit changes, what stands for a deleted message.

use quchat_shared::{Message, Seq};

use crate::model::{EditTarget, Room};

/// The line above a reply to `seq`: the sender and the beginning of that message, as far as they are loaded.
pub(super) fn quote(room: &Room, seq: Seq) -> String {
    let Some(message) = room.quoted(seq) else { return "↳ an earlier message".to_owned() };
    let name = &message.sender.name;
    if message.deleted_at.is_some() {
        return format!("↳ {name}: {}", tombstone(message));
    }
    format!("↳ {name}: {}", first_line(&message.text))
}

/// What stands in place of a deleted message.
pub(super) fn tombstone(message: &Message) -> String {
    match &message.deleted_by {
        Some(by) if by.id != message.sender.id => format!("message deleted by {}", by.name),
        _ => "message deleted".to_owned(),
    }
}

/// The line above a text that will replace that of a message.
pub(super) fn editing(room: &Room, target: &EditTarget) -> String {
    let deleted = match target {
        EditTarget::Message(edit) => room.message(edit.seq).filter(|message| message.deleted_at.is_some()),
        EditTarget::Unsent(_) => None,
    };
    let text = deleted.map_or_else(|| first_line(room.latest_text(target).unwrap_or("a message")), |m| tombstone(m));
    format!("✎ editing: {text}")
}

/// The first line with text, and whether more follow.
fn first_line(text: &str) -> String {
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    let line = lines.next().unwrap_or_default();
    let more = if lines.next().is_some() { " …" } else { "" };
    format!("{line}{more}")
}

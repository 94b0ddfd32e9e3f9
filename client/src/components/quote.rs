//! The line that a reply quotes from the original message.

use quchat_shared::Seq;

use crate::model::Room;

/// The line above a reply to `seq`: the sender and the beginning of that message, as far as they are loaded.
pub(super) fn quote(room: &Room, seq: Seq) -> String {
    let Some(message) = room.quoted(seq) else { return "↳ an earlier message".to_owned() };
    let name = &message.sender.name;
    if message.deleted_at.is_some() {
        return format!("↳ {name}: message deleted");
    }
    let mut lines = message.text.lines().filter(|line| !line.trim().is_empty());
    let line = lines.next().unwrap_or_default();
    let more = if lines.next().is_some() { " …" } else { "" };
    format!("↳ {name}: {line}{more}")
}

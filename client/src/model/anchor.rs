//! Where in a room one stands, and the few messages around it that a frame needs.
//!
//! A place is a message and a byte of its text, so that it survives new messages, older pages, edits,
//! acknowledgement and any change of width.

use std::sync::Arc;

use quchat_shared::{Message, RoomId, Seq};

use super::{Pending, Room};

/// The name of an entry in a history.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// A message of the room.
    Seq(Seq),
    /// A message of one's own that has no seq yet.
    Txn(Arc<str>),
}

/// Where a history is shown from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Anchor {
    /// The newest entry stands at the bottom, and the view follows.
    #[default]
    End,
    /// This entry's row with this byte stands at the top, before [`Room::scroll_rows`] is applied.
    At {
        /// The entry.
        top: Key,
        /// A byte of its text on the first visible row.
        byte: usize,
    },
}

/// What a frame showed of a room. The history component makes it while drawing; the runtime sends it as
/// `Msg::Seen` if it differs from the last one. It causes no further frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The room.
    pub room: RoomId,
    /// The place at the top, with all scrolling applied and kept within the history; [`Anchor::End`] if
    /// [`Seen::at_end`] and [`super::Timeline::has_newer`] is false.
    pub anchor: Anchor,
    /// The first entry with a visible row.
    pub first: Key,
    /// The last entry with a visible row.
    pub last: Key,
    /// The end of the newest entry at hand is visible.
    pub at_end: bool,
    /// Height of the pane: what a page is.
    pub rows: u16,
    /// [`Room::scroll_rows`] as it was when the frame was drawn: what came since remains to be scrolled.
    pub scrolled: i32,
    /// The last message whose last row is visible.
    pub ended: Option<Seq>,
}

/// An entry of a history: a pointer, cheap to copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// A message of the room.
    Said(Arc<Message>),
    /// A message of one's own on its way, after all that is said.
    Unsent(Pending),
}

impl Entry {
    /// Its name.
    #[must_use]
    pub fn key(&self) -> Key {
        match self {
            Self::Said(message) => Key::Seq(message.seq),
            Self::Unsent(pending) => Key::Txn(Arc::clone(&pending.txn)),
        }
    }

    /// The message it answers; a deleted one answers none.
    #[must_use]
    pub fn reply_to(&self) -> Option<Seq> {
        match self {
            Self::Said(message) => message.reply_to.filter(|_| message.deleted_at.is_none()),
            Self::Unsent(pending) => pending.reply_to,
        }
    }
}

/// The entries around the anchor: all that a pane of `height` rows may need, and never more than
/// `2 * (height + |scroll_rows|) + 1`. An entry has at least one row, so as many entries as rows suffice to each side.
#[must_use]
pub fn window(room: &Room, height: u16) -> Vec<Entry> {
    let said = room.timeline.run.len();
    let unsent = if room.shows_unsent() { room.outbox.len() } else { 0 };
    let reach = usize::from(height).saturating_add(room.scroll_rows.unsigned_abs() as usize);
    let (from, to) = match room.anchor_index() {
        None => ((said + unsent).saturating_sub(2 * reach + 1), said + unsent),
        Some(top) => (top.saturating_sub(reach), (top + reach + 1).min(said + unsent)),
    };
    let messages = room.timeline.run.range(from.min(said)..to.min(said)).map(|m| Entry::Said(Arc::clone(m)));
    let pending = room.outbox.range(from.max(said) - said..to.max(said) - said).map(|p| Entry::Unsent(p.clone()));
    messages.chain(pending).collect()
}

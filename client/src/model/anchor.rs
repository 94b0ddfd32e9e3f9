//! The scroll position in a room, and the few messages around it that a frame needs.
//!
//! A position is a message and a byte of its text. It therefore survives new messages, older pages, edits,
//! acknowledgement and any change of width.

use std::sync::Arc;

use quchat_shared::{Message, RoomId, Seq};

use super::{Pending, Position, Room, Wanted};

/// Identifies an entry of the history.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// A message of the room.
    Seq(Seq),
    /// The user's own message that has no seq yet.
    Txn(Arc<str>),
}

/// The scroll position of a history.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Anchor {
    /// The newest entry is at the bottom, and the view follows new ones.
    #[default]
    End,
    /// The row of this entry that contains this byte is at the top, before [`Room::scroll_rows`] is applied.
    At {
        top: Key,
        /// A byte of its text on the first visible row.
        byte: usize,
    },
}

/// What a frame showed of a room. The history component fills it in while drawing. The runtime sends it as `Msg::Seen`
/// if it differs from the last one. It causes no further frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    pub room: RoomId,
    /// The position at the top, with all scrolling applied and clamped to the history; [`Anchor::End`] if
    /// [`Seen::at_end`] and [`super::Timeline::has_newer`] is false.
    pub anchor: Anchor,
    /// The first entry with a visible row.
    pub first: Key,
    /// The last entry with a visible row.
    pub last: Key,
    /// The end of the newest loaded entry is visible.
    pub at_end: bool,
    /// Height of the pane; one page scrolls by it.
    pub rows: u16,
    /// The [`Room::scroll_rows`] that the frame applied. Scrolling requested since then is still to be done.
    pub scrolled: i32,
    /// The last message whose last row is visible.
    pub ended: Option<Seq>,
}

/// An entry of a history. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// A message of the room.
    Said(Arc<Message>),
    /// The user's own message that is not acknowledged yet; drawn after all others.
    Unsent(Pending),
}

impl Entry {
    #[must_use]
    pub fn key(&self) -> Key {
        match self {
            Self::Said(message) => Key::Seq(message.seq),
            Self::Unsent(pending) => Key::Txn(Arc::clone(&pending.txn)),
        }
    }

    /// The message that it replies to; `None` for a deleted one.
    #[must_use]
    pub fn reply_to(&self) -> Option<Seq> {
        match self {
            Self::Said(message) => message.reply_to.filter(|_| message.deleted_at.is_none()),
            Self::Unsent(pending) => pending.reply_to,
        }
    }
}

/// The entries around the anchor that a pane of `height` rows may need, at most `2 * (height + |scroll_rows|) + 1`. An
/// entry has at least one row, so as many entries as rows are enough on each side.
#[must_use]
pub fn window(room: &Room, height: u16) -> Vec<Entry> {
    let said = room.timeline.messages.len();
    let unsent = if room.shows_unsent() { room.written().count() } else { 0 };
    let reach = usize::from(height).saturating_add(room.scroll_rows.unsigned_abs() as usize);
    let (from, to) = match room.anchor_index() {
        None => ((said + unsent).saturating_sub(2 * reach + 1), said + unsent),
        Some(top) => (top.saturating_sub(reach), (top + reach + 1).min(said + unsent)),
    };
    let messages = room.timeline.messages.range(from.min(said)..to.min(said)).map(|m| Entry::Said(Arc::clone(m)));
    let (first, end) = (from.max(said) - said, to.max(said) - said);
    let pending = room.written().take(end).skip(first).map(|p| Entry::Unsent(p.clone()));
    messages.chain(pending).collect()
}

/// Rows that stay visible above the target of a jump, so that the "new" line is seen.
const LEAD_ROWS: i32 = 2;
/// Most new messages that fit on the first page of a room together with some earlier ones.
const NEW_ON_FIRST_PAGE: u64 = 30;

impl Room {
    /// Goes to the end of the history and drops pending scrolling.
    pub(crate) fn go_to_end(&mut self) {
        self.anchor = Anchor::End;
        self.scroll_rows = 0;
        self.landing = None;
        self.destination = None;
    }

    /// A pending message got its seq: an anchor at it stays at it.
    pub(crate) fn rename(&mut self, txn: &str, seq: Seq) {
        if let Anchor::At { top, .. } = &mut self.anchor
            && *top == Key::Txn(txn.into())
        {
            *top = Key::Seq(seq);
        }
    }

    /// Whether the user's unsent messages are shown below the loaded ones.
    pub(crate) fn shows_unsent(&self) -> bool {
        !self.timeline.has_newer || self.anchor == Anchor::End
    }

    /// The index of the anchor among the entries (the timeline, then the outbox); `None` is the end.
    pub(crate) fn anchor_index(&self) -> Option<usize> {
        let Anchor::At { top, .. } = &self.anchor else { return None };
        match top {
            Key::Seq(seq) => self.timeline.index(*seq),
            Key::Txn(txn) => {
                let at = self.written().position(|pending| pending.txn == *txn)?;
                self.shows_unsent().then(|| self.timeline.messages.len() + at)
            }
        }
    }

    /// The position at the "new" line above this message.
    pub(crate) fn at_new(first: Seq) -> Position {
        Position { anchor: Anchor::At { top: Key::Seq(first), byte: 0 }, scroll_rows: -LEAD_ROWS }
    }

    /// Goes to the "new" line above this message, or to the end if everything after it fits on the screen.
    pub(crate) fn stand_at_new(&mut self, first: Seq) {
        self.stand(Self::at_new(first));
        self.landing = Some(first);
        self.destination = None;
    }

    /// Opens the room where its new messages begin. An earlier scroll position is kept, unless more is new than fits on
    /// a screen of `rows`.
    pub(crate) fn land(&mut self, rows: u16) {
        let new = self.info.last_seq.0.saturating_sub(self.read().0);
        if let Some(after) = self.new_after
            && (self.anchor == Anchor::End || new > u64::from(rows))
        {
            self.stand_at_new(after.next());
        }
    }

    /// Sets the "new" line after the last read message, unless there is one already.
    pub(crate) fn draw_line(&mut self) {
        let read = self.read();
        if self.new_after.is_none() && self.joined() && read < self.info.last_seq {
            self.new_after = Some(read);
        }
    }

    /// The page that shows the room where the reader is or is going.
    pub(crate) fn page_around(&self) -> Wanted {
        match self.position().seq() {
            _ if self.landing.is_some() && self.unread() <= NEW_ON_FIRST_PAGE => Wanted::Newest,
            Some(seq) => Wanted::Around(seq),
            None => Wanted::Newest,
        }
    }
}

//! Where in a room one stands, and the few messages around it that a frame needs.
//!
//! A place is a message and a byte of its text, so that it survives new messages, older pages, edits,
//! acknowledgement and any change of width.

use std::sync::Arc;

use quchat_shared::{Message, RoomId, Seq};

use super::{Pending, Room, Wanted};

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
    let said = room.timeline.messages.len();
    let unsent = if room.shows_unsent() { room.outbox.len() } else { 0 };
    let reach = usize::from(height).saturating_add(room.scroll_rows.unsigned_abs() as usize);
    let (from, to) = match room.anchor_index() {
        None => ((said + unsent).saturating_sub(2 * reach + 1), said + unsent),
        Some(top) => (top.saturating_sub(reach), (top + reach + 1).min(said + unsent)),
    };
    let messages = room.timeline.messages.range(from.min(said)..to.min(said)).map(|m| Entry::Said(Arc::clone(m)));
    let pending = room.outbox.range(from.max(said) - said..to.max(said) - said).map(|p| Entry::Unsent(p.clone()));
    messages.chain(pending).collect()
}

/// Rows above the place jumped to that stay visible, so that the "new" line is seen.
const LEAD_ROWS: i32 = 2;
/// Most new messages that fit on the first page of a room, together with some of what was said before.
const NEW_ON_FIRST_PAGE: u64 = 30;

impl Room {
    /// To the end of the history, and no scrolling.
    pub(crate) fn go_to_end(&mut self) {
        self.anchor = Anchor::End;
        self.scroll_rows = 0;
        self.landing = None;
    }

    /// A pending message became a message: whoever stands at it stays there.
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

    /// Where the anchor stands among the entries (the run, then the outbox); `None` is the end.
    pub(crate) fn anchor_index(&self) -> Option<usize> {
        let Anchor::At { top, .. } = &self.anchor else { return None };
        match top {
            Key::Seq(seq) => self.timeline.index(*seq),
            Key::Txn(txn) => {
                let at = self.outbox.iter().position(|pending| pending.txn == *txn)?;
                self.shows_unsent().then(|| self.timeline.messages.len() + at)
            }
        }
    }

    /// Goes to an entry; if it is at the top already, nothing moves.
    pub(crate) fn stand_at(&mut self, key: Key) {
        if !matches!(&self.anchor, Anchor::At { top, .. } if *top == key) {
            self.anchor = Anchor::At { top: key, byte: 0 };
            self.scroll_rows = -LEAD_ROWS;
        }
    }

    /// Goes to the "new" line above this message; where all that follows fits on the screen, that is the end.
    pub(crate) fn stand_at_new(&mut self, first: Seq) {
        self.anchor = Anchor::At { top: Key::Seq(first), byte: 0 };
        self.scroll_rows = -LEAD_ROWS;
        self.landing = Some(first);
    }

    /// A room is opened where its new messages begin. Whoever had gone to another place there stays, unless more is new
    /// than fits on a screen of `rows`.
    pub(crate) fn land(&mut self, rows: u16) {
        let new = self.info.last_seq.0.saturating_sub(self.read().0);
        if let Some(after) = self.new_after
            && (self.anchor == Anchor::End || new > u64::from(rows))
        {
            self.stand_at_new(after.next());
        }
    }

    /// Sets the "new" line where reading ended, unless there is one already.
    pub(crate) fn draw_line(&mut self) {
        let read = self.read();
        if self.new_after.is_none() && self.joined() && read < self.info.last_seq {
            self.new_after = Some(read);
        }
    }

    /// The page that shows the room around its anchor.
    pub(crate) fn page_around(&self) -> Wanted {
        match &self.anchor {
            _ if self.landing.is_some() && self.unread() <= NEW_ON_FIRST_PAGE => Wanted::Newest,
            Anchor::At { top: Key::Seq(seq), .. } => Wanted::Around(*seq),
            _ => Wanted::Newest,
        }
    }
}

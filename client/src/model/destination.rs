//! Where the reader goes: at once if it is loaded, else when the page around it arrives.
//!
//! The reader may move again before that page is there. The latest move wins.

use quchat_shared::Seq;

use super::{Anchor, Fetch, Key, Room, Wanted};

/// A scroll position, and the rows to scroll down from there. The default is the end.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) anchor: Anchor,
    pub(crate) scroll_rows: i32,
}

impl Position {
    /// This byte of a message, with a third of a pane of `rows` above it.
    pub(crate) fn in_view(seq: Seq, byte: usize, rows: u16) -> Self {
        Self { anchor: Anchor::At { top: Key::Seq(seq), byte }, scroll_rows: -i32::from(rows / 3) }
    }

    /// The message of the anchor, if it has a seq.
    pub(crate) fn seq(&self) -> Option<Seq> {
        match self.anchor {
            Anchor::At { top: Key::Seq(seq), .. } => Some(seq),
            _ => None,
        }
    }
}

impl Room {
    /// Where the reader is going, else where they are.
    pub(crate) fn position(&self) -> Position {
        let landing = self.landing.map(Self::at_new);
        let here = || Position { anchor: self.anchor.clone(), scroll_rows: self.scroll_rows };
        landing.or_else(|| self.destination.clone()).unwrap_or_else(here)
    }

    /// Goes to a position. If it is not loaded, the view stays until the page around it arrives. The end of the loaded
    /// messages is shown even if the room continues after it.
    pub(crate) fn go_to(&mut self, there: Position) {
        self.stay();
        if let Some(seq) = there.seq().filter(|seq| self.timeline.index(*seq).is_none()) {
            self.destination = Some(there);
            self.wants.page = Some(Wanted::Around(seq));
            return;
        }
        self.stand(there);
        if self.anchor_index().is_none() && self.anchor != Anchor::End {
            self.go_to_end(); // the unsent message there is gone
        }
        let awaited = matches!(self.fetch, Fetch::Loading { page: Wanted::Newest, .. });
        if self.anchor == Anchor::End && self.timeline.has_newer && !awaited {
            self.wants.page = Some(Wanted::Newest);
        }
    }

    /// Gives up going elsewhere, with the page that was requested for it. A page that replaces wrong messages is still
    /// awaited.
    pub(crate) fn stay(&mut self) {
        self.destination = None;
        self.landing = None;
        self.wants.page = None;
        self.wants.newer = true;
        let elsewhere = matches!(
            self.fetch,
            Fetch::Loading { page: Wanted::Around(_), .. } | Fetch::Failed { page: Wanted::Around(_), .. }
        );
        if elsewhere && !self.distrusted && !self.timeline.is_unknown() {
            self.fetch = Fetch::Idle;
        }
    }

    /// Stands at a position that is loaded.
    pub(crate) fn stand(&mut self, there: Position) {
        self.anchor = there.anchor;
        self.scroll_rows = there.scroll_rows;
    }
}

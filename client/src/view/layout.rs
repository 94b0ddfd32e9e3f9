//! The layout of the screen. It depends only on the size of the screen and the height of the composer's text.

use tuirealm::ratatui::layout::{Constraint, Rect, Size};

/// Narrower screens hide the side bar; in columns.
const SIDE_BAR_FROM: u16 = 64;
/// Lower screens draw the composer without a frame; in rows.
const FRAME_FROM: u16 = 16;

/// Whether the screen is large enough to work on (40x12). If not, one line says so, and only the keys that quit work.
#[must_use]
pub fn fits(size: Size) -> bool {
    size.width >= 40 && size.height >= 12
}

/// The areas of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Places {
    /// Everything above the status line.
    pub(super) whole: Rect,
    pub(super) rooms: Rect,
    /// Between side bar and history; empty if they are not side by side.
    pub(super) divider: Rect,
    pub(super) header: Rect,
    pub(super) history: Rect,
    pub(super) composer: Rect,
    pub(super) status: Rect,
    /// The side bar covers the history, because there is no room beside it.
    pub(super) rooms_over_history: bool,
    bare: bool,
}

impl Places {
    /// The areas without a composer. `below`: the rows of the status line. `rooms_wanted`: the side bar has the keyboard
    /// and must be visible. `bare`: only the messages are shown.
    pub(super) fn new(area: Rect, below: u16, rooms_wanted: bool, bare: bool) -> Self {
        let below = below.min(area.height);
        let status = Rect { y: area.bottom() - below, height: below, ..area };
        let whole = Rect { height: area.height - below, ..area };
        let side = match area.width {
            _ if bare => 0,
            140.. => 28,
            96.. => 24,
            SIDE_BAR_FROM.. => 20,
            _ => 0,
        };
        let divider = Rect { x: whole.x + side, width: u16::from(side > 0), ..whole };
        let pane = Rect { x: divider.right(), width: whole.width - side - divider.width, ..whole };
        let header = Rect { height: 1.min(pane.height), ..pane };
        let history = Rect { y: header.bottom(), height: pane.height.saturating_sub(1), ..pane };
        let over = side == 0 && rooms_wanted;
        let rooms = if over { history } else { Rect { width: side, ..history_beside(whole) } };
        let composer = Rect { y: history.bottom(), height: 0, ..history };
        Self { whole, rooms, divider, header, history, composer, status, rooms_over_history: over, bare }
    }

    pub(super) fn composer_columns(&self) -> u16 {
        let frame = if self.framed() { 2 + 3 } else { 2 }; // margins; border and air, or the prompt
        self.history.width.saturating_sub(frame)
    }

    /// Reserves rows for the composer's text: at least one, at most a third of the screen; none if `rows` is 0.
    pub(super) fn with_composer(self, rows: usize) -> Self {
        if rows == 0 {
            return self;
        }
        let most = (self.whole.height / 3).max(1);
        let frame = if self.framed() { 2 } else { 0 };
        let rows = u16::try_from(rows).unwrap_or(u16::MAX).clamp(1, most.saturating_sub(frame).max(1));
        let height = (rows + frame).min(self.history.height);
        let history = Rect { height: self.history.height - height, ..self.history };
        let margin = u16::from(self.framed() && history.width > 2);
        let (x, width) = (history.x + margin, history.width - 2 * margin);
        let composer = Rect { x, y: history.bottom(), width, height };
        let rooms = if self.rooms_over_history { history } else { self.rooms };
        Self { history, composer, rooms, ..self }
    }

    /// The area of a dialog of this size, cut to what fits, a little above the middle of the messages. Over the side
    /// bar it would hide part of the room names.
    pub(super) fn dialog(&self, columns: u16, rows: u16) -> Rect {
        let pane = self.dialog_pane();
        let place = pane.centered(Constraint::Max(columns), Constraint::Max(rows));
        Rect { y: place.y - (place.y - pane.y) / 3, ..place }
    }

    /// The area in which dialogs are placed.
    pub(super) fn dialog_pane(&self) -> Rect {
        if self.divider.width == 0 {
            return self.whole;
        }
        // one column on each side stays free, because a dialog clears one column more than its own width
        let x = self.divider.right() + 1;
        Rect { x, width: self.whole.right().saturating_sub(x + 1), ..self.whole }
    }

    pub(super) fn framed(&self) -> bool {
        !self.bare && self.whole.height + self.status.height >= FRAME_FROM
    }
}

/// The rows below the title of the side bar.
fn history_beside(whole: Rect) -> Rect {
    Rect { y: whole.y + 1.min(whole.height), height: whole.height.saturating_sub(1), ..whole }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(width: u16, height: u16, rows: usize) -> Places {
        Places::new(Rect::new(0, 0, width, height), 1, false, false).with_composer(rows)
    }

    #[test]
    fn the_composer_grows_to_a_third_of_the_screen() {
        assert_eq!([1, 3, 99].map(|rows| places(80, 24, rows).composer.height), [3, 5, 7]);
        assert_eq!([1, 3, 99].map(|rows| places(40, 12, rows).composer.height), [1, 3, 3]);
        assert_eq!(places(80, 24, 0).composer.height, 0);
    }

    #[test]
    fn a_notice_takes_its_rows_from_the_messages() {
        let area = Rect::new(0, 0, 80, 16);
        let [one, three] = [1, 3].map(|below| Places::new(area, below, false, false).with_composer(1));
        assert_eq!(three.history, Rect { height: one.history.height - 2, ..one.history });
        assert_eq!((three.status.y, three.framed()), (one.status.y - 2, one.framed()));
    }

    #[test]
    fn areas_do_not_overlap_at_any_size() {
        for (width, height) in [(80, 24), (40, 12), (200, 50), (64, 16), (63, 15), (1, 1), (0, 0), (3, 2)] {
            let places = places(width, height, 2);
            let area = Rect::new(0, 0, width, height);
            for place in [places.rooms, places.divider, places.header, places.history, places.composer, places.status] {
                assert_eq!(place.intersection(area).area(), place.area(), "{width}x{height}: {place:?}");
            }
            assert!(!places.history.intersects(places.composer) && !places.history.intersects(places.header));
            assert_eq!(area.intersection(places.dialog(60, 16)), places.dialog(60, 16));
        }
    }
}

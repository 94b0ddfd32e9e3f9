//! The scroll bar: the position of the view within the room. At the newest message it is hidden.

use std::ops::Range;

use quchat_shared::Seq;
use tuirealm::ratatui::{Frame, layout::Rect, text::Span};

use super::super::styles::Styles;

/// Draws the bar into the last column, which text never uses. The messages `first` to `last` of 1 to `newest` are
/// visible.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, first: Seq, last: Seq, newest: Seq) {
    let Some(x) = area.right().checked_sub(1) else { return };
    for y in thumb(area.height, first.0, last.0, newest.0) {
        frame.render_widget(Span::styled("▐", Styles::FAINT), Rect { x, y: area.y + y, width: 1, height: 1 });
    }
}

/// The rows of the thumb. Seqs have no gaps, so positions follow from them without the messages in between.
fn thumb(height: u16, first: u64, last: u64, newest: u64) -> Range<u16> {
    let first = first.max(1);
    let shown = u128::from(last.saturating_sub(first)) + 1;
    let hidden = (u128::from(newest.max(last)) + 1).saturating_sub(shown + 1);
    let rows = u128::from(height);
    let length = (rows * shown / (shown + hidden)).clamp(1, rows.max(1));
    let top = (rows.saturating_sub(length) * u128::from(first - 1)).checked_div(hidden).unwrap_or(0);
    let row = |row: u128| u16::try_from(row).unwrap_or(height).min(height);
    row(top)..row(top + length)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_thumb_shows_the_position_of_the_view() {
        assert_eq!(thumb(20, 1, 10, 100), 0..2);
        assert_eq!(thumb(20, 46, 55, 100), 9..11);
        assert_eq!(thumb(20, 91, 100, 100), 18..20);
        assert_eq!(thumb(20, 1, 10, 10), 0..20);
    }

    proptest! {
        #[test]
        fn the_thumb_stays_in_the_pane_and_never_moves_up_while_scrolling_down(
            height in 0_u16..60, first in any::<u64>(), shown in 0_u64..60, newest in any::<u64>(), on in 0_u64..500,
        ) {
            let last = first.saturating_add(shown);
            let here = thumb(height, first, last, newest);
            prop_assert!(here.end <= height && (height == 0 || !here.is_empty()));
            let newest = newest.max(last.saturating_add(on));
            let (here, there) =
                (thumb(height, first, last, newest), thumb(height, first.saturating_add(on), last.saturating_add(on), newest));
            prop_assert!(last.checked_add(on).is_none() || there.start >= here.start);
        }
    }
}

//! Computes where a frame begins: arithmetic over rows, without drawing.
//!
//! A frame starts at a row of an entry's text, or at the very beginning of the room. Scrolling skips the lines above an
//! entry (day, "new"), because they belong to no message and an anchor cannot refer to them.

/// The rows of a window of entries.
pub(super) trait Rows {
    fn entries(&self) -> usize;
    /// Lines above the entry.
    fn above(&mut self, at: usize) -> usize;
    /// Rows of the entry itself, at least one.
    fn body(&mut self, at: usize) -> usize;
}

/// A row of an entry, counted from the first line above the entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Spot {
    pub(super) entry: usize,
    pub(super) row: usize,
}

/// The start of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Start {
    pub(super) spot: Spot,
    /// Empty rows at the top if there is less than a screen.
    pub(super) empty: usize,
    /// The frame contains the last row of the last entry.
    pub(super) at_end: bool,
}

/// The start of a frame of `height` rows: `scroll` rows below the anchor (`None` is the end), clamped to the window.
pub(super) fn start(rows: &mut impl Rows, height: usize, anchor: Option<Spot>, scroll: i32, beginning: bool) -> Start {
    let end = end(rows, height);
    let Some(spot) = anchor.or((scroll < 0 && end.empty == 0).then_some(end.spot)) else { return end };
    let by = usize::try_from(scroll.unsigned_abs()).unwrap_or(usize::MAX);
    let spot = if scroll < 0 { up(rows, spot, by, beginning) } else { down(rows, spot, by) };
    if spot >= end.spot || end.empty > 0 { end } else { Start { spot, empty: 0, at_end: false } }
}

/// The end instead of `start`, if that frame contains everything from the line `from` on.
pub(super) fn landing(rows: &mut impl Rows, height: usize, start: Start, from: Spot) -> Start {
    let end = end(rows, height);
    if end.spot <= from || end.empty > 0 { end } else { start }
}

/// The start closest to `start` that shows a whole entry, or its first rows if it is taller than the frame.
pub(super) fn showing(rows: &mut impl Rows, height: usize, start: Start, entry: usize) -> Start {
    if start.empty > 0 || height == 0 {
        return start;
    }
    let top = Spot { entry, row: rows.above(entry) };
    let end_of_it = ending(rows, height, entry + 1);
    let mut least = end_of_it.spot;
    if end_of_it.empty == 0 {
        least.row = least.row.max(rows.above(least.entry)); // a frame begins with a row of text
    }
    let (spot, end) = (start.spot.max(least).min(top), end(rows, height));
    match spot {
        spot if spot == start.spot => start,
        spot if spot >= end.spot => end,
        spot => Start { spot, empty: 0, at_end: false },
    }
}

/// The start of the frame that ends with the last row of the last entry.
fn end(rows: &mut impl Rows, height: usize) -> Start {
    let entries = rows.entries();
    ending(rows, height, entries)
}

/// The start of the frame that ends with the last of the first `entries` entries.
fn ending(rows: &mut impl Rows, height: usize, entries: usize) -> Start {
    let mut left = height;
    for entry in (0..entries).rev() {
        let total = rows.above(entry) + rows.body(entry);
        if total >= left {
            return Start { spot: Spot { entry, row: total - left }, empty: 0, at_end: true };
        }
        left -= total;
    }
    Start { spot: Spot { entry: 0, row: 0 }, empty: left, at_end: true }
}

fn up(rows: &mut impl Rows, from: Spot, mut by: usize, beginning: bool) -> Spot {
    let Spot { mut entry, mut row } = from;
    while by > row && entry > 0 {
        by -= row + 1;
        entry -= 1;
        row = rows.above(entry) + rows.body(entry) - 1;
    }
    row = row.saturating_sub(by);
    let above = rows.above(entry);
    // the first row of the room's first text counts as the beginning: the next frame would begin there
    if row > above || row == above && !(beginning && entry == 0) {
        return Spot { entry, row };
    }
    match entry.checked_sub(1) {
        Some(before) => Spot { entry: before, row: rows.above(before) + rows.body(before) - 1 },
        None => Spot { entry, row: if beginning { 0 } else { above } },
    }
}

fn down(rows: &mut impl Rows, from: Spot, mut by: usize) -> Spot {
    let Spot { mut entry, mut row } = from;
    if by == 0 {
        return from;
    }
    row = row.max(rows.above(entry)); // skip the lines above, or scrolling would never leave the beginning
    loop {
        let total = rows.above(entry) + rows.body(entry);
        if row + by < total {
            return Spot { entry, row: (row + by).max(rows.above(entry)) };
        }
        if entry + 1 >= rows.entries() {
            return Spot { entry, row: total.saturating_sub(1) };
        }
        by -= total - row;
        entry += 1;
        row = 0;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    impl Rows for Vec<(usize, usize)> {
        fn entries(&self) -> usize {
            self.len()
        }

        fn above(&mut self, at: usize) -> usize {
            self[at].0
        }

        fn body(&mut self, at: usize) -> usize {
            self[at].1
        }
    }

    fn spot(entry: usize, row: usize) -> Spot {
        Spot { entry, row }
    }

    #[test]
    fn less_than_a_screen_is_aligned_to_the_bottom() {
        let mut rows = vec![(1, 2), (0, 1)];
        for anchor in [None, Some(spot(1, 0))] {
            let start = start(&mut rows, 10, anchor, -3, true);
            assert_eq!(start, Start { spot: spot(0, 0), empty: 6, at_end: true });
        }
    }

    #[test]
    fn scrolling_skips_the_lines_above_an_entry() {
        let mut rows = vec![(0, 3), (2, 3), (0, 9)];
        assert_eq!(start(&mut rows, 4, Some(spot(1, 2)), -1, true).spot, spot(0, 2));
        assert_eq!(start(&mut rows, 4, Some(spot(0, 2)), 1, true).spot, spot(1, 2));
        assert_eq!(start(&mut rows, 4, Some(spot(0, 2)), -9, true).spot, spot(0, 0));
    }

    #[test]
    fn the_beginning_shows_its_day_and_the_end_stays_the_end() {
        let mut rows = vec![(1, 3), (0, 9)];
        assert_eq!(start(&mut rows, 4, None, -99, true).spot, spot(0, 0));
        assert_eq!(start(&mut rows, 4, None, -99, false).spot, spot(0, 1));
        assert_eq!(start(&mut rows, 4, Some(spot(0, 2)), -1, true).spot, spot(0, 0), "and not one row further down");
        assert_eq!(start(&mut rows, 4, Some(spot(0, 0)), 1, true).spot, spot(0, 2), "not where one came from");
        assert_eq!(start(&mut rows, 4, Some(spot(0, 1)), 99, true), Start { spot: spot(1, 5), empty: 0, at_end: true });
        assert_eq!(start(&mut Vec::new(), 4, None, -1, true).empty, 4);
    }

    proptest! {
        #[test]
        fn every_step_moves_and_every_frame_begins_with_a_row_of_text(
            rows in prop::collection::vec((0usize..3, 1usize..6), 3..20), from in 0usize..3, by in 1i32..9,
        ) {
            let mut rows = rows;
            let begin = spot(from, rows[from].0);
            for by in [by, -by] {
                let there = start(&mut rows, 1, Some(begin), by, true);
                let at_beginning = there.spot == spot(0, 0);
                prop_assert!(there.at_end || at_beginning || there.spot.row >= rows[there.spot.entry].0);
                let moved = if by > 0 { there.at_end || there.spot > begin } else { at_beginning || there.spot < begin };
                prop_assert!(moved);
            }
        }
    }
}

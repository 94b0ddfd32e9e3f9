//! The cells that differ between two screens, and how many bytes a frame may use to update them.

use vt100::{Cell, Color, Screen};

/// How a screen differs from the previous one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Difference {
    /// The UTF-8 length of the new content of the cells that differ. An empty cell counts as a space.
    pub(super) bytes: usize,
    /// The rows that have such a cell.
    pub(super) rows: usize,
}

impl Difference {
    pub(super) fn between(before: &Screen, after: &Screen) -> Self {
        let (rows, columns) = after.size();
        let mut this = Self::default();
        for row in 0..rows {
            let cells = (0..columns).map(|column| (before.cell(row, column), after.cell(row, column)));
            let changed = cells.filter(|(before, after)| before.map(appearance) != after.map(appearance));
            // The first half of a wide character contains all of it.
            let changed = changed.filter_map(|(_, after)| after.filter(|cell| !cell.is_wide_continuation()));
            let bytes: usize = changed.map(|cell| text(cell).len()).sum();
            this.bytes += bytes;
            this.rows += usize::from(bytes > 0);
        }
        this
    }

    /// The most bytes that the client may write to update the screen.
    pub(super) fn allowance(self) -> usize {
        2 * self.bytes + 32 * self.rows + 64
    }
}

/// The visible properties of a cell.
fn appearance(cell: &Cell) -> (&str, [Color; 2], [bool; 5]) {
    let modes = [cell.bold(), cell.dim(), cell.italic(), cell.underline(), cell.inverse()];
    (text(cell), [cell.fgcolor(), cell.bgcolor()], modes)
}

fn text(cell: &Cell) -> &str {
    if cell.has_contents() || cell.is_wide_continuation() { cell.contents() } else { " " }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn screen(bytes: &str) -> Screen {
        let mut parser = vt100::Parser::new(3, 10, 0);
        parser.process(bytes.as_bytes());
        parser.screen().clone()
    }

    #[test]
    fn each_changed_cell_counts_once_with_its_new_content() {
        let difference = Difference::between(&screen("abc\r\ndef"), &screen("aXc\r\nd日\u{1b}[1mz"));
        assert_eq!(difference, Difference { bytes: 1 + 3 + 1, rows: 2 });
        assert_eq!(difference.allowance(), 10 + 64 + 64);
        assert_eq!(Difference::between(&screen("same"), &screen("same")), Difference::default());
        assert_eq!(Difference::between(&screen("x"), &screen("\u{1b}[1mx")), Difference { bytes: 1, rows: 1 });
    }
}

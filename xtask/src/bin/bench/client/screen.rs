//! What a frame had to say: the cells that differ between two screens, and what they may cost on the wire.

use vt100::{Cell, Color, Screen};

/// How a screen differs from the one before it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Difference {
    /// The UTF-8 length of the cells that differ, as they are now; an empty cell is a space.
    pub(super) bytes: usize,
    /// Rows with such a cell.
    pub(super) rows: usize,
}

impl Difference {
    pub(super) fn between(before: &Screen, after: &Screen) -> Self {
        let (rows, columns) = after.size();
        let mut this = Self::default();
        for row in 0..rows {
            let cells = (0..columns).map(|column| (before.cell(row, column), after.cell(row, column)));
            let told = cells.filter(|(before, after)| before.map(looks) != after.map(looks));
            // The second half of a wide character comes with the first.
            let told = told.filter_map(|(_, after)| after.filter(|cell| !cell.is_wide_continuation()));
            let bytes: usize = told.map(|cell| text(cell).len()).sum();
            this.bytes += bytes;
            this.rows += usize::from(bytes > 0);
        }
        this
    }

    /// The most bytes that may go to the terminal for it.
    pub(super) fn allowance(self) -> usize {
        2 * self.bytes + 32 * self.rows + 64
    }
}

/// All that can be seen of a cell.
fn looks(cell: &Cell) -> (&str, [Color; 2], [bool; 5]) {
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
    fn what_differs_is_counted_once_and_by_what_it_is_now() {
        let difference = Difference::between(&screen("abc\r\ndef"), &screen("aXc\r\nd日\u{1b}[1mz"));
        assert_eq!(difference, Difference { bytes: 1 + 3 + 1, rows: 2 });
        assert_eq!(difference.allowance(), 10 + 64 + 64);
        assert_eq!(Difference::between(&screen("same"), &screen("same")), Difference::default());
        assert_eq!(Difference::between(&screen("x"), &screen("\u{1b}[1mx")), Difference { bytes: 1, rows: 1 });
    }
}

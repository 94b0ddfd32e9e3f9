//! Links that a terminal can open (OSC 8), also where a row ends in their middle.
//!
//! The cells of a link first hold its text like any other text. Once the frame is complete, the first cell takes the
//! whole text, between the sequences that open and close the link, and the diff skips the other cells. So a link that a
//! dialog partly covers stays plain text, and a link never extends into the text behind it.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    num::NonZeroU16,
    ops::Range,
    rc::Rc,
};

use quchat_shared::text::markup::{Kind, Stretch};
use tuirealm::ratatui::{
    buffer::{Buffer, CellDiffOption, CellWidth},
    layout::Rect,
};

use crate::text::{Row, disputed, width, wrap::drawn};

/// Longest address in bytes; terminals ignore longer ones.
const ADDRESS_MAX: usize = 2_000;

/// A link, or its part on one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hyperlink {
    /// Its columns on the row.
    columns: Range<u16>,
    /// Its text on the row.
    text: String,
    /// The sequence that opens it.
    open: Rc<str>,
}

/// A link at its position on the screen.
pub(super) struct PlacedHyperlink {
    at: Rect,
    link: Hyperlink,
}

impl Hyperlink {
    /// The links on a row that was cut from `text`.
    pub(super) fn on(text: &str, row: &Row, stretches: &[Stretch]) -> Vec<Self> {
        let inside = stretches.iter().filter(|(range, kind)| {
            *kind == Kind::Link && range.start < row.end && row.start < range.end && range.len() <= ADDRESS_MAX
        });
        let on_row = |range: &Range<usize>| {
            let (start, end) = (drawn(text, row, range.start), drawn(text, row, range.end));
            let shown = row.text.get(start..end).filter(|shown| !shown.is_empty())?;
            let column = width(&row.text[..start]);
            let columns = column..column.saturating_add(width(shown));
            Some(Self { columns, text: shown.to_owned(), open: open(&text[range.clone()]) })
        };
        inside.filter_map(|(range, _)| on_row(range)).collect()
    }

    /// The link at its position, if its row begins at the left of `row` and the link lies inside.
    pub(super) fn placed(&self, row: Rect) -> Option<PlacedHyperlink> {
        let (start, end) = (row.x.checked_add(self.columns.start)?, row.x.checked_add(self.columns.end)?);
        let at = Rect { x: start, width: end.checked_sub(start)?, height: 1, ..row };
        (end <= row.right()).then(|| PlacedHyperlink { at, link: self.clone() })
    }
}

impl PlacedHyperlink {
    /// Turns the cells into a link, unless something covers them or their styles differ. Characters of disputed width
    /// stay plain text, so that the cursor can be placed again behind them.
    pub(super) fn open(&self, buffer: &mut Buffer) {
        let at = self.at.intersection(buffer.area);
        if at.is_empty() || at != self.at {
            return;
        }
        let (style, mut x, mut text) = (buffer[at.as_position()].style(), at.x, String::new());
        let mut pieces: Vec<(Range<u16>, Range<usize>, bool)> = Vec::new();
        while x < at.right() {
            let cell = &buffer[(x, at.y)];
            if cell.style() != style {
                return;
            }
            let (next, start) = (x.saturating_add(cell.cell_width().max(1)), text.len());
            let agreed = disputed(cell.symbol()).is_none();
            text.push_str(cell.symbol());
            match pieces.last_mut() {
                Some((columns, bytes, true)) if agreed => (columns.end, bytes.end) = (next, text.len()),
                _ => pieces.push((x..next, start..text.len(), agreed)),
            }
            x = next;
        }
        for (columns, bytes, _) in pieces.into_iter().filter(|(.., agreed)| *agreed && text == self.link.text) {
            let symbol = format!("{}{}\x1b]8;;\x1b\\", self.link.open, &text[bytes]);
            let width = NonZeroU16::new(columns.end - columns.start).unwrap_or(NonZeroU16::MIN);
            buffer[(columns.start, at.y)].set_symbol(&symbol).set_diff_option(CellDiffOption::ForcedWidth(width));
        }
    }
}

/// The opening sequence: printable ASCII only, with one id per address. A terminal joins wrapped parts by the id.
fn open(address: &str) -> Rc<str> {
    let mut hasher = DefaultHasher::new();
    address.hash(&mut hasher);
    let mut sequence = format!("\x1b]8;id={:x};", hasher.finish());
    for byte in address.bytes() {
        match byte {
            b'!'..=b'~' => sequence.push(byte.into()),
            _ => sequence.push_str(&format!("%{byte:02X}")),
        }
    }
    sequence.push_str("\x1b\\");
    sequence.into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use quchat_shared::text::markup::markup;
    use tuirealm::ratatui::{style::Style, text::Line, widgets::Widget};

    use super::*;
    use crate::text::wrap;

    /// Draws the rows of `text` into a buffer and opens their links.
    fn drawn_with_links(text: &str, columns: u16, over: &[(u16, u16)]) -> Buffer {
        let rows = wrap(text, columns);
        let mut buffer = Buffer::empty(Rect::new(0, 0, columns, u16::try_from(rows.len()).unwrap()));
        let mut placed = Vec::new();
        for (y, row) in (0..).zip(rows) {
            let area = Rect::new(0, y, columns, 1);
            placed.extend(Hyperlink::on(text, &row, &markup(text, &[])).iter().filter_map(|link| link.placed(area)));
            Line::raw(row.text).render(area, &mut buffer);
        }
        for &at in over {
            buffer[at].set_symbol("#");
        }
        placed.iter().for_each(|link| link.open(&mut buffer));
        buffer
    }

    fn opened(buffer: &Buffer) -> Vec<(&str, u16)> {
        let links = buffer.content().iter().filter_map(|cell| {
            let text = cell.symbol().strip_prefix("\x1b]8;id=")?.strip_suffix("\x1b]8;;\x1b\\")?;
            let CellDiffOption::ForcedWidth(columns) = cell.diff_option else { return None };
            Some((text.split_once(';')?.1, columns.get()))
        });
        links.collect()
    }

    #[test]
    fn each_row_of_a_wrapped_link_opens_the_whole_address() {
        let buffer = drawn_with_links("at https://a.b/cdef now", 10, &[]);
        assert_eq!(opened(&buffer), [("https://a.b/cdef\x1b\\https://a.", 10), ("https://a.b/cdef\x1b\\b/cdef", 6)]);
    }

    #[test]
    fn an_address_is_always_printable_ascii() {
        let buffer = drawn_with_links("https://a.b/日é", 40, &[]);
        assert_eq!(opened(&buffer), [("https://a.b/%E6%97%A5%C3%A9\x1b\\https://a.b/日é", 15)]);
    }

    #[test]
    fn a_link_that_is_partly_covered_or_of_mixed_style_is_plain_text() {
        assert!(opened(&drawn_with_links("https://a.b/c", 40, &[(3, 0)])).is_empty());
        let mut buffer = drawn_with_links("https://a.b/c", 40, &[(20, 0)]);
        assert_eq!(opened(&buffer).len(), 1);
        buffer = Buffer::with_lines(["https://a.b/c"]);
        buffer.set_style(Rect::new(2, 0, 3, 1), Style::new().reversed());
        let row = wrap("https://a.b/c", 40).remove(0);
        let link = Hyperlink::on("https://a.b/c", &row, &markup("https://a.b/c", &[])).remove(0);
        link.placed(Rect::new(0, 0, 13, 1)).unwrap().open(&mut buffer);
        assert!(opened(&buffer).is_empty());
    }

    #[test]
    fn disputed_characters_split_a_link_into_parts() {
        let buffer = drawn_with_links("https://a.b/👨‍👩‍👧/❤\u{fe0f}=1", 40, &[]);
        let address = "https://a.b/%F0%9F%91%A8%E2%80%8D%F0%9F%91%A9%E2%80%8D%F0%9F%91%A7/%E2%9D%A4%EF%B8%8F=1";
        let parts =
            [("https://a.b/", 12), ("/", 1), ("=1", 2)].map(|(text, wide)| (format!("{address}\x1b\\{text}"), wide));
        assert!(opened(&buffer).into_iter().eq(parts.iter().map(|(link, wide)| (link.as_str(), *wide))));
    }

    #[test]
    fn an_address_too_long_for_terminals_is_plain_text() {
        assert!(opened(&drawn_with_links(&format!("https://a.b/{}", "c".repeat(ADDRESS_MAX)), 40, &[])).is_empty());
    }

    proptest! {
        #[test]
        fn a_link_is_as_wide_as_its_cells_and_contains_no_control_character(text in "(a |日)?https://a\\PC{0,40}", columns in 1u16..30) {
            let buffer = drawn_with_links(&text, columns, &[]);
            for (link, forced) in opened(&buffer) {
                let (address, shown) = link.split_once("\x1b\\").unwrap();
                prop_assert!(address.bytes().all(|byte| byte.is_ascii_graphic()));
                prop_assert_eq!(width(shown), forced);
                prop_assert!(!shown.chars().any(char::is_control));
            }
        }
    }
}

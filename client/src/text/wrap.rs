//! Wraps text into rows at a width, between words where possible, never inside a character.

use std::borrow::Cow;

use super::cluster::{Cluster, Piece, clusters};

/// Columns between tab stops.
const TAB: u16 = 4;
/// Fewest columns that an indent leaves for the text.
const HANG_LEAVES: u16 = 16;

/// One row of a wrapped text. The rows of a text cover it from the first byte to the last without gaps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// First byte in the source.
    pub start: usize,
    /// The byte after the row in the source, behind the space or line break that ends it.
    pub end: usize,
    /// The text to draw: no control characters, tabs expanded.
    pub text: String,
    /// Empty columns before the text.
    pub indent: u16,
}

/// Cuts `text` into rows of at most `width` columns (at least one). There is always a row; a text that ends with a line
/// break has an empty last one.
#[must_use]
pub fn wrap(text: &str, width: u16) -> Vec<Row> {
    wrap_hanging(text, width, |_| 0)
}

/// As [`wrap`]; continuation rows of the line that begins at a byte are indented by `hang` of that byte, if enough of
/// the width remains.
#[must_use]
pub fn wrap_hanging(text: &str, width: u16, hang: impl Fn(usize) -> u16) -> Vec<Row> {
    let full = width.max(1);
    let hang = |line| Some(hang(line)).filter(|&hang| full.saturating_sub(hang) >= HANG_LEAVES).unwrap_or(0);
    let mut wrapping = Wrapping {
        full,
        width: full,
        hang: &hang,
        line: 0,
        rows: Vec::new(),
        start: 0,
        text: String::new(),
        used: 0,
        gap: None,
    };
    for cluster in clusters(text) {
        wrapping.take(cluster);
    }
    wrapping.end_row(text.len());
    wrapping.rows
}

/// The columns before byte `at` in the row that starts at byte `start`.
#[must_use]
pub fn column(text: &str, start: usize, at: usize) -> u16 {
    let mut used = 0u16;
    for cluster in clusters(&text[start..]).take_while(|cluster| start + cluster.start < at) {
        used = used.saturating_add(advance(&cluster.piece, used));
    }
    used
}

/// The byte of the row `start..end` at column `goal`, or the nearest before it.
#[must_use]
pub fn byte_at(text: &str, start: usize, end: usize, goal: u16) -> usize {
    let (mut used, mut at) = (0u16, start);
    for cluster in clusters(&text[start..end]) {
        used = used.saturating_add(advance(&cluster.piece, used));
        if used > goal || cluster.piece == Piece::Break {
            break;
        }
        at = start + cluster.end;
    }
    at
}

/// How many bytes of the drawn text of `row` come before byte `at` of its source `text`.
#[must_use]
pub fn drawn(text: &str, row: &Row, at: usize) -> usize {
    let (mut used, mut bytes) = (0u16, 0);
    for cluster in clusters(&text[row.start..row.end]).take_while(|cluster| row.start + cluster.start < at) {
        let columns = advance(&cluster.piece, used);
        used = used.saturating_add(columns);
        bytes += match &cluster.piece {
            Piece::Drawn(symbol, _) if is_space(symbol) => 1,
            Piece::Drawn(symbol, _) => symbol.len(),
            Piece::Tab => columns.into(),
            Piece::Break | Piece::Nothing => 0,
        };
    }
    row.text.floor_char_boundary(bytes)
}

fn advance(piece: &Piece<'_>, used: u16) -> u16 {
    match piece {
        Piece::Drawn(_, width) => *width,
        Piece::Tab => TAB - used % TAB,
        Piece::Break | Piece::Nothing => 0,
    }
}

/// A possible end of the row.
#[derive(Clone, Copy)]
struct Gap {
    /// In the source.
    byte: usize,
    /// In the drawn text.
    drawn: usize,
    /// In columns.
    used: u16,
}

struct Wrapping<'a> {
    /// Columns of a row without an indent.
    full: u16,
    /// Columns of the current row.
    width: u16,
    /// The indent of continuation rows.
    hang: &'a dyn Fn(usize) -> u16,
    /// The byte at which the line begins.
    line: usize,
    rows: Vec<Row>,
    start: usize,
    text: String,
    used: u16,
    gap: Option<Gap>,
}

impl Wrapping<'_> {
    fn take(&mut self, cluster: Cluster<'_>) {
        match cluster.piece {
            Piece::Nothing => {}
            Piece::Break => {
                self.end_row(cluster.end);
                self.line = cluster.end;
                self.width = self.full;
            }
            Piece::Tab => {
                let spaces = (TAB - self.used % TAB).min(self.width - self.used);
                self.text.extend(std::iter::repeat_n(' ', usize::from(spaces)));
                self.used += spaces;
                self.open_gap(cluster.end);
            }
            Piece::Drawn(symbol, _) if is_space(&symbol) => {
                if self.used < self.width {
                    self.text.push(' ');
                    self.used += 1;
                }
                self.open_gap(cluster.end); // spaces that do not fit are not drawn
            }
            Piece::Drawn(symbol, width) => {
                let (symbol, width) = if width > self.full { (Cow::Borrowed("·"), 1) } else { (symbol, width) };
                while self.used + width > self.width {
                    self.break_row(cluster.start);
                }
                let wide = width > 1;
                if wide && self.used > 0 {
                    self.open_gap(cluster.start);
                }
                let after_word = matches!(&*symbol, "-" | "/") && self.text.ends_with(char::is_alphanumeric);
                self.text.push_str(&symbol);
                self.used += width;
                if wide || after_word {
                    self.open_gap(cluster.end);
                }
            }
        }
    }

    fn open_gap(&mut self, byte: usize) {
        self.gap = Some(Gap { byte, drawn: self.text.len(), used: self.used });
    }

    /// Ends the row at its last gap, or before byte `at` if it has none.
    fn break_row(&mut self, at: usize) {
        let gap = self.gap.take().unwrap_or(Gap { byte: at, drawn: self.text.len(), used: self.used });
        let carried = self.text.split_off(gap.drawn);
        let used = self.used - gap.used;
        self.text.truncate(self.text.trim_end_matches(' ').len());
        self.end_row(gap.byte);
        self.width = self.full - (self.hang)(self.line);
        self.text = carried;
        self.used = used;
    }

    fn end_row(&mut self, end: usize) {
        let indent = self.full - self.width;
        self.rows.push(Row { start: self.start, end, text: std::mem::take(&mut self.text), indent });
        self.start = end;
        self.used = 0;
        self.gap = None;
    }
}

/// A space that may end a row; no-break spaces may not.
fn is_space(symbol: &str) -> bool {
    matches!(
        symbol.chars().next(),
        Some(' ' | '\u{1680}' | '\u{2000}'..='\u{2006}' | '\u{2008}'..='\u{200A}' | '\u{205F}')
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::text::width;

    fn rows(text: &str, width: u16) -> Vec<String> {
        wrap(text, width).into_iter().map(|row| row.text).collect()
    }

    #[test]
    fn rows_end_between_words() {
        assert_eq!(rows("the log says disk full", 9), ["the log", "says disk", "full"]);
        assert_eq!(rows("a well-known word", 8), ["a well-", "known", "word"]);
        assert_eq!(rows("see https://a.bc/path/to/it", 16), ["see", "https://a.bc/", "path/to/it"]);
        assert_eq!(rows("see https://a.bc/path/to/it", 18), ["see https://a.bc/", "path/to/it"]);
    }

    #[test]
    fn a_word_longer_than_a_row_is_cut_between_characters() {
        assert_eq!(rows("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(rows("👨‍👩‍👧👨‍👩‍👧", 3), ["👨‍👩‍👧", "👨‍👩‍👧"]);
    }

    #[test]
    fn wide_characters_break_anywhere_and_never_overhang() {
        assert_eq!(rows("日本語テキスト", 5), ["日本", "語テ", "キス", "ト"]);
        assert_eq!(rows("日本", 1), ["·", "·"]);
    }

    #[test]
    fn continuation_rows_are_indented_below_the_text_of_an_item() {
        let text = "- an item that is long\nand what follows it goes on";
        let rows: Vec<_> = wrap_hanging(text, 20, |line| if line == 0 { 2 } else { 0 })
            .into_iter()
            .map(|row| (row.indent, row.text))
            .collect();
        let rows: Vec<_> = rows.iter().map(|(indent, text)| (*indent, &**text)).collect();
        assert_eq!(rows, [(0, "- an item that is"), (2, "long"), (0, "and what follows it"), (0, "goes on")]);
        assert!(
            wrap_hanging(text, 17, |_| 2).iter().all(|row| row.indent == 0),
            "a narrow pane has no columns to spare"
        );
    }

    #[test]
    fn indentation_tabs_and_empty_lines_stay() {
        assert_eq!(rows("fn f() {\n\tx\n\n}", 20), ["fn f() {", "    x", "", "}"]);
        assert_eq!(rows("", 5), [""]);
        assert_eq!(rows("a\n", 5), ["a", ""]);
    }

    #[test]
    fn columns_and_bytes_convert_in_both_directions() {
        let text = "a日\tb";
        assert_eq!([0, 1, 4, 5].map(|at| column(text, 0, at)), [0, 1, 3, 4]);
        assert_eq!([0, 1, 2, 3, 4, 9].map(|goal| byte_at(text, 0, text.len(), goal)), [0, 1, 1, 4, 5, 6]);
    }

    proptest! {
        #[test]
        fn no_row_is_wider_than_the_width(text in any::<String>(), columns in 1u16..40) {
            for row in wrap(&text, columns) {
                prop_assert!(width(&row.text) <= columns, "{row:?}");
            }
        }

        #[test]
        fn rows_join_back_to_the_text(text in "[ -~\\t\\n日👍🏽\u{301}\u{200d}]{0,200}", columns in 24u16..40) {
            let rows = wrap(&text, columns);
            prop_assert_eq!(rows[0].start, 0);
            prop_assert_eq!(rows[rows.len() - 1].end, text.len());
            prop_assert!(rows.windows(2).all(|pair| pair[0].end == pair[1].start));
            let seen: String = rows.iter().flat_map(|row| row.text.chars()).filter(|c| c.is_ascii_graphic()).collect();
            let said: String = text.chars().filter(|c| c.is_ascii_graphic()).collect();
            prop_assert_eq!(seen, said);
        }

        #[test]
        fn no_control_character_survives(text in "[\\x00-\\x1f\\x7f-\u{9f}a\u{202a}-\u{202e}\u{2066}-\u{2069}]{0,100}") {
            for row in wrap(&text, 10) {
                prop_assert!(!row.text.chars().any(|c| c.is_control() || quchat_shared::limits::is_bidi_control(c)));
            }
        }
    }
}

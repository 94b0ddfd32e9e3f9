//! Grapheme clusters, made safe for a terminal and measured in columns.
//!
//! The only place that handles control characters, direction marks and floods of combining marks.

use std::borrow::Cow;

use quchat_shared::limits::is_bidi_control;
use tuirealm::ratatui::buffer::CellWidth;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthChar;

use super::agreed::is_agreed;

/// Most scalar values drawn for one cluster: a family of four with skin tones has eleven.
const SCALARS_MAX: usize = 12;

/// Most columns of a character whose width terminals decide themselves.
const WIDEST: usize = 2;

/// A grapheme cluster: one character as the reader sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster<'a> {
    /// First byte in the source.
    pub start: usize,
    /// The byte after its last in the source.
    pub end: usize,
    pub piece: Piece<'a>,
}

/// How a cluster is drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Text and its width in columns (at least one).
    Drawn(Cow<'a, str>, u16),
    /// Spaces up to the next tab stop.
    Tab,
    /// A line break.
    Break,
    /// Nothing: it has no width, or would change the direction of the following text.
    Nothing,
}

/// The clusters of `text` without gaps: each starts where the previous one ends.
pub fn clusters(text: &str) -> impl Iterator<Item = Cluster<'_>> {
    text.grapheme_indices(true).map(|(start, symbol)| Cluster {
        start,
        end: start + symbol.len(),
        piece: piece(symbol),
    })
}

fn piece(symbol: &str) -> Piece<'_> {
    let mut chars = symbol.chars();
    let Some(first) = chars.next() else { return Piece::Nothing };
    match first {
        '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' => return Piece::Break,
        '\t' => return Piece::Tab,
        ' '..='~' if chars.next().is_none() => return Piece::Drawn(Cow::Borrowed(symbol), 1),
        c if c.is_control() => return Piece::Drawn(Cow::Owned(picture(c).to_string()), 1),
        c if is_bidi_control(c) => return Piece::Nothing,
        _ => {}
    }
    let symbol = match symbol.char_indices().nth(SCALARS_MAX) {
        Some((end, _)) => &symbol[..end],
        None => symbol,
    };
    // Text presentation selector: terminals that do not support it draw two columns, and the next cell would cover
    // half.
    let symbol = match symbol.strip_suffix('\u{fe0e}') {
        Some(wide) if wide.cell_width() > symbol.cell_width() => wide,
        _ => symbol,
    };
    match symbol.cell_width() {
        0 => Piece::Nothing,
        width => Piece::Drawn(Cow::Borrowed(symbol), width),
    }
}

/// The most columns that `symbol` takes in any terminal, if terminals differ: because its width depends on their
/// version of Unicode, or because they draw each character of a sequence separately. Sequences that draw nothing are
/// not examined.
#[must_use]
pub fn disputed(symbol: &str) -> Option<u16> {
    if symbol.len() < 2 || symbol.starts_with('\x1b') {
        return None;
    }
    let (mut agreed, mut first, mut apart) = (true, 0, 0);
    for c in symbol.chars() {
        let known = is_agreed(c);
        let most = c.width().unwrap_or(0).max(if known { 0 } else { WIDEST });
        first = if apart == 0 { most } else { first };
        agreed = agreed && known;
        apart += most;
    }
    // a modifier without a base character may be combined with whatever stands before it
    let joins = symbol.starts_with(|c| matches!(c, '\u{1f3fb}'..='\u{1f3ff}' | '\u{ff9e}' | '\u{ff9f}'));
    let same = agreed && apart == first && apart == usize::from(symbol.cell_width()) && !joins;
    (!same).then(|| u16::try_from(apart).unwrap_or(u16::MAX))
}

/// A visible substitute for a control character.
fn picture(control: char) -> char {
    match u32::from(control) {
        code @ 0..=0x1F => char::from_u32(0x2400 + code).unwrap_or('\u{FFFD}'),
        0x7F => '\u{2421}',
        _ => '\u{FFFD}',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(text: &str) -> Vec<(String, u16)> {
        clusters(text)
            .filter_map(|cluster| match cluster.piece {
                Piece::Drawn(symbol, width) => Some((symbol.into_owned(), width)),
                _ => None,
            })
            .collect()
    }

    #[test]
    fn a_control_character_becomes_its_picture() {
        assert_eq!(drawn("\u{1b}\u{7}\u{7f}\u{9b}").iter().map(|(s, _)| s.as_str()).collect::<String>(), "␛␇␡\u{FFFD}");
    }

    #[test]
    fn an_emoji_of_many_scalars_is_one_cluster_of_two_columns() {
        for emoji in ["👨‍👩‍👧‍👦", "👩🏽‍🚀", "🇳🇱", "👍"] {
            assert_eq!(drawn(emoji), [(emoji.to_owned(), 2)]);
        }
        assert_eq!(drawn("e\u{301}"), [("e\u{301}".to_owned(), 1)]);
    }

    #[test]
    fn every_character_reserves_the_most_columns_that_a_terminal_takes() {
        assert_eq!(drawn("⌚\u{fe0e}"), [("⌚".to_owned(), 2)]);
        assert_eq!(drawn("❤\u{fe0e}"), [("❤\u{fe0e}".to_owned(), 1)]);
    }

    #[test]
    fn characters_of_uncertain_width_are_disputed() {
        for agreed in ["a", "日", "e\u{301}", "한", "👍", "│", "\x1b]8;;\x1b\\"] {
            assert_eq!(disputed(agreed), None, "{agreed}");
        }
        for (symbol, apart) in [("🫩", 2), ("\u{378}", 2), ("\u{fffe}", 2), ("ক\u{9be}", 3)] {
            assert_eq!(disputed(symbol), Some(apart), "{symbol:?}");
        }
        for (symbol, apart) in [("👨‍👩‍👧‍👦", 8), ("👍🏽", 4), ("🇳🇱", 4), ("❤\u{fe0f}", 1), ("🏽", 2)]
        {
            assert_eq!(disputed(symbol), Some(apart), "{symbol}");
        }
    }

    #[test]
    fn a_flood_of_marks_is_cut() {
        let flood = format!("a{}", "\u{301}".repeat(5_000));
        let drawn = drawn(&flood);
        assert_eq!(drawn.len(), 1);
        assert_eq!(drawn[0].0.chars().count(), SCALARS_MAX);
    }

    #[test]
    fn direction_marks_and_zero_width_characters_are_not_drawn() {
        assert!(drawn("\u{202e}\u{2066}\u{200b}\u{200e}\u{feff}").is_empty());
    }
}

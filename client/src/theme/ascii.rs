//! Frames and symbols in ASCII, for terminals and fonts without box-drawing characters.

use tuirealm::ratatui::buffer::{Buffer, Cell};

/// Replacements, each one column wide, so that nothing moves. They also apply within messages: a terminal that cannot
/// show these characters in a frame cannot show them there.
const SPELLINGS: [(&str, &str); 34] = [
    ("│", "|"),
    ("─", "-"),
    ("╭", "+"),
    ("╮", "+"),
    ("╰", "+"),
    ("╯", "+"),
    ("┌", "+"),
    ("┐", "+"),
    ("└", "+"),
    ("┘", "+"),
    ("├", "+"),
    ("┤", "+"),
    ("┬", "+"),
    ("┴", "+"),
    ("┼", "+"),
    ("▌", "|"),
    ("▐", "#"),
    ("●", "*"),
    ("○", "o"),
    ("◌", "~"),
    ("✗", "x"),
    ("☐", "o"),
    ("☑", "x"),
    ("▸", ">"),
    ("❯", ">"),
    ("›", ">"),
    ("↑", "^"),
    ("↓", "v"),
    ("↳", ">"),
    ("·", "-"),
    ("•", "*"),
    ("✎", "="),
    ("⊘", "m"),
    ("−", "-"),
];

/// The first entries are parts of frames.
const FRAMES: usize = 15;

/// Becomes three dots.
const ELLIPSIS: &str = "…";

/// Replaces the characters in the finished frame.
pub(super) fn spell(buffer: &mut Buffer) {
    let width = usize::from(buffer.area.width).max(1);
    for row in buffer.content.chunks_mut(width) {
        for at in 0..row.len() {
            if row[at].symbol() == ELLIPSIS {
                spell_dots(row, at);
            }
        }
        for cell in row {
            if !cell.symbol().is_ascii()
                && let Some((_, spelling)) = SPELLINGS.iter().find(|(glyph, _)| *glyph == cell.symbol())
            {
                cell.set_symbol(spelling);
            }
        }
    }
}

/// Three dots take two columns more: from the space behind the following words, else from the previous word, which was
/// cut anyway. If neither is possible, one dot is drawn.
fn spell_dots(row: &mut [Cell], at: usize) {
    row[at].set_symbol(".");
    let dot = row[at].clone();
    if let Some(end) = words_end(row, at + 1) {
        row[at + 1..end + 2].rotate_right(2);
        row[at + 1..at + 3].fill(dot);
    } else if let Some(before) = at.checked_sub(2).filter(|&before| row[before..at].iter().all(is_letter)) {
        row[before..at].fill(dot);
    }
}

/// The end of the words that begin here, if three blanks follow them before the next frame.
fn words_end(row: &[Cell], from: usize) -> Option<usize> {
    let blank = |at: usize| row.get(at).is_some_and(|cell| cell.symbol() == " ");
    let is_frame = |cell: &Cell| SPELLINGS[..FRAMES].iter().any(|(glyph, _)| *glyph == cell.symbol());
    for (at, cell) in row.iter().enumerate().skip(from) {
        if blank(at) && blank(at + 1) {
            return blank(at + 2).then_some(at);
        }
        if is_frame(cell) {
            return None;
        }
    }
    None
}

fn is_letter(cell: &Cell) -> bool {
    cell.symbol().len() == 1 && cell.symbol() != " "
}

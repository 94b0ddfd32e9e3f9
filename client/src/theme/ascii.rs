//! Frames and signs in ASCII, for terminals and fonts that have no characters for boxes.

use tuirealm::ratatui::buffer::{Buffer, Cell};

/// What stands for what; each is one column wide, so that nothing moves. Messages may hold them, too: a terminal that
/// cannot show them in a frame cannot show them there.
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

/// So many of them are parts of frames.
const FRAMES: usize = 15;

/// Three dots in one column.
const ELLIPSIS: &str = "…";

/// Spells the frame.
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

/// Three dots take two columns more: of the air behind the words that follow, else of the word before, which was cut
/// anyway. Where neither is there, one dot has to do.
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

/// Where the words end that begin here, if three blanks follow them before the next frame.
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

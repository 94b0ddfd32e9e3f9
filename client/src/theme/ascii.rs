//! Frames and signs in ASCII, for terminals and fonts that have no characters for boxes.

use tuirealm::ratatui::buffer::Buffer;

/// What stands for what; each is one column wide, so that nothing moves. Messages may hold them, too: a terminal that
/// cannot show them in a frame cannot show them there.
const SPELLINGS: [(&str, &str); 35] = [
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
    ("↳", "`"),
    ("·", "-"),
    ("•", "*"),
    ("✎", "="),
    ("⊘", "m"),
    ("−", "-"),
    ("…", "."),
];

/// Spells the frame.
pub(super) fn spell(buffer: &mut Buffer) {
    for cell in &mut buffer.content {
        if !cell.symbol().is_ascii()
            && let Some((_, spelling)) = SPELLINGS.iter().find(|(glyph, _)| *glyph == cell.symbol())
        {
            cell.set_symbol(spelling);
        }
    }
}

//! Text on one line: names, topics, notices; and what text from elsewhere is freed of.

use quchat_shared::limits::unix_lines;

use super::cluster::{Piece, clusters};

/// The columns that `text` takes on one line.
#[must_use]
pub fn width(text: &str) -> u16 {
    clusters(text).fold(0u16, |sum, cluster| sum.saturating_add(columns(&cluster.piece)))
}

/// `text` on one line of at most `max` columns; what does not fit ends in `…`.
#[must_use]
pub fn clip(text: &str, max: u16) -> String {
    let mut out = String::new();
    let (mut used, mut fits) = (0u16, 0usize); // `fits`: bytes that leave a column for the ellipsis
    for cluster in clusters(text) {
        let next = used.saturating_add(columns(&cluster.piece));
        if next > max {
            out.truncate(fits);
            if max > 0 {
                out.push('…');
            }
            return out;
        }
        match &cluster.piece {
            Piece::Drawn(symbol, _) => out.push_str(symbol),
            Piece::Tab | Piece::Break => out.push(' '),
            Piece::Nothing => {}
        }
        used = next;
        if used < max {
            fits = out.len();
        }
    }
    out
}

/// `text` on one line, whole.
#[must_use]
pub fn one_line(text: &str) -> String {
    clip(text, u16::MAX)
}

/// `text` from elsewhere as it can be typed: one kind of line end, and no control characters but tabs.
#[must_use]
pub fn plain(text: &str) -> String {
    unix_lines(text).chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect()
}

fn columns(piece: &Piece<'_>) -> u16 {
    match piece {
        Piece::Drawn(_, width) => *width,
        Piece::Tab | Piece::Break => 1,
        Piece::Nothing => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_stays_and_what_does_not_ends_in_an_ellipsis() {
        assert_eq!(clip("general", 7), "general");
        assert_eq!(clip("general", 6), "gener…");
        assert_eq!(clip("日本語", 5), "日本…");
        assert_eq!(clip("日本語", 4), "日…");
        assert_eq!(clip("日本語", 1), "…");
        assert_eq!(clip("日本語", 0), "");
    }

    #[test]
    fn a_line_has_no_breaks_and_no_controls() {
        assert_eq!(one_line("a\nb\tc\u{1b}[2J"), "a b c␛[2J");
        assert_eq!(width("a\nb"), 3);
    }
}

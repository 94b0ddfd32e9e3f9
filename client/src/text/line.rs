//! Text on one line: names, topics, notices; and the cleaning of text from outside.

use quchat_shared::limits::unix_lines;

use super::cluster::{Piece, clusters};

/// The columns that `text` takes on one line.
#[must_use]
pub fn width(text: &str) -> u16 {
    clusters(text).fold(0u16, |sum, cluster| sum.saturating_add(columns(&cluster.piece)))
}

/// `text` on one line of at most `max` columns; a cut text ends with `…`.
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

/// A sentence on one line of at most `max` columns. If it begins with a long path (`/a/b/c: reason`), the middle of the
/// path is cut, so that the reason stays visible.
#[must_use]
pub fn fit(text: &str, max: u16) -> String {
    let path = text.find(['/', '\\']).and_then(|start| {
        let end = start + text[start..].find(": ")?;
        Some((&text[..start], &text[start..end], &text[end..]))
    });
    let Some((before, path, after)) = path.filter(|_| width(text) > max) else { return clip(text, max) };
    let room = max.saturating_sub(width(before)).saturating_sub(width(after)).max(PATH_MIN);
    clip(&format!("{before}{}{after}", cut_middle(path, room)), max)
}

/// Fewest columns for a path: its beginning and the file's name.
const PATH_MIN: u16 = 16;

/// `text` cut in the middle to at most `max` columns; two thirds of the rest are its end.
fn cut_middle(text: &str, max: u16) -> String {
    if width(text) <= max {
        return text.to_owned();
    }
    let head = clip(text, (max / 3).max(1));
    let mut tail = text;
    while width(tail) > max - max / 3 {
        let first = clusters(tail).next().map_or(tail.len(), |cluster| cluster.end);
        tail = &tail[first..];
    }
    format!("{head}{tail}")
}

/// `text` on one line, uncut.
#[must_use]
pub fn one_line(text: &str) -> String {
    clip(text, u16::MAX)
}

/// `text` from outside as it could be typed: only `\n` as line ends, and no control characters except tabs.
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
    fn text_that_does_not_fit_ends_with_an_ellipsis() {
        assert_eq!(clip("general", 7), "general");
        assert_eq!(clip("general", 6), "gener…");
        assert_eq!(clip("日本語", 5), "日本…");
        assert_eq!(clip("日本語", 4), "日…");
        assert_eq!(clip("日本語", 1), "…");
        assert_eq!(clip("日本語", 0), "");
    }

    #[test]
    fn a_long_path_is_cut_in_the_middle_to_show_the_reason() {
        let text =
            "! drafts are not saved: /home/somebody/with/a/long/name/.local/state/quchat/rooms/1.json: no space left";
        let fitted = fit(text, 70);
        assert!(
            width(&fitted) <= 70 && fitted.contains("1.json: no space left") && fitted.contains("/home"),
            "{fitted}"
        );
        assert_eq!(fit(text, 200), text);
        assert_eq!(fit("no path: a long sentence", 10), clip("no path: a long sentence", 10));
        for max in 0..120 {
            assert!(width(&fit(text, max)) <= max, "{max}");
        }
    }

    #[test]
    fn one_line_has_no_line_breaks_and_no_control_characters() {
        assert_eq!(one_line("a\nb\tc\u{1b}[2J"), "a b c␛[2J");
        assert_eq!(width("a\nb"), 3);
    }
}

//! The keys of a dialog and what they do, in its last rows: the same way in every dialog.

use tuirealm::ratatui::{
    style::Style,
    text::{Line, Span},
};

use super::super::styles::Styles;
use crate::text::{clip, width, wrap};

/// Between two keys.
const BETWEEN: &str = " · ";

/// Lists the keys in as many rows as they need. A sentence may stand before them; after a question mark, the keys are its
/// answers.
pub(super) fn keys(said: Span<'static>, choices: &[(&str, &str)], columns: u16) -> Vec<Line<'static>> {
    let mut rows = vec![Line::default()];
    let mut between = BETWEEN;
    if !said.content.is_empty() {
        if said.content.ends_with('?') {
            between = " ";
        }
        rows[0].push_span(Span::styled(clip(&said.content, columns), said.style));
    }
    for (key, what) in choices.iter().filter(|(key, _)| !key.is_empty()) {
        let used = rows.last().map_or(0, |row| u16::try_from(row.width()).unwrap_or(u16::MAX));
        if used > 0 && used + width(between) + width(key) + 1 + width(what) > columns {
            rows.push(Line::default());
        }
        let what = clip(what, columns.saturating_sub(width(key) + 1));
        if let Some(row) = rows.last_mut() {
            if !row.spans.is_empty() {
                row.push_span(Span::styled(between, Styles::FAINT));
            }
            row.push_span(Span::styled((*key).to_owned(), Styles::STRONG));
            row.push_span(Span::styled(format!(" {what}"), Styles::FAINT));
        }
        between = BETWEEN;
    }
    rows
}

/// As [`keys`], in one row. If they do not fit, those before the last one are left out.
pub(super) fn keys_in_a_row(said: Span<'static>, choices: &[(&str, &str)], columns: u16) -> Line<'static> {
    let mut rows = keys(said.clone(), choices, columns);
    match choices {
        [first @ .., _, last] if rows.len() > 1 => keys_in_a_row(said, &[first, &[*last]].concat(), columns),
        _ => rows.swap_remove(0),
    }
}

/// Something else in the last row, cut to one.
pub(super) fn remark(said: &str, style: Style, columns: u16) -> Line<'static> {
    Line::styled(clip(said, columns), style)
}

/// Something else in the last rows.
pub(super) fn remarks(said: &str, style: Style, columns: u16) -> Vec<Line<'static>> {
    wrap(said, columns.max(1)).into_iter().map(|row| Line::styled(row.text, style)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(said: &'static str, choices: &[(&str, &str)], columns: u16) -> Vec<String> {
        keys(Span::raw(said), choices, columns).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn keys_that_do_not_fit_go_to_the_next_row() {
        let choices = [("Enter", "chooses"), ("Esc", "closes")];
        assert_eq!(texts("", &choices, 26), ["Enter chooses · Esc closes"]);
        assert_eq!(texts("", &choices, 25), ["Enter chooses", "Esc closes"]);
        assert_eq!(texts("", &choices, 9), ["Enter ch…", "Esc clos…"]);
        assert_eq!(texts("↓ more", &choices, 40), ["↓ more · Enter chooses · Esc closes"]);
        assert_eq!(
            texts("Lift it?", &[("y", "lifts it"), ("n", "keeps it")], 40),
            ["Lift it? y lifts it · n keeps it"]
        );
        assert_eq!(texts("", &[("", "has no key"), ("Esc", "closes")], 40), ["Esc closes"]);
        let row = |columns| keys_in_a_row(Span::raw(""), &choices, columns).to_string();
        assert_eq!((row(26), row(25)), ("Enter chooses · Esc closes".to_owned(), "Esc closes".to_owned()));
    }
}

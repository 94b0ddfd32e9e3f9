//! What stands out within a text: oneself being named, links, and `code`; also where a row ends in their middle.

use std::ops::Range;

use tuirealm::ratatui::{
    style::Style,
    text::{Line, Span},
};

use super::super::look::Look;
use crate::text::{Row, wrap::drawn};

/// A stretch of a text, in bytes, and its style.
pub(super) type Mark = (Range<usize>, Style);

/// The marks of a text, in order, none of them overlapping.
pub(super) fn marks(text: &str, my_name: &str) -> Vec<Mark> {
    let mut marks: Vec<Mark> = Vec::new();
    for (at, first) in text.match_indices(['@', '`', 'h']) {
        let begun = marks.last().is_some_and(|(last, _)| at < last.end);
        let in_word = text[..at].ends_with(|c: char| c.is_alphanumeric());
        let rest = &text[at..];
        let found = match first {
            _ if begun => None,
            "`" => code(rest).map(|len| (len, Look::ACCENT)),
            _ if in_word => None,
            "@" => mention(rest, my_name).map(|len| (len, Look::NAMED)),
            _ => link(rest).map(|len| (len, Look::LINK)),
        };
        marks.extend(found.map(|(len, style)| (at..at + len, style)));
    }
    marks
}

/// A row of `text` with the marks that reach into it.
pub(super) fn line(text: &str, row: Row, marks: &[Mark], style: Style) -> Line<'static> {
    let inside = marks.iter().filter(|(range, _)| range.start < row.end && row.start < range.end);
    let mut spans = Vec::new();
    let mut done = 0;
    for (range, mark) in inside {
        let (start, end) = (drawn(text, &row, range.start).max(done), drawn(text, &row, range.end).max(done));
        spans.push(Span::styled(row.text[done..start].to_owned(), style));
        spans.push(Span::styled(row.text[start..end].to_owned(), style.patch(*mark)));
        done = end;
    }
    if done == 0 {
        return Line::from(Span::styled(row.text, style));
    }
    spans.push(Span::styled(row.text[done..].to_owned(), style));
    Line::from(spans)
}

fn mention(rest: &str, my_name: &str) -> Option<usize> {
    let name = rest.get(1..=my_name.len())?;
    let ends = !rest[1 + name.len()..].starts_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
    (!my_name.is_empty() && name.eq_ignore_ascii_case(my_name) && ends).then_some(1 + name.len())
}

fn link(rest: &str) -> Option<usize> {
    if !(rest.starts_with("https://") || rest.starts_with("http://")) {
        return None;
    }
    let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"' | '`')).unwrap_or(rest.len());
    Some(rest[..end].trim_end_matches(['.', ',', ';', ':', '!', '?', ')']).len())
}

fn code(rest: &str) -> Option<usize> {
    let inner = rest[1..].find(['`', '\n'])?;
    (inner > 0 && rest[1 + inner..].starts_with('`')).then_some(inner + 2)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::text::wrap;

    fn marked(text: &str, name: &str) -> Vec<String> {
        marks(text, name).into_iter().map(|(range, _)| text[range].to_owned()).collect()
    }

    fn styled(text: &str, columns: u16) -> Vec<Vec<String>> {
        let marks = marks(text, "alice");
        let line = |row| line(text, row, &marks, Look::PLAIN).spans;
        let marked =
            |spans: Vec<Span<'static>>| spans.into_iter().filter(|s| s.style != Look::PLAIN && !s.content.is_empty());
        wrap(text, columns).into_iter().map(|row| marked(line(row)).map(|s| s.content.into_owned()).collect()).collect()
    }

    #[test]
    fn names_links_and_code_stand_out() {
        assert_eq!(
            marked("@alice, see `ls -l` at https://a.b/c?d=1.", "Alice"),
            ["@alice", "`ls -l`", "https://a.b/c?d=1"]
        );
        assert!(marked("@alicea mail@alice `\n` http", "alice").is_empty());
        assert!(marked("@", "").is_empty());
    }

    #[test]
    fn a_link_that_is_wrapped_stays_a_link() {
        assert_eq!(styled("at https://a.b/cdef now", 10), [vec![], vec!["https://a."], vec!["b/cdef"]]);
        assert_eq!(styled("\tx @alice y", 10), [vec![], vec!["@alice"]]);
    }

    proptest! {
        #[test]
        fn marking_keeps_every_row_as_it_was(text in "[@`h/: a日👍\t\n\u{1b}]{0,60}|https://\\PC{0,40}", columns in 1u16..20) {
            let marks = marks(&text, "a");
            for row in wrap(&text, columns) {
                let plain = row.text.clone();
                prop_assert_eq!(line(&text, row, &marks, Look::PLAIN).to_string(), plain);
            }
        }
    }
}

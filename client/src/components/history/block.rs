//! One entry as rows: its text wrapped, and what is to be said about it below.

use jiff::civil::Date;
use tuirealm::ratatui::{
    style::Style,
    text::{Line, Span},
};

use super::super::look::Look;
use crate::{
    model::{Entry, SendState},
    text::{clip, width, wrap},
};

/// The wrapped rows of an entry; there is always one.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) rows: Vec<BodyRow>,
}

/// A row, and the byte by which an anchor finds it again. Rows below the text go on counting behind its end.
#[derive(Debug)]
pub(super) struct BodyRow {
    pub(super) byte: usize,
    pub(super) line: Line<'static>,
}

/// The lines between an entry and the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Above {
    /// A day begins.
    pub(super) day: Option<Date>,
    /// From here on it is new.
    pub(super) new: bool,
}

impl Above {
    pub(super) fn rows(self) -> usize {
        usize::from(self.day.is_some()) + usize::from(self.new)
    }
}

impl Block {
    /// The rows of `entry` at this width; `my_name` stands out where it is named.
    pub(super) fn new(entry: &Entry, columns: u16, my_name: &str) -> Self {
        match entry {
            Entry::Said(message) if message.deleted_at.is_some() => {
                Self::of("message deleted", Look::FAINT, columns, "")
            }
            Entry::Said(message) => {
                let mut block = Self::of(&message.text, Look::PLAIN, columns, my_name);
                if message.edited_at.is_some() {
                    block.append("(edited)", Look::FAINT, columns);
                }
                if !message.reactions.is_empty() {
                    let reactions = message.reactions.iter().map(|r| format!("{} {}", r.emoji, r.users.len()));
                    let all = clip(&reactions.collect::<Vec<_>>().join("  "), columns);
                    block.push(all, message.text.len(), Look::FAINT);
                }
                block
            }
            Entry::Unsent(pending) => {
                let sent = matches!(pending.state, SendState::Sent(_));
                let mut block = Self::of(&pending.text, if sent { Look::PLAIN } else { Look::FAINT }, columns, "");
                match &pending.state {
                    SendState::Refused(reason) => {
                        block.push(clip(&format!("✗ refused: {reason}"), columns), pending.text.len(), Look::WRONG);
                    }
                    SendState::RetryAt { .. } => {
                        block.push(
                            clip("◌ not sent yet, will be tried again", columns),
                            pending.text.len(),
                            Look::WAITING,
                        );
                    }
                    _ => {}
                }
                block
            }
        }
    }

    /// The row on which `byte` of the text stands.
    pub(super) fn row_of(&self, byte: usize) -> usize {
        self.rows.partition_point(|row| row.byte <= byte).saturating_sub(1)
    }

    fn of(text: &str, style: Style, columns: u16, my_name: &str) -> Self {
        let rows = wrap(text, columns);
        let line = |text: String| Line::from(mark(text, style, my_name));
        Self { rows: rows.into_iter().map(|row| BodyRow { byte: row.start, line: line(row.text) }).collect() }
    }

    /// A word behind the last row, or below it where it does not fit.
    fn append(&mut self, word: &str, style: Style, columns: u16) {
        let Some(last) = self.rows.last_mut() else { return };
        let end = last.byte;
        if last.line.width() + usize::from(width(word)) + 2 <= usize::from(columns) {
            last.line.push_span(Span::styled(format!("  {word}"), style));
        } else {
            self.push(clip(word, columns), end, style);
        }
    }

    fn push(&mut self, text: String, end: usize, style: Style) {
        let byte = self.rows.last().map_or(end, |row| row.byte + 1).max(end + 1);
        self.rows.push(BodyRow { byte, line: Line::styled(text, style) });
    }
}

/// Tells apart, within one row: oneself being named, links, and `code`.
fn mark(text: String, style: Style, my_name: &str) -> Vec<Span<'static>> {
    if !text.contains(['@', '`']) && !text.contains("://") {
        return vec![Span::styled(text, style)];
    }
    let mut spans = Vec::new();
    let mut plain = String::new();
    let mut rest = text.as_str();
    while let Some(first) = rest.chars().next() {
        let starts_word = !plain.ends_with(|c: char| c.is_alphanumeric());
        let found = match first {
            '@' if starts_word => mention(rest, my_name).map(|len| (len, Look::NAMED)),
            'h' if starts_word => link(rest).map(|len| (len, Look::LINK)),
            '`' => code(rest).map(|len| (len, Look::ACCENT)),
            _ => None,
        };
        let (len, marked) = found.map_or((first.len_utf8(), None), |(len, style)| (len, Some(style)));
        let (taken, after) = rest.split_at(len);
        match marked {
            None => plain.push_str(taken),
            Some(mark) => {
                if !plain.is_empty() {
                    spans.push(Span::styled(std::mem::take(&mut plain), style));
                }
                spans.push(Span::styled(taken.to_owned(), style.patch(mark)));
            }
        }
        rest = after;
    }
    spans.push(Span::styled(plain, style));
    spans
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
    let inner = rest[1..].find('`')?;
    (inner > 0).then_some(inner + 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(text: &str, name: &str) -> Vec<String> {
        let spans = mark(text.to_owned(), Look::PLAIN, name);
        spans.into_iter().filter(|span| span.style != Look::PLAIN).map(|span| span.content.into_owned()).collect()
    }

    #[test]
    fn names_links_and_code_stand_out() {
        assert_eq!(
            marked("@alice, see `ls -l` at https://a.b/c?d=1.", "Alice"),
            ["@alice", "`ls -l`", "https://a.b/c?d=1"]
        );
        assert!(marked("@alicea mail@alice `", "alice").is_empty());
        assert!(marked("@", "").is_empty());
    }

    #[test]
    fn marking_keeps_every_character() {
        for text in ["", "`", "``", "a`b`c", "@é", "@日本", "http://", "x@y@z `@alice`"] {
            let joined: String = mark(text.to_owned(), Look::PLAIN, "é").into_iter().map(|span| span.content).collect();
            assert_eq!(joined, text);
        }
    }
}

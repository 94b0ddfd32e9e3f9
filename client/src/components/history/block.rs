//! One entry as rows: its text wrapped, and what is to be said about it below.

use jiff::civil::Date;
use tuirealm::ratatui::{
    style::Style,
    text::{Line, Span},
};

use super::{super::look::Look, Found, link::Link, mark};
use crate::{
    model::{Entry, SendState},
    text::{Row, clip, markup::markup, width, wrap},
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
    pub(super) links: Vec<Link>,
}

/// The lines between an entry and the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Above {
    /// A day begins.
    pub(super) day: Option<Date>,
    /// From here on it is new.
    pub(super) new: bool,
    /// It answers another message, which is quoted.
    pub(super) reply: bool,
}

impl Above {
    pub(super) fn rows(self) -> usize {
        usize::from(self.day.is_some()) + usize::from(self.new) + usize::from(self.reply)
    }
}

impl Block {
    /// The rows of `entry` at this width; `my_name` stands out where it is named, and what is searched for.
    pub(super) fn new(entry: &Entry, columns: u16, my_name: &str, found: Option<&Found>) -> Self {
        match entry {
            Entry::Said(message) if message.deleted_at.is_some() => {
                Self::of("message deleted", Look::FAINT, columns, "", None)
            }
            Entry::Said(message) => {
                let mut block = Self::of(&message.text, Look::PLAIN, columns, my_name, found);
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
                let mut block =
                    Self::of(&pending.text, if sent { Look::PLAIN } else { Look::FAINT }, columns, "", None);
                match &pending.state {
                    SendState::Refused(reason) => {
                        block.push(clip(&format!("✗ refused: {reason}"), columns), pending.text.len(), Look::WRONG);
                    }
                    SendState::RetryAt { .. } => {
                        block.push(
                            clip("◌ not sent yet, will be tried again", columns),
                            pending.text.len(),
                            Look::FAINT,
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

    fn of(text: &str, style: Style, columns: u16, my_name: &str, found: Option<&Found>) -> Self {
        let stretches = markup(text, my_name);
        let mut marks = mark::marks(&stretches);
        marks.extend(found.into_iter().flat_map(|found| found.marks(text)));
        let body = |row: Row| {
            let links = Link::on(text, &row, &stretches);
            BodyRow { byte: row.start, line: mark::line(text, row, &marks, style), links }
        };
        Self { rows: wrap(text, columns).into_iter().map(body).collect() }
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
        self.rows.push(BodyRow { byte, line: Line::styled(text, style), links: Vec::new() });
    }
}

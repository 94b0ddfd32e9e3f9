//! One entry as rows: its wrapped text and remarks below it.

use jiff::civil::Date;
use quchat_shared::text::markup::{Kind, Stretch, markup};
use tuirealm::ratatui::{
    style::Style,
    text::{Line, Span},
};

use super::{
    super::{
        quote::tombstone,
        reactions::{self, Tag},
        styles::Styles,
    },
    Found,
    hyperlink::Hyperlink,
    mark,
};
use crate::{
    model::{Entry, Pending, SendState, ShownReaction},
    text::{
        Row, clip, width,
        wrap::{column, wrap_hanging},
    },
};

/// The wrapped rows of an entry; never empty.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) rows: Vec<BodyRow>,
}

/// A row, with the byte by which an anchor finds it. Rows below the text continue counting after its end.
#[derive(Debug)]
pub(super) struct BodyRow {
    pub(super) byte: usize,
    pub(super) line: Line<'static>,
    pub(super) links: Vec<Hyperlink>,
    /// Empty columns before the text.
    pub(super) indent: u16,
}

/// The lines between an entry and the previous one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Above {
    /// The date, if the entry begins a day.
    pub(super) day: Option<Date>,
    /// The "new" line is shown.
    pub(super) new: bool,
    /// The entry is a reply: the quoted line is shown.
    pub(super) reply: bool,
}

impl Above {
    pub(super) fn rows(self) -> usize {
        usize::from(self.day.is_some()) + usize::from(self.new) + usize::from(self.reply)
    }
}

/// Longer texts show only so many rows until the user unfolds them.
const FOLD_ROWS: usize = 40;

/// What the rows of an entry depend on, apart from the entry.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct How {
    pub(super) columns: u16,
    /// The active search.
    pub(super) found: Option<Found>,
    /// The long text is unfolded.
    pub(super) unfolded: bool,
    /// The terminal cannot show the ellipsis character.
    pub(super) ascii: bool,
    /// The user's edit of the message that is not acknowledged.
    pub(super) edit: Option<Pending>,
    pub(super) reactions: Vec<ShownReaction>,
}

impl Block {
    /// The rows of `entry`. `names` and search matches are highlighted.
    pub(super) fn new(entry: &Entry, names: &[&str], how: &How) -> Self {
        let columns = how.columns;
        match entry {
            Entry::Said(message) if message.deleted_at.is_some() => {
                Self::of(&tombstone(message), Styles::FAINT, &[], &How { found: None, ..how.clone() })
            }
            Entry::Said(message) => {
                let waiting = how.edit.as_ref().filter(|edit| !matches!(edit.state, SendState::Refused(_)));
                let mut block = match waiting {
                    Some(edit) => Self::of(&edit.text, Styles::FAINT, &[], how),
                    None => Self::of(&message.text, Styles::PLAIN, names, how),
                };
                if message.edited_at.is_some() || waiting.is_some() {
                    block.append("(edited)", Styles::FAINT, columns);
                }
                if let Some(edit) = &how.edit {
                    block.remark(edit, columns);
                }
                block.react(how);
                block
            }
            Entry::Unsent(pending) => Self::unsent(pending, how),
        }
    }

    /// Adds the reactions below the text.
    fn react(&mut self, how: &How) {
        let tags = how.reactions.iter().map(|reaction| Tag { number: None, reaction, ascii: how.ascii });
        for line in reactions::rows(tags, how.columns) {
            self.push_line(line, 0);
        }
    }

    fn unsent(pending: &Pending, how: &How) -> Self {
        let look = if matches!(pending.state, SendState::Sent(_)) { Styles::PLAIN } else { Styles::FAINT };
        let mut block = Self::of(&pending.text, look, &[], &How { found: None, ..how.clone() });
        block.remark(pending, how.columns);
        block
    }

    /// Adds what happened to a message or an edit that is not acknowledged.
    fn remark(&mut self, pending: &Pending, columns: u16) {
        let what = if pending.edit.is_some() { "edit " } else { "" };
        let (text, look) = match &pending.state {
            SendState::Refused(reason) => (format!("✗ {what}refused: {reason}"), Styles::WRONG),
            SendState::RetryAt { .. } => (format!("◌ {what}not sent yet, retrying"), Styles::FAINT),
            _ => return,
        };
        self.push(clip(&text, columns), pending.text.len(), look);
    }

    /// The row that holds `byte` of the text.
    pub(super) fn row_of(&self, byte: usize) -> usize {
        self.rows.partition_point(|row| row.byte <= byte).saturating_sub(1)
    }

    fn of(text: &str, style: Style, names: &[&str], how: &How) -> Self {
        let dots = if how.ascii && text.contains('…') { Some(text.replace('…', "...")) } else { None };
        let text = dots.as_deref().unwrap_or(text);
        let (text, style) = match doing(text) {
            Some(text) => (text, style.patch(Styles::LEANING)),
            None => (text, style),
        };
        let stretches = markup(text, names);
        let mut marks = mark::marks(&stretches);
        marks.extend(how.found.iter().flat_map(|found| found.marks(text)));
        let mut rows = wrap_hanging(text, how.columns, |line| hang(text, line, &stretches));
        let hidden = if how.unfolded { 0 } else { rows.len().saturating_sub(FOLD_ROWS) };
        rows.truncate(rows.len() - hidden);
        let body = |row: Row| {
            let links = Hyperlink::on(text, &row, &stretches);
            let indent = row.indent;
            BodyRow { byte: row.start, line: mark::line(text, row, &marks, style), links, indent }
        };
        let mut block = Self { rows: rows.into_iter().map(body).collect() };
        if hidden > 0 {
            let rows = if hidden == 1 { "row" } else { "rows" };
            block.push(clip(&format!("▸ {hidden} more {rows}: /unfold"), how.columns), 0, Styles::ACCENT);
        }
        block
    }

    /// Appends a word to the last row, or adds a row if it does not fit.
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
        self.push_line(Line::styled(text, style), end);
    }

    fn push_line(&mut self, line: Line<'static>, end: usize) {
        let byte = self.rows.last().map_or(end, |row| row.byte + 1).max(end + 1);
        self.rows.push(BodyRow { byte, line, links: Vec::new(), indent: 0 });
    }
}

/// The text of a `/me` message: one line that is italic as a whole. Returned without the marks.
fn doing(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('_')?.strip_suffix('_')?;
    let whole = !inner.contains(['_', '\n']) && !inner.starts_with(char::is_whitespace);
    (whole && !inner.is_empty() && !inner.ends_with(char::is_whitespace)).then_some(inner)
}

/// The indent of continuation rows of a list item whose line begins at this byte.
fn hang(text: &str, line: usize, stretches: &[Stretch]) -> u16 {
    let end = text[line..].find('\n').map_or(text.len(), |at| line + at);
    let bullet =
        stretches.iter().find(|(range, kind)| *kind == Kind::Bullet && line <= range.start && range.end <= end);
    bullet.map_or(0, |(range, _)| column(text, line, range.end) + 1)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use quchat_shared::{Message, RoomId, Seq, Timestamp, UserId, UserRef};

    use super::*;

    fn rows(text: &str, how: &How) -> Vec<(u16, String)> {
        let sender = UserRef { id: UserId(2), name: "bob".to_owned() };
        let message = Message::new(RoomId(1), Seq(1), sender, text.to_owned(), Timestamp::from_millis(0));
        let block = Block::new(&Entry::Said(Arc::new(message)), &[], how);
        block.rows.iter().map(|row| (row.indent, row.line.to_string())).collect()
    }

    fn how() -> How {
        How { columns: 30, ..How::default() }
    }

    #[test]
    fn a_long_message_shows_its_first_rows_until_it_is_unfolded() {
        let text = "x\n".repeat(3_999) + "x";
        let folded = rows(&text, &how());
        assert_eq!((folded.len(), &*folded[40].1), (41, "▸ 3960 more rows: /unfold"));
        assert_eq!(rows(&text, &How { unfolded: true, ..how() }).len(), 4_000);
        assert_eq!(rows(&"x\n".repeat(39), &how()).len(), 40, "forty rows are shown");
    }

    #[test]
    fn continuation_rows_of_a_list_item_are_indented() {
        let text = "to do:\n10. write down what the client does\n- and another one that is long";
        let all = rows(text, &how());
        let all: Vec<_> = all.iter().map(|(indent, text)| (*indent, &**text)).collect();
        assert_eq!(
            all,
            [(0, "to do:"), (0, "10. write down what the client"), (4, "does"), (0, "- and another one that is long")]
        );
    }

    #[test]
    fn a_me_message_is_shown_without_its_marks() {
        assert_eq!(rows("_waves_", &how()), [(0, "waves".to_owned())]);
        for text in ["_", "__", "_a_b_", "_ a_", "see _this_", "_a_\n_b_"] {
            assert_eq!(rows(text, &how())[0].1, text.lines().next().unwrap());
        }
    }

    #[test]
    fn an_ellipsis_is_three_columns_in_ascii() {
        assert_eq!(rows("wait… what", &How { ascii: true, ..how() })[0].1, "wait... what");
    }
}

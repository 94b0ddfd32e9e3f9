//! The styles of the components: roles, to which a theme gives colours, and weights.
//!
//! Knows no colour. A role alone never carries meaning: there is also a word, a glyph or a weight.

use quchat_shared::UserId;
use tuirealm::ratatui::{
    Frame,
    layout::Rect,
    style::{Modifier, Style},
    symbols::border,
    text::Line,
    widgets::{Block, Clear},
};

use crate::{
    text::clip,
    theme::{Role, SENDERS},
};

/// The styles, named by their meaning.
pub(crate) struct Styles;

impl Styles {
    pub(crate) const PLAIN: Style = Role::Text.style();
    /// Emphasis; combines with any role.
    pub(crate) const STRONG: Style = Style::new().add_modifier(Modifier::BOLD);
    /// Italic text; combines with any role.
    pub(crate) const LEANING: Style = Style::new().add_modifier(Modifier::ITALIC);
    pub(crate) const FAINT: Style = Role::Faint.style();
    /// The chosen row.
    pub(crate) const CHOSEN: Style = Role::Chosen.style();
    /// An error; always with a word or a glyph.
    pub(crate) const WRONG: Style = Role::Wrong.style();
    pub(crate) const WELL: Style = Role::Well.style();
    /// Something is pending.
    pub(crate) const WAITING: Style = Role::Waiting.style();
    /// Something new: the "new" line, unread badges.
    pub(crate) const FRESH: Style = Role::Fresh.style();
    /// The frame of the focused component.
    pub(crate) const ACCENT: Style = Role::Accent.style();
    /// Code in a message.
    pub(crate) const CODE: Style = Role::Code.style();
    pub(crate) const LINK: Style = Role::Link.style();
    /// A search match.
    pub(crate) const FOUND: Style = Role::Found.style();
    /// The current search match.
    pub(crate) const FOUND_HERE: Style = Role::Found.style().add_modifier(Modifier::REVERSED);
    /// The user's name in a message.
    pub(crate) const NAMED: Style = Role::Named.style();
    /// The user's name as a sender.
    pub(crate) const ME: Style = Role::Me.style();

    /// The style of a sender, the same everywhere.
    pub(crate) const fn sender(user: UserId) -> Style {
        Role::Sender((user.0 % SENDERS as u64) as u8).style()
    }

    /// The chosen row of a list, in one style across.
    pub(crate) fn chosen(mut line: Line<'static>) -> Line<'static> {
        for span in &mut line.spans {
            span.style = Style::new();
        }
        line.style(Self::CHOSEN)
    }

    /// A rounded frame; `lit` if it is focused.
    pub(crate) fn frame<'a>(title: impl Into<Line<'a>>, lit: bool) -> Block<'a> {
        let style = if lit { Self::ACCENT } else { Self::FAINT };
        Block::bordered().border_set(border::ROUNDED).border_style(style).title(title)
    }

    /// Draws a dialog's frame over whatever is there. Returns the inner area, with an empty column at the sides.
    pub(crate) fn dialog(frame: &mut Frame<'_>, area: Rect, title: &str) -> Rect {
        let title = clip(title, area.width.saturating_sub(4));
        let block = Self::frame(Line::styled(format!(" {title} "), Self::STRONG), true);
        let inner = block.inner(area);
        // clear one column more on each side: half of a wide character there would move the frame
        let cleared = Rect { x: area.x.saturating_sub(1), width: area.width.saturating_add(2), ..area };
        frame.render_widget(Clear, cleared.intersection(frame.area()));
        frame.render_widget(block, area);
        let air = u16::from(inner.width > 8);
        Rect { x: inner.x + air, width: inner.width - 2 * air, ..inner }
    }
}

//! What the parts of the screen say with a style: roles that a theme gives their colours, and weights.
//!
//! It knows no colour. Nothing is told by a role alone: there is a word, a glyph or a weight, too.

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

/// The styles in use, by what they say.
pub(crate) struct Look;

impl Look {
    /// Ordinary text.
    pub(crate) const PLAIN: Style = Role::Text.style();
    /// What matters first; over any role.
    pub(crate) const STRONG: Style = Style::new().add_modifier(Modifier::BOLD);
    /// What is said with a lean; over any role.
    pub(crate) const LEANING: Style = Style::new().add_modifier(Modifier::ITALIC);
    /// What is there when one looks for it.
    pub(crate) const FAINT: Style = Role::Faint.style();
    /// The chosen row.
    pub(crate) const CHOSEN: Style = Role::Chosen.style();
    /// Something is wrong; always with a word or a glyph.
    pub(crate) const WRONG: Style = Role::Wrong.style();
    /// Something is well.
    pub(crate) const WELL: Style = Role::Well.style();
    /// Something takes its time.
    pub(crate) const WAITING: Style = Role::Waiting.style();
    /// Something new: the "new" line, unread badges.
    pub(crate) const FRESH: Style = Role::Fresh.style();
    /// The frame around what has the keys.
    pub(crate) const ACCENT: Style = Role::Accent.style();
    /// Code in a message.
    pub(crate) const CODE: Style = Role::Code.style();
    /// A link.
    pub(crate) const LINK: Style = Role::Link.style();
    /// What one searches for.
    pub(crate) const FOUND: Style = Role::Found.style();
    /// The same where one stands.
    pub(crate) const FOUND_HERE: Style = Role::Found.style().add_modifier(Modifier::REVERSED);
    /// Oneself being named.
    pub(crate) const NAMED: Style = Role::Named.style();
    /// Oneself as a sender.
    pub(crate) const ME: Style = Role::Me.style();

    /// The look of a sender: the same everywhere and always.
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

    /// A rounded frame; lit if it has the keys.
    pub(crate) fn frame<'a>(title: impl Into<Line<'a>>, lit: bool) -> Block<'a> {
        let style = if lit { Self::ACCENT } else { Self::FAINT };
        Block::bordered().border_set(border::ROUNDED).border_style(style).title(title)
    }

    /// A dialog's frame over whatever is there; gives back what is inside, with a column of air at the sides.
    pub(crate) fn dialog(frame: &mut Frame<'_>, area: Rect, title: &str) -> Rect {
        let title = clip(title, area.width.saturating_sub(4));
        let block = Self::frame(Line::styled(format!(" {title} "), Self::STRONG), true);
        let inner = block.inner(area);
        // a column to each side is cleared, too: a wide character cut in half there would push the frame aside
        let cleared = Rect { x: area.x.saturating_sub(1), width: area.width.saturating_add(2), ..area };
        frame.render_widget(Clear, cleared.intersection(frame.area()));
        frame.render_widget(block, area);
        let air = u16::from(inner.width > 8);
        Rect { x: inner.x + air, width: inner.width - 2 * air, ..inner }
    }
}

//! The look: the terminal's own sixteen colours, chosen to be read on dark and on light, and never the only sign of
//! anything (`NO_COLOR`).

use quchat_shared::UserId;
use tuirealm::ratatui::{
    Frame,
    layout::Rect,
    style::{Color, Modifier, Style},
    symbols::border,
    text::Line,
    widgets::{Block, Clear},
};

use crate::text::clip;

/// The styles in use, by what they say.
pub(crate) struct Look;

impl Look {
    /// Ordinary text.
    pub(crate) const PLAIN: Style = Style::new();
    /// What matters first.
    pub(crate) const STRONG: Style = Style::new().add_modifier(Modifier::BOLD);
    /// What is said with a lean.
    pub(crate) const LEANING: Style = Style::new().add_modifier(Modifier::ITALIC);
    /// What is there when one looks for it. Dim rather than grey: a grey of the sixteen may be the background.
    pub(crate) const FAINT: Style = Style::new().add_modifier(Modifier::DIM);
    /// The chosen row.
    pub(crate) const CHOSEN: Style = Style::new().add_modifier(Modifier::BOLD.union(Modifier::REVERSED));
    /// Something is wrong; always with a word or a glyph.
    pub(crate) const WRONG: Style = Style::new().fg(Color::Red).add_modifier(Modifier::BOLD);
    /// Something is well.
    pub(crate) const WELL: Style = Style::new().fg(Color::Green);
    /// Something takes its time. Not yellow, which cannot be read on white.
    pub(crate) const WAITING: Style = Style::new().add_modifier(Modifier::BOLD);
    /// Something new: the "new" line, unread badges.
    pub(crate) const FRESH: Style = Style::new().fg(Color::Red).add_modifier(Modifier::BOLD);
    /// The frame around what has the keys.
    pub(crate) const ACCENT: Style = Style::new().fg(Color::Cyan);
    /// A link.
    pub(crate) const LINK: Style = Style::new().fg(Color::Cyan).add_modifier(Modifier::UNDERLINED);
    /// Oneself being named.
    pub(crate) const NAMED: Style = Style::new().add_modifier(Modifier::BOLD.union(Modifier::REVERSED));

    /// The colour of a sender: the same everywhere and always.
    pub(crate) fn sender(user: UserId) -> Style {
        match user.0 % 4 {
            0 => Style::new().fg(Color::Green),
            1 => Style::new().fg(Color::LightBlue),
            2 => Style::new().fg(Color::Magenta),
            _ => Style::new().fg(Color::Cyan),
        }
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

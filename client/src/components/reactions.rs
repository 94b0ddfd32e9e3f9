//! Reactions as text: each emoji with its count, the user's own in brackets, wrapped between reactions.

use tuirealm::ratatui::text::{Line, Span};

use super::styles::Styles;
use crate::{
    model::ShownReaction,
    text::{clip, emoji::EMOJI, width},
};

/// Most columns of one emoji.
const EMOJI_COLUMNS: u16 = 12;

/// A reaction to write.
pub(super) struct Tag<'a> {
    /// The digit that toggles it.
    pub(super) number: Option<u8>,
    pub(super) reaction: &'a ShownReaction,
    /// The terminal may not show emoji: names are written instead.
    pub(super) ascii: bool,
}

impl Tag<'_> {
    fn text(&self) -> String {
        let ShownReaction { emoji, count, mine } = self.reaction;
        let named = EMOJI.iter().find(|(_, known)| self.ascii && known == emoji);
        let emoji = named.map_or_else(|| clip(emoji, EMOJI_COLUMNS), |(name, _)| format!(":{name}:"));
        match mine {
            true => format!("[{emoji} {count}]"),
            false => format!("{emoji} {count}"),
        }
    }
}

/// The reactions as rows of this width. One that is wider stays whole and is cut by the screen.
pub(super) fn rows<'a>(tags: impl Iterator<Item = Tag<'a>>, columns: u16) -> Vec<Line<'static>> {
    let mut rows: Vec<Line<'static>> = Vec::new();
    let mut used = 0;
    for tag in tags {
        let number = tag.number.map_or_else(String::new, |number| format!("{number} "));
        let text = tag.text();
        let wide = width(&number) + width(&text);
        if rows.is_empty() || used + 2 + wide > columns {
            rows.push(Line::default());
            used = 0;
        }
        let Some(row) = rows.last_mut() else { continue };
        let gap = if used > 0 { "  " } else { "" };
        row.push_span(Span::styled(format!("{gap}{number}"), Styles::FAINT));
        row.push_span(Span::styled(text, if tag.reaction.mine { Styles::STRONG } else { Styles::FAINT }));
        used += width(gap) + wide;
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(reactions: &[(&str, u64, bool)], ascii: bool, columns: u16) -> Vec<String> {
        let reactions: Vec<_> = reactions
            .iter()
            .map(|&(emoji, count, mine)| ShownReaction { emoji: emoji.to_owned(), count, mine })
            .collect();
        let tags = reactions.iter().map(|reaction| Tag { number: None, reaction, ascii });
        rows(tags, columns).iter().map(Line::to_string).collect()
    }

    #[test]
    fn reactions_wrap_between_each_other_and_own_ones_are_in_brackets() {
        let three = [("👍", 12, false), ("🎉", 1, true), ("🦀", 3, false)];
        assert_eq!(written(&three, false, 40), ["👍 12  [🎉 1]  🦀 3"]);
        assert_eq!(written(&three, false, 13), ["👍 12  [🎉 1]", "🦀 3"]);
        assert_eq!(written(&three, false, 1), ["👍 12", "[🎉 1]", "🦀 3"]);
    }

    #[test]
    fn ascii_writes_names() {
        assert_eq!(written(&[("👍", 2, true)], true, 40), ["[:+1: 2]"]);
    }

    #[test]
    fn what_is_no_emoji_cannot_harm_the_screen() {
        assert_eq!(written(&[("\u{1b}[2Jevil and much too long", 1, false)], false, 40), ["␛[2Jevil an… 1"]);
    }
}

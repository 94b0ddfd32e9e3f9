//! Which texts are emoji: the set "RGI emoji" of Unicode (UTS #51), by its own spellings.

/// U+FE0F asks for the coloured form of the character before it.
const EMOJI_PRESENTATION: char = '\u{FE0F}';

/// Emoji that stand for a part of others: skin tones and hair. Unicode counts them as RGI; `emojis` leaves them out.
const PARTS: [&str; 9] = ["🏻", "🏼", "🏽", "🏾", "🏿", "🦰", "🦱", "🦲", "🦳"];

/// The most bytes of an emoji: a kiss of two people with skin tones.
pub(crate) const BYTES_MAX: usize = 35;

/// The emoji that `text` is, fully qualified; `None` if it is not exactly one emoji. U+FE0F may be missing, or stand where
/// it changes nothing.
#[must_use]
pub fn qualified(text: &str) -> Option<&'static str> {
    if let Some(part) = PARTS.iter().find(|part| **part == text) {
        return Some(part);
    }
    let found = emojis::get(text)?;
    // The crate takes "1" with U+FE0F for the keycap, and mixes up the tones of some couples if U+FE0F is missing (0.9.1).
    let tones = found.skin_tones().into_iter().flatten();
    [found].into_iter().chain(tones).map(emojis::Emoji::as_str).find(|emoji| bare(emoji).eq(bare(text)))
}

fn bare(text: &str) -> impl Iterator<Item = char> {
    text.chars().filter(|c| *c != EMOJI_PRESENTATION)
}

#[cfg(test)]
mod tests {
    use unicode_segmentation::UnicodeSegmentation;

    use super::*;

    #[test]
    fn an_emoji_of_each_sort_is_itself() {
        for emoji in ["👍", "👍🏽", "❤\u{FE0F}", "🇩🇪", "🏴󠁧󠁢󠁳󠁣󠁴󠁿", "👨‍👩‍👧", "👩🏽‍🤝‍👩🏻", "1\u{FE0F}⃣", "#\u{FE0F}⃣", "⭐", "🏽", "🦰"]
        {
            assert_eq!(qualified(emoji), Some(emoji), "{emoji}");
        }
    }

    #[test]
    fn a_missing_sign_of_presentation_is_added() {
        for (typed, emoji) in [
            ("❤", "❤\u{FE0F}"),
            ("1\u{20E3}", "1\u{FE0F}\u{20E3}"),
            ("©", "©\u{FE0F}"),
            ("👩\u{200D}❤\u{200D}👨", "👩\u{200D}❤\u{FE0F}\u{200D}👨"),
            ("🏳\u{200D}🌈", "🏳\u{FE0F}\u{200D}🌈"),
            ("⭐\u{FE0F}", "⭐"),
        ] {
            assert_eq!(qualified(typed), Some(emoji), "{typed:?}");
        }
    }

    #[test]
    fn whatever_else_is_no_emoji() {
        let others = [
            "",
            " ",
            "a",
            "1",
            "#",
            "1\u{FE0F}",
            "❤\u{FE0E}",
            ":)",
            ":+1:",
            "👍👍",
            "👍 ",
            " 👍",
            "🇩",
            "🇩🇩",
            "👍🏽🏽",
            "\u{FE0F}",
            "\u{200D}",
            "👩\u{200D}",
            "👩\u{200D}x",
            "a\u{FE0F}",
            "ä",
            "\u{FFFD}",
            "🀀",
            "\u{20E3}",
            "👨👩👧",
            "🏴󠁧󠁢󠁸󠁿",
        ];
        for other in others {
            assert_eq!(qualified(other), None, "{other:?}");
        }
    }

    #[test]
    fn every_emoji_is_one_cluster_and_its_own_spelling() {
        let with_tones = emojis::iter().flat_map(|emoji| emoji.skin_tones().into_iter().flatten().chain([emoji]));
        for emoji in with_tones.map(emojis::Emoji::as_str).chain(PARTS) {
            assert!(emoji.graphemes(true).count() == 1 && emoji.len() <= BYTES_MAX, "{emoji}");
            assert_eq!(qualified(emoji), Some(emoji));
            assert_eq!(qualified(&bare(emoji).collect::<String>()), Some(emoji), "{emoji}");
        }
    }
}

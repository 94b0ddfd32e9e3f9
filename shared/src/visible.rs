//! Which characters of a text are visible.
//!
//! A text needs at least one visible character, and two names that look the same are the same name. The rules follow
//! what a reader sees, not a list of forbidden characters. The tables are from Unicode 17.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};
use unicode_segmentation::UnicodeSegmentation;

/// Zero-width joiner: joins emoji into one; invisible anywhere else.
const ZERO_WIDTH_JOINER: char = '\u{200D}';

/// Whether the text has a visible character. A combining mark does not count: it needs a base character.
#[must_use]
pub fn has_visible(text: &str) -> bool {
    text.chars().any(|c| !(c.is_control() || is_blank(c) || draws_nothing(c) || is_combining_mark(c)))
}

/// The key by which names are compared. Invisible characters are removed, every kind of blank becomes a space, and the
/// rest is NFC and lower case.
#[must_use]
pub fn name_key(name: &str) -> String {
    let drawn = drawn(name).nfc().collect::<String>().to_lowercase().nfc().collect::<String>();
    drawn.trim().to_owned()
}

/// The name without invisible characters.
fn drawn(name: &str) -> String {
    let mut drawn = String::with_capacity(name.len());
    for cluster in name.graphemes(false) {
        let mut chars = cluster.chars().peekable();
        while let Some(c) = chars.next() {
            let joins = c == ZERO_WIDTH_JOINER && chars.peek().is_some_and(|&next| is_base(next));
            match c {
                _ if is_blank(c) => drawn.push(' '),
                _ if joins || !draws_nothing(c) => drawn.push(c),
                _ => {}
            }
        }
    }
    drawn
}

/// Whether a cluster can start with `c`. After a joiner in the same cluster, `c` is an emoji joined to the previous one
/// (UAX #29, GB11).
fn is_base(c: char) -> bool {
    format!("a{c}").graphemes(false).count() == 2
}

/// White space, and characters that occupy a cell but leave it empty.
fn is_blank(c: char) -> bool {
    c.is_whitespace()
        || matches!(
            c,
            '\u{2800}' // braille pattern blank
                | '\u{16FE4}' // Khitan small script filler
                | '\u{1D159}' // musical symbol null notehead
        )
}

/// `Default_Ignorable_Code_Point`, and other characters without a glyph: annotation marks, the format controls of
/// hieroglyphs, noncharacters.
fn draws_nothing(c: char) -> bool {
    is_default_ignorable(c)
        || matches!(c, '\u{FFF9}'..='\u{FFFB}' | '\u{13430}'..='\u{1343F}' | '\u{FDD0}'..='\u{FDEF}')
        || u32::from(c) & 0xFFFE == 0xFFFE
}

/// The property of that name (Unicode 17, `DerivedCoreProperties.txt`). It contains ranges that are not assigned yet, so
/// characters that are added there later are ignored as well.
pub(crate) fn is_default_ignorable(c: char) -> bool {
    matches!(
        c,
        '\u{00AD}'
            | '\u{034F}'
            | '\u{061C}'
            | '\u{115F}'..='\u{1160}'
            | '\u{17B4}'..='\u{17B5}'
            | '\u{180B}'..='\u{180F}'
            | '\u{200B}'..='\u{200F}'
            | '\u{202A}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}'
            | '\u{3164}'
            | '\u{FE00}'..='\u{FE0F}'
            | '\u{FEFF}'
            | '\u{FFA0}'
            | '\u{FFF0}'..='\u{FFF8}'
            | '\u{1BCA0}'..='\u{1BCA3}'
            | '\u{1D173}'..='\u{1D17A}'
            | '\u{E0000}'..='\u{E0FFF}'
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const INVISIBLE: &[char] = &[
        '\u{AD}',
        '\u{34F}',
        '\u{61C}',
        '\u{115F}',
        '\u{1160}',
        '\u{17B4}',
        '\u{180B}',
        '\u{180E}',
        '\u{200B}',
        '\u{200C}',
        '\u{200D}',
        '\u{200E}',
        '\u{200F}',
        '\u{202E}',
        '\u{2060}',
        '\u{2064}',
        '\u{2065}',
        '\u{2068}',
        '\u{206F}',
        '\u{3164}',
        '\u{FE00}',
        '\u{FE0F}',
        '\u{FEFF}',
        '\u{FFA0}',
        '\u{FFF0}',
        '\u{FFF9}',
        '\u{FFFF}',
        '\u{1BCA0}',
        '\u{1D173}',
        '\u{E0001}',
        '\u{E0041}',
        '\u{E0100}',
        '\u{E0FFF}',
    ];

    #[test]
    fn a_text_is_visible_by_one_character_that_is_drawn() {
        for text in ["a", ".", "🎉", "é", "e\u{301}", "\u{200B}x\u{200B}", "ㅏ", "한", "❤\u{FE0F}", "👨‍👩‍👧", "\u{FFFD}"]
        {
            assert!(has_visible(text), "{text:?}");
        }
        for text in ["", " \n\t", "\u{3000}\u{A0}", "\u{2800}", "\u{301}", "\u{20DD}\u{FE0F}", "\u{1D159}", "\u{85}"] {
            assert!(!has_visible(text), "{text:?}");
        }
        assert!(!has_visible(&INVISIBLE.iter().collect::<String>()));
        for &c in INVISIBLE {
            assert!(!has_visible(&c.to_string()), "{c:?}");
        }
    }

    #[test]
    fn names_that_look_the_same_are_the_same() {
        for &c in INVISIBLE {
            for name in [format!("gen{c}eral"), format!("{c}general"), format!("General{c}{c}")] {
                assert_eq!(name_key(&name), "general", "{name:?}");
            }
        }
        assert_eq!(name_key("Caf\u{e9}"), name_key("CAFE\u{34F}\u{301}"));
        assert_eq!(name_key("lan\u{A0}party"), name_key("lan\u{2800}party"));
        assert_eq!(name_key("general\u{200B} \u{2800}"), "general");
        assert_eq!(name_key("❤\u{FE0F} love"), name_key("❤ love"));
    }

    #[test]
    fn names_that_look_different_differ() {
        for (one, other) in [("ab", "a b"), ("👨‍👩‍👧", "👨👩👧"), ("👩‍💻", "👩💻"), ("👍🏽", "👍"), ("e\u{301}", "e")]
        {
            assert_ne!(name_key(one), name_key(other));
        }
    }

    #[test]
    fn a_joiner_counts_only_between_emoji() {
        assert_eq!(name_key("👩\u{FE0F}\u{200D}💻"), name_key("👩\u{200D}💻"));
        assert_eq!(name_key("👩🏽\u{200D}💻\u{200D}"), name_key("👩🏽\u{200D}💻"));
        for name in ["👩\u{200D}\u{200D}💻", "👩\u{200B}\u{200D}💻", "👩\u{200D}\u{FEFF}💻", "👩\u{200D}\u{FE0F}💻"]
        {
            assert_eq!(name_key(name), name_key("👩💻"), "{name:?}");
        }
        assert_eq!(name_key("👩\u{200D}x"), "👩x");
        assert_eq!(name_key("x\u{200D}👩"), "x👩");
    }

    fn names() -> impl Strategy<Value = String> {
        let any = prop_oneof![
            3 => prop::char::any(),
            3 => prop::sample::select(INVISIBLE),
            2 => prop::sample::select(&['a', 'É', ' ', '\u{301}', '👩', '💻', '❤', '🏽', 'क', '\u{94D}'][..]),
        ];
        prop::collection::vec(any, 0..12).prop_map(|chars| chars.into_iter().collect())
    }

    proptest! {
        #[test]
        fn a_key_is_its_own_key(name in names()) {
            let key = name_key(&name);
            prop_assert_eq!(name_key(&key), key);
        }

        #[test]
        fn a_visible_name_has_a_key_and_no_other_has_one_that_shows(name in names()) {
            prop_assert_eq!(has_visible(&name), has_visible(&name_key(&name)));
        }
    }
}

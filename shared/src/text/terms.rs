//! Cuts a text into the terms by which it can be found: words, and of text without spaces between words every two
//! neighbouring characters.
//!
//! Whoever keeps these terms in an index rebuilds it when [`version`] changes.

use std::ops::Range;

use super::fold::{Folded, is_letter, is_spaceless};

/// Longest word in an index, in folded characters. Of a longer one its beginning is kept.
pub const TERM_MAX: usize = 32;

/// The rules by which terms are made, ours and those of Unicode.
#[must_use]
pub fn version() -> String {
    const RULES: u32 = 1;
    let (chars, forms) = (char::UNICODE_VERSION, unicode_normalization::UNICODE_VERSION);
    format!("{RULES}, Unicode {}.{}.{} and {}.{}.{}", chars.0, chars.1, chars.2, forms.0, forms.1, forms.2)
}

/// A word, or a stretch of text without spaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Run {
    /// Folded characters, by number.
    pub(super) chars: Range<usize>,
    pub(super) is_spaceless: bool,
}

/// The runs of a folded text, in order.
pub(super) fn runs(chars: &[char]) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for (at, &c) in chars.iter().enumerate().filter(|(_, c)| is_letter(**c)) {
        let is_spaceless = is_spaceless(c);
        match runs.last_mut() {
            Some(run) if run.chars.end == at && run.is_spaceless == is_spaceless => run.chars.end += 1,
            _ => runs.push(Run { chars: at..at + 1, is_spaceless }),
        }
    }
    runs
}

/// The terms of a run, as parts of the folded text.
pub(super) fn terms_of(run: &Run) -> impl Iterator<Item = Range<usize>> + use<> {
    let Range { start, end } = run.chars;
    let pairs = if run.is_spaceless && end - start > 1 { start..end - 1 } else { 0..0 };
    let whole = pairs.is_empty().then(|| start..end.min(start + TERM_MAX));
    whole.into_iter().chain(pairs.map(|at| at..at + 2))
}

/// The terms of a text, in order.
#[derive(Debug)]
pub struct Terms {
    folded: Folded,
    terms: Vec<Range<usize>>,
}

impl Terms {
    #[must_use]
    pub fn of(text: &str) -> Self {
        let folded = Folded::of(text);
        let terms = runs(&folded.chars).iter().flat_map(terms_of).collect();
        Self { folded, terms }
    }

    /// Each term with the bytes of the text that it covers.
    pub fn iter(&self) -> impl Iterator<Item = (&[char], Range<usize>)> {
        self.terms.iter().map(|term| (&self.folded.chars[term.clone()], self.folded.place(term.clone())))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn terms(text: &str) -> Vec<String> {
        Terms::of(text).iter().map(|(term, _)| term.iter().collect()).collect()
    }

    #[test]
    fn letters_and_digits_make_words() {
        assert_eq!(terms("The disk, 98% full (again)!"), ["the", "disk", "98", "full", "again"]);
        assert_eq!(terms("l'été co-op a.b@c.de foo_bar"), ["l", "ete", "co", "op", "a", "b", "c", "de", "foo", "bar"]);
        assert_eq!(terms("हिन्दी में"), ["हिन्दी", "में"]);
        assert_eq!(terms(" 🎉 … \n"), [""; 0]);
        assert_eq!(terms(&"x".repeat(100)), ["x".repeat(TERM_MAX)]);
    }

    #[test]
    fn text_without_spaces_makes_pairs() {
        assert_eq!(terms("東京都に"), ["東京", "京都", "都に"]);
        assert_eq!(terms("猫。犬"), ["猫", "犬"]);
        assert_eq!(terms("ドコモｶﾞ"), ["ドコ", "コモ", "モガ"]);
        assert_eq!(terms("한국어"), ["한국", "국어"]);
        assert_eq!(terms("สวัส"), ["สว", "วั", "ัส"]);
        assert_eq!(terms("iPhone手机2026年"), ["iphone", "手机", "2026", "年"]);
    }

    #[test]
    fn a_term_covers_whole_characters_of_the_text() {
        let text = "Zoe\u{308} zahlt ½ 東京";
        let places: Vec<_> = Terms::of(text).iter().map(|(_, place)| &text[place]).collect();
        assert_eq!(places, ["Zoe\u{308}", "zahlt", "½", "½", "東京"]);
    }

    proptest! {
        #[test]
        fn a_term_is_made_of_letters_and_covers_a_part_of_the_text(text in "(\\PC|a|É|ｶﾞ|한|ﬁ|½|東|ส|\u{301}|\\s){0,40}") {
            for (term, place) in Terms::of(&text).iter() {
                prop_assert!(!term.is_empty() && term.iter().all(|&c| is_letter(c)));
                prop_assert!(text.get(place).is_some_and(|part| !part.is_empty()));
            }
        }

        #[test]
        fn a_term_is_its_own_term(text in "(a|É|ｶﾞ|한|ﬁ|½|東|ส|ไ|ß|\\s){0,40}") {
            for term in terms(&text) {
                prop_assert_eq!(terms(&term), [term.clone()]);
            }
        }
    }
}

//! Text search that ignores case and the spelling of accents.
//!
//! Both sides are folded (upper case, then lower case, NFC). Matches are byte ranges of the original text.

use std::ops::Range;

use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;

/// A search term.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needle {
    /// Never empty.
    folded: String,
}

impl Needle {
    /// The term for a typed text; `None` if it is empty.
    #[must_use]
    pub fn new(typed: &str) -> Option<Self> {
        let mut folded = String::new();
        typed.graphemes(true).for_each(|cluster| fold(cluster, &mut folded));
        (!folded.is_empty()).then_some(Self { folded })
    }

    /// Whether every text that contains this term also contains `other`.
    #[must_use]
    pub fn narrows(&self, other: &Self) -> bool {
        self.folded.contains(&other.folded)
    }

    /// Whether `text` contains it.
    #[must_use]
    pub fn is_in(&self, text: &str) -> bool {
        if text.is_ascii() { self.in_ascii(text, 0).is_some() } else { self.in_folded(text).is_some() }
    }

    /// The matches in `text`, in bytes and extended to whole characters; adjacent matches are merged.
    #[must_use]
    pub fn stretches(&self, text: &str) -> Vec<Range<usize>> {
        let mut found: Vec<Range<usize>> = Vec::new();
        let mut find = |stretch: Range<usize>| match found.last_mut() {
            Some(last) if stretch.start <= last.end => last.end = stretch.end,
            _ => found.push(stretch),
        };
        if text.is_ascii() {
            let mut from = 0;
            while let Some(at) = self.in_ascii(text, from) {
                from = at + self.folded.len();
                find(at..from);
            }
        } else if let Some(folded) = self.in_folded(text) {
            let places = folded.text.match_indices(&self.folded).map(|(at, found)| at..at + found.len());
            places.map(|place| folded.source(place, text.len())).for_each(find);
        }
        found
    }

    fn in_ascii(&self, text: &str, from: usize) -> Option<usize> {
        let (text, needle) = (text.as_bytes().get(from..)?, self.folded.as_bytes());
        let first = needle[0];
        let begins = |window: &[u8]| window[0].to_ascii_lowercase() == first && window.eq_ignore_ascii_case(needle);
        text.windows(needle.len()).position(begins).map(|at| from + at)
    }

    /// `text` folded, if it then contains the term.
    fn in_folded(&self, text: &str) -> Option<Folded> {
        let mut folded = Folded { text: String::with_capacity(text.len()), clusters: Vec::new() };
        for (start, cluster) in text.grapheme_indices(true) {
            folded.clusters.push((folded.text.len(), start));
            fold(cluster, &mut folded.text);
        }
        folded.text.contains(&self.folded).then_some(folded)
    }
}

/// A folded text with the source of its characters.
struct Folded {
    text: String,
    /// The start of each character: in the folded text and in the source.
    clusters: Vec<(usize, usize)>,
}

impl Folded {
    /// The range of whole characters of the source, `len` bytes long, that became `place` of the folded text.
    fn source(&self, place: Range<usize>, len: usize) -> Range<usize> {
        let first = self.clusters.partition_point(|(at, _)| *at <= place.start).saturating_sub(1);
        let after = self.clusters.partition_point(|(at, _)| *at < place.end);
        let source = |cluster: usize| self.clusters.get(cluster).map_or(len, |(_, at)| *at);
        source(first)..source(after)
    }
}

/// Folds one character. Upper case first, so that `ß` matches `SS` and `ς` matches `σ`.
fn fold(cluster: &str, folded: &mut String) {
    match cluster.as_bytes() {
        [byte] => folded.push(byte.to_ascii_lowercase().into()),
        _ => {
            let cased = cluster.chars().flat_map(char::to_uppercase).flat_map(char::to_lowercase);
            cased.nfc().for_each(|c| folded.push(c));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found<'a>(typed: &str, text: &'a str) -> Vec<&'a str> {
        Needle::new(typed).unwrap().stretches(text).into_iter().map(|stretch| &text[stretch]).collect()
    }

    #[test]
    fn case_and_the_spelling_of_accents_are_ignored() {
        for (typed, text, expected) in [
            ("DISK", "disk full, Disk empty", &["disk", "Disk"][..]),
            ("caf\u{e9}", "CAFE\u{301} Caf\u{e9}", &["CAFE\u{301}", "Caf\u{e9}"]),
            ("cafe\u{301}", "CAF\u{c9}", &["CAF\u{c9}"]),
            ("strasse", "Große Straße", &["Straße"]),
            ("ΟΔΟΣ", "ο οδος, η οδοσ", &["οδος", "οδοσ"]),
            ("ПРИВЕТ", "ну привет", &["привет"]),
            ("日本", "日本語", &["日本"]),
            ("aa", "aaaaa aa", &["aaaa", "aa"]),
        ] {
            assert_eq!(found(typed, text), expected, "{typed}");
        }
    }

    #[test]
    fn what_is_not_there_is_not_found() {
        assert!(found("e", "caf\u{e9}").is_empty(), "an accent is another letter");
        assert!(found("é", "ascii only").is_empty());
        assert!(found("longer than it", "it").is_empty());
        assert!(Needle::new("").is_none());
    }

    #[test]
    fn a_match_in_part_of_a_character_marks_all_of_it() {
        assert_eq!(found("👩", "a 👨‍👩‍👧 b"), ["👨‍👩‍👧"]);
    }

    proptest! {
        #[test]
        fn a_matching_text_has_a_match_range(
            typed in "[aAsSßéeE\u{301}σςΣ👩]{1,3}", text in "[aAsSßéeE\u{301}σςΣ👩\n]{0,24}",
        ) {
            let needle = Needle::new(&typed).unwrap();
            let stretches = needle.stretches(&text);
            prop_assert_eq!(needle.is_in(&text), !stretches.is_empty());
            prop_assert!(stretches.windows(2).all(|pair| pair[0].end <= pair[1].start));
            let whole = |stretch: &Range<usize>| stretch.start < stretch.end && text.get(stretch.clone()).is_some();
            prop_assert!(stretches.iter().all(whole));
        }

        #[test]
        fn a_longer_needle_matches_no_other_texts(
            typed in "[aAß\u{301}é]{1,3}", more in "[aAß\u{301}é]{0,2}", text in "[aAß\u{301}é]{0,12}",
        ) {
            let (short, long) = (Needle::new(&typed).unwrap(), Needle::new(&format!("{typed}{more}")).unwrap());
            prop_assert!(!long.narrows(&short) || !long.is_in(&text) || short.is_in(&text));
        }
    }
}

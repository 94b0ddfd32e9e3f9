//! Folding: characters that differ only in case, accents or width become the same. Each folded character keeps its
//! place in the original text.
//!
//! NFKD, without accents and invisible characters, lower case, composed again. What distinguishes letters in a script
//! stays: vowel signs and tone marks of South and South-East Asia, the voicing marks of kana.

use std::ops::Range;

use unicode_normalization::{
    UnicodeNormalization,
    char::{canonical_combining_class, is_combining_mark},
};
use unicode_segmentation::UnicodeSegmentation;

use crate::visible::is_default_ignorable;

/// A folded text.
#[derive(Debug, Default)]
pub(super) struct Folded {
    pub(super) chars: Vec<char>,
    /// For each of `chars`, the bytes of the grapheme cluster in the original text from which it comes.
    places: Vec<(u32, u32)>,
}

impl Folded {
    pub(super) fn of(text: &str) -> Self {
        let mut this = Self { chars: Vec::with_capacity(text.len()), places: Vec::with_capacity(text.len()) };
        let (bytes, mut at) = (text.as_bytes(), 0);
        while at < bytes.len() {
            if is_alone(bytes, at) {
                this.push(char::from(bytes[at].to_ascii_lowercase()), at..at + 1);
                at += 1;
                continue;
            }
            let end = (at + 1..bytes.len()).find(|&next| is_alone(bytes, next)).unwrap_or(bytes.len());
            for (offset, cluster) in text[at..end].grapheme_indices(true) {
                let place = at + offset..at + offset + cluster.len();
                let stripped = cluster.nfkd().filter(|&c| !is_dropped(c));
                stripped.flat_map(lower_case).nfc().for_each(|c| this.push(c, place.clone()));
            }
            at = end;
        }
        this
    }

    /// The bytes of the original text from which these characters come.
    pub(super) fn place(&self, chars: Range<usize>) -> Range<usize> {
        let (start, end) = (self.places[chars.start].0, self.places[chars.end - 1].1);
        start as usize..end as usize
    }

    fn push(&mut self, c: char, place: Range<usize>) {
        let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        self.chars.push(c);
        self.places.push((offset(place.start), offset(place.end)));
    }
}

/// Whether an ASCII character stands at `at` that no mark follows, so that it is a cluster by itself.
fn is_alone(bytes: &[u8], at: usize) -> bool {
    bytes[at].is_ascii() && bytes.get(at + 1).is_none_or(u8::is_ascii)
}

/// Accents, vowel points of Hebrew and Arabic, and what is not drawn at all.
fn is_dropped(c: char) -> bool {
    const TATWEEL: char = '\u{640}';
    /// Enclosing marks have no combining class.
    const ENCLOSING: [std::ops::RangeInclusive<char>; 3] =
        ['\u{488}'..='\u{489}', '\u{20DD}'..='\u{20E4}', '\u{A670}'..='\u{A672}'];
    if c.is_ascii() {
        return false;
    }
    // Classes (UAX #44, table 15): 1 overlays, 10 to 36 points of Hebrew, Arabic and Syriac, from 200 on by position.
    matches!(canonical_combining_class(c), 1 | 10..=36 | 200..)
        || is_default_ignorable(c)
        || c == TATWEEL
        || ENCLOSING.iter().any(|marks| marks.contains(&c))
}

/// Lower case, so that "ß", "ẞ" and "SS" are the same, and so are the three sigmas. Letters with a stroke, which have
/// no decomposition, become the plain letters.
fn lower_case(c: char) -> impl Iterator<Item = char> {
    let plain = match c {
        'Ø' | 'ø' => "o",
        'Ł' | 'ł' => "l",
        'Đ' | 'đ' => "d",
        'Ħ' | 'ħ' => "h",
        'Ŧ' | 'ŧ' => "t",
        'Æ' | 'æ' => "ae",
        'Œ' | 'œ' => "oe",
        _ => "",
    };
    let cased = plain.is_empty().then(|| c.to_lowercase().flat_map(char::to_uppercase).flat_map(char::to_lowercase));
    // Upper case may bring marks of its own.
    plain.chars().chain(cased.into_iter().flatten().nfkd().filter(|&c| !is_dropped(c)))
}

/// Whether a folded character is part of a word.
pub(super) fn is_letter(c: char) -> bool {
    c.is_alphanumeric() || (!c.is_ascii() && is_combining_mark(c))
}

/// Whether a letter belongs to a script that writes no spaces between words, or few: those of East Asia, and those whose
/// line breaks need a dictionary (UAX #14, class SA).
pub(super) fn is_spaceless(c: char) -> bool {
    matches!(c,
        '\u{E00}'..='\u{EFF}' // Thai, Lao
            | '\u{1000}'..='\u{109F}' // Myanmar
            | '\u{1100}'..='\u{11FF}' // Hangul jamo
            | '\u{1780}'..='\u{17FF}' // Khmer
            | '\u{1950}'..='\u{19DF}' // Tai Le, New Tai Lue
            | '\u{1A20}'..='\u{1AAF}' // Tai Tham
            | '\u{2E80}'..='\u{2FDF}' // radicals
            | '\u{3005}'..='\u{3007}'
            | '\u{3021}'..='\u{30FF}' // numerals, kana
            | '\u{3100}'..='\u{31FF}' // Bopomofo, Hangul jamo, more kana
            | '\u{3400}'..='\u{9FFF}' // ideographs
            | '\u{A000}'..='\u{A4CF}' // Yi
            | '\u{A960}'..='\u{A97F}' // Hangul jamo
            | '\u{A9E0}'..='\u{A9FF}' // Myanmar
            | '\u{AA60}'..='\u{AADF}' // Myanmar, Tai Viet
            | '\u{AC00}'..='\u{D7FF}' // Hangul
            | '\u{F900}'..='\u{FAFF}' // ideographs
            | '\u{11700}'..='\u{1174F}' // Ahom
            | '\u{16FE0}'..='\u{18DFF}' // Tangut, Khitan
            | '\u{1AFF0}'..='\u{1B2FF}' // more kana, Nushu
            | '\u{20000}'..='\u{3FFFF}' // ideographs
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn folded(text: &str) -> String {
        Folded::of(text).chars.into_iter().collect()
    }

    #[test]
    fn case_accents_and_width_make_no_difference() {
        for (one, other) in [
            ("Straße", "STRASSE"),
            ("STRAẞE", "strasse"),
            ("İstanbul", "istanbul"),
            ("ISTANBUL", "ıstanbul"),
            ("ﬁancée", "FIANCEE"),
            ("Ὀδυσσεύς", "οδυσσευσ"),
            ("Łódź", "lodz"),
            ("smørrebrød", "smorrebrod"),
            ("ｑｕｃｈａｔ", "quchat"),
            ("ｶﾞｷﾞ", "ガギ"),
            ("Hà Nội", "ha noi"),
            ("Й", "и"),
            ("e\u{301}\u{327}te", "ete"),
            ("co\u{AD}op", "coop"),
            ("㎏", "kg"),
        ] {
            assert_eq!(folded(one), folded(other), "{one} {other}");
        }
    }

    #[test]
    fn vowel_points_of_hebrew_and_arabic_make_no_difference() {
        assert_eq!(folded("שָׁלוֹם"), "שלום");
        assert_eq!(folded("كِتَابٌ"), "كتاب");
        assert_eq!(folded("أحـــمد"), "احمد");
        assert_eq!(folded("ﻻ"), "لا");
    }

    #[test]
    fn marks_that_make_another_letter_stay() {
        for (one, other) in [("か", "が"), ("ハ", "パ"), ("की", "कु"), ("กา", "ก่า"), ("ວາ", "ວ່າ"), ("하", "한")]
        {
            assert_ne!(folded(one), folded(other), "{one} {other}");
        }
        assert_eq!(folded("か\u{3099}"), "が");
        assert_eq!(folded("\u{1112}\u{1161}\u{11AB}"), "한");
    }

    #[test]
    fn a_folded_character_folds_to_itself() {
        // All but the ideographs, Hangul and private use: hundreds of thousands without case, accents or width.
        let blocks = (0..0x3400).chain(0xA000..0xAC00).chain(0xF900..0x13000).chain(0x16000..0x17000);
        for c in blocks.chain(0x1B000..0x20000).filter_map(char::from_u32) {
            let once = folded(&c.to_string());
            assert_eq!(folded(&once), once, "U+{:04X}", u32::from(c));
        }
    }

    proptest! {
        #[test]
        fn a_text_in_any_form_and_case_folds_to_the_same(text in "\\PC{0,24}") {
            let once = folded(&text);
            prop_assert_eq!(folded(&text.nfc().collect::<String>()), once.clone());
            prop_assert_eq!(folded(&text.nfd().collect::<String>()), once);
        }

        #[test]
        fn every_place_is_a_part_of_the_text_and_they_are_in_order(text in "(\\PC|a|É|ｶﾞ|한|é|ﬁ|½|\r\n){0,24}") {
            let folded = Folded::of(&text);
            let mut last = 0..0;
            for at in 0..folded.chars.len() {
                let place = folded.place(at..at + 1);
                prop_assert!(text.get(place.clone()).is_some_and(|part| !part.is_empty()));
                prop_assert!(place == last || last.end <= place.start);
                last = place;
            }
        }
    }
}

//! The queries offer what matches, name nobody else's messages, and cannot be broken out of.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

const PLACE: Place = Place { position: 5000, room: RoomId(7), is_public: true, sender: UserId(3) };

fn parsed(query: &str) -> Search {
    Search::parse(query).unwrap()
}

/// Reads a query as PostgreSQL does, and says whether it matches. Panics if it is none.
struct Reader<'a> {
    rest: &'a str,
    lexemes: BTreeSet<&'a str>,
}

impl Reader<'_> {
    fn takes(&mut self, token: &str) -> bool {
        let rest = self.rest.strip_prefix(token);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn any(&mut self) -> bool {
        let mut is_match = self.all();
        while self.takes(" | ") {
            is_match |= self.all();
        }
        is_match
    }

    fn all(&mut self) -> bool {
        let mut is_match = self.one();
        while self.takes(" & ") {
            is_match &= self.one();
        }
        is_match
    }

    fn one(&mut self) -> bool {
        if self.takes("!") {
            return !self.one();
        }
        if self.takes("(") {
            let is_match = self.any();
            assert!(self.takes(")"), "{:?}", self.rest);
            return is_match;
        }
        assert!(self.takes("'"), "{:?}", self.rest);
        let mut lexeme = String::new();
        loop {
            let is_quote = self.takes("'");
            if is_quote && !self.rest.starts_with('\'') {
                break;
            }
            // A doubled quote stands for one, and what follows a backslash for itself.
            if !is_quote {
                self.takes("\\");
            }
            let next = self.rest.chars().next().expect("a quote is missing");
            lexeme.push(next);
            self.rest = &self.rest[next.len_utf8()..];
        }
        if self.takes(":*") {
            self.lexemes.iter().any(|known| known.starts_with(&lexeme))
        } else {
            self.lexemes.contains(&*lexeme)
        }
    }
}

fn matches(query: &str, lexemes: &str) -> bool {
    any_match(query, lexemes.split(' ').collect())
}

fn any_match(query: &str, lexemes: BTreeSet<&str>) -> bool {
    let mut reader = Reader { rest: query, lexemes };
    let is_match = reader.any();
    assert_eq!(reader.rest, "", "{query}");
    is_match
}

#[test]
fn a_message_has_its_words_their_beginnings_and_its_marks() {
    assert_eq!(
        lexemes(&PLACE, "Deploy of 東京都, of"),
        "^dep ^depl deploy of 京都 東京 #7 @3 # %11.2 %14.0 %17.0 %20.0"
    );
    let den = Place { is_public: false, ..PLACE };
    assert_eq!(lexemes(&den, "🎉"), "#7 @3 %11.2 %14.0 %17.0 %20.0");
    assert_eq!(of_text(""), "");
}

#[test]
fn a_query_asks_for_whole_words_and_for_beginnings() {
    let asked = |text: &str| query(&parsed(text), None);
    assert_eq!(asked("dep"), "'^dep'");
    assert_eq!(asked("of \"the disk\""), "'of' & 'the' & 'disk'");
    assert_eq!(asked("internship"), "'internship':*");
    assert_eq!(asked("東京都 -full -\"in a row\""), "'東京' & '京都' & !'^full'");
    assert_eq!(query(&parsed("of"), Some(UserId(3))), "'of' & '@3'");
    let search = parsed("internship of -full");
    assert_eq!(query(&search, Some(UserId(3))), "'internship':* & 'of' & '@3' & !'^full'");
    assert_eq!(listed(&search, Some(UserId(3))), "'internship':* & 'of' & '@3'");
    assert_eq!(listed_by_beginnings(&search, Some(UserId(3))), "'^inte' & 'of' & '@3'");
    assert_eq!(in_rooms(true, &[RoomId(1), RoomId(2)]), "'#' | '#1' | '#2'");
}

#[test]
fn stretches_cover_every_position_once_and_are_few() {
    for (after, before) in [(0, 1), (0, 2), (0, 5000), (7, 4097), (3_000, 1_000_001), (0, 100_000_000), (9, 9)] {
        let all = stretches(Position(after), Position(before));
        let mut next = before;
        for ((blocks, first), last) in all.blocks.iter().zip(&all.first).zip(&all.last) {
            assert_eq!(*last + 1, next);
            assert!(first <= last);
            for position in [*first, (first + last) / 2, *last] {
                let marks = lexemes(&Place { position, ..PLACE }, "");
                assert!(matches(blocks, &marks), "{position} in {blocks}");
            }
            next = *first;
        }
        assert_eq!(next, before.min(after + 1), "{after} {before}");
        assert!(all.blocks.len() < 64, "{}", all.blocks.len());
    }
    let mut recent = stretches(Position(0), Position(1_000_001));
    let older = recent.split_off(1 << 14);
    assert_eq!(recent.first.last().unwrap() - 1, older.last[0]);
    assert!((1 << 14..1 << 15).contains(&(1_000_000 - older.last[0])));
}

#[test]
fn a_lexeme_cannot_leave_its_quotes() {
    for lexeme in ["a'b", "a\\", "\\'", "' | '", "':*", "''", "\\\\'"] {
        assert!(any_match(&quoted(lexeme), BTreeSet::from([lexeme])), "{lexeme}");
        assert!(!any_match(&quoted(lexeme), BTreeSet::from(["b"])), "{lexeme}");
    }
}

const TEXT: &str =
    "(a|b|ab|abc|abcd|abcdefgh|É|ﬁ|東|京|東京|ส|한|1|22|-|\\.|\"|'|\\\\| |  |\\*|:|&|\\||!|\u{301}|🎉|x{33}){0,16}";

proptest! {
    #[test]
    fn what_matches_is_offered(asked in TEXT, text in TEXT) {
        let Ok(search) = Search::parse(&asked) else { return Ok(()) };
        let all = lexemes(&PLACE, &text);
        let is_offered = matches(&query(&search, Some(PLACE.sender)), &all);
        prop_assert!(is_offered || search.find(&text).is_none());
        prop_assert!(!is_offered || matches(&listed(&search, Some(PLACE.sender)), &all));
        prop_assert!(!is_offered || matches(&listed_by_beginnings(&search, Some(PLACE.sender)), &all));
        prop_assert!(!matches(&query(&search, Some(UserId(4))), &all), "another sender");
    }

    #[test]
    fn every_search_is_a_query(asked in "\\PC{0,60}") {
        if let Ok(search) = Search::parse(&asked) {
            matches(&query(&search, None), "a");
            matches(&listed_by_beginnings(&search, None), "a");
        }
    }

    #[test]
    fn a_lexeme_is_short_and_has_no_space(text in "\\PC{0,60}") {
        for lexeme in of_text(&text).split(' ') {
            prop_assert!(lexeme.len() <= 2046 && !lexeme.starts_with(['#', '@', '%']));
        }
    }
}

//! What queries match, and that an index of terms offers every text that matches.

use proptest::prelude::*;

use super::*;
use crate::text::terms::Terms;

/// The matching words, if the text matches.
fn found<'a>(query: &str, text: &'a str) -> Option<Vec<&'a str>> {
    let ranges = Search::parse(query).unwrap().find(text)?;
    Some(ranges.into_iter().map(|(start, end)| &text[start..end]).collect())
}

fn finds(query: &str, text: &str) -> bool {
    found(query, text).is_some()
}

#[test]
fn every_word_has_to_match_whatever_its_case_and_accents() {
    let text = "The Disk on Ärger-7 is FULL, the disks are full";
    assert_eq!(found("disk full", text), Some(vec!["Disk", "FULL", "disks", "full"]));
    assert_eq!(found("arger", text), Some(vec!["Ärger"]));
    assert_eq!(found("full tape", text), None);
}

#[test]
fn words_of_three_characters_match_by_their_beginning_and_shorter_ones_as_a_whole() {
    assert_eq!(found("dep", "we deploy the deputy"), Some(vec!["deploy", "deputy"]));
    assert!(!finds("ploy", "we deploy"));
    assert!(!finds("de", "we deploy"));
    assert_eq!(found("we", "We deploy weekly"), Some(vec!["We"]));
}

#[test]
fn a_phrase_is_whole_words_in_a_row() {
    assert_eq!(found("\"disk full\"", "disk full, full disk, disk FULL"), Some(vec!["disk", "full", "disk", "FULL"]));
    assert_eq!(found("\"the disk\" full", "full: the disk, a disk"), Some(vec!["full", "the", "disk"]));
    for text in ["full disk", "disk is full", "disks full", "disk fully"] {
        assert!(!finds("\"disk full\"", text), "{text}");
    }
    assert!(finds("\"disk full", "the disk full"), "a quote that is not closed");
    assert!(finds("“disk full”", "the disk full"));
}

#[test]
fn what_is_written_together_is_found_together() {
    assert_eq!(found("server.log", "see /var/server.logs"), Some(vec!["server", "logs"]));
    assert!(!finds("server.log", "log of the server"));
    assert_eq!(found("can't", "I can't"), Some(vec!["can", "t"]));
    assert!(!finds("can't", "I can take it"));
    assert!(finds("l'ete", "L’été"), "whatever stands in between");
    assert!(finds("server.lo", "server.log") && !finds("server.lo", "server.large"));
    assert!(finds("192.168.1", "ping 192.168.1.7"));
    assert!(!finds("a.b", "a.bc"), "two characters");
    assert!(!finds("disk -on.fi", "a disk on.fire") && finds("disk -on.fi", "a disk on fire"));
}

#[test]
fn a_word_after_a_hyphen_must_not_be_there() {
    assert!(finds("disk -full", "the disk is empty"));
    assert!(!finds("disk -full", "the disk is Fuller"));
    assert!(finds("disk -\"is full\"", "full is the disk"));
    assert!(!finds("disk -\"is full\"", "the disk is full"));
    assert!(!finds("東京 -京都", "東京都"));
    assert!(finds("co-op", "the co-op"));
    assert!(finds("--verbose", "use --verbose"), "two hyphens are a flag");
}

#[test]
fn text_without_spaces_matches_by_any_part_of_two_characters() {
    assert_eq!(found("京都", "東京都と京都"), Some(vec!["京都", "京都"]));
    assert_eq!(found("東京 京都", "東京都に行く"), Some(vec!["東京都"]));
    assert_eq!(found("สวัส", "สวัสดีครับ"), Some(vec!["สวัส"]));
    assert_eq!(found("手机", "我的iPhone手机"), Some(vec!["手机"]));
    assert_eq!(found("ガギ", "ｶﾞｷﾞグ"), Some(vec!["ｶﾞｷﾞ"]));
    assert_eq!(found("국어", "한국어는"), Some(vec!["국어"]));
    assert!(!finds("京東", "東京"));
    assert_eq!(found("猫", "猫。猫舌"), Some(vec!["猫"]), "one character is a whole word");
}

#[test]
fn a_word_of_several_scripts_matches_as_a_part_of_the_text() {
    assert_eq!(found("2026年", "今日は2026年に"), Some(vec!["2026", "年"]));
    assert_eq!(found("年2026", "今年2026"), Some(vec!["年", "2026"]));
    assert_eq!(found("東京2026", "大東京2026"), Some(vec!["東京", "2026"]));
    assert!(!finds("年2026", "年末2026"));
}

#[test]
fn a_query_has_one_to_eight_words() {
    for none in ["", " ", "\"\"", "-", "--", "!?", "🎉", "\0", "\"", "-\"\"", "'*'"] {
        assert!(Search::parse(none).is_err(), "{none:?}");
    }
    for unwanted in ["-a", "-\"a b\"", "-a -b", "! -a"] {
        assert!(Search::parse(unwanted).unwrap_err().contains("besides"), "{unwanted:?}");
    }
    assert!(Search::parse("a b c d e f g h !").is_ok());
    assert!(Search::parse("a b c d e f g h i").is_err());
    assert!(Search::parse("a b c d e f g -h -i").is_err());
    assert!(Search::parse(&"a".repeat(QUERY_MAX)).is_ok());
    assert!(Search::parse(&"a".repeat(QUERY_MAX + 1)).is_err());
}

/// Whether an index of terms offers a text for a phrase.
fn offers(phrase: &Phrase, text: &str) -> bool {
    let terms = Terms::of(text).iter().map(|(term, _)| term.iter().collect::<String>()).collect::<Vec<_>>();
    let last = phrase.terms.len() - 1;
    terms.windows(phrase.terms.len()).any(|window| {
        let is_last = if phrase.is_open {
            window[last].starts_with(&phrase.terms[last])
        } else {
            window[last] == phrase.terms[last]
        };
        window[..last] == phrase.terms[..last] && is_last
    })
}

const TEXT: &str = "(a|b|ab|abc|abcd|É|ﬁ|東|京|東京|ส|한|1|22|-|\\.|\"| |  |\\*|:|\u{301}|🎉|x{33}){0,16}";

proptest! {
    #[test]
    fn any_text_is_a_query_or_refused(query in "\\PC{0,40}", text in "\\PC{0,40}") {
        if let Ok(search) = Search::parse(&query) {
            let _ = search.find(&text);
            prop_assert!(search.required().all(|phrase| !phrase.terms.is_empty()));
        }
    }

    #[test]
    fn an_index_offers_what_matches_and_excludes_nothing_that_does(query in TEXT, text in TEXT) {
        let Ok(search) = Search::parse(&query) else { return Ok(()) };
        if let Some(ranges) = search.find(&text) {
            prop_assert!(search.required().all(|phrase| offers(&phrase, &text)), "{:?}", search);
            prop_assert!(!search.excluded().any(|phrase| offers(&phrase, &text)), "{:?}", search);
            prop_assert!(!ranges.is_empty());
            prop_assert!(ranges.iter().all(|&(start, end)| start < end && text.get(start..end).is_some()));
            prop_assert!(ranges.windows(2).all(|pair| pair[0].1 <= pair[1].0));
        }
    }

    #[test]
    fn a_text_is_found_by_each_of_its_words(text in TEXT) {
        for (term, place) in Terms::of(&text).iter() {
            let word = term.iter().collect::<String>();
            let ranges = Search::parse(&word).unwrap().find(&text);
            prop_assert!(ranges.is_some_and(|ranges| ranges.iter().any(|&(start, end)| start <= place.start && place.end <= end)));
        }
    }
}

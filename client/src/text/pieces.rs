//! Splits a long text into several short ones at line ends.

/// Splits a text into pieces of at most `most` characters: at line ends, a longer line between words, a longer word
/// anywhere. Each piece comes with its first byte in `text`; blank lines between two pieces are dropped.
#[must_use]
pub fn pieces(text: &str, most: usize) -> Vec<(usize, &str)> {
    let mut pieces = Vec::new();
    let mut start = 0;
    while let Some(rest) = text.get(start..).filter(|rest| !rest.trim().is_empty()) {
        let blank = rest.len() - rest.trim_start().len();
        let begin = start + rest[..blank].rfind('\n').map_or(0, |at| at + 1); // keep an indent
        let end = begin + end_of_piece(&text[begin..], most);
        let piece = text[begin..end].trim_end();
        if !piece.is_empty() {
            pieces.push((begin, piece));
        }
        start = end.max(start + 1);
        while !text.is_char_boundary(start) {
            start += 1;
        }
    }
    pieces
}

/// The end of the first piece of a text.
fn end_of_piece(text: &str, most: usize) -> usize {
    let Some((limit, _)) = text.char_indices().nth(most.max(1)) else { return text.len() };
    let head = &text[..limit];
    let line_end = text[limit..].starts_with('\n').then_some(limit).or_else(|| head.rfind('\n').map(|at| at + 1));
    let filled = |&at: &usize| !head[..at].trim().is_empty();
    let word_end =
        || head.rfind(char::is_whitespace).map(|at| at + head[at..].chars().next().map_or(1, char::len_utf8));
    line_end.filter(filled).or_else(|| word_end().filter(filled)).unwrap_or(limit)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn texts(text: &str, most: usize) -> Vec<&str> {
        pieces(text, most).into_iter().map(|(_, piece)| piece).collect()
    }

    #[test]
    fn lines_stay_whole_and_an_indent_stays_with_its_line() {
        assert_eq!(texts("one\ntwo\nthree", 8), ["one\ntwo", "three"]);
        assert_eq!(texts("one\n\n\n  two\n", 5), ["one", "  two"]);
        assert_eq!(texts("short", 99), ["short"]);
        assert_eq!(texts(" \n \n", 1), [""; 0]);
    }

    #[test]
    fn a_longer_line_is_cut_between_words_and_a_longer_word_anywhere() {
        assert_eq!(texts("some words here", 7), ["some", "words", "here"]);
        assert_eq!(texts("ééééé", 2), ["éé", "éé", "é"]);
    }

    proptest! {
        #[test]
        fn only_blanks_are_lost_and_no_piece_is_too_long(text in "(\\PC|[ \\n]){0,200}", most in 1usize..20) {
            let pieces = pieces(&text, most);
            prop_assert!(pieces.iter().all(|(at, piece)| text[*at..].starts_with(piece) && piece.chars().count() <= most));
            let solid = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            let joined: String = pieces.iter().map(|(_, piece)| solid(piece)).collect();
            prop_assert_eq!(joined, solid(&text));
        }
    }
}

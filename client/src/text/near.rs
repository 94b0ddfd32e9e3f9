//! Suggestions for an unknown word.

/// `; did you mean ...?` if a known word is similar; otherwise lists the known words if they are few.
#[must_use]
pub fn hint<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    const FEW: usize = 12;
    let known: Vec<_> = known.into_iter().collect();
    let near = known.iter().min_by_key(|word| distance(typed, word));
    match near {
        Some(word) if distance(typed, word) <= 1 + word.chars().count() / 3 => format!("; did you mean {word:?}?"),
        Some(_) if known.len() <= FEW => format!("; choose one of {}", known.join(", ")),
        _ => String::new(),
    }
}

fn distance(typed: &str, word: &str) -> usize {
    strsim::damerau_levenshtein(&typed.to_lowercase(), &word.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_similar_word_is_suggested_and_few_words_are_all_listed() {
        assert_eq!(hint("Entr", ["Enter", "End"]), "; did you mean \"Enter\"?");
        assert_eq!(hint("zzzz", ["all", "none"]), "; choose one of all, none");
    }
}

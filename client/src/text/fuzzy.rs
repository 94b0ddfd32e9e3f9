//! Fuzzy search in names.

use nucleo_matcher::{
    Config, Matcher, Utf32Str,
    pattern::{AtomKind, CaseMatching, Normalization, Pattern},
};

/// The indices of the `names` that match `query`, best first; equal ones keep their order. An empty query matches all.
#[must_use]
pub fn rank<'a>(query: &str, names: impl IntoIterator<Item = &'a str>) -> Vec<usize> {
    let pattern = Pattern::new(query.trim(), CaseMatching::Ignore, Normalization::Smart, AtomKind::Fuzzy);
    let mut matcher = Matcher::new(Config::DEFAULT);
    let mut letters = Vec::new();
    let mut found: Vec<(usize, u32)> = names
        .into_iter()
        .enumerate()
        .filter_map(|(at, name)| Some((at, pattern.score(Utf32Str::new(name, &mut letters), &mut matcher)?)))
        .collect();
    found.sort_by_key(|&(_, score)| std::cmp::Reverse(score));
    found.into_iter().map(|(at, _)| at).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_in_order_match_and_the_closest_comes_first() {
        let names = ["general", "garden leaves", "ops", "Großes Ärgernis"];
        assert_eq!(rank("gen", names)[0], 0);
        assert_eq!(rank("OPS", names), [2]);
        assert_eq!(rank("arg", names)[0], 3);
        assert!(rank("xyz", names).is_empty());
    }

    #[test]
    fn an_empty_query_keeps_all_in_their_order() {
        assert_eq!(rank("  ", ["b", "a", "c"]), [0, 1, 2]);
    }
}

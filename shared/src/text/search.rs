//! What somebody searches for: parsed from the text of a query, and found in a text.
//!
//! Words of [`PREFIX_MIN`] characters and more match by their beginning, shorter ones as whole words. What is written
//! together, as `server.log`, matches only where it is written together. `"a phrase"` matches whole words in a row. Text
//! without spaces between words matches by any part of two characters or more. `-word` and `-"a phrase"` exclude what
//! they match. All other words have to match.

use std::ops::Range;

use super::{
    fold::Folded,
    terms::{Run, TERM_MAX, runs, terms_of},
};
use crate::limits::Refusal;

/// From this many folded characters on, a word matches by its beginning.
pub const PREFIX_MIN: usize = 3;
/// Most words and phrases of one query.
pub const WORDS_MAX: usize = 8;
/// Longest query, in Unicode scalar values.
pub const QUERY_MAX: usize = 500;
/// Most terms of one word or phrase that are looked up in an index. The rest is compared with the text alone.
const PHRASE_MAX: usize = 12;

/// A query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search {
    wanted: Vec<Item>,
    unwanted: Vec<Item>,
}

/// Terms in a row, as an index of [`super::terms::Terms`] finds them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phrase {
    /// At least one.
    pub terms: Vec<String>,
    /// Whether the last term is only the beginning of one.
    pub is_open: bool,
}

/// A word or a phrase of the query.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Item {
    chars: Vec<char>,
    /// At least one.
    runs: Vec<Run>,
    /// Whether the last run matches by its beginning.
    is_open: bool,
    /// Whether no white space may be between the runs.
    is_joined: bool,
}

impl Search {
    /// # Errors
    /// There is no word to search for, there are only unwanted ones, too many, or the query is too long.
    pub fn parse(query: &str) -> Result<Self, Refusal> {
        if query.chars().nth(QUERY_MAX).is_some() {
            return Err(format!("search for at most {QUERY_MAX} characters").into());
        }
        let mut this = Self { wanted: Vec::new(), unwanted: Vec::new() };
        let mut rest = query.trim_start_matches(is_space);
        while !rest.is_empty() {
            let is_unwanted = rest.starts_with('-') && !rest[1..].starts_with(|c: char| c == '-' || is_space(c));
            if is_unwanted {
                rest = &rest[1..];
            }
            let (text, is_quoted);
            (text, is_quoted, rest) = next(rest);
            if let Some(item) = Item::of(text, is_quoted) {
                let items = if is_unwanted { &mut this.unwanted } else { &mut this.wanted };
                items.push(item);
            }
            rest = rest.trim_start_matches(is_space);
        }
        match (this.wanted.len(), this.wanted.len() + this.unwanted.len()) {
            (_, 0) => Err("give a word to search for".into()),
            (0, _) => Err("give a word to search for, besides the ones that must not be there".into()),
            (_, n) if n > WORDS_MAX => Err(format!("search for at most {WORDS_MAX} words at once").into()),
            _ => Ok(this),
        }
    }

    /// Where the wanted words are in a text, if it matches: byte ranges of whole words, sorted and disjoint. Of text
    /// without spaces the ranges cover the matching part.
    #[must_use]
    pub fn find(&self, text: &str) -> Option<Vec<(usize, usize)>> {
        let folded = Folded::of(text);
        let text = Text { runs: runs(&folded.chars), folded };
        if self.unwanted.iter().any(|item| text.holds(item)) {
            return None;
        }
        let mut places = Vec::new();
        for item in &self.wanted {
            let before = places.len();
            text.each_match(item, |chars| places.push(text.folded.place(chars)));
            if places.len() == before {
                return None;
            }
        }
        Some(disjoint(places))
    }

    /// Every text that matches holds all of these.
    pub fn required(&self) -> impl Iterator<Item = Phrase> {
        self.wanted.iter().map(Item::phrase)
    }

    /// No text that matches holds any of these. There may be others that it must not hold.
    pub fn excluded(&self) -> impl Iterator<Item = Phrase> {
        self.unwanted.iter().filter(|item| item.is_exact_in_index()).map(Item::phrase)
    }
}

/// Takes a word or a phrase off the query: its text, whether it is quoted, and the rest.
fn next(rest: &str) -> (&str, bool, &str) {
    let is_quote = |c: char| matches!(c, '"' | '“' | '”' | '„');
    if let Some(quoted) = rest.strip_prefix(is_quote) {
        let (phrase, rest) = quoted.split_once(is_quote).unwrap_or((quoted, ""));
        return (phrase, true, rest);
    }
    let end = rest.find(|c: char| is_space(c) || is_quote(c)).unwrap_or(rest.len());
    (&rest[..end], false, &rest[end..])
}

fn is_space(c: char) -> bool {
    c.is_whitespace() || c.is_control()
}

impl Item {
    /// `None` if there is no letter or digit in it.
    fn of(text: &str, is_quoted: bool) -> Option<Self> {
        let chars = Folded::of(text).chars;
        let runs = runs(&chars);
        let is_spaceless = runs.last()?.is_spaceless;
        let letters = runs.iter().map(|run| run.chars.len()).sum::<usize>();
        let is_open = !is_quoted && !is_spaceless && letters >= PREFIX_MIN;
        Some(Self { chars, runs, is_open, is_joined: !is_quoted })
    }

    fn run(&self, nth: usize) -> &[char] {
        &self.chars[self.runs[nth].chars.clone()]
    }

    /// What of this an index finds.
    fn phrase(&self) -> Phrase {
        let last = self.runs.len() - 1;
        let mut terms = Vec::new();
        let mut is_open = false;
        for (nth, run) in self.runs.iter().enumerate() {
            // At the edge of several runs, a single character may be a part of a longer run, whose terms are pairs.
            let is_part = run.is_spaceless && run.chars.len() == 1 && last > 0;
            if is_part && nth == 0 {
                continue;
            }
            // Too many terms begin with it to look all of them up.
            let is_short = run.chars.len() < PREFIX_MIN && (self.is_open || is_part);
            if is_short && nth == last && !terms.is_empty() {
                break;
            }
            terms.extend(terms_of(run).map(|term| self.chars[term].iter().collect::<String>()));
            is_open = nth == last && ((self.is_open && run.chars.len() < TERM_MAX) || is_part);
        }
        if terms.len() > PHRASE_MAX {
            terms.truncate(PHRASE_MAX);
            is_open = false;
        }
        Phrase { terms, is_open }
    }

    /// Whether an index finds exactly what this matches, and not more.
    fn is_exact_in_index(&self) -> bool {
        let is_single = self.runs.len() == 1;
        let is_pair = is_single && self.runs[0].chars.len() <= 2;
        let are_words = self.runs.iter().all(|run| !run.is_spaceless && run.chars.len() < TERM_MAX);
        is_pair || (are_words && (is_single || (!self.is_joined && self.runs.len() <= PHRASE_MAX)))
    }
}

/// A text to find something in.
struct Text {
    folded: Folded,
    runs: Vec<Run>,
}

impl Text {
    fn holds(&self, item: &Item) -> bool {
        let mut is_found = false;
        self.each_match(item, |_| is_found = true);
        is_found
    }

    /// Passes the characters that match: of each occurrence each word, or each part of text without spaces.
    fn each_match(&self, item: &Item, mut found: impl FnMut(Range<usize>)) {
        if let [only] = &item.runs[..]
            && only.is_spaceless
            && only.chars.len() > 1
        {
            return self.each_part(item.run(0), found);
        }
        let is_joined = |pair: &[Run]| {
            let between = &self.folded.chars[pair[0].chars.end..pair[1].chars.start];
            !between.iter().any(|c| c.is_whitespace())
        };
        for window in self.runs.windows(item.runs.len()) {
            let matching = |nth| self.matching(item, nth, &window[nth]);
            let is_match = (0..window.len()).all(|nth| matching(nth).is_some());
            if is_match && (!item.is_joined || window.windows(2).all(is_joined)) {
                (0..window.len()).filter_map(matching).for_each(&mut found);
            }
        }
    }

    /// Every place of a part of text without spaces.
    fn each_part(&self, part: &[char], mut found: impl FnMut(Range<usize>)) {
        for run in self.runs.iter().filter(|run| run.is_spaceless) {
            let Range { start, end } = run.chars;
            let places = (start..end).filter(|at| self.folded.chars[*at..end].starts_with(part));
            places.for_each(|at| found(at..at + part.len()));
        }
    }

    /// What of `run` the `nth` run of the item matches.
    fn matching(&self, item: &Item, nth: usize, run: &Run) -> Option<Range<usize>> {
        let (wanted, last) = (item.run(nth), item.runs.len() - 1);
        if run.is_spaceless != item.runs[nth].is_spaceless {
            return None;
        }
        let Range { start, end } = run.chars;
        let chars = &self.folded.chars[start..end];
        let part = match (run.is_spaceless, nth) {
            _ if chars == wanted => start..end,
            (false, nth) if nth == last && item.is_open && chars.starts_with(wanted) => start..end,
            (true, 0) if last > 0 && chars.ends_with(wanted) => end - wanted.len()..end,
            (true, nth) if nth == last && last > 0 && chars.starts_with(wanted) => start..start + wanted.len(),
            _ => return None,
        };
        Some(part)
    }
}

/// Sorted, and those that overlap made one.
fn disjoint(mut places: Vec<Range<usize>>) -> Vec<(usize, usize)> {
    places.sort_unstable_by_key(|place| (place.start, place.end));
    let mut ranges: Vec<(usize, usize)> = Vec::new();
    for Range { start, end } in places {
        match ranges.last_mut() {
            Some(last) if start < last.1 => last.1 = last.1.max(end),
            _ => ranges.push((start, end)),
        }
    }
    ranges
}

#[cfg(test)]
mod tests;

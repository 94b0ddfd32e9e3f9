//! The lexemes of the full-text index, and queries over them.
//!
//! A message has its words as lexemes, and the beginnings of longer words, so that many messages with a common beginning
//! need not be listed. Marks say in which room it is, who sent it, and in which blocks of positions it stands. Words
//! consist of letters and digits alone, and everything else begins with another character: no word equals it.

use std::collections::BTreeSet;

use quchat_shared::{
    RoomId, UserId,
    text::{
        search::{PREFIX_MIN, Phrase, Search},
        terms::Terms,
    },
};

use crate::store::Position;

/// The longest beginning of a word, in characters, that is a lexeme.
const BEGINNING_MAX: usize = 4;
/// The sizes of blocks, as powers of two.
const BLOCKS: [u32; 4] = [11, 14, 17, 20];
/// Most blocks of which a stretch consists.
const BLOCKS_AT_ONCE: u64 = 8;
/// A stretch is about 1 / `PART` of the positions that were searched before it: few stretches lead to the oldest
/// message, and few messages are listed in vain if all that match are in one of them.
const PART: u64 = 4;

/// What the index knows of a message besides its text.
pub(super) struct Place {
    pub(super) position: u64,
    pub(super) room: RoomId,
    pub(super) is_public: bool,
    pub(super) sender: UserId,
}

/// All lexemes of a message, separated by spaces.
pub(super) fn lexemes(place: &Place, text: &str) -> String {
    let Place { position, room, is_public, sender } = place;
    let mut all = of_text(text);
    if !all.is_empty() {
        all.push(' ');
    }
    all.push_str(&format!("{} {}", in_room(*room), sent_by(*sender)));
    if *is_public {
        all.push_str(" #");
    }
    BLOCKS.iter().for_each(|&bits| all.push_str(&format!(" {}", in_block(bits, position >> bits))));
    all
}

/// The lexemes of a text, each once, separated by spaces.
pub(super) fn of_text(text: &str) -> String {
    let mut all = BTreeSet::new();
    for (term, _) in Terms::of(text).iter() {
        all.insert(term.iter().collect::<String>());
        for length in PREFIX_MIN..=BEGINNING_MAX.min(term.len()) {
            all.insert(beginning(term[..length].iter()));
        }
    }
    all.into_iter().collect::<Vec<_>>().join(" ")
}

fn beginning<'a>(chars: impl Iterator<Item = &'a char>) -> String {
    std::iter::once(&'^').chain(chars).collect()
}

fn in_room(room: RoomId) -> String {
    format!("#{room}")
}

fn sent_by(sender: UserId) -> String {
    format!("@{sender}")
}

fn in_block(bits: u32, number: u64) -> String {
    format!("%{bits}.{number}")
}

/// A query for what is searched for, and for the sender. It finds every message that matches, and more: the order of words
/// is not in the index.
pub(super) fn query(search: &Search, sender: Option<UserId>) -> String {
    let unwanted = search.excluded().filter_map(|Phrase { terms, is_open }| match &terms[..] {
        [only] => Some(format!("!{}", word(only, is_open))),
        _ => None,
    });
    [listed(search, sender)].into_iter().chain(unwanted).collect::<Vec<_>>().join(" & ")
}

/// The part of [`query`] that says what has to be there.
pub(super) fn listed(search: &Search, sender: Option<UserId>) -> String {
    required(search, sender, word)
}

/// As [`listed`], but of a long word that may go on, only the first characters are looked up: the index has one list for
/// those. For the whole of it, the index would first have to collect the lists of all words that begin like that.
pub(super) fn listed_by_beginnings(search: &Search, sender: Option<UserId>) -> String {
    required(search, sender, |term, is_open| match term.char_indices().nth(BEGINNING_MAX) {
        Some((end, _)) if is_open => word(&term[..end], true),
        _ => word(term, is_open),
    })
}

fn required(search: &Search, sender: Option<UserId>, word: impl Fn(&str, bool) -> String) -> String {
    let mut all = Vec::new();
    for Phrase { terms, is_open } in search.required() {
        let last = terms.len() - 1;
        all.extend(terms.iter().enumerate().map(|(nth, term)| word(term, is_open && nth == last)));
    }
    all.extend(sender.map(|sender| quoted(&sent_by(sender))));
    all.join(" & ")
}

/// A query for messages in public rooms, if these are wanted, or in one of these rooms.
pub(super) fn in_rooms(with_public: bool, rooms: &[RoomId]) -> String {
    let public = with_public.then(|| quoted("#"));
    let each = rooms.iter().map(|room| quoted(&in_room(*room)));
    public.into_iter().chain(each).collect::<Vec<_>>().join(" | ")
}

/// Unless `is_open`, the whole word.
fn word(term: &str, is_open: bool) -> String {
    match term.chars().count() {
        _ if !is_open => quoted(term),
        PREFIX_MIN..=BEGINNING_MAX => quoted(&format!("^{term}")),
        _ => format!("{}:*", quoted(term)),
    }
}

/// Quoted, a lexeme cannot be taken for a part of the query.
fn quoted(lexeme: &str) -> String {
    format!("'{}'", lexeme.replace('\\', "\\\\").replace('\'', "''"))
}

/// Parts of the index, newest first, each with a query for the blocks that cover it.
#[derive(Default)]
pub(super) struct Stretches {
    pub(super) blocks: Vec<String>,
    /// The first position of each …
    pub(super) first: Vec<u64>,
    /// … and the last one.
    pub(super) last: Vec<u64>,
}

/// The stretches between two positions, both exclusive.
pub(super) fn stretches(after: Position, before: Position) -> Stretches {
    let mut all = Stretches::default();
    let mut before_next = before.0;
    while before_next > after.0.saturating_add(1) {
        let (last, wanted) = (before_next - 1, (before.0 - before_next) / PART);
        let bits = BLOCKS.into_iter().rfind(|bits| wanted >> bits > 0).unwrap_or(BLOCKS[0]);
        let last_block = last >> bits;
        let first_block = (last_block + 1).saturating_sub((wanted >> bits).clamp(1, BLOCKS_AT_ONCE));
        let first = (first_block << bits).max(after.0 + 1);
        let blocks = (first_block..=last_block).map(|number| quoted(&in_block(bits, number)));
        all.blocks.push(blocks.collect::<Vec<_>>().join(" | "));
        all.first.push(first);
        all.last.push(last);
        before_next = first;
    }
    all
}

impl Stretches {
    /// Splits off those before this many of the last positions.
    pub(super) fn split_off(&mut self, positions: u64) -> Self {
        let top = self.last.first().copied().unwrap_or(0);
        let at = self.last.iter().position(|last| top - last >= positions).unwrap_or(self.last.len());
        Self { blocks: self.blocks.split_off(at), first: self.first.split_off(at), last: self.last.split_off(at) }
    }
}

#[cfg(test)]
mod tests;

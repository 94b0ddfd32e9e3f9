//! The terms of the full-text index, and expressions of FTS5 over them.
//!
//! Each term begins with a scope: one for all public rooms, one for each other room. Besides its words, a message has a
//! term for its sender, and one for its room if that is public.

use quchat_shared::{
    RoomId, UserId,
    room::RoomKind,
    text::{search::Phrase, terms::Terms},
};

use crate::store::{Public, Wanted};

/// The longest beginning of a word, in characters, that has a list of its own in the index. Listing messages for it
/// takes no longer if there are many.
const LISTED_BEGINNING: usize = 6;

/// Numbers are written with digits of this base. Each is a letter, so that a term is one token.
const BASE: u64 = 1 << 13;
const FIRST_DIGIT: u32 = 0x4E00;
/// Digits of a scope. No database holds that many rooms.
const SCOPE_DIGITS: u32 = 3;
/// Begin the terms for room and sender. They are no letters, so no word begins with them.
const IN_ROOM: char = '\u{E000}';
const SENT_BY: char = '\u{E001}';

/// What the index knows of a message.
pub(super) struct IndexedText {
    pub(super) room: RoomId,
    pub(super) kind: RoomKind,
    pub(super) sender: UserId,
    pub(super) text: String,
}

impl IndexedText {
    /// All terms, separated by spaces.
    pub(super) fn terms(&self) -> String {
        let scope = scope((self.kind != RoomKind::Public).then_some(self.room));
        let mut all = String::with_capacity(4 * self.text.len() + 64);
        let mut add = |term: &[char]| {
            all.push_str(&scope);
            all.extend(term);
            all.push(' ');
        };
        for (term, _) in Terms::of(&self.text).iter() {
            add(term);
        }
        if self.kind == RoomKind::Public {
            add(&mark(IN_ROOM, self.room.0));
        }
        add(&mark(SENT_BY, self.sender.0));
        all
    }
}

/// An expression for the messages of a sender in public rooms, or in one other room.
pub(super) fn of_sender(room: Option<RoomId>, sender: UserId) -> String {
    let term: String = mark(SENT_BY, sender.0).into_iter().collect();
    format!("\"{}{term}\"", scope(room))
}

/// What the terms of a room begin with; of a public one for `None`. No room has the number 0.
fn scope(room: Option<RoomId>) -> String {
    let number = room.map_or(0, |room| room.0);
    (0..SCOPE_DIGITS).map(|nth| digit(number / BASE.pow(nth))).collect()
}

/// A term that is not a word.
fn mark(kind: char, mut number: u64) -> Vec<char> {
    let mut term = vec![kind];
    while number > 0 {
        term.push(digit(number));
        number /= BASE;
    }
    term
}

/// The last digit of a number.
fn digit(number: u64) -> char {
    let digit = u32::try_from(number % BASE).ok().and_then(|digit| char::from_u32(FIRST_DIGIT + digit));
    digit.expect("the digits are in one block of letters")
}

/// An expression for the messages that are wanted. Those in the `deleted` public rooms are not. Terms consist of letters
/// and digits and need no escapes.
pub(super) fn expression(wanted: &Wanted<'_>, deleted: &[RoomId]) -> String {
    let mut scopes = Vec::new();
    let public = (!matches!(wanted.public, Public::None)).then_some(None);
    for room in public.into_iter().chain(wanted.rooms.iter().map(Some)) {
        let scope = scope(room.copied());
        let marked = |kind, number| format!("\"{scope}{}\"", mark(kind, number).into_iter().collect::<String>());
        let required = wanted.search.required().map(|words| phrase(&scope, &words, wanted.by_whole_words));
        let mut all = required.collect::<Vec<_>>();
        let mut none = wanted.search.excluded().map(|words| phrase(&scope, &words, true)).collect::<Vec<_>>();
        all.extend(wanted.sender.map(|sender| marked(SENT_BY, sender.0)));
        match &wanted.public {
            Public::One(public) if room.is_none() => all.push(marked(IN_ROOM, public.0)),
            Public::AllBut(others) if room.is_none() => {
                none.extend(others.iter().chain(deleted).map(|room| marked(IN_ROOM, room.0)));
            }
            _ => {}
        }
        let all = all.join(" AND ");
        scopes.push(if none.is_empty() {
            format!("({all})")
        } else {
            format!("(({all}) NOT ({}))", none.join(" OR "))
        });
    }
    scopes.join(" OR ")
}

/// Unless `is_whole`, of a word that matches by its beginning only as much as has a list is looked up.
fn phrase(scope: &str, phrase: &Phrase, is_whole: bool) -> String {
    let last = phrase.terms.len() - 1;
    let mut expression = String::from('"');
    for (nth, term) in phrase.terms.iter().enumerate() {
        let is_cut = nth == last && phrase.is_open && !is_whole;
        let end = term.char_indices().nth(LISTED_BEGINNING).map_or(term.len(), |(end, _)| end);
        expression.push_str(scope);
        expression.push_str(if is_cut { &term[..end] } else { term });
        expression.push(if nth == last { '"' } else { ' ' });
    }
    if phrase.is_open {
        expression.push_str(" *");
    }
    expression
}

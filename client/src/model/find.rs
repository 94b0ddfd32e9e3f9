//! The search in the open room: the needle and the loaded messages that contain it.
//!
//! A history may be long and a key press must not wait. The timeline is therefore searched in steps of bounded cost,
//! from its end upwards. If the search text grows, only the earlier hits are searched again.

use std::{
    collections::{BTreeSet, VecDeque},
    ops::{ControlFlow, Range},
    sync::Arc,
};

use quchat_shared::{RoomId, Seq, Timestamp, query::SearchMessages, text::search::WORDS_MAX};

use super::{Model, Position, Timeline};
use crate::text::Needle;

/// The cost of searching a message, besides its text.
const MESSAGE_COST: usize = 64;
/// The cost of a byte in text that is not ASCII; in ASCII it is 1.
const WIDE_COST: usize = 16;

/// A search in the open room.
#[derive(Debug)]
pub struct Find {
    pub room: RoomId,
    /// The search text as typed.
    pub typed: Arc<str>,
    /// The parsed search text; `None` while it is empty.
    pub needle: Option<Arc<Needle>>,
    /// The current hit.
    pub at: Option<Seq>,
    /// [`Find::at`] belongs to the current search text.
    pub(crate) settled: bool,
    /// The scroll position before the search.
    pub(crate) from: Position,
    /// The newest message visible before the search. The hit nearest to it comes first.
    pub(crate) near: Seq,
    /// The hits found so far, ascending.
    hits: VecDeque<Seq>,
    /// The seqs searched so far.
    done: Range<u64>,
    /// Hits of the previous, shorter text that are still to be searched again, ascending. All are in `done`.
    suspects: VecDeque<Seq>,
    /// The seqs of the loaded messages.
    run: Range<u64>,
    /// The search on the server, beyond the loaded messages.
    pub further: Further,
    /// The hit on its way to the screen: the page around it was requested.
    pub(crate) going: Option<Seq>,
    /// Hits that are not loaded, as far as the server has named them.
    known: BTreeSet<Seq>,
}

/// The search before the loaded messages.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Further {
    /// The user has not asked for it.
    #[default]
    Idle,
    /// A page of hits is wanted.
    Wanted {
        /// The `next` of the page before.
        after: Option<String>,
        /// The pages that contained no hit.
        pages: u32,
    },
    /// There is nothing before the loaded messages.
    Nothing,
    /// It failed, for this reason.
    Failed(Arc<str>),
}

/// Hits of a page of the server.
const PAGE: u32 = 50;
/// Most hits that are remembered beyond the loaded messages.
const KNOWN_MAX: usize = 500;

impl Find {
    /// A search with an empty text.
    pub(crate) fn new(room: RoomId, from: Position, near: Seq) -> Self {
        Self {
            room,
            typed: "".into(),
            needle: None,
            at: None,
            settled: false,
            from,
            near,
            hits: VecDeque::new(),
            done: 0..0,
            suspects: VecDeque::new(),
            run: 0..0,
            further: Further::Idle,
            going: None,
            known: BTreeSet::new(),
        }
    }

    /// The number of the current hit, counted from 1 at the top (0 for none), and the number of hits.
    #[must_use]
    pub fn count(&self) -> (usize, usize) {
        let place = self.at.and_then(|at| self.hits.binary_search(&at).ok());
        (place.map_or(0, |place| place + 1), self.hits.len())
    }

    /// Whether some loaded messages have not been searched yet.
    #[must_use]
    pub fn goes_on(&self) -> bool {
        self.needle.is_some() && (self.done != self.run || !self.suspects.is_empty())
    }

    /// Changes the search text.
    pub(crate) fn seek(&mut self, typed: Arc<str>) {
        let needle = Needle::new(&typed).map(Arc::new);
        self.typed = typed;
        if needle == self.needle {
            return;
        }
        let narrower = needle.as_ref().zip(self.needle.as_ref()).is_some_and(|(new, old)| new.narrows(old));
        self.needle = needle;
        self.settled = false;
        self.further = Further::Idle;
        self.going = None;
        self.known.clear();
        if narrower {
            self.suspects.append(&mut self.hits); // suspects left from before have lower seqs
        } else {
            self.forget();
        }
    }

    fn forget(&mut self) {
        self.hits.clear();
        self.suspects.clear();
        self.done = self.run.end..self.run.end;
    }

    /// Adapts to the messages that are loaded now. A message that is loaded again is searched again.
    pub(crate) fn follow(&mut self, timeline: &Timeline) {
        let run = match (timeline.first(), timeline.last()) {
            (Some(first), Some(last)) => first.0..last.0.saturating_add(1),
            _ => 0..0,
        };
        if run == self.run {
            return;
        }
        let joins = run.start <= self.done.end && self.done.start <= run.end;
        self.run = run;
        if !joins {
            return self.forget();
        }
        self.done = self.done.start.max(self.run.start)..self.done.end.min(self.run.end);
        for seqs in [&mut self.hits, &mut self.suspects] {
            while seqs.pop_front_if(|seq| seq.0 < self.run.start).is_some() {}
            while seqs.pop_back_if(|seq| seq.0 >= self.run.end).is_some() {}
        }
    }

    /// Searches a message again because it was edited.
    pub(crate) fn look_again(&mut self, timeline: &Timeline, seq: Seq) {
        if !self.done.contains(&seq.0) || self.suspects.binary_search(&seq).is_ok() {
            return;
        }
        let (holds, _) = self.match_message(timeline, seq);
        match (self.hits.binary_search(&seq), holds) {
            (Ok(at), false) => drop(self.hits.remove(at)),
            (Err(at), true) => self.hits.insert(at, seq),
            _ => {}
        }
    }

    /// Searches messages until the budget is spent: first newer ones, then suspects, then older ones.
    pub(crate) fn search(&mut self, timeline: &Timeline, budget: usize) {
        let mut left = budget;
        while self.needle.is_some() && self.look_at_one(timeline, &mut left).is_continue() {}
    }

    fn look_at_one(&mut self, timeline: &Timeline, left: &mut usize) -> ControlFlow<()> {
        let newer = self.done.end < self.run.end;
        let seq = if newer {
            self.done.end += 1;
            Seq(self.done.end - 1)
        } else if let Some(suspect) = self.suspects.pop_back() {
            suspect
        } else if self.run.start < self.done.start {
            self.done.start -= 1;
            Seq(self.done.start)
        } else {
            return ControlFlow::Break(());
        };
        let (holds, cost) = self.match_message(timeline, seq);
        match holds {
            true if newer => self.hits.push_back(seq),
            true => self.hits.push_front(seq),
            false => {}
        }
        *left = left.saturating_sub(cost);
        if *left == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    /// Whether a message contains the needle, and the cost of the comparison.
    fn match_message(&self, timeline: &Timeline, seq: Seq) -> (bool, usize) {
        let message = timeline.index(seq).and_then(|at| timeline.messages.get(at));
        let Some((needle, message)) = self.needle.as_ref().zip(message) else { return (false, 1) };
        let text = &message.text;
        let by_byte = if text.is_ascii() { 1 } else { WIDE_COST };
        (needle.is_in(text), MESSAGE_COST + by_byte * text.len())
    }

    /// The first hit to go to: the newest at or above [`Find::near`], else the first one below.
    pub(crate) fn nearest(&self) -> Option<Seq> {
        let below = self.hits.partition_point(|hit| *hit <= self.near);
        match below.checked_sub(1) {
            Some(at) => self.hits.get(at).copied(),
            None if self.goes_on() => None,
            None => self.hits.front().copied(),
        }
    }

    /// The hit `by` places further down; wraps around at both ends.
    pub(crate) fn further(&self, by: isize) -> Option<Seq> {
        let count = self.hits.len().cast_signed();
        let at = self.at?;
        let at = match self.hits.binary_search(&at) {
            Ok(at) => at.cast_signed() + by,
            Err(after) => after.cast_signed() + by - isize::from(by > 0), // the current message is no hit any more
        };
        self.hits.get(at.checked_rem_euclid(count)?.cast_unsigned()).copied()
    }

    /// Whether no loaded hit is further up than the current one, or further down.
    pub(crate) fn is_last(&self, up: bool) -> bool {
        let last = if up { self.hits.front() } else { self.hits.back() };
        !self.goes_on() && (last.is_none() || last.copied() == self.at)
    }

    /// The nearest known hit before the loaded messages, or after them.
    pub(crate) fn beyond(&self, up: bool) -> Option<Seq> {
        let (first, end) = (Seq(self.run.start), Seq(self.run.end));
        if up { self.known.range(..first).next_back().copied() } else { self.known.range(end..).next().copied() }
    }

    /// Remembers hits that are not loaded, and the loaded one from which the user goes there.
    pub(crate) fn know(&mut self, hits: impl IntoIterator<Item = Seq>) {
        self.known.extend(hits.into_iter().chain(self.at));
        while self.known.len() > KNOWN_MAX {
            self.known.pop_last();
        }
    }

    /// Goes to a hit that is not loaded, as soon as it is.
    pub(crate) fn go(&mut self, seq: Seq) {
        self.going = Some(seq);
        self.near = seq;
        self.further = Further::Idle;
    }

    /// Whether the message is a hit.
    pub(crate) fn holds(&self, seq: Seq) -> bool {
        self.hits.binary_search(&seq).is_ok()
    }
}

impl Model {
    /// The request that the search in the room waits for: hits before the loaded messages.
    pub(crate) fn further_request(&self) -> Option<SearchMessages> {
        let find = self.find.as_ref()?;
        let Further::Wanted { after, .. } = &find.further else { return None };
        let first = self.rooms.get(&find.room)?.timeline.messages.front()?;
        let before = Timestamp::from_millis(first.sent_at.as_millis().saturating_add(1)); // others may have the same time
        Some(SearchMessages {
            q: words(&find.typed),
            room: Some(find.room),
            sent_before: Some(before),
            after: after.clone(),
            limit: Some(PAGE),
            ..SearchMessages::default()
        })
    }
}

/// The typed text as words without a meaning of their own.
fn words(typed: &str) -> String {
    let plain = |word: &str| word.trim_start_matches('-').replace(['"', '“', '”', '„'], "");
    let words: Vec<_> = typed.split_whitespace().map(plain).filter(|word| !word.is_empty()).collect();
    words.into_iter().take(WORDS_MAX).collect::<Vec<_>>().join(" ")
}

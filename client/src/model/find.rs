//! What is being looked for in the messages at hand, and which of them hold it.
//!
//! A history may be long and a key must not wait: the run is looked through in steps of bounded cost, from its end
//! upwards, and a longer text is looked for only where the shorter one was found.

use std::{
    collections::VecDeque,
    ops::{ControlFlow, Range},
    sync::Arc,
};

use quchat_shared::{RoomId, Seq};

use super::{Anchor, Timeline};
use crate::text::Needle;

/// What a message costs to look at, besides its text.
const MESSAGE_COST: usize = 64;
/// How much more a byte costs where characters are more than a byte.
const WIDE_COST: usize = 16;

/// A search in the open room.
#[derive(Debug)]
pub struct Find {
    /// The room.
    pub room: RoomId,
    /// As it was typed.
    pub typed: Arc<str>,
    /// What it means; `None` while nothing is typed.
    pub needle: Option<Arc<Needle>>,
    /// The hit that one stands at.
    pub at: Option<Seq>,
    /// One stands there because of what is typed now.
    pub(crate) settled: bool,
    /// Where one came from: anchor and scroll.
    pub(crate) from: (Anchor, i32),
    /// The newest message that was in view there: the hit nearest to it comes first.
    pub(crate) near: Seq,
    /// The messages that hold it, as far as they are known, ascending.
    hits: VecDeque<Seq>,
    /// What has been looked at, as seqs.
    done: Range<u64>,
    /// What held the shorter text before, ascending, and is still to be looked at; all of it in `done`.
    suspects: VecDeque<Seq>,
    /// The messages that were at hand.
    run: Range<u64>,
}

impl Find {
    /// A search for nothing yet.
    pub(crate) fn new(room: RoomId, from: (Anchor, i32), near: Seq) -> Self {
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
        }
    }

    /// Which hit one stands at, from 1 at the top, and how many there are.
    #[must_use]
    pub fn count(&self) -> (usize, usize) {
        let place = self.at.and_then(|at| self.hits.binary_search(&at).ok());
        (place.map_or(0, |place| place + 1), self.hits.len())
    }

    /// Whether there are messages at hand that have not been looked at.
    #[must_use]
    pub fn goes_on(&self) -> bool {
        self.needle.is_some() && (self.done != self.run || !self.suspects.is_empty())
    }

    /// Looks for another text from now on.
    pub(crate) fn seek(&mut self, typed: Arc<str>) {
        let needle = Needle::new(&typed).map(Arc::new);
        self.typed = typed;
        if needle == self.needle {
            return;
        }
        let narrower = needle.as_ref().zip(self.needle.as_ref()).is_some_and(|(new, old)| new.narrows(old));
        self.needle = needle;
        self.settled = false;
        if narrower {
            self.suspects.append(&mut self.hits); // those not looked at again lie before them
        } else {
            self.forget();
        }
    }

    fn forget(&mut self) {
        self.hits.clear();
        self.suspects.clear();
        self.done = self.run.end..self.run.end;
    }

    /// Takes in which messages are at hand now. A message that comes back is looked at anew.
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

    /// A message says another thing now.
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

    /// Looks at messages until that has cost so much: what is newer than all that was looked at, then what held a
    /// shorter text, then what is older.
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

    /// The hit to begin with: the newest one not below where one came from; if there is none, the first below.
    pub(crate) fn nearest(&self) -> Option<Seq> {
        let below = self.hits.partition_point(|hit| *hit <= self.near);
        match below.checked_sub(1) {
            Some(at) => self.hits.get(at).copied(),
            None if self.goes_on() => None,
            None => self.hits.front().copied(),
        }
    }

    /// The hit so many further down, around the corner if need be.
    pub(crate) fn further(&self, by: isize) -> Option<Seq> {
        let count = self.hits.len().cast_signed();
        let at = self.at?;
        let at = match self.hits.binary_search(&at) {
            Ok(at) => at.cast_signed() + by,
            Err(after) => after.cast_signed() + by - isize::from(by > 0), // it does not hold it any more
        };
        self.hits.get(at.checked_rem_euclid(count)?.cast_unsigned()).copied()
    }

    /// Whether this is a hit.
    pub(crate) fn holds(&self, seq: Seq) -> bool {
        self.hits.binary_search(&seq).is_ok()
    }
}

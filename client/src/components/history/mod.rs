//! The messages of the open room. It holds a window of pointers around the anchor and wraps what a frame shows.
//!
//! Anchor and pending scroll are the model's; what was really shown goes back as [`Seen`]. Nothing here grows with the
//! length of a history.

mod bar;
mod block;
mod cache;
mod draw;
mod link;
mod mark;
mod place;

use std::sync::Arc;

use jiff::{civil::Date, tz::TimeZone};
use quchat_shared::{RoomId, Seq, UserId};
use tuirealm::{
    event::Event,
    ratatui::{Frame, buffer::Buffer, layout::Rect},
};

use self::{
    block::{Above, Block, How},
    cache::Cache,
    link::Placed,
    mark::Mark,
    place::Spot,
};
use super::{Part, look::Look, quote::quote};
use crate::{
    model::{Anchor, Entry, Fetch, Key, Model, PATIENCE_MS, Room, Seen, Unfolded, Wanted, window},
    text::{Needle, clock},
    update::{Action, Msg},
};

/// Messages of one sender within this time share one name.
const TOGETHER_MS: i64 = 5 * 60 * 1000;

/// The pane's own state: wrapped rows, and what the last frame showed.
#[derive(Default)]
pub(crate) struct History {
    height: u16,
    shown: Option<Shown>,
    cache: Cache,
    seen: Option<Seen>,
    links: Vec<Placed>,
}

/// What a frame needs of a room.
struct Shown {
    room: RoomId,
    me: UserId,
    my_name: String,
    zone: TimeZone,
    entries: Vec<Entry>,
    /// What each entry quotes of the message it answers.
    quotes: Vec<Option<String>>,
    anchor: Anchor,
    scroll_rows: i32,
    /// The room was opened at its "new" line.
    landing: bool,
    /// The chosen message.
    selected: Option<Seq>,
    /// What is searched for, and the message in which one stands.
    find: Option<(Arc<Needle>, Option<Seq>)>,
    /// The first entry of the window is the first of the room.
    from_beginning: bool,
    has_newer: bool,
    new_after: Option<Seq>,
    last_seq: Seq,
    unread: u64,
    /// Nothing is known of the room yet.
    unknown: bool,
    page: Page,
    unfolded: Unfolded,
    /// The terminal has no sign for three dots.
    ascii: bool,
}

/// What is searched for, as an entry shows it.
#[derive(Clone, PartialEq, Eq)]
struct Found {
    needle: Arc<Needle>,
    /// One stands at this entry.
    here: bool,
}

impl Found {
    fn marks(&self, text: &str) -> Vec<Mark> {
        let look = if self.here { Look::FOUND_HERE } else { Look::FOUND };
        self.needle.stretches(text).into_iter().map(|stretch| (stretch, look)).collect()
    }
}

/// How the page stands that the room waits for.
#[derive(Debug, PartialEq, Eq)]
enum Page {
    Quiet,
    Loading { above: bool },
    Failed { above: bool, reason: String },
}

impl History {
    /// How many rows there will be to draw in; to be told before [`Part::show`].
    pub(crate) fn resize(&mut self, height: u16) {
        self.height = height;
    }

    /// A frame begins that may show other things than messages.
    pub(crate) fn forget_seen(&mut self) {
        self.seen = None;
        self.links.clear();
    }

    /// The frame is complete: makes links of what can still be seen of them.
    pub(crate) fn open_links(&self, buffer: &mut Buffer) {
        self.links.iter().for_each(|link| link.open(buffer));
    }

    /// Unread messages out of sight below what was drawn; `None` at the end.
    pub(crate) fn below(&self) -> Option<u64> {
        let (seen, shown) = (self.seen.as_ref()?, self.shown.as_ref()?);
        let below = match seen.last {
            Key::Seq(last) => shown.last_seq.0.saturating_sub(last.0),
            Key::Txn(_) => 0,
        };
        let more = shown.has_newer && !shown.unknown;
        (!seen.at_end || more).then_some(below.min(shown.unread))
    }

    /// Whether everything unread was in the last frame.
    pub(crate) fn shows_all_unread(&self) -> bool {
        let Some((seen, shown)) = self.seen.as_ref().zip(self.shown.as_ref()) else { return false };
        let read = shown.last_seq.0.saturating_sub(shown.unread);
        let from_read = match &seen.first {
            Key::Seq(first) => first.0 <= read.saturating_add(1),
            Key::Txn(_) => shown.unread == 0,
        };
        from_read && seen.at_end && !shown.has_newer
    }

    /// What the last frame showed.
    pub(crate) fn seen(&self) -> Option<&Seen> {
        self.seen.as_ref()
    }
}

impl Shown {
    fn new(model: &Model, room: &Room, height: u16) -> Self {
        let entries = window(room, height);
        let first = entries.first().map(Entry::key);
        let at_front = match (&first, room.timeline.first()) {
            (Some(Key::Seq(first)), Some(front)) => *first == front,
            (Some(Key::Txn(_)), front) => front.is_none(),
            (None, _) => true,
            _ => false,
        };
        let (me, my_name) = model
            .account
            .as_ref()
            .map_or((UserId(0), String::new()), |account| (account.user.id, account.user.name.clone()));
        let quotes = entries.iter().map(|entry| entry.reply_to().map(|seq| quote(room, seq))).collect();
        Self {
            room: room.info.id,
            me,
            my_name,
            zone: model.zone.clone(),
            entries,
            quotes,
            anchor: room.anchor.clone(),
            scroll_rows: room.scroll_rows,
            landing: room.landing.is_some_and(|seq| room.anchor == Anchor::At { top: Key::Seq(seq), byte: 0 }),
            selected: model.selection().map(|message| message.seq),
            find: model.find.as_ref().and_then(|find| Some((Arc::clone(find.needle.as_ref()?), find.at))),
            from_beginning: at_front && !room.timeline.has_older,
            has_newer: room.timeline.has_newer,
            new_after: room.new_after,
            last_seq: room.info.last_seq,
            unread: room.unread(),
            unknown: room.timeline.is_unknown(),
            page: page(room, model.now.mono_ms),
            unfolded: room.unfolded.clone(),
            ascii: model.ascii,
        }
    }

    fn whose(&self) -> (RoomId, &str) {
        (self.room, &self.my_name)
    }

    fn is_selected(&self, at: usize) -> bool {
        self.selected.is_some_and(|seq| self.entries[at].key() == Key::Seq(seq))
    }

    fn is_found(&self, at: usize) -> bool {
        self.found(at).is_some_and(|found| found.here)
    }

    fn found(&self, at: usize) -> Option<Found> {
        let (needle, here) = self.find.as_ref()?;
        let here = here.is_some_and(|seq| self.entries[at].key() == Key::Seq(seq));
        Some(Found { needle: Arc::clone(needle), here })
    }

    /// The name that stands out in an entry: the reader's own where the server counts them as mentioned, else none.
    fn named(&self, at: usize) -> &str {
        match &self.entries[at] {
            Entry::Said(message) if message.mentions.contains(&self.me) => &self.my_name,
            _ => "",
        }
    }

    fn sender(&self, at: usize) -> UserId {
        match &self.entries[at] {
            Entry::Said(message) => message.sender.id,
            Entry::Unsent(_) => self.me,
        }
    }

    fn millis(&self, at: usize) -> i64 {
        match &self.entries[at] {
            Entry::Said(message) => message.sent_at.as_millis(),
            Entry::Unsent(pending) => pending.written_ms,
        }
    }

    fn day(&self, at: usize) -> Date {
        clock::day(self.millis(at), &self.zone)
    }

    /// The lines that stand above an entry. They follow from the entry and the one before it, and so never need to be
    /// kept.
    fn above(&self, at: usize) -> Above {
        let first = at == 0;
        let day = match &self.entries[at] {
            _ if first => self.from_beginning,
            Entry::Unsent(_) => false, // only this machine's clock says when; the server's will
            Entry::Said(_) => self.day(at) != self.day(at - 1),
        };
        let new = match (&self.entries[at], self.new_after) {
            (Entry::Said(message), Some(after)) => message.seq == after.next() && (!first || self.from_beginning),
            _ => false,
        };
        Above { day: day.then(|| self.day(at)), new, reply: self.quotes[at].is_some() }
    }

    fn is_unfolded(&self, at: usize) -> bool {
        match &self.entries[at] {
            Entry::Said(message) => self.unfolded.all || self.unfolded.messages.contains(&message.seq),
            Entry::Unsent(_) => self.unfolded.all,
        }
    }

    /// The entry goes on where the same sender left off: it needs no name.
    fn continues(&self, at: usize) -> bool {
        let Some(before) = at.checked_sub(1) else { return false };
        self.sender(at) == self.sender(before)
            && self.above(at).rows() == 0
            && (0..=TOGETHER_MS).contains(&(self.millis(at) - self.millis(before)))
    }
}

fn page(room: &Room, now: u64) -> Page {
    let above = |page: &Wanted| *page == Wanted::Older;
    match &room.fetch {
        Fetch::Loading { page, since, .. } if now.saturating_sub(*since) >= PATIENCE_MS => {
            Page::Loading { above: above(page) }
        }
        Fetch::Failed { page, reason } => Page::Failed { above: above(page), reason: reason.to_string() },
        _ => Page::Quiet,
    }
}

impl Part for History {
    fn show(&mut self, model: &Model) {
        let shown = model.open_room().map(|room| Shown::new(model, room, self.height));
        if shown.as_ref().map(Shown::whose) != self.shown.as_ref().map(Shown::whose) {
            self.cache.clear(); // seqs name messages within one room only
        }
        self.shown = shown;
    }

    fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, _focused: bool) {
        let Some(shown) = &self.shown else { return };
        (self.seen, self.links) = draw::draw(shown, &mut self.cache, frame, area);
    }

    fn on(&mut self, _event: &Event<Action>) -> Option<Msg> {
        None
    }
}

/// Where the frame begins, and the blocks it needs, fetched from the cache as the walk comes to them.
struct Walk<'a> {
    shown: &'a Shown,
    cache: &'a mut Cache,
    width: u16,
}

impl Walk<'_> {
    fn block(&mut self, at: usize) -> std::rc::Rc<Block> {
        let (shown, found) = (self.shown, self.shown.found(at));
        let here = found.as_ref().is_some_and(|found| found.here); // what was found may be in what is folded
        let how = How { columns: self.width, found, unfolded: here || shown.is_unfolded(at), ascii: shown.ascii };
        self.cache.block(&self.shown.entries[at], shown.named(at), how)
    }
}

impl place::Rows for Walk<'_> {
    fn entries(&self) -> usize {
        self.shown.entries.len()
    }

    fn above(&mut self, at: usize) -> usize {
        self.shown.above(at).rows()
    }

    fn body(&mut self, at: usize) -> usize {
        self.block(at).rows.len()
    }
}

impl Walk<'_> {
    /// The row where the model's anchor stands; `None` is the end.
    fn anchored(&mut self) -> Option<Spot> {
        let Anchor::At { top, byte } = &self.shown.anchor else { return None };
        let entry = self.shown.entries.iter().position(|entry| entry.key() == *top)?;
        let row = self.block(entry).row_of(*byte);
        let above = self.shown.above(entry).rows();
        Some(if entry == 0 && row == 0 && self.shown.from_beginning {
            Spot { entry, row: 0 }
        } else {
            Spot { entry, row: above + row }
        })
    }

    /// The row of the "new" line, if the message below it is among the entries.
    fn new_line(&self) -> Option<Spot> {
        let entry = (0..self.shown.entries.len()).find(|&at| self.shown.above(at).new)?;
        Some(Spot { entry, row: usize::from(self.shown.above(entry).day.is_some()) })
    }
}

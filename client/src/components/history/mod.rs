//! The messages of the open room. The component holds a window of pointers around the anchor and wraps what a frame
//! shows.
//!
//! The model owns the anchor and the pending scroll; what was actually shown is reported as [`Seen`]. Memory does not
//! grow with the length of a history.

mod bar;
mod block;
mod cache;
mod draw;
mod frame_start;
mod hyperlink;
pub(super) mod mark;

use std::sync::Arc;

use jiff::{civil::Date, tz::TimeZone};
use quchat_shared::{RoomId, Seq, UserId, api::Hit, limits::ALL};
use tuirealm::{
    event::Event,
    ratatui::{Frame, buffer::Buffer, layout::Rect},
};

use self::{
    block::{Above, Block, How},
    cache::Cache,
    frame_start::Spot,
    hyperlink::PlacedHyperlink,
    mark::Mark,
};
use super::{ScreenComponent, quote::quote, styles::Styles};
use crate::{
    model::{
        Anchor, Entry, Fetch, Key, Model, PATIENCE_MS, Pending, Room, Seen, ShownReaction, Unfolded, Wanted, window,
    },
    text::{Needle, clock},
    update::{Action, Msg},
};

/// Messages that one sender writes within this time appear under a single name, in milliseconds.
const TOGETHER_MS: i64 = 5 * 60 * 1000;

/// The wrapped rows and what the last frame showed.
#[derive(Default)]
pub(crate) struct History {
    height: u16,
    shown: Option<Shown>,
    cache: Cache,
    seen: Option<Seen>,
    links: Vec<PlacedHyperlink>,
}

/// What a frame needs from a room.
struct Shown {
    room: RoomId,
    me: UserId,
    my_name: String,
    zone: TimeZone,
    entries: Vec<Entry>,
    /// For each entry, the quoted line if it is a reply.
    quotes: Vec<Option<String>>,
    /// For each entry, the user's last edit that is not acknowledged.
    edits: Vec<Option<Pending>>,
    /// For each entry, its reactions.
    reactions: Vec<Vec<ShownReaction>>,
    anchor: Anchor,
    scroll_rows: i32,
    /// The room was opened at its "new" line.
    landing: bool,
    /// The selected message.
    selected: Option<Seq>,
    /// The search term, and the message with the current match.
    find: Option<(Arc<Needle>, Option<Seq>)>,
    /// The message that the user jumped to.
    spotlight: Option<Arc<Hit>>,
    /// The first entry of the window is the first message of the room.
    from_beginning: bool,
    has_newer: bool,
    new_after: Option<Seq>,
    last_seq: Seq,
    unread: u64,
    /// The room is not loaded yet.
    unknown: bool,
    page: Page,
    unfolded: Unfolded,
    /// The terminal cannot show the ellipsis character.
    ascii: bool,
}

/// The search as an entry shows it.
#[derive(Clone, PartialEq, Eq)]
struct Found {
    what: What,
    /// The current match is in this entry.
    here: bool,
}

/// What stands out in an entry.
#[derive(Clone, PartialEq, Eq)]
enum What {
    /// The text typed in the find bar.
    Text(Arc<Needle>),
    /// The words that a search in all rooms found.
    Words(Arc<Hit>),
}

impl Found {
    fn marks(&self, text: &str) -> Vec<Mark> {
        let look = if self.here { Styles::FOUND_HERE } else { Styles::FOUND };
        match &self.what {
            What::Text(needle) => needle.stretches(text).into_iter().map(|stretch| (stretch, look)).collect(),
            What::Words(hit) if hit.message.text == text => {
                hit.ranges.iter().map(|&(start, end)| (start..end, look)).collect()
            }
            What::Words(_) => Vec::new(), // edited, or drawn without its marks
        }
    }
}

/// The state of a page that the room waits for.
#[derive(Debug, PartialEq, Eq)]
enum Page {
    Quiet,
    Loading { above: bool },
    Failed { above: bool, reason: String },
}

impl History {
    /// Sets the number of rows to draw in. Call it before [`ScreenComponent::show`].
    pub(crate) fn resize(&mut self, height: u16) {
        self.height = height;
    }

    /// Begins a frame that may not show messages at all.
    pub(crate) fn forget_seen(&mut self) {
        self.seen = None;
        self.links.clear();
    }

    /// Ends the frame: turns the visible links into real ones.
    pub(crate) fn open_links(&self, buffer: &mut Buffer) {
        self.links.iter().for_each(|link| link.open(buffer));
    }

    /// Unread messages below the drawn part; `None` if it ends at the newest message.
    pub(crate) fn below(&self) -> Option<u64> {
        let (seen, shown) = (self.seen.as_ref()?, self.shown.as_ref()?);
        let below = match seen.last {
            Key::Seq(last) => shown.last_seq.0.saturating_sub(last.0),
            Key::Txn(_) => 0,
        };
        let more = shown.has_newer && !shown.unknown;
        (!seen.at_end || more).then_some(below.min(shown.unread))
    }

    /// Whether the last frame showed everything unread.
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
        let edits = entries.iter().map(|entry| pending_edit(room, entry)).collect();
        let reactions = entries.iter().map(|entry| reactions(room, entry, me)).collect();
        let quotes = entries.iter().map(|entry| entry.reply_to().map(|seq| quote(room, seq))).collect();
        Self {
            room: room.info.id,
            me,
            my_name,
            zone: model.zone.clone(),
            entries,
            quotes,
            edits,
            reactions,
            anchor: room.anchor.clone(),
            scroll_rows: room.scroll_rows,
            landing: room.landing.is_some_and(|seq| room.anchor == Anchor::At { top: Key::Seq(seq), byte: 0 }),
            selected: model.selection().map(|message| message.seq),
            find: model.find.as_ref().and_then(|find| Some((Arc::clone(find.needle.as_ref()?), find.at))),
            spotlight: model.spotlight.clone().filter(|hit| hit.message.room_id == room.info.id),
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
        let is_at = |seq| self.entries[at].key() == Key::Seq(seq);
        match (&self.find, &self.spotlight) {
            (Some((needle, here)), _) => {
                Some(Found { what: What::Text(Arc::clone(needle)), here: here.is_some_and(is_at) })
            }
            (None, Some(hit)) if is_at(hit.message.seq) => {
                Some(Found { what: What::Words(Arc::clone(hit)), here: true })
            }
            _ => None,
        }
    }

    /// The names that are highlighted in this entry: the user's and `all`, where the server counts them as mentions.
    /// Empty texts otherwise.
    fn named(&self, at: usize) -> [&str; 2] {
        let Entry::Said(message) = &self.entries[at] else { return [""; 2] };
        let mine = if message.mentions.contains(&self.me) { &self.my_name } else { "" };
        [mine, if message.mentions_all { ALL } else { "" }]
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

    /// The lines above an entry. They depend only on the entry and the previous one, so they are never stored.
    fn above(&self, at: usize) -> Above {
        let first = at == 0;
        let day = match &self.entries[at] {
            _ if first => self.from_beginning,
            Entry::Unsent(_) => false, // its time is not known until the server sets it
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

    /// The entry continues the group of the previous sender and shows no name.
    fn continues(&self, at: usize) -> bool {
        let Some(before) = at.checked_sub(1) else { return false };
        self.sender(at) == self.sender(before)
            && self.above(at).rows() == 0
            && (0..=TOGETHER_MS).contains(&(self.millis(at) - self.millis(before)))
    }
}

fn pending_edit(room: &Room, entry: &Entry) -> Option<Pending> {
    let Entry::Said(message) = entry else { return None };
    room.edits().rev().find(|(edit, _)| edit.seq == message.seq).map(|(_, pending)| pending.clone())
}

fn reactions(room: &Room, entry: &Entry, me: UserId) -> Vec<ShownReaction> {
    match entry {
        Entry::Said(message) if message.deleted_at.is_none() => room.reactions(message, me),
        _ => Vec::new(),
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

impl ScreenComponent for History {
    fn show(&mut self, model: &Model) {
        let shown = model.open_room().map(|room| Shown::new(model, room, self.height));
        if shown.as_ref().map(Shown::whose) != self.shown.as_ref().map(Shown::whose) {
            self.cache.clear(); // seqs are unique only within a room
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

/// Finds where the frame begins, and fetches the blocks it needs from the cache on the way.
struct Walk<'a> {
    shown: &'a Shown,
    cache: &'a mut Cache,
    width: u16,
}

impl Walk<'_> {
    fn block(&mut self, at: usize) -> std::rc::Rc<Block> {
        let (shown, found) = (self.shown, self.shown.found(at));
        let here = found.as_ref().is_some_and(|found| found.here); // the match may be in the folded part
        let (edit, reactions) = (shown.edits[at].clone(), shown.reactions[at].clone());
        let unfolded = here || shown.is_unfolded(at);
        let how = How { columns: self.width, found, unfolded, ascii: shown.ascii, edit, reactions };
        self.cache.block(&self.shown.entries[at], &shown.named(at), how)
    }
}

impl frame_start::Rows for Walk<'_> {
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
    /// The row of the model's anchor; `None` is the end.
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

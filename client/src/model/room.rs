//! A room as this client knows it.

use std::{
    collections::{BTreeSet, VecDeque},
    sync::Arc,
};

use quchat_shared::{
    Message, RoomId, RoomInfo, Seq, UserId,
    room::{Membership, Notify, Role},
};

use super::{Anchor, Draft, InputHistory, Key, Model, Pending, SendState, Timeline, quoted::Quoted, sighted::Sighted};

/// A room: what the server says of it, and what is one's own in it.
#[derive(Debug)]
pub struct Room {
    /// What is the same for everyone; `last_seq` is kept current by messages and activity.
    pub info: RoomInfo,
    /// One's membership; `None` outside.
    pub member: Option<Membership>,
    /// What it calls for, if not what rooms do; kept on this machine.
    pub notify: Option<Notify>,
    /// Unread messages that name one.
    pub mentions: u64,
    /// Up to here [`Room::mentions`] has counted.
    pub(crate) counted_seq: Seq,
    /// The newest message there was when this room was last open: beyond it, a room not joined shows life.
    pub known_seq: Seq,
    /// Deleted, or one was removed from it. It stays listed while it is open or holds unsent text.
    pub gone: bool,
    /// Only the disk tells of it so far. Until the server does, nothing is asked or sent there.
    pub remembered: bool,
    /// The messages at hand.
    pub timeline: Timeline,
    /// What is in the composer.
    pub draft: Draft,
    /// Earlier inputs.
    pub inputs: InputHistory,
    /// One's own messages that are not in the timeline yet, in the order they were written; drawn after it.
    pub outbox: VecDeque<Pending>,
    /// Where one stands.
    pub anchor: Anchor,
    /// Rows to scroll from the anchor, down being positive; a frame turns them into a new anchor ([`super::Seen`]).
    pub scroll_rows: i32,
    /// The "new" line stands before the first message beyond this one.
    pub new_after: Option<Seq>,
    /// The page being fetched, or why the last one failed.
    pub fetch: Fetch,
    /// Which pages this step wants.
    pub(crate) wants: PageWants,
    /// One's own latest visit, counted over all rooms; 0 is never. "Recent first" goes by it.
    pub visited: u64,
    /// The read marker on its way.
    pub marker: Marker,
    /// Since when draft or outbox differ from what was given to the disk.
    pub(crate) unsaved_since: Option<u64>,
    /// It is saved in this step rather than a little later.
    pub(crate) save_at_once: bool,
    /// Saves the disk has refused in a row.
    pub(crate) save_failures: u32,
    /// When a refused save is tried again by itself.
    pub(crate) save_not_before: u64,
    /// Sends that have failed in a row.
    pub(crate) send_failures: u32,
    /// The run is only kept on the screen until the page that replaces it is here.
    pub(crate) distrusted: bool,
    /// Text was cleared here after the room was gone: Up must still bring it back.
    pub(crate) cleared_when_gone: bool,
    /// Messages beyond the read marker that have been on the screen for long enough.
    pub(crate) sighted: Sighted,
    /// The first new message, at which the room was opened and no frame has shown it yet. Where all that follows fits on
    /// the screen, the frame shows the end.
    pub landing: Option<Seq>,
    /// When the room became unread, counted over all rooms; `None` while nothing is.
    pub(crate) unread_since: Option<u64>,
    /// It was visited in this round through the unread rooms.
    pub(crate) rounded: bool,
    /// Which long messages are shown in full.
    pub unfolded: Unfolded,
    /// Pages that have failed in a row.
    pub(crate) fetch_failures: u32,
    /// After a failed page, events ask for none before this.
    pub(crate) fetch_not_before: u64,
    /// What replies quote and is not in the timeline.
    pub(crate) quoted: Quoted,
}

/// Most visited rooms that are remembered.
pub(crate) const VISITS_KEPT: usize = 50;

/// A room that was visited, as the disk remembers it: enough to show it and to write there before the server has
/// answered. Nothing that was said in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    /// What was the same for everyone.
    pub info: RoomInfo,
    /// One was a member.
    pub joined: bool,
}

/// Which long messages are shown in full; the others show their first rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unfolded {
    /// All of them.
    pub all: bool,
    /// These.
    pub messages: BTreeSet<Seq>,
}

/// The one page a room waits for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Fetch {
    /// None.
    #[default]
    Idle,
    /// It is on its way.
    Loading {
        /// The call; the answer to any other is dropped.
        call: u64,
        /// Which page.
        page: Wanted,
        /// Since when, in [`super::Now::mono_ms`]; "loading" is shown after 200 ms.
        since: u64,
    },
    /// It failed; asked for again on the next scroll or connection.
    Failed {
        /// Which page.
        page: Wanted,
        /// Why: one sentence, shown as a line at the page's place.
        reason: Arc<str>,
    },
}

/// A page, by its place relative to the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// The newest page, as a new run.
    Newest,
    /// The page with this message in its middle, as a new run.
    Around(Seq),
    /// The page before the run.
    Older,
    /// The page after the run.
    Newer,
}

/// Which pages a step wants, if the room is open. At the end of the step at most one of them is fetched: the first that
/// applies.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct PageWants {
    /// This page, instead of the one that is awaited.
    pub(crate) page: Option<Wanted>,
    /// The page that failed, or the first one.
    pub(crate) retry: bool,
    /// The pages up to the end of the room, if the reader is near it.
    pub(crate) newer: bool,
    /// The page that the reader comes near to.
    pub(crate) near: bool,
}

/// The read marker on its way to the server: one in flight, the latest wins, at most one per 2 s.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Marker {
    /// The call that carries it.
    pub in_flight: Option<u64>,
    /// Where it shall go next.
    pub wanted: Option<Seq>,
    /// Not before this, in [`super::Now::mono_ms`].
    pub not_before: u64,
    /// How many attempts have failed in a row.
    pub failures: u32,
}

impl Model {
    /// This page of the room is wanted, if it is open.
    pub(crate) fn want_page(&mut self, id: RoomId, page: Wanted) {
        if let Some(room) = self.rooms.get_mut(&id) {
            room.wants.page = Some(page);
        }
    }

    /// The pages up to the end of the room are wanted, if it is open and the reader is near the end.
    pub(crate) fn want_newer(&mut self, id: RoomId) {
        if let Some(room) = self.rooms.get_mut(&id) {
            room.wants.newer = true;
        }
    }

    /// The page that failed in the open room is wanted again, or its first one.
    pub(crate) fn retry_page(&mut self) {
        if let Some(room) = self.open_room_mut() {
            room.wants.retry = true;
        }
    }
}

impl Room {
    /// The room ends earlier than was believed: what lies beyond is not what was answered. Whether there was such a reply.
    pub(crate) fn forget_replies_beyond(&mut self, last: Seq) -> bool {
        let pending = self.outbox.iter_mut().map(|pending| &mut pending.reply_to);
        let left = self.inputs.at.iter_mut().map(|(_, left)| left).chain(&mut self.inputs.left);
        let targets = pending.chain(left.map(|left| &mut left.reply_to)).chain([&mut self.draft.reply_to]);
        targets.filter_map(|target| target.take_if(|seq| *seq > last)).count() > 0
    }

    /// A room just heard of.
    #[must_use]
    pub fn new(info: RoomInfo, member: Option<Membership>) -> Self {
        Self {
            known_seq: info.last_seq,
            info,
            member,
            notify: None,
            mentions: 0,
            counted_seq: Seq::default(),
            gone: false,
            remembered: false,
            timeline: Timeline::default(),
            draft: Draft::default(),
            inputs: InputHistory::default(),
            outbox: VecDeque::new(),
            anchor: Anchor::End,
            scroll_rows: 0,
            new_after: None,
            fetch: Fetch::Idle,
            wants: PageWants::default(),
            visited: 0,
            marker: Marker::default(),
            unsaved_since: None,
            save_at_once: false,
            save_failures: 0,
            save_not_before: 0,
            send_failures: 0,
            distrusted: false,
            cleared_when_gone: false,
            sighted: Sighted::default(),
            landing: None,
            unread_since: None,
            rounded: false,
            unfolded: Unfolded::default(),
            fetch_failures: 0,
            fetch_not_before: 0,
            quoted: Quoted::default(),
        }
    }

    /// A room nobody has told of yet but the disk. What it cannot know is left to be learned: any other copy is newer,
    /// nothing is read, nothing is unread.
    pub(crate) fn recall(visit: Visit) -> Self {
        let info = RoomInfo { rev: 0, last_seq: Seq(0), ..visit.info };
        let member = Membership { role: Role::Member, last_read_seq: Seq(0), notify: Notify::default() };
        Self { remembered: true, ..Self::new(info, visit.joined.then_some(member)) }
    }

    /// The room is gone, and no text of the user is left in it.
    pub(crate) fn is_over(&self) -> bool {
        self.gone && self.outbox.is_empty() && !self.has_draft() && !self.cleared_when_gone
    }

    /// There is a draft: in the composer, or set aside while an earlier input is shown there.
    #[must_use]
    pub fn has_draft(&self) -> bool {
        let aside = self.inputs.at.iter().map(|(_, left)| left).chain(&self.inputs.left).map(|left| &left.text);
        aside.chain([&self.draft.text]).any(|text| !text.trim().is_empty())
    }

    /// A message that a reply quotes, as far as it is at hand.
    #[must_use]
    pub fn quoted(&self, seq: Seq) -> Option<&Arc<Message>> {
        let message = self.timeline.index(seq).and_then(|at| self.timeline.messages.get(at));
        message.or_else(|| self.quoted.get(seq))
    }

    /// One is a member.
    #[must_use]
    pub fn joined(&self) -> bool {
        self.member.is_some()
    }

    /// Messages beyond the read marker; 0 outside.
    #[must_use]
    pub fn unread(&self) -> u64 {
        self.member.map_or(0, |member| self.info.last_seq.0.saturating_sub(member.last_read_seq.0))
    }

    /// Somebody spoke here since one last looked, and one is not a member: the fainter mark.
    #[must_use]
    pub fn shows_activity(&self) -> bool {
        !self.joined() && self.info.last_seq > self.known_seq
    }

    /// One's own messages that no server has acknowledged.
    pub fn unsent(&self) -> impl Iterator<Item = &Pending> {
        self.outbox.iter().filter(|pending| !matches!(pending.state, SendState::Sent(_)))
    }

    /// One's own messages the server refused.
    pub fn refused(&self) -> impl Iterator<Item = &Pending> {
        self.outbox.iter().filter(|pending| matches!(pending.state, SendState::Refused(_)))
    }

    /// A pending message by its txn.
    pub(crate) fn pending(&mut self, txn: &str) -> Option<&mut Pending> {
        self.outbox.iter_mut().find(|pending| &*pending.txn == txn)
    }

    /// Up to where the room is read, as far as this client knows: also what the server has not been told yet.
    pub(crate) fn read(&self) -> Seq {
        let read = self.member.map_or(Seq(0), |member| member.last_read_seq);
        read.max(self.marker.wanted.unwrap_or_default())
    }

    /// Moves the read marker forward, as far as this client is concerned; what names `me` on the way is read, too.
    pub(crate) fn read_to(&mut self, seq: Seq, me: Option<UserId>) {
        let Some(member) = &mut self.member else { return };
        let before = member.last_read_seq;
        member.last_read_seq = before.max(seq);
        if let Some(me) = me.filter(|_| self.mentions > 0 && before < seq) {
            let run = self.timeline.messages.iter().rev().skip_while(|message| message.seq > seq);
            let read = run.take_while(|message| message.seq > before);
            let named = read.filter(|message| message.sender.id != me && message.mentions.contains(&me)).count();
            self.mentions = self.mentions.saturating_sub(named as u64);
        }
        self.mentions = self.mentions.min(self.unread());
        self.note_unread(0);
    }

    /// The last message or the read marker has moved, as the `nth` such event: since when is it unread?
    pub(crate) fn note_unread(&mut self, nth: u64) {
        if self.unread() == 0 {
            self.unread_since = None;
            self.rounded = false;
        } else {
            self.unread_since.get_or_insert(nth);
        }
    }

    /// New messages above the screen that have not been seen, where `first` is the first one on it.
    #[must_use]
    pub fn new_above(&self, first: &Key) -> u64 {
        let before = match first {
            Key::Seq(seq) => *seq,
            Key::Txn(_) => self.info.last_seq.next(),
        };
        let after = self.new_after.unwrap_or(before);
        let above = before.0.saturating_sub(after.0.saturating_add(1));
        above.saturating_sub(self.sighted.between(after, before))
    }
}

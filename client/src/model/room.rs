//! A room as this client knows it.

use std::{
    collections::{BTreeSet, VecDeque},
    sync::Arc,
};

use quchat_shared::{
    Message, RoomId, RoomInfo, Seq, UserId, UserRef,
    room::{Membership, Notify, Role, RoomKind},
};

use super::{
    Anchor, Draft, InputHistory, Key, Model, Pending, Position, SendState, Timeline, participants::Participants,
    quoted::Quoted, reactions::Reactions, sighted::Sighted,
};

/// A room: the server's data and the user's own state in it.
#[derive(Debug)]
pub struct Room {
    /// The data that all users see. Messages and activity keep `last_seq` current.
    pub info: RoomInfo,
    /// The user's membership; `None` if the user is not a member.
    pub member: Option<Membership>,
    /// A notify level that the server has not acknowledged; stored on this machine. It precedes the one in
    /// [`Room::member`].
    pub notify: Option<Notify>,
    /// Unread messages that mention the user.
    pub mentions: u64,
    /// [`Room::mentions`] has counted messages up to this one.
    pub(crate) mentions_seq: Seq,
    /// The newest message that was new to this client. Only messages after it can cause a notification.
    pub(crate) counted_seq: Seq,
    /// The newest message when this room was last open. A room that is not joined shows activity beyond it.
    pub known_seq: Seq,
    /// Deleted, or the user was removed from it. It stays listed while it is open or holds unsent text.
    pub gone: bool,
    /// Why it is gone, in one sentence.
    pub gone_because: Arc<str>,
    /// Restored from disk and not confirmed by the server yet. Until then nothing is requested or sent there.
    pub remembered: bool,
    /// The loaded messages.
    pub timeline: Timeline,
    pub draft: Draft,
    pub inputs: InputHistory,
    /// The user's messages that are not in the timeline yet, in the order they were written. Drawn after it.
    pub outbox: VecDeque<Pending>,
    /// The scroll position.
    pub anchor: Anchor,
    /// Rows to scroll down from the anchor. The next frame turns them into a new anchor ([`super::Seen`]).
    pub scroll_rows: i32,
    /// The "new" line is before the first message after this one.
    pub new_after: Option<Seq>,
    /// The page being fetched, or why the last one failed.
    pub fetch: Fetch,
    /// The pages that this step asks for.
    pub(crate) wants: PageWants,
    /// The user's latest visit, counted over all rooms; 0 is never. "Recent first" sorts by it.
    pub visited: u64,
    /// The read marker on its way to the server.
    pub marker: Marker,
    /// Since when the draft or outbox differs from the last save.
    pub(crate) unsaved_since: Option<u64>,
    /// Save in this step instead of a little later.
    pub(crate) save_at_once: bool,
    /// Saves that failed in a row.
    pub(crate) save_failures: u32,
    /// When a failed save is retried.
    pub(crate) save_not_before: u64,
    /// Sends that failed in a row.
    pub(crate) send_failures: u32,
    /// The timeline may be wrong. It stays on the screen only until the page arrives that replaces it.
    pub(crate) distrusted: bool,
    /// The loaded messages are from before the user joined and may have changed since. They are fetched again.
    pub(crate) outdated: bool,
    /// Text was cleared after the room was gone. The room stays so that Up can bring it back.
    pub(crate) cleared_when_gone: bool,
    /// Messages after the read marker that have been on the screen for long enough.
    pub(crate) sighted: Sighted,
    /// The first new message, if the room was just opened at it and no frame has shown it yet. If everything after it
    /// fits on the screen, the frame shows the end.
    pub landing: Option<Seq>,
    /// Where the reader goes as soon as the page around it arrives, which was requested.
    pub(crate) destination: Option<Position>,
    /// When the room became unread, as a count over all rooms; `None` while it is read.
    pub(crate) unread_since: Option<u64>,
    /// Already visited in the current round through the unread rooms.
    pub(crate) rounded: bool,
    /// Which long messages are shown in full.
    pub unfolded: Unfolded,
    /// Page requests that failed in a row.
    pub(crate) fetch_failures: u32,
    /// After a failed page, events request no page before this time.
    pub(crate) fetch_not_before: u64,
    /// Messages that replies quote and that the timeline does not contain.
    pub(crate) quoted: Quoted,
    /// The user's own reactions that the messages do not tell.
    pub(crate) reactions: Reactions,
    /// The other user of a direct room; the user, if it is the room of their notes.
    pub peer: Option<UserRef>,
    /// The user is banned from it.
    pub banned: bool,
    /// Who is there, as far as it is known.
    pub participants: Participants,
}

/// Most visited rooms that are stored on disk.
pub(crate) const VISITS_KEPT: usize = 50;

/// A visited room as stored on disk: enough to show it and to write there before the server has answered. It contains
/// no messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    /// The room as it was at the last visit.
    pub info: RoomInfo,
    /// Whether the user was a member.
    pub joined: bool,
    /// The other user of a direct room.
    pub peer: Option<UserRef>,
}

/// Which long messages are shown in full; the others show their first rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unfolded {
    /// All messages.
    pub all: bool,
    /// These messages.
    pub messages: BTreeSet<Seq>,
}

/// The page that a room waits for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Fetch {
    /// No page.
    #[default]
    Idle,
    /// The page was requested.
    Loading {
        /// The pending call. Replies to other calls are dropped.
        call: u64,
        page: Wanted,
        /// When it was requested, in [`super::Now::mono_ms`]; "loading" is shown after 200 ms.
        since: u64,
    },
    /// The request failed. The next scroll or connection retries it.
    Failed {
        page: Wanted,
        /// One sentence, shown as a line in place of the page.
        reason: Arc<str>,
    },
}

/// A page, by its position relative to the timeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// The newest page, as a new timeline.
    Newest,
    /// The page with this message in the middle, as a new timeline.
    Around(Seq),
    /// The page before the timeline.
    Older,
    /// The page after the timeline.
    Newer,
}

/// The pages that a step asks for, if the room is open. At the end of the step the first that applies is fetched.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct PageWants {
    /// This page, in place of the pending one.
    pub(crate) page: Option<Wanted>,
    /// The page that failed, or the first one if there was none.
    pub(crate) retry: bool,
    /// The pages up to the end of the room, if the reader is near it.
    pub(crate) newer: bool,
    /// The page that the reader scrolls towards.
    pub(crate) near: bool,
}

/// The read marker on its way to the server: one in flight, the latest wins, at most one per 2 s.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Marker {
    /// The pending call.
    pub in_flight: Option<u64>,
    /// The position to send next.
    pub wanted: Option<Seq>,
    /// Nothing is sent before this, in [`super::Now::mono_ms`].
    pub not_before: u64,
    /// Attempts that failed in a row.
    pub failures: u32,
}

impl Model {
    /// Asks for this page of the room, if it is open.
    pub(crate) fn want_page(&mut self, id: RoomId, page: Wanted) {
        if let Some(room) = self.rooms.get_mut(&id) {
            room.wants.page = Some(page);
        }
    }

    /// Asks for the pages up to the end of the room, if it is open and the reader is near the end.
    pub(crate) fn want_newer(&mut self, id: RoomId) {
        if let Some(room) = self.rooms.get_mut(&id) {
            room.wants.newer = true;
        }
    }

    /// Asks again for the page of the open room that failed, or for its first one.
    pub(crate) fn retry_page(&mut self) {
        if let Some(room) = self.open_room_mut() {
            room.wants.retry = true;
        }
    }
}

impl Room {
    /// Called before the user becomes a member. No event told of changes to the messages that are loaded until then.
    pub(crate) fn note_joining(&mut self) {
        let has_loaded = !self.timeline.messages.is_empty() || matches!(self.fetch, Fetch::Loading { .. });
        self.outdated |= !self.joined() && has_loaded;
    }

    /// Drops reply targets after `last`: the server lost those messages, and their seqs will be reused. Returns whether
    /// there were any. Edits of those messages are given up, too.
    pub(crate) fn forget_replies_beyond(&mut self, last: Seq) -> bool {
        let edits = self.forget_edits_beyond(last);
        let former = self.draft.editing.iter_mut().map(|editing| &mut editing.former.reply_to);
        let pending = self.outbox.iter_mut().map(|pending| &mut pending.reply_to);
        let left = self.inputs.at.iter_mut().map(|(_, left)| left).chain(&mut self.inputs.left);
        let targets =
            pending.chain(left.map(|left| &mut left.reply_to)).chain(former).chain([&mut self.draft.reply_to]);
        targets.filter_map(|target| target.take_if(|seq| *seq > last)).count() > 0 || edits
    }

    /// A room that the server has just announced.
    #[must_use]
    pub fn new(info: RoomInfo, member: Option<Membership>) -> Self {
        Self {
            known_seq: info.last_seq,
            info,
            member,
            notify: None,
            mentions: 0,
            mentions_seq: Seq::default(),
            counted_seq: Seq::default(),
            gone: false,
            gone_because: "this room is gone".into(),
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
            outdated: false,
            cleared_when_gone: false,
            sighted: Sighted::default(),
            landing: None,
            destination: None,
            unread_since: None,
            rounded: false,
            unfolded: Unfolded::default(),
            fetch_failures: 0,
            fetch_not_before: 0,
            quoted: Quoted::default(),
            reactions: Reactions::default(),
            peer: None,
            banned: false,
            participants: Participants::default(),
        }
    }

    /// A room restored from disk. Any copy from the server is newer, and nothing in it is read or unread.
    pub(crate) fn recall(visit: Visit) -> Self {
        let info = RoomInfo { rev: 0, last_seq: Seq(0), ..visit.info };
        let member = Membership { role: Role::Member, last_read_seq: Seq(0), notify: Notify::default() };
        Self { remembered: true, peer: visit.peer, ..Self::new(info, visit.joined.then_some(member)) }
    }

    /// What is stored of the room for the next start.
    pub(crate) fn visit(&self) -> Visit {
        Visit { info: self.info.clone(), joined: self.joined(), peer: self.peer.clone() }
    }

    /// Whether the room is gone and holds no text of the user.
    pub(crate) fn is_over(&self) -> bool {
        self.gone && self.outbox.is_empty() && !self.has_draft() && !self.cleared_when_gone
    }

    /// Gives up what the user wrote in a room that is gone. The texts become earlier inputs, in case it comes back.
    pub(crate) fn give_up(&mut self) {
        self.leave_edit();
        self.end_recall();
        for pending in std::mem::take(&mut self.outbox) {
            self.inputs.remember(pending.text);
        }
        while !self.draft.text.is_empty() {
            self.clear_draft();
        }
        self.inputs.left = None;
        self.draft.reply_to = None;
        self.cleared_when_gone = false;
        self.go_to_end();
    }

    /// Whether there is a draft: in the composer, or saved while an earlier input is shown there.
    #[must_use]
    pub fn has_draft(&self) -> bool {
        let aside = self.inputs.at.iter().map(|(_, left)| left).chain(&self.inputs.left).map(|left| &left.text);
        let former = self.draft.editing.iter().map(|editing| &editing.former.text);
        aside.chain(former).chain([&self.draft.text]).any(|text| !text.trim().is_empty())
    }

    /// A message that a reply quotes, if it is loaded.
    #[must_use]
    pub fn quoted(&self, seq: Seq) -> Option<&Arc<Message>> {
        let message = self.timeline.index(seq).and_then(|at| self.timeline.messages.get(at));
        message.or_else(|| self.quoted.get(seq))
    }

    /// Its name: for a direct room the name of the other user, which is unknown until the server has told it.
    #[must_use]
    pub fn name(&self) -> &str {
        match &self.peer {
            Some(peer) => &peer.name,
            None if self.is_direct() => "?",
            None => &self.info.name,
        }
    }

    /// The sign before its name, which tells its kind.
    #[must_use]
    pub fn sign(&self) -> char {
        match self.info.kind {
            RoomKind::Public => '#',
            RoomKind::Private => '*',
            RoomKind::Direct => '@',
        }
    }

    /// Its name as shown everywhere: with the sign for its kind.
    #[must_use]
    pub fn name_with_sign(&self) -> String {
        format!("{}{}", self.sign(), self.name())
    }

    /// Whether it is a conversation of two users.
    #[must_use]
    pub fn is_direct(&self) -> bool {
        self.info.kind == RoomKind::Direct
    }

    /// What the room notifies the user about.
    #[must_use]
    pub fn level(&self) -> Notify {
        self.notify.or(self.member.map(|member| member.notify)).unwrap_or_default()
    }

    /// Unread messages that are meant for the user. In a direct room these are all.
    #[must_use]
    pub fn addressed(&self) -> u64 {
        if self.is_direct() { self.unread() } else { self.mentions }
    }

    /// Whether the user is a member.
    #[must_use]
    pub fn joined(&self) -> bool {
        self.member.is_some()
    }

    /// Messages after the read marker; 0 if the user is not a member.
    #[must_use]
    pub fn unread(&self) -> u64 {
        self.member.map_or(0, |member| self.info.last_seq.0.saturating_sub(member.last_read_seq.0))
    }

    /// Whether a room that is not joined has messages since the user last looked. It gets the fainter mark.
    #[must_use]
    pub fn shows_activity(&self) -> bool {
        !self.joined() && self.info.last_seq > self.known_seq
    }

    /// The user's messages that no server has acknowledged, including refused ones.
    pub fn unsent(&self) -> impl Iterator<Item = &Pending> {
        self.outbox.iter().filter(|pending| !matches!(pending.state, SendState::Sent(_)))
    }

    /// The user's messages that the server refused.
    pub fn refused(&self) -> impl Iterator<Item = &Pending> {
        self.outbox.iter().filter(|pending| matches!(pending.state, SendState::Refused(_)))
    }

    /// A pending message by its txn.
    pub(crate) fn pending(&mut self, txn: &str) -> Option<&mut Pending> {
        self.outbox.iter_mut().find(|pending| &*pending.txn == txn)
    }

    /// The last read message, including reads that the server has not received yet.
    pub(crate) fn read(&self) -> Seq {
        let read = self.member.map_or(Seq(0), |member| member.last_read_seq);
        read.max(self.marker.wanted.unwrap_or_default())
    }

    /// Moves the local read marker forward and counts the mentions of `me` on the way as read.
    pub(crate) fn read_to(&mut self, seq: Seq, me: Option<UserId>) {
        let Some(member) = &mut self.member else { return };
        let before = member.last_read_seq;
        member.last_read_seq = before.max(seq);
        if let Some(me) = me.filter(|_| self.mentions > 0 && before < seq) {
            self.mentions = self.mentions.saturating_sub(self.mentions_between(before, seq, me));
        }
        self.mentions = self.mentions.min(self.unread());
        self.note_unread(0);
    }

    /// Updates [`Room::unread_since`] after the last message or the read marker moved, as the `nth` such event.
    pub(crate) fn note_unread(&mut self, nth: u64) {
        if self.unread() == 0 {
            self.unread_since = None;
            self.rounded = false;
        } else {
            self.unread_since.get_or_insert(nth);
        }
    }

    /// The number of new messages above the screen that were not seen; `first` is the first entry on it.
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

//! What the disk keeps for a room: how it is made from the room, and how it is put back.

use std::sync::Arc;

use quchat_shared::{RoomId, Seq, room::Notify};

use super::{Model, NO_TICKET, Pending, Room, SavedDraft, SendState, Storage};

/// How long a change may stay unsaved, in milliseconds.
const SAVE_AFTER_MS: u64 = 300;

/// A pending message as the disk keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredMessage {
    /// See [`Pending::txn`].
    pub txn: Arc<str>,
    /// See [`Pending::text`].
    pub text: Arc<str>,
    /// See [`Pending::reply_to`].
    pub reply_to: Option<Seq>,
    /// See [`Pending::written_ms`].
    pub written_ms: i64,
    /// Why the server refused it, if it did.
    pub refused: Option<Arc<str>>,
}

/// What the disk keeps for a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    pub room: RoomId,
    pub draft: Arc<str>,
    /// The message that the draft replies to.
    pub reply_to: Option<Seq>,
    /// The outbox, in order.
    pub outbox: Vec<StoredMessage>,
    /// Earlier inputs, newest last.
    pub inputs: Vec<Arc<str>>,
    /// The notify level; `None` is the default.
    pub notify: Option<Notify>,
}

impl Stored {
    /// Nothing to keep.
    #[must_use]
    pub fn new(room: RoomId) -> Self {
        Self { room, draft: "".into(), reply_to: None, outbox: Vec::new(), inputs: Vec::new(), notify: None }
    }

    /// Whether there is nothing to keep.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::new(self.room)
    }

    /// Whether somebody still wants it said.
    #[must_use]
    pub fn is_unsaid(&self) -> bool {
        !self.draft.is_empty() || !self.outbox.is_empty()
    }
}

impl Pending {
    /// As the disk keeps it; `None` once it is acknowledged.
    pub(crate) fn kept(&self) -> Option<StoredMessage> {
        let refused = match &self.state {
            SendState::Sent(_) => return None,
            SendState::Refused(reason) => Some(Arc::clone(reason)),
            _ => None,
        };
        let (txn, text) = (Arc::clone(&self.txn), Arc::clone(&self.text));
        Some(StoredMessage { txn, text, reply_to: self.reply_to, written_ms: self.written_ms, refused })
    }
}

impl From<StoredMessage> for Pending {
    fn from(kept: StoredMessage) -> Self {
        let state = kept.refused.map_or(SendState::Queued, SendState::Refused);
        Self { txn: kept.txn, text: kept.text, reply_to: kept.reply_to, written_ms: kept.written_ms, state }
    }
}

impl Storage {
    /// Whether saving is of use now.
    pub(crate) fn takes_saves(&self) -> bool {
        matches!(self, Self::Kept | Self::Failing(_))
    }
}

impl Model {
    /// Draft or outbox of the room changed: it is saved at most [`SAVE_AFTER_MS`] later.
    pub(crate) fn touch(&mut self, id: RoomId) {
        let now = self.now.mono_ms;
        if let Some(room) = self.rooms.get_mut(&id) {
            room.unsaved_since.get_or_insert(now);
            room.save_not_before = room.save_not_before.min(now.saturating_add(SAVE_AFTER_MS));
            self.internal.busy.insert(id);
        }
    }

    /// If the room has unsaved changes, they are saved in this step.
    pub(crate) fn save_now(&mut self, id: RoomId) {
        if let Some(room) = self.rooms.get_mut(&id) {
            room.save_at_once = room.unsaved_since.is_some();
        }
    }

    /// All unsaved changes are saved in this step.
    pub(crate) fn save_all_now(&mut self) {
        for id in self.internal.busy.clone() {
            self.save_now(id);
        }
    }

    /// What is to be saved of the room and the ticket of that save, if it has unsaved changes and saving is of use.
    pub(crate) fn take_save(&mut self, id: RoomId) -> Option<(u64, Stored)> {
        let takes_saves = self.storage.takes_saves();
        let room = self.rooms.get_mut(&id).filter(|room| takes_saves && room.unsaved_since.is_some())?;
        room.unsaved_since = None;
        let ticket = self.internal.number();
        for pending in &mut room.outbox {
            if pending.state == SendState::Saving(NO_TICKET) {
                pending.state = SendState::Saving(ticket);
            }
        }
        self.internal.saves.insert(ticket, id);
        Some((ticket, room.stored()))
    }

    /// Takes the unsaved changes of all rooms, which are about to be forgotten.
    pub(crate) fn take_last_saves(&mut self) {
        for id in self.internal.busy.clone() {
            let save = self.take_save(id);
            self.internal.last_saves.extend(save);
        }
    }

    /// Drops a room that is gone and that nobody looks at or waits for. Its earlier inputs and its notify level are kept
    /// in case it comes back.
    pub(crate) fn sweep(&mut self, id: RoomId) {
        if self.open == Some(id) || !self.rooms.get(&id).is_some_and(Room::is_over) {
            return;
        }
        let save = self.take_save(id);
        self.internal.last_saves.extend(save);
        let Some(room) = self.rooms.remove(&id) else { return };
        let stored = Stored { inputs: room.inputs.list.into(), notify: room.notify, ..Stored::new(id) };
        if !stored.is_empty() {
            self.internal.unplaced.insert(id, stored);
        }
        self.internal.busy.remove(&id);
        self.last.take_if(|last| *last == id);
    }
}

impl Room {
    /// When the room is to be saved, if it changed.
    pub(crate) fn save_due(&self) -> Option<u64> {
        self.unsaved_since.map(|since| since.saturating_add(SAVE_AFTER_MS).max(self.save_not_before))
    }

    /// What the disk is to keep of it.
    pub(crate) fn stored(&self) -> Stored {
        let SavedDraft { text: draft, reply_to } = self.draft_to_keep();
        Stored {
            room: self.info.id,
            draft,
            reply_to,
            outbox: self.outbox.iter().filter_map(Pending::kept).collect(),
            inputs: self.inputs.list.iter().map(Arc::clone).collect(),
            notify: self.notify,
        }
    }

    /// While an earlier input is in the composer, the draft left for it is what must survive; once it is changed, both.
    fn draft_to_keep(&self) -> SavedDraft {
        let shown = match &self.inputs.at {
            Some((_, left)) if !left.text.is_empty() => {
                SavedDraft { text: Arc::clone(&left.text), reply_to: left.reply_to.or(self.draft.reply_to) }
            }
            _ => SavedDraft { text: Arc::clone(&self.draft.text), reply_to: self.draft.reply_to },
        };
        let Some(left) = &self.inputs.left else { return shown };
        let text = match shown.text.is_empty() || shown.text == left.text {
            true => Arc::clone(&left.text),
            false => format!("{}\n{}", left.text, shown.text).into(),
        };
        SavedDraft { text, reply_to: left.reply_to.or(shown.reply_to) }
    }

    /// Puts what was kept before what was written since. Returns whether the mixture must be saved.
    pub(crate) fn restore(&mut self, stored: Stored) -> bool {
        let fresh = self.unsaved_since.is_some();
        let known = |txn: &Arc<str>| self.outbox.iter().any(|pending| pending.txn == *txn);
        let kept: Vec<Pending> =
            stored.outbox.into_iter().filter(|kept| !known(&kept.txn)).map(Pending::from).collect();
        for pending in kept.into_iter().rev() {
            self.outbox.push_front(pending);
        }
        self.end_recall();
        self.inputs.restore(stored.inputs);
        self.notify = self.notify.or(stored.notify);
        self.draft.reply_to = self.draft.reply_to.or(stored.reply_to);
        if !stored.draft.is_empty() && stored.draft != self.draft.text {
            let text = match self.draft.text.is_empty() {
                true => stored.draft,
                false => format!("{}\n{}", stored.draft, self.draft.text).into(),
            };
            self.draft.replace(text);
        }
        fresh
    }
}

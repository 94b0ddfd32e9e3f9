//! The stored data of a room: how it is taken from the room, and how it is restored.

use std::sync::Arc;

use quchat_shared::{RoomId, Seq, room::Notify};

use super::{EditOf, Editing, Model, NO_TICKET, Pending, Room, SavedDraft, SendState, Storage};

/// How long a change may stay unsaved, in milliseconds.
const SAVE_AFTER_MS: u64 = 300;

/// A pending message as stored on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredMessage {
    /// See [`Pending::txn`].
    pub txn: Arc<str>,
    /// See [`Pending::text`].
    pub text: Arc<str>,
    /// See [`Pending::reply_to`].
    pub reply_to: Option<Seq>,
    /// See [`Pending::edit`].
    pub edit: Option<EditOf>,
    /// See [`Pending::changed`].
    pub changed: bool,
    /// See [`Pending::written_ms`].
    pub written_ms: i64,
    /// Why the server refused it, if it did.
    pub refused: Option<Arc<str>>,
}

/// The data of a room that is stored on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    pub room: RoomId,
    pub draft: Arc<str>,
    /// The message that the draft replies to.
    pub reply_to: Option<Seq>,
    /// The message whose text the draft changes.
    pub editing: Option<Editing>,
    /// The outbox, in order.
    pub outbox: Vec<StoredMessage>,
    /// Earlier inputs, newest last.
    pub inputs: Vec<Arc<str>>,
    /// The notify level; `None` is the default.
    pub notify: Option<Notify>,
}

impl Stored {
    /// The data of a room with nothing to store.
    #[must_use]
    pub fn new(room: RoomId) -> Self {
        Self {
            room,
            draft: "".into(),
            reply_to: None,
            editing: None,
            outbox: Vec::new(),
            inputs: Vec::new(),
            notify: None,
        }
    }

    /// Whether there is nothing to store.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::new(self.room)
    }

    /// Whether there is a draft or an unsent message.
    #[must_use]
    pub fn is_unsaid(&self) -> bool {
        !self.draft.is_empty() || !self.outbox.is_empty() || self.editing.is_some()
    }
}

impl Pending {
    /// The message as stored on disk; `None` once it is acknowledged.
    pub(crate) fn kept(&self) -> Option<StoredMessage> {
        let refused = match &self.state {
            SendState::Sent(_) => return None,
            SendState::Refused(reason) => Some(Arc::clone(reason)),
            _ => None,
        };
        Some(StoredMessage {
            txn: Arc::clone(&self.txn),
            text: Arc::clone(&self.text),
            reply_to: self.reply_to,
            edit: self.edit,
            changed: self.changed,
            written_ms: self.written_ms,
            refused,
        })
    }
}

impl From<StoredMessage> for Pending {
    fn from(kept: StoredMessage) -> Self {
        let state = kept.refused.map_or(SendState::Queued, SendState::Refused);
        Self {
            txn: kept.txn,
            text: kept.text,
            reply_to: kept.reply_to,
            edit: kept.edit,
            changed: kept.changed,
            written_ms: kept.written_ms,
            state,
        }
    }
}

impl Storage {
    /// Whether a save may succeed now.
    pub(crate) fn takes_saves(&self) -> bool {
        matches!(self, Self::Kept | Self::Failing(_))
    }
}

impl Model {
    /// Notes that the stored data of the room changed. It is saved at most [`SAVE_AFTER_MS`] later.
    pub(crate) fn touch(&mut self, id: RoomId) {
        let now = self.now.mono_ms;
        if let Some(room) = self.rooms.get_mut(&id) {
            room.unsaved_since.get_or_insert(now);
            room.save_not_before = room.save_not_before.min(now.saturating_add(SAVE_AFTER_MS));
            self.internal.busy.insert(id);
        }
    }

    /// Saves the changes of the room, if any, in this step.
    pub(crate) fn save_now(&mut self, id: RoomId) {
        if let Some(room) = self.rooms.get_mut(&id) {
            room.save_at_once = room.unsaved_since.is_some();
        }
    }

    /// Saves all changes in this step.
    pub(crate) fn save_all_now(&mut self) {
        for id in self.internal.busy.clone() {
            self.save_now(id);
        }
    }

    /// Starts a save and returns its ticket and data, if the room has unsaved changes and a save may succeed.
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

    /// Starts a save of all rooms, which are about to be dropped.
    pub(crate) fn take_last_saves(&mut self) {
        for id in self.internal.busy.clone() {
            let save = self.take_save(id);
            self.internal.last_saves.extend(save);
        }
    }

    /// Drops a room that is gone, unless it is open or holds text of the user. Its earlier inputs and its notify level
    /// are kept in case it comes back.
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
    /// When the room is due to be saved, if it changed.
    pub(crate) fn save_due(&self) -> Option<u64> {
        self.unsaved_since.map(|since| since.saturating_add(SAVE_AFTER_MS).max(self.save_not_before))
    }

    /// The data of this room to store on disk.
    pub(crate) fn stored(&self) -> Stored {
        let (SavedDraft { text: draft, reply_to }, editing) = self.drafts_to_keep();
        Stored {
            room: self.info.id,
            draft,
            reply_to,
            editing,
            outbox: self.outbox.iter().filter_map(Pending::kept).collect(),
            inputs: self.inputs.list.iter().map(Arc::clone).collect(),
            notify: self.notify,
        }
    }

    /// The draft to store, and what it edits. The draft that an edit replaced is stored with the edit.
    fn drafts_to_keep(&self) -> (SavedDraft, Option<Editing>) {
        let Some(Editing { target, former }) = &self.draft.editing else { return (self.draft_to_keep(), None) };
        let former = self.with_left(former.clone());
        let edited = SavedDraft { text: Arc::clone(&self.draft.text), reply_to: None };
        (edited, Some(Editing { target: target.clone(), former }))
    }

    /// The draft to store. While an unchanged earlier input is in the composer, that is the draft it replaced. Once the
    /// input is changed, it is both.
    fn draft_to_keep(&self) -> SavedDraft {
        let shown = match &self.inputs.at {
            Some((_, left)) if !left.text.is_empty() => {
                SavedDraft { text: Arc::clone(&left.text), reply_to: left.reply_to.or(self.draft.reply_to) }
            }
            _ => SavedDraft { text: Arc::clone(&self.draft.text), reply_to: self.draft.reply_to },
        };
        self.with_left(shown)
    }

    /// A draft together with the one that returns after it.
    fn with_left(&self, shown: SavedDraft) -> SavedDraft {
        let Some(left) = &self.inputs.left else { return shown };
        let text = match shown.text.is_empty() || shown.text == left.text {
            true => Arc::clone(&left.text),
            false => format!("{}\n{}", left.text, shown.text).into(),
        };
        SavedDraft { text, reply_to: left.reply_to.or(shown.reply_to) }
    }

    /// Inserts stored data before what was written since. Returns whether the result must be saved.
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
        let stored = match stored.editing {
            Some(editing) => match self.resume_edit(editing, stored.draft) {
                Some(former) => Stored { draft: former.text, reply_to: former.reply_to, ..Stored::new(stored.room) },
                None => return fresh,
            },
            None => Stored { draft: stored.draft, reply_to: stored.reply_to, ..Stored::new(stored.room) },
        };
        if let Some(editing) = &mut self.draft.editing {
            editing.former = joined(stored.draft, stored.reply_to, &editing.former);
            return fresh;
        }
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

    /// Resumes a stored edit. If something was typed since, the text of the edit becomes an earlier input and the draft
    /// that it had replaced is returned.
    fn resume_edit(&mut self, editing: Editing, text: Arc<str>) -> Option<SavedDraft> {
        if self.draft.text.is_empty() && self.draft.editing.is_none() {
            self.draft.replace(text);
            self.draft.editing = Some(editing);
            return None;
        }
        self.inputs.keep_cleared(&text);
        self.inputs.remember(text);
        Some(editing.former)
    }
}

/// A stored draft before one that was written since.
fn joined(stored: Arc<str>, reply_to: Option<Seq>, since: &SavedDraft) -> SavedDraft {
    let text = match (stored.is_empty(), since.text.is_empty()) {
        (true, _) => Arc::clone(&since.text),
        (_, true) => stored,
        _ => format!("{stored}\n{}", since.text).into(),
    };
    SavedDraft { text, reply_to: since.reply_to.or(reply_to) }
}

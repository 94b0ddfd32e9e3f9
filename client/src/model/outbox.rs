//! The draft of a room, and the messages that no server has acknowledged yet.

use std::sync::Arc;

use quchat_shared::{Message, Seq, limits};

use super::{Anchor, EditOf, Editing, Key, Model, Offered, Room, SavedDraft};

/// Most unacknowledged messages of a room.
pub(crate) const OUTBOX_MAX: usize = 1_000;
/// The ticket of a message that is not part of any save yet.
pub(crate) const NO_TICKET: u64 = u64::MAX;

/// The text in the composer of one room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// The authoritative text: every change in the composer arrives here as `Msg::Edited`.
    pub text: Arc<str>,
    /// Increases when `update` itself replaces the text. The composer then reloads it before the next key, with the
    /// cursor at the end.
    pub rev: u64,
    /// The message that it replies to.
    pub reply_to: Option<Seq>,
    /// The message whose text it changes.
    pub editing: Option<Editing>,
}

impl Default for Draft {
    fn default() -> Self {
        Self { text: "".into(), rev: 0, reply_to: None, editing: None }
    }
}

/// A message written here that is not part of the timeline yet, or a change of one that is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// Its id until it has a seq. If it is sent twice with the same id, the server stores it once.
    pub txn: Arc<str>,
    /// The text as the server will store it.
    pub text: Arc<str>,
    /// The message that it replies to.
    pub reply_to: Option<Seq>,
    /// The message whose text this one replaces; `None` for a new message.
    pub edit: Option<EditOf>,
    /// The text was changed when a server might already have stored the message. If it has stored another text, an edit
    /// follows.
    pub changed: bool,
    /// When it was written, in [`super::Now::wall_ms`].
    pub written_ms: i64,
    pub state: SendState,
}

/// The delivery state of the user's own message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SendState {
    /// Being saved under this ticket; not sent before the save has finished.
    Saving(u64),
    /// Waits for earlier messages. One send per room is in flight at a time.
    Queued,
    /// Sent with this call; not answered yet.
    InFlight(u64),
    /// The last attempt failed, and a retry may succeed.
    RetryAt {
        /// When it is sent again, in [`super::Now::mono_ms`].
        at: u64,
        /// Why, if the server set the time. A new connection does not shorten such a wait.
        asked: Option<Arc<str>>,
    },
    /// The server refused it for this reason. `Action::Review` sends it again or takes it back.
    Refused(Arc<str>),
    /// Acknowledged as this message. The timeline cannot take it yet because earlier messages are missing. Drawn as
    /// sent.
    Sent(Arc<Message>),
}

impl Draft {
    /// Replaces the text in the composer.
    pub(crate) fn replace(&mut self, text: Arc<str>) {
        self.text = text;
        self.rev += 1;
    }

    /// Returns the draft to be saved while an earlier input replaces it. The reply target of an empty draft passes to
    /// that input.
    pub(crate) fn leave(&mut self) -> SavedDraft {
        let reply_to = self.reply_to.take_if(|_| !self.text.trim().is_empty());
        SavedDraft { text: Arc::clone(&self.text), reply_to }
    }

    /// Restores a saved draft.
    pub(crate) fn resume(&mut self, left: SavedDraft) {
        self.replace(left.text);
        self.reply_to = left.reply_to.or(self.reply_to);
    }
}

/// Which pauses before a retry end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pauses {
    /// Pauses that the client chose.
    Own,
    /// Also pauses that the server asked for.
    All,
}

impl Model {
    /// Whether the head of the queue waits until the user has joined: an edit, for posting joins by itself.
    pub(crate) fn waits_for_join(&self, room: &Room) -> bool {
        room.head().is_some_and(|head| head.edit.is_some()) && self.internal.is_joining(room.info.id)
    }
}

impl Room {
    /// The text as the server will store it, or one sentence on why it cannot be sent here.
    pub(crate) fn check_message(&self, text: &str) -> Result<Arc<str>, String> {
        self.may_write()?;
        limits::message_text(text).map(|text| text.into()).map_err(|refusal| refusal.into_owned())
    }

    /// Fails with one sentence if nothing can be sent here.
    pub(crate) fn may_write(&self) -> Result<(), String> {
        if self.gone {
            return Err("this room is gone: copy your text, or discard it with /leave".to_owned());
        }
        if self.banned {
            return Err("you are banned from this room; your text stays".to_owned());
        }
        if self.info.archived {
            return Err("this room is archived: it takes no new messages".to_owned());
        }
        if self.outbox.len() >= OUTBOX_MAX {
            return Err("too many messages are waiting here already".to_owned());
        }
        Ok(())
    }

    /// The next message to send.
    pub(crate) fn head(&self) -> Option<&Pending> {
        self.outbox.iter().find(|pending| !matches!(pending.state, SendState::Sent(_) | SendState::Refused(_)))
    }

    /// Whether a sent message of this room is not answered yet.
    pub(crate) fn is_in_flight(&self) -> bool {
        self.outbox.iter().any(|pending| matches!(pending.state, SendState::InFlight(_)))
    }

    /// Until when the server has asked to wait before the next message is sent, and why.
    #[must_use]
    pub fn asked_to_wait(&self) -> Option<(u64, &str)> {
        self.outbox.iter().find_map(|pending| match &pending.state {
            SendState::RetryAt { at, asked: Some(why) } => Some((*at, &**why)),
            _ => None,
        })
    }

    /// Sends messages that wait for a retry at once.
    pub(crate) fn end_pauses(&mut self, which: Pauses) {
        for pending in &mut self.outbox {
            if matches!(&pending.state, SendState::RetryAt { asked, .. } if which == Pauses::All || asked.is_none()) {
                pending.state = SendState::Queued;
            }
        }
    }

    /// Queues messages that were saved under this ticket or an earlier one.
    pub(crate) fn release_saved(&mut self, ticket: u64) {
        for pending in &mut self.outbox {
            if matches!(pending.state, SendState::Saving(by) if by <= ticket) {
                pending.state = SendState::Queued;
            }
        }
    }

    /// Moves acknowledged messages into the timeline if all messages before them are there.
    pub(crate) fn absorb_sent(&mut self) {
        while !self.distrusted {
            let timeline = &self.timeline;
            let ready = |pending: &Pending| match &pending.state {
                SendState::Sent(message) => {
                    timeline.has_newer || timeline.next().is_some_and(|next| message.seq <= next)
                }
                _ => false,
            };
            let Some(at) = self.outbox.iter().position(ready) else { return };
            let Some(Pending { txn, state: SendState::Sent(message), .. }) = self.outbox.remove(at) else { return };
            if self.timeline.offer(&message) == Offered::Beyond {
                self.timeline.has_newer = true;
            }
            self.info.last_seq = self.info.last_seq.max(message.seq);
            self.rename(&txn, message.seq);
        }
    }

    /// Removes acknowledged messages, because no event will follow that moves them into the timeline.
    pub(crate) fn forget_sent(&mut self) {
        self.outbox.retain(|pending| !matches!(pending.state, SendState::Sent(_)));
    }

    /// Queues messages in flight again, with the same txn, because their calls will not be answered.
    pub(crate) fn requeue(&mut self) {
        for pending in &mut self.outbox {
            if let SendState::InFlight(_) = pending.state {
                pending.state = SendState::Queued;
            }
        }
    }

    /// Takes a refused message out of the outbox. If the view was anchored at it, the view moves to the end.
    pub(crate) fn take_refused(&mut self, txn: &str) -> Option<Pending> {
        let refused = |pending: &Pending| *pending.txn == *txn && matches!(pending.state, SendState::Refused(_));
        let at = self.outbox.iter().position(refused)?;
        let pending = self.outbox.remove(at)?;
        if self.anchor_index().is_none() && matches!(&self.anchor, Anchor::At { top: Key::Txn(_), .. }) {
            self.go_to_end();
        }
        Some(pending)
    }
}

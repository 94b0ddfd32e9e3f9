//! The draft of a room, and its messages that no server has acknowledged yet.

use std::sync::Arc;

use quchat_shared::{Message, Seq, limits};

use super::{Anchor, Key, Offered, Room, SavedDraft};

/// Most unanswered messages of a room.
pub(crate) const OUTBOX_MAX: usize = 1_000;
/// The ticket of a message that no save contains yet.
pub(crate) const NO_TICKET: u64 = u64::MAX;

/// The text in the composer of one room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// The truth: every change in the composer arrives here as `Msg::Edited`.
    pub text: Arc<str>,
    /// Moves only when `update` replaced the text; the composer reloads then, before it takes the next key, with its
    /// cursor at the end.
    pub rev: u64,
    /// The message it answers.
    pub reply_to: Option<Seq>,
}

impl Default for Draft {
    fn default() -> Self {
        Self { text: "".into(), rev: 0, reply_to: None }
    }
}

/// A message written here and not yet part of the room's timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// Its name until it has a seq; sent twice under it, it is still one message.
    pub txn: Arc<str>,
    /// What it says, as the server will store it.
    pub text: Arc<str>,
    /// The message it answers.
    pub reply_to: Option<Seq>,
    /// When it was written, in [`super::Now::wall_ms`].
    pub written_ms: i64,
    /// How far it has come.
    pub state: SendState,
}

/// How far a message of one's own has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SendState {
    /// On its way to the disk under this save ticket; it is not sent before that has answered.
    Saving(u64),
    /// Waits for those before it. One send is in flight per room.
    Queued,
    /// Sent under this call, not yet answered.
    InFlight(u64),
    /// The last attempt failed in a way that may pass.
    RetryAt {
        /// When it is sent again, in [`super::Now::mono_ms`].
        at: u64,
        /// The server named the time, so that a new connection does not shorten it.
        asked: bool,
    },
    /// The server will not have it, for this reason: send again or take back (`Action::Review`).
    Refused(Arc<str>),
    /// Acknowledged as this message, which the timeline cannot take yet because the stream has not come that far.
    /// Drawn as sent.
    Sent(Arc<Message>),
}

impl Draft {
    /// Puts another text in the composer.
    pub(crate) fn replace(&mut self, text: Arc<str>) {
        self.text = text;
        self.rev += 1;
    }

    /// Leaves it for an earlier input; a reply without a word yet goes on to that.
    pub(crate) fn leave(&mut self) -> SavedDraft {
        let reply_to = self.reply_to.take_if(|_| !self.text.trim().is_empty());
        SavedDraft { text: Arc::clone(&self.text), reply_to }
    }

    /// Is again what was left.
    pub(crate) fn resume(&mut self, left: SavedDraft) {
        self.replace(left.text);
        self.reply_to = left.reply_to.or(self.reply_to);
    }
}

/// Which messages need no longer wait to be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pauses {
    /// Those whose pause the client chose.
    Own,
    /// Also those for which the server named the time.
    All,
}

impl Room {
    /// The text as a message of this room, or why it cannot be sent here: one sentence.
    pub(crate) fn check_message(&self, text: &str) -> Result<Arc<str>, String> {
        self.may_write()?;
        limits::message_text(text).map(|text| text.into()).map_err(|refusal| refusal.into_owned())
    }

    /// Why nothing can be sent here, if so: one sentence.
    pub(crate) fn may_write(&self) -> Result<(), String> {
        if self.gone {
            return Err("this room is gone; the text stays until you take it elsewhere".to_owned());
        }
        if self.info.archived {
            return Err("this room is archived: it takes no new messages".to_owned());
        }
        if self.outbox.len() >= OUTBOX_MAX {
            return Err("too many messages wait here already".to_owned());
        }
        Ok(())
    }

    /// The message whose turn it is to be sent.
    pub(crate) fn head(&self) -> Option<&Pending> {
        self.outbox.iter().find(|pending| !matches!(pending.state, SendState::Sent(_) | SendState::Refused(_)))
    }

    /// Whether a message of this room is sent and not yet answered.
    pub(crate) fn is_in_flight(&self) -> bool {
        self.outbox.iter().any(|pending| matches!(pending.state, SendState::InFlight(_)))
    }

    /// Messages that wait to be sent again are sent at once.
    pub(crate) fn end_pauses(&mut self, which: Pauses) {
        for pending in &mut self.outbox {
            if matches!(pending.state, SendState::RetryAt { asked, .. } if which == Pauses::All || !asked) {
                pending.state = SendState::Queued;
            }
        }
    }

    /// Messages saved under this ticket or an earlier one may be sent.
    pub(crate) fn release_saved(&mut self, ticket: u64) {
        for pending in &mut self.outbox {
            if matches!(pending.state, SendState::Saving(by) if by <= ticket) {
                pending.state = SendState::Queued;
            }
        }
    }

    /// Moves acknowledged messages into the timeline as soon as it has come that far.
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

    /// Removes acknowledged messages: no event will follow that moves them into the timeline.
    pub(crate) fn forget_sent(&mut self) {
        self.outbox.retain(|pending| !matches!(pending.state, SendState::Sent(_)));
    }

    /// Messages in flight will not be answered any more: they are sent again, under the same txn.
    pub(crate) fn requeue(&mut self) {
        for pending in &mut self.outbox {
            if let SendState::InFlight(_) = pending.state {
                pending.state = SendState::Queued;
            }
        }
    }

    /// Takes a refused message out of the outbox. If the view was anchored at it, it moves to the end.
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

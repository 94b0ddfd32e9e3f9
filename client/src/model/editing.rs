//! Changing the text of a message: the edit in the composer, and the pending edits of a room.

use std::sync::Arc;

use quchat_shared::{Message, Seq};

use super::{Pending, Room, SavedDraft, SendState, Stored};

/// The message whose text is in the composer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Editing {
    pub target: EditTarget,
    /// The draft that the text replaced. It returns after the edit.
    pub former: SavedDraft,
}

/// The message that an edit changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EditTarget {
    /// A message of the room.
    Message(EditOf),
    /// The user's own message with this txn that has no seq yet.
    Unsent(Arc<str>),
}

/// A message of the room, and the revision whose text the user saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EditOf {
    pub seq: Seq,
    /// `None` replaces any text.
    pub rev: Option<u64>,
}

/// Why an edit is given up after the server was restored.
const LOST: &str = "the server was restored, and the message may be another one now";

impl Stored {
    /// Gives up all edits, because their seqs may mean other messages now. The texts are kept.
    pub(crate) fn forget_edits(&mut self) {
        for kept in self.outbox.iter_mut().filter(|kept| kept.edit.is_some()) {
            kept.refused.get_or_insert_with(|| LOST.into());
        }
        if let Some(Editing { former, .. }) = self.editing.take() {
            self.inputs.push(std::mem::replace(&mut self.draft, former.text));
        }
    }
}

impl EditOf {
    /// The message as it is now.
    pub(crate) fn now(message: &Message) -> Self {
        Self { seq: message.seq, rev: Some(message.rev) }
    }
}

/// The text as the composer shows it. A slash at its start is doubled, because a single one begins a command.
fn as_draft(text: &str) -> Arc<str> {
    if text.starts_with('/') { format!("/{text}").into() } else { text.into() }
}

impl Room {
    /// The pending edits, in the order in which they were made.
    pub(crate) fn edits(&self) -> impl DoubleEndedIterator<Item = (EditOf, &Pending)> {
        self.outbox.iter().filter_map(|pending| Some((pending.edit?, pending)))
    }

    /// The user's pending messages, without the edits. Drawn after the timeline.
    pub fn written(&self) -> impl DoubleEndedIterator<Item = &Pending> {
        self.outbox.iter().filter(|pending| pending.edit.is_none())
    }

    /// A message of the room, if it is loaded or was just acknowledged.
    pub(crate) fn message(&self, seq: Seq) -> Option<&Arc<Message>> {
        let sent = |pending: &'_ Pending| matches!(&pending.state, SendState::Sent(message) if message.seq == seq);
        self.quoted(seq).or_else(|| match &self.outbox.iter().find(|pending| sent(pending))?.state {
            SendState::Sent(message) => Some(message),
            _ => None,
        })
    }

    /// The text of a message as the user last wrote it: of a pending edit, else as it is now.
    pub(crate) fn latest_text(&self, target: &EditTarget) -> Option<&str> {
        match target {
            EditTarget::Message(EditOf { seq, .. }) => {
                let waits = |(edit, pending): &(EditOf, &Pending)| {
                    edit.seq == *seq && !matches!(pending.state, SendState::Refused(_))
                };
                let waiting = self.edits().rev().find(waits).map(|(_, pending)| &*pending.text);
                waiting.or_else(|| self.message(*seq).map(|message| &*message.text))
            }
            EditTarget::Unsent(txn) => {
                self.outbox.iter().find(|pending| pending.txn == *txn).map(|pending| &*pending.text)
            }
        }
    }

    /// Puts the text of a message into the composer. The draft returns after the edit.
    pub(crate) fn begin_edit(&mut self, target: EditTarget, text: &str) {
        self.leave_edit();
        self.end_recall();
        let former = SavedDraft { text: Arc::clone(&self.draft.text), reply_to: self.draft.reply_to.take() };
        self.draft.replace(as_draft(text));
        self.draft.editing = Some(Editing { target, former });
    }

    /// Ends the edit in the composer: the former draft returns.
    pub(crate) fn end_edit(&mut self) {
        if let Some(editing) = self.draft.editing.take() {
            self.draft.resume(editing.former);
        }
    }

    /// Cancels the edit in the composer. A text that the user changed becomes an earlier input. Returns whether there is
    /// one; `None` if nothing was being edited.
    pub(crate) fn leave_edit(&mut self) -> Option<bool> {
        let editing = self.draft.editing.as_ref()?;
        let text = Arc::clone(&self.draft.text);
        let changed = self.latest_text(&editing.target).is_none_or(|latest| as_draft(latest) != text);
        let changed = changed && !text.trim().is_empty();
        if changed {
            self.inputs.keep_cleared(&text);
            self.inputs.remember(text);
        }
        self.end_edit();
        Some(changed)
    }

    /// Keeps the text in the composer as a draft, because the message can no longer be edited. The former draft returns
    /// after it.
    pub(crate) fn turn_edit_into_draft(&mut self) {
        if let Some(Editing { former, .. }) = self.draft.editing.take()
            && !former.text.trim().is_empty()
        {
            self.inputs.left = Some(former);
        }
    }

    /// A pending message became a message of the room: an edit of it in the composer goes on.
    pub(crate) fn follow_edit(&mut self, txn: &str, message: &Message) {
        if let Some(Editing { target, .. }) = &mut self.draft.editing
            && matches!(target, EditTarget::Unsent(edited) if **edited == *txn)
        {
            *target = EditTarget::Message(EditOf::now(message));
        }
    }

    /// The user's own edit was accepted: later edits of the message are based on it.
    pub(crate) fn rebase_edits(&mut self, message: &Message) {
        let composed = match &mut self.draft.editing {
            Some(Editing { target: EditTarget::Message(edit), .. }) => Some(edit),
            _ => None,
        };
        let pending = self.outbox.iter_mut().filter_map(|pending| pending.edit.as_mut());
        for edit in pending.chain(composed).filter(|edit| edit.seq == message.seq) {
            edit.rev = edit.rev.max(Some(message.rev));
        }
    }

    /// Gives up edits of messages after `last`: the server lost those messages, and their seqs will be reused. Returns
    /// whether there were any.
    pub(crate) fn forget_edits_beyond(&mut self, last: Seq) -> bool {
        let lost = |edit: &EditOf| edit.seq > last;
        let mut found = false;
        for pending in self.outbox.iter_mut().filter(|pending| pending.edit.as_ref().is_some_and(lost)) {
            pending.state = SendState::Refused(LOST.into());
            found = true;
        }
        if matches!(&self.draft.editing, Some(Editing { target: EditTarget::Message(edit), .. }) if lost(edit)) {
            self.leave_edit();
            found = true;
        }
        found
    }
}

//! What one writes: the draft, what was written before it, and what waits to be acknowledged.

use std::{collections::VecDeque, sync::Arc};

use quchat_shared::{Message, RoomId, Seq, room::Notify};

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

/// Earlier inputs of one room, newest last; at most 100, and 64 KiB unless the newest and the one cleared last alone are
/// more. The text put aside last does not count. `Msg::Recall` walks through them, and the disk keeps them.
#[derive(Debug, Default)]
pub struct Recall {
    /// The inputs.
    pub inputs: VecDeque<Arc<str>>,
    /// Which one the draft shows, and the draft that was left for it.
    pub at: Option<(usize, Left)>,
    /// The draft that was left for an input which was changed since: it is the draft again once that is sent or
    /// cleared, and kept on the disk until then.
    pub left: Option<Left>,
    /// The input that was cleared last rather than sent: nothing but the next such one puts it out.
    pub(crate) cleared: Option<Arc<str>>,
    /// The text put aside last: it was promised that Up brings it back, and only the next such text takes its place.
    pub(crate) aside: Option<Arc<str>>,
}

/// A draft that was left for an earlier input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// What it says.
    pub text: Arc<str>,
    /// The message it answers: what stands in for it does not.
    pub reply_to: Option<Seq>,
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

/// A pending message as the disk keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
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
    /// The room.
    pub room: RoomId,
    /// The draft.
    pub draft: Arc<str>,
    /// The message it answers.
    pub reply_to: Option<Seq>,
    /// The outbox, in order.
    pub outbox: Vec<Kept>,
    /// Earlier inputs, newest last.
    pub inputs: Vec<Arc<str>>,
    /// What the room calls for, if not what rooms do.
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
    pub(crate) fn kept(&self) -> Option<Kept> {
        let refused = match &self.state {
            SendState::Sent(_) => return None,
            SendState::Refused(reason) => Some(Arc::clone(reason)),
            _ => None,
        };
        let (txn, text) = (Arc::clone(&self.txn), Arc::clone(&self.text));
        Some(Kept { txn, text, reply_to: self.reply_to, written_ms: self.written_ms, refused })
    }
}

impl From<Kept> for Pending {
    fn from(kept: Kept) -> Self {
        let state = kept.refused.map_or(SendState::Queued, SendState::Refused);
        Self { txn: kept.txn, text: kept.text, reply_to: kept.reply_to, written_ms: kept.written_ms, state }
    }
}

impl Draft {
    /// Puts another text in the composer.
    pub(crate) fn replace(&mut self, text: Arc<str>) {
        self.text = text;
        self.rev += 1;
    }

    /// Leaves it for an earlier input; a reply without a word yet goes on to that.
    pub(crate) fn leave(&mut self) -> Left {
        let reply_to = self.reply_to.take_if(|_| !self.text.trim().is_empty());
        Left { text: Arc::clone(&self.text), reply_to }
    }

    /// Is again what was left.
    pub(crate) fn resume(&mut self, left: Left) {
        self.replace(left.text);
        self.reply_to = left.reply_to.or(self.reply_to);
    }
}

/// Most earlier inputs of a room.
const RECALL_MAX: usize = 100;
/// Most bytes of them, but for the newest one and the one cleared last.
const RECALL_BYTES_MAX: usize = 64 * 1024;

impl Recall {
    /// Remembers an input as the newest.
    pub(crate) fn remember(&mut self, input: Arc<str>) {
        if input.trim().is_empty() || self.inputs.back() == Some(&input) {
            return;
        }
        self.inputs.push_back(input);
        self.drop_oversized();
        let newest = self.inputs.len() - 1;
        let mut bytes: usize =
            self.inputs.iter().enumerate().map(|(at, input)| self.counted(at == newest, input)).sum();
        while self.inputs.len() > RECALL_MAX || bytes > RECALL_BYTES_MAX {
            let newest = self.inputs.len() - 1;
            let Some(oldest) = (0..newest).find(|&at| !self.must_stay(at)) else { return };
            bytes -= self.inputs.remove(oldest).map_or(0, |oldest| self.counted(false, &oldest));
        }
    }

    /// An input that is larger than all of them may be goes before it costs the others their place.
    fn drop_oversized(&mut self) {
        let newest = self.inputs.len() - 1;
        let oversized = |at: &usize| self.inputs[*at].len() > RECALL_BYTES_MAX && !self.must_stay(*at);
        let oversized: Vec<usize> = (0..newest).filter(oversized).collect();
        for at in oversized.into_iter().rev() {
            self.inputs.remove(at);
        }
    }

    /// What an input adds to the bytes that are limited.
    fn counted(&self, is_newest: bool, input: &Arc<str>) -> usize {
        let free = self.aside.as_ref() == Some(input) || is_newest && input.len() > RECALL_BYTES_MAX;
        if free { 0 } else { input.len() }
    }

    /// Whether it is the latest copy of the text that was cleared or put aside last.
    fn must_stay(&self, at: usize) -> bool {
        let input = self.inputs.get(at);
        let latest = || self.inputs.iter().rposition(|other| Some(other) == input) == Some(at);
        (input == self.cleared.as_ref() || input == self.aside.as_ref()) && latest()
    }

    /// Remembers a text of which was said that Up brings it back.
    pub(crate) fn put_aside(&mut self, text: Arc<str>) {
        self.aside = Some(Arc::clone(&text));
        self.remember(text);
    }

    /// Remembers a paste until it is known whether it is wanted. One that is too large for a draft is put aside.
    pub(crate) fn keep_paste(&mut self, text: Arc<str>) {
        match text.len() > RECALL_BYTES_MAX {
            true => self.put_aside(text),
            false => self.remember(text),
        }
    }

    /// This input is being cleared: once it is remembered, it is nowhere else.
    pub(crate) fn keep_cleared(&mut self, input: &Arc<str>) {
        if !input.trim().is_empty() {
            self.cleared = Some(Arc::clone(input));
        }
    }

    /// Puts these before the others.
    pub(crate) fn restore(&mut self, earlier: Vec<Arc<str>>) {
        let since = std::mem::take(&mut self.inputs);
        if self.cleared.is_none() {
            self.cleared = earlier.first().map(Arc::clone); // it is this one, where it and the newest are all there is
        }
        if self.aside.is_none() && earlier.iter().map(|input| input.len()).sum::<usize>() > RECALL_BYTES_MAX {
            let others = earlier.iter().rev().skip(1).filter(|input| self.cleared.as_ref() != Some(input));
            self.aside = others.max_by_key(|input| input.len()).map(Arc::clone); // only it can be too much
        }
        earlier.into_iter().chain(since).for_each(|input| self.remember(input));
    }

    /// The newest input is none after all, if it is this one.
    pub(crate) fn forget(&mut self, input: &Arc<str>) {
        self.inputs.pop_back_if(|newest| newest == input);
        self.aside.take_if(|aside| aside == input);
    }
}

//! Which messages mention the user, and how many unread ones there are.
//!
//! The server counts them. Between its counts, the client counts what arrives and what is read.

use quchat_shared::{Message, Seq, UserId};

use super::{Call, Link, Model, Room};

/// Whether a message mentions `me`: it names them, answers one of their messages, or names everyone. One's own messages
/// do not.
#[must_use]
pub fn mentions(message: &Message, me: UserId) -> bool {
    let names = message.mentions_all || message.answers == Some(me) || message.mentions.contains(&me);
    names && message.sender.id != me && message.deleted_at.is_none()
}

impl Room {
    /// Counts a new message, once.
    pub(crate) fn count_new(&mut self, message: &Message, me: UserId) {
        if message.seq <= self.mentions_seq {
            return;
        }
        self.mentions_seq = message.seq;
        let unread = self.member.is_some_and(|member| message.seq > member.last_read_seq);
        self.mentions = self.mentions.saturating_add(u64::from(unread && mentions(message, me)));
    }

    /// Counts a message again that has changed. Returns false if the former copy is not loaded, so that it is not known
    /// whether the message was counted.
    pub(crate) fn count_changed(&mut self, message: &Message, me: UserId) -> bool {
        let counted = self.member.is_some_and(|member| message.seq > member.last_read_seq);
        if !counted || message.seq > self.mentions_seq {
            return true;
        }
        let before = self.timeline.index(message.seq).and_then(|at| self.timeline.messages.get(at));
        let Some(before) = before else { return false };
        if before.rev < message.rev {
            match (mentions(before, me), mentions(message, me)) {
                (true, false) => self.mentions = self.mentions.saturating_sub(1),
                (false, true) => self.mentions = self.mentions.saturating_add(1),
                _ => {}
            }
        }
        true
    }

    /// The number of loaded messages between two seqs that mention `me`; the first is excluded.
    pub(crate) fn mentions_between(&self, after: Seq, to: Seq, me: UserId) -> u64 {
        let run = self.timeline.messages.iter().rev().skip_while(|message| message.seq > to);
        run.take_while(|message| message.seq > after).filter(|message| mentions(message, me)).count() as u64
    }

    /// Takes the server's count of the mentions after the marker `read`, among the messages up to `last`. Ignores it if
    /// the marker has moved on since, or if it counts messages that have yet to arrive.
    pub(crate) fn take_count(&mut self, count: u64, read: Seq, last: Seq, me: UserId) {
        if self.member.is_none_or(|member| member.last_read_seq != read) || last > self.mentions_seq {
            return;
        }
        let later = self.mentions_between(last, self.mentions_seq, me);
        self.mentions = count.saturating_add(later).min(self.unread());
    }
}

impl Model {
    /// Whether the server can be asked for a count now, apart from the time.
    pub(crate) fn may_count(&self) -> bool {
        self.link == Link::Connected
            && self.internal.stale.is_none()
            && !self.internal.awaits(|call| matches!(call, Call::CountMentions(_)))
    }
}

//! Reactions: which ones are the user's own, and which are on their way to the server.

use std::{collections::BTreeSet, sync::Arc};

use quchat_shared::{Message, Seq, UserId, api::OwnReaction, message::Reaction};

use super::Room;

/// Most own reactions kept that no message names.
const OWN_MAX: usize = 10_000;

/// The user's own reactions in a room, as far as the messages do not tell.
#[derive(Debug, Default)]
pub(crate) struct Reactions {
    /// Own reactions of messages that do not name the user, because they name only the first users of an emoji.
    own: BTreeSet<(Seq, String)>,
    /// Reactions on their way to the server. They are shown as if they had arrived.
    pub(crate) pending: Vec<Reacting>,
}

/// A reaction that the user added or took back. One call per message and emoji is in flight; the latest wish wins.
#[derive(Debug)]
pub(crate) struct Reacting {
    pub(crate) seq: Seq,
    pub(crate) emoji: Arc<str>,
    /// Add it, or take it back.
    pub(crate) on: bool,
    /// The pending call, and what it does.
    pub(crate) in_flight: Option<(u64, bool)>,
}

/// A reaction as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownReaction {
    pub emoji: String,
    pub count: u64,
    /// The user is among them.
    pub mine: bool,
}

/// Whether two spellings are one emoji. The server adds the variation selector where it is missing.
fn same(a: &str, b: &str) -> bool {
    let plain = |c: &char| *c != '\u{fe0f}';
    a.chars().filter(plain).eq(b.chars().filter(plain))
}

/// Whether it names all users. Then nothing else needs to be known, and what was noted may be old.
fn names_all(reaction: &Reaction) -> bool {
    reaction.users.len() as u64 >= reaction.count
}

impl Reactions {
    /// Takes the own reactions of a page.
    pub(crate) fn take_page(&mut self, messages: &[Arc<Message>], own: Vec<OwnReaction>) {
        let Some((first, last)) = messages.first().zip(messages.last()) else { return };
        let range = first.seq..=last.seq;
        if !self.own.is_empty() {
            self.own.retain(|(seq, _)| !range.contains(seq));
        }
        for OwnReaction { seq, emoji } in own.into_iter().filter(|own| range.contains(&own.seq)) {
            self.note_own(seq, emoji, true);
        }
    }

    fn note_own(&mut self, seq: Seq, emoji: String, on: bool) {
        if on {
            if self.own.len() >= OWN_MAX {
                self.own.clear();
            }
            self.own.insert((seq, emoji));
        } else {
            self.own.retain(|(at, other)| *at != seq || !same(other, &emoji));
        }
    }

    fn is_own(&self, seq: Seq, reaction: &Reaction, me: UserId) -> bool {
        let noted = || !self.own.is_empty() && self.own.contains(&(seq, reaction.emoji.clone()));
        reaction.users.contains(&me) || !names_all(reaction) && noted()
    }

    fn wish(&self, seq: Seq, emoji: &str) -> Option<&Reacting> {
        self.pending.iter().find(|reacting| reacting.seq == seq && same(&reacting.emoji, emoji))
    }

    /// Adds the reaction, or takes it back.
    pub(crate) fn want(&mut self, seq: Seq, emoji: &str, on: bool) {
        match self.pending.iter_mut().find(|reacting| reacting.seq == seq && same(&reacting.emoji, emoji)) {
            Some(reacting) => reacting.on = on,
            None => self.pending.push(Reacting { seq, emoji: emoji.into(), on, in_flight: None }),
        }
    }

    /// The call succeeded, and this is the message now. If the user has changed their mind since, the reaction stays
    /// pending.
    pub(crate) fn succeeded(&mut self, call: u64, message: &Message, me: UserId) {
        let Some(at) = self.at(call) else { return };
        let emoji = Arc::clone(&self.pending[at].emoji);
        let done = self.pending[at].in_flight.take().is_some_and(|(_, on)| on);
        if self.pending[at].on == done {
            self.pending.remove(at);
        }
        self.note_own(message.seq, emoji.to_string(), false);
        let stored = message.reactions.iter().find(|reaction| same(&reaction.emoji, &emoji));
        if let Some(stored) = stored.filter(|stored| done && !names_all(stored) && !stored.users.contains(&me)) {
            self.note_own(message.seq, stored.emoji.clone(), true);
        }
    }

    /// The call failed: the reaction is shown as it was before.
    pub(crate) fn failed(&mut self, call: u64) {
        self.at(call).map(|at| self.pending.remove(at));
    }

    /// Sends reactions in flight again, because their calls will not be answered. Returns whether there are any.
    pub(crate) fn requeue(&mut self) -> bool {
        self.pending.iter_mut().for_each(|reacting| reacting.in_flight = None);
        !self.pending.is_empty()
    }

    fn at(&self, call: u64) -> Option<usize> {
        self.pending.iter().position(|reacting| reacting.in_flight.is_some_and(|(pending, _)| pending == call))
    }
}

impl Room {
    /// The reactions of a message as they are shown: with those of the user that are on their way.
    #[must_use]
    pub fn reactions(&self, message: &Message, me: UserId) -> Vec<ShownReaction> {
        let seq = message.seq;
        let mut shown: Vec<ShownReaction> = message
            .reactions
            .iter()
            .map(|reaction| {
                let own = self.reactions.is_own(seq, reaction, me);
                let mine = self.reactions.wish(seq, &reaction.emoji).map_or(own, |wish| wish.on);
                let count = reaction.count.max(reaction.users.len() as u64);
                let count = count.saturating_add(u64::from(mine && !own)).saturating_sub(u64::from(own && !mine));
                ShownReaction { emoji: reaction.emoji.clone(), count, mine }
            })
            .collect();
        for wish in self.reactions.pending.iter().filter(|wish| wish.seq == seq && wish.on) {
            if !shown.iter().any(|reaction| same(&reaction.emoji, &wish.emoji)) {
                shown.push(ShownReaction { emoji: wish.emoji.to_string(), count: 1, mine: true });
            }
        }
        shown.retain(|reaction| reaction.count > 0);
        shown
    }

    /// Whether the user has reacted to the message with this emoji, or is about to.
    pub(crate) fn has_reacted(&self, message: &Message, emoji: &str, me: UserId) -> bool {
        self.reactions(message, me).iter().any(|reaction| reaction.mine && same(&reaction.emoji, emoji))
    }
}

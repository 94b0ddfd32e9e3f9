//! Broadcasts that may be late or left out, such as heartbeats. They are sent to some streams at a time, so that
//! messages never wait for thousands of writes.

use std::{collections::VecDeque, time::Duration};

use quchat_shared::{Cursor, Event, RoomId, UserId, event::Typing};
use tokio::time::Instant;

use super::{
    heartbeat,
    listeners::{Key, Listeners},
};
use crate::{budget::Budget, domain::audience::Audience, stream::Chunk};

/// Streams that get something before the hub looks for something more urgent.
const AT_ONCE: usize = 128;
/// Most broadcasts of typing that are under way; further ones are left out.
const TYPING_MAX: usize = 64;
/// A broadcast to more streams than this is large: of those, one is about typing in [`LARGE_EVERY`].
const LARGE: usize = 1000;
const LARGE_EVERY: Duration = Duration::from_secs(1);

/// The broadcasts in progress, oldest first.
#[derive(Default)]
pub(super) struct PacedBroadcasts {
    under_way: VecDeque<Broadcast>,
    /// How many of them are about typing.
    typing: usize,
    /// When the last large one about typing began.
    last_large: Option<Instant>,
}

struct Broadcast {
    content: Content,
    /// The streams that have not received it yet.
    keys: Vec<Key>,
}

enum Content {
    Event(Chunk),
    Typing(Chunk, RoomId, UserId),
    /// With the position of the moment at which it is sent.
    Heartbeat,
}

impl PacedBroadcasts {
    pub(super) fn are_under_way(&self) -> bool {
        !self.under_way.is_empty()
    }

    /// How many are under way.
    pub(super) fn len(&self) -> usize {
        self.under_way.len()
    }

    pub(super) fn begin_event(&mut self, event: Chunk, keys: Vec<Key>) {
        self.under_way.push_back(Broadcast { content: Content::Event(event), keys });
    }

    pub(super) fn begin_heartbeat(&mut self, keys: Vec<Key>) {
        self.under_way.push_back(Broadcast { content: Content::Heartbeat, keys });
    }

    /// Tells the other members of a room that a user is typing, unless there is too much of it.
    pub(super) fn begin_typing(&mut self, event: Typing, listeners: &Listeners, budget: &Budget, now: Instant) {
        let (room, user) = (event.room_id, event.user_id);
        let keys = listeners.keys(Audience::of_typing(&event));
        let is_large = keys.len() > LARGE;
        if keys.is_empty()
            || self.typing >= TYPING_MAX
            || (is_large && self.last_large.is_some_and(|last| now < last + LARGE_EVERY))
        {
            return;
        }
        if is_large {
            self.last_large = Some(now);
        }
        let mut bytes = Vec::new();
        Event::from(event).encode(None, &mut bytes);
        let content = Content::Typing(Chunk::new(budget, &bytes, 1), room, user);
        self.under_way.push_back(Broadcast { content, keys });
        self.typing += 1;
    }

    /// Forgets that a user is typing in a room: their message is there.
    pub(super) fn drop_typing(&mut self, room: RoomId, user: UserId) {
        if self.typing > 0 {
            let is_it = |content: &Content| matches!(content, Content::Typing(_, r, u) if (*r, *u) == (room, user));
            self.under_way.retain(|broadcast| !is_it(&broadcast.content));
            self.typing = self.under_way.iter().filter(|broadcast| broadcast.content.is_typing()).count();
        }
    }

    /// Sends the oldest broadcasts to some more streams. They have been handed everything up to `position`.
    pub(super) fn advance(&mut self, listeners: &Listeners, budget: &Budget, position: &Cursor) {
        let (mut left, mut unflushed) = (AT_ONCE, Vec::new());
        while left > 0
            && let Some(broadcast) = self.under_way.front_mut()
        {
            let chunk = match &broadcast.content {
                Content::Event(chunk) | Content::Typing(chunk, ..) => chunk.clone(),
                Content::Heartbeat => Chunk::new(budget, &heartbeat(position), 1),
            };
            let rest = broadcast.keys.len().saturating_sub(left);
            left -= broadcast.keys.len() - rest;
            for key in broadcast.keys.drain(rest..) {
                listeners.push_ephemeral(key, &chunk, &mut unflushed);
            }
            if broadcast.keys.is_empty() {
                self.typing -= usize::from(broadcast.content.is_typing());
                self.under_way.pop_front();
            }
        }
        unflushed.iter().for_each(|writer| writer.flush_ephemeral());
    }
}

impl Content {
    const fn is_typing(&self) -> bool {
        matches!(self, Self::Typing(..))
    }
}

//! The index of open streams (subscribers), by room and by user.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use quchat_shared::{RoomId, SessionId, Timestamp, UserId};

use super::scope::Scope;
use crate::{
    domain::audience::Audience,
    stream::{Chunk, Pushed, StreamWriter},
};

/// Identifies an open stream.
pub(super) type Key = u64;

struct Listener {
    scope: Scope,
    expires_at: Timestamp,
    writer: Arc<StreamWriter>,
}

/// The open streams.
pub(super) struct Listeners {
    by_key: HashMap<Key, Listener>,
    by_room: HashMap<RoomId, HashMap<Key, Arc<StreamWriter>>>,
    by_user: HashMap<UserId, HashSet<Key>>,
    by_expiry: BTreeSet<(Timestamp, Key)>,
    /// Users whose last stream has gone, and the rooms they were in.
    departed: Vec<(UserId, BTreeSet<RoomId>)>,
    next_key: Key,
    /// The streams with chunks that are not flushed yet.
    unflushed: Vec<(Key, Arc<StreamWriter>)>,
    /// Most frames queued for one stream.
    frames_max: usize,
}

impl Listeners {
    pub(super) fn new(frames_max: usize) -> Self {
        Self {
            by_key: HashMap::new(),
            by_room: HashMap::new(),
            by_user: HashMap::new(),
            by_expiry: BTreeSet::new(),
            departed: Vec::new(),
            next_key: 0,
            unflushed: Vec::new(),
            frames_max,
        }
    }

    pub(super) fn add(&mut self, scope: Scope, expires_at: Timestamp, writer: Arc<StreamWriter>) -> Key {
        let key = self.next_key;
        self.next_key += 1;
        for &room in &scope.rooms {
            self.by_room.entry(room).or_default().insert(key, Arc::clone(&writer));
        }
        self.by_user.entry(scope.user).or_default().insert(key);
        self.by_expiry.insert((expires_at, key));
        self.by_key.insert(key, Listener { scope, expires_at, writer });
        key
    }

    pub(super) fn remove(&mut self, key: Key) {
        let Some(listener) = self.by_key.remove(&key) else { return };
        self.by_expiry.remove(&(listener.expires_at, key));
        for room in &listener.scope.rooms {
            self.remove_from_room(*room, key);
        }
        let Scope { user, mut rooms, mut other_rooms, .. } = listener.scope;
        if let Some(keys) = self.by_user.get_mut(&user) {
            keys.remove(&key);
            if keys.is_empty() {
                self.by_user.remove(&user);
                rooms.append(&mut other_rooms);
                self.departed.push((user, rooms));
            }
        }
    }

    /// Delivers a chunk to the streams of its audience, and updates the index when a user joins or leaves a room. The
    /// chunk is written at the next [`Listeners::flush`]. A stream that does not keep up is closed.
    pub(super) fn deliver(&mut self, audience: Audience, chunk: &Chunk) {
        if let Audience::MembersIncluding(room, user) = audience {
            self.follow(room, user, audience);
        }
        let (mut gone, mut unflushed) = (Vec::new(), std::mem::take(&mut self.unflushed));
        let mut push = |key: Key, writer: &Arc<StreamWriter>| match writer.push(chunk, self.frames_max) {
            Pushed::Unflushed => unflushed.push((key, Arc::clone(writer))),
            Pushed::Accepted => {}
            Pushed::Full => {
                writer.cut();
                gone.push(key);
            }
            Pushed::Closed => gone.push(key),
        };
        match audience {
            Audience::Members(room) | Audience::MembersIncluding(room, _) | Audience::MembersAndLeaver(room, _) => {
                self.by_room.get(&room).into_iter().flatten().for_each(|(&key, writer)| push(key, writer));
            }
            Audience::Everyone(_)
            | Audience::OtherMembers(..)
            | Audience::EveryoneAtEnd(_)
            | Audience::Unfiltered
            | Audience::User(..)
            | Audience::MemberAtEnd(..) => {
                for key in self.keys(audience) {
                    push(key, &self.by_key[&key].writer);
                }
            }
        }
        self.unflushed = unflushed;
        match audience {
            Audience::MembersAndLeaver(room, user) | Audience::MemberAtEnd(room, user) => {
                self.follow(room, user, audience);
            }
            Audience::EveryoneAtEnd(room) => self.all_leave(room, audience),
            _ => {}
        }
        gone.into_iter().for_each(|key| self.remove(key));
    }

    /// Writes all delivered chunks, with one write per stream.
    pub(super) fn flush(&mut self) {
        for (key, writer) in std::mem::take(&mut self.unflushed) {
            match writer.flush(self.frames_max) {
                Pushed::Full => {
                    writer.cut();
                    self.remove(key);
                }
                Pushed::Closed => self.remove(key),
                Pushed::Unflushed | Pushed::Accepted => {}
            }
        }
    }

    pub(super) fn len(&self) -> usize {
        self.by_key.len()
    }

    /// Every open stream.
    pub(super) fn all_keys(&self) -> Vec<Key> {
        self.by_key.keys().copied().collect()
    }

    /// The streams of an audience.
    pub(super) fn keys(&self, audience: Audience) -> Vec<Key> {
        let sees = |key: &Key| self.by_key.get(key).is_some_and(|listener| listener.scope.sees(audience));
        match audience {
            // The index holds the streams whose user is a member, and every member is in this audience.
            Audience::Members(room) | Audience::MembersIncluding(room, _) | Audience::MembersAndLeaver(room, _) => {
                self.by_room.get(&room).into_iter().flatten().map(|(&key, _)| key).collect()
            }
            Audience::OtherMembers(room, _) => {
                self.by_room.get(&room).into_iter().flatten().map(|(&key, _)| key).filter(sees).collect()
            }
            Audience::User(_, user) | Audience::MemberAtEnd(_, user) => {
                self.by_user.get(&user).into_iter().flatten().copied().filter(sees).collect()
            }
            Audience::Everyone(_) | Audience::EveryoneAtEnd(_) | Audience::Unfiltered => {
                self.by_key.keys().copied().filter(sees).collect()
            }
        }
    }

    /// Hands a stream something that is left out if it does not keep up. Adds the writer to `unflushed` if it must be
    /// flushed afterwards.
    pub(super) fn push_ephemeral(&self, key: Key, chunk: &Chunk, unflushed: &mut Vec<Arc<StreamWriter>>) {
        if let Some(listener) = self.by_key.get(&key)
            && listener.writer.push_ephemeral(chunk, self.frames_max) == Pushed::Unflushed
        {
            unflushed.push(Arc::clone(&listener.writer));
        }
    }

    /// Whether a stream of somebody else covers the room.
    pub(super) fn has_others(&self, room: RoomId, user: UserId) -> bool {
        let is_other = |key| self.by_key.get(key).is_some_and(|listener| listener.scope.user != user);
        self.by_room.get(&room).is_some_and(|listeners| listeners.keys().any(is_other))
    }

    /// Whether any stream covers the room and is of a member.
    pub(super) fn has_any(&self, room: RoomId) -> bool {
        self.by_room.contains_key(&room)
    }

    pub(super) fn has_stream(&self, user: UserId) -> bool {
        self.by_user.contains_key(&user)
    }

    /// Whether the user has a stream and is a member of the room.
    pub(super) fn is_member(&self, room: RoomId, user: UserId) -> bool {
        self.one_scope(user).is_some_and(|scope| scope.is_in(room))
    }

    /// The rooms of which the user is a member, if they have a stream.
    pub(super) fn rooms_of(&self, user: UserId) -> impl Iterator<Item = RoomId> {
        self.one_scope(user).into_iter().flat_map(|scope| scope.rooms.iter().chain(&scope.other_rooms).copied())
    }

    /// The scope of one of the user's streams: each knows all rooms of the user.
    fn one_scope(&self, user: UserId) -> Option<&Scope> {
        let key = self.by_user.get(&user)?.iter().next()?;
        self.by_key.get(key).map(|listener| &listener.scope)
    }

    /// Takes the users whose last stream has gone since this was last asked, with the rooms they were in.
    pub(super) fn take_departed(&mut self) -> Vec<(UserId, BTreeSet<RoomId>)> {
        std::mem::take(&mut self.departed)
    }

    pub(super) fn end_session(&mut self, user: UserId, session: SessionId, bye: &Chunk) {
        let is_of_session = |key: &Key| self.by_key.get(key).is_some_and(|listener| listener.scope.session == session);
        let keys = self.by_user.get(&user).into_iter().flatten().copied().filter(is_of_session).collect::<Vec<_>>();
        keys.into_iter().for_each(|key| self.end(key, bye));
    }

    pub(super) fn end_user(&mut self, user: UserId, bye: &Chunk) {
        let keys = self.by_user.get(&user).into_iter().flatten().copied().collect::<Vec<_>>();
        keys.into_iter().for_each(|key| self.end(key, bye));
    }

    pub(super) fn end_expired(&mut self, now: Timestamp, bye: &Chunk) {
        while let Some(&(at, key)) = self.by_expiry.first() {
            if at > now {
                break;
            }
            self.end(key, bye);
        }
    }

    pub(super) fn end_all(&mut self, bye: &Chunk) {
        self.all_keys().into_iter().for_each(|key| self.end(key, bye));
    }

    /// When the next token of a stream expires.
    pub(super) fn next_expiry(&self) -> Option<Timestamp> {
        self.by_expiry.first().map(|&(at, _)| at)
    }

    /// Frees the memory of streams that have left.
    pub(super) fn shrink(&mut self) {
        if self.by_key.capacity() > 4 * self.by_key.len() {
            self.by_key.shrink_to_fit();
            self.by_room.values_mut().for_each(HashMap::shrink_to_fit);
            self.by_user.values_mut().for_each(HashSet::shrink_to_fit);
        }
    }

    fn end(&mut self, key: Key, bye: &Chunk) {
        if let Some(listener) = self.by_key.get(&key) {
            listener.writer.end(Some(bye));
        }
        self.remove(key);
    }

    /// Updates the streams of a user who joins or leaves a room.
    fn follow(&mut self, room: RoomId, user: UserId, audience: Audience) {
        for key in self.by_user.get(&user).into_iter().flatten().copied().collect::<Vec<_>>() {
            let Some(listener) = self.by_key.get_mut(&key) else { continue };
            listener.scope.follow(audience);
            if listener.scope.rooms.contains(&room) {
                self.by_room.entry(room).or_default().insert(key, Arc::clone(&listener.writer));
            } else {
                self.remove_from_room(room, key);
            }
        }
    }

    /// Has every stream follow its user out of a room that is gone.
    fn all_leave(&mut self, room: RoomId, audience: Audience) {
        for key in self.by_room.remove(&room).into_iter().flat_map(HashMap::into_keys) {
            if let Some(listener) = self.by_key.get_mut(&key) {
                listener.scope.follow(audience);
            }
        }
    }

    fn remove_from_room(&mut self, room: RoomId, key: Key) {
        if let Some(listeners) = self.by_room.get_mut(&room) {
            listeners.remove(&key);
            if listeners.is_empty() {
                self.by_room.remove(&room);
            }
        }
    }
}

#[cfg(test)]
mod tests;

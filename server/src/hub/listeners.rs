//! Who listens to what: the open streams, found by room, by user, or all of them.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::{Arc, PoisonError, RwLock},
};

use quchat_shared::{RoomId, SessionId, Timestamp, UserId};

use super::{
    mailbox::{Chunk, Mailbox, Pushed},
    tail::{Reach, Scope},
};

/// Names a stream while it is open.
pub(super) type Key = u64;

/// The users with an open stream, readable from everywhere.
#[derive(Debug, Clone, Default)]
pub(crate) struct Online(Arc<RwLock<HashSet<UserId>>>);

impl Online {
    pub(crate) fn contains(&self, user: UserId) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).contains(&user)
    }
}

struct Listener {
    scope: Scope,
    expires_at: Timestamp,
    mailbox: Arc<Mailbox>,
}

/// The open streams.
#[derive(Default)]
pub(super) struct Listeners {
    by_key: HashMap<Key, Listener>,
    by_room: HashMap<RoomId, HashMap<Key, Arc<Mailbox>>>,
    by_user: HashMap<UserId, HashSet<Key>>,
    by_expiry: BTreeSet<(Timestamp, Key)>,
    online: Online,
    next_key: Key,
}

impl Listeners {
    pub(super) fn online(&self) -> Online {
        self.online.clone()
    }

    pub(super) fn add(&mut self, scope: Scope, expires_at: Timestamp, mailbox: Arc<Mailbox>) -> Key {
        let key = self.next_key;
        self.next_key += 1;
        for &room in &scope.rooms {
            self.by_room.entry(room).or_default().insert(key, Arc::clone(&mailbox));
        }
        if self.by_user.entry(scope.user).or_default().insert(key) {
            self.online.0.write().unwrap_or_else(PoisonError::into_inner).insert(scope.user);
        }
        self.by_expiry.insert((expires_at, key));
        self.by_key.insert(key, Listener { scope, expires_at, mailbox });
        key
    }

    pub(super) fn remove(&mut self, key: Key) {
        let Some(listener) = self.by_key.remove(&key) else { return };
        self.by_expiry.remove(&(listener.expires_at, key));
        for room in &listener.scope.rooms {
            self.remove_from_room(*room, key);
        }
        let user = listener.scope.user;
        if let Some(keys) = self.by_user.get_mut(&user) {
            keys.remove(&key);
            if keys.is_empty() {
                self.by_user.remove(&user);
                self.online.0.write().unwrap_or_else(PoisonError::into_inner).remove(&user);
            }
        }
    }

    /// Hands a chunk to everyone it reaches and follows users into rooms and out of them. Whoever cannot keep up is
    /// cut off with `slow`.
    pub(super) fn deliver(&mut self, reach: Reach, chunk: &Chunk, slow: &Chunk) {
        if let Reach::Joined(_, user) = reach {
            self.follow(user, reach);
        }
        let mut gone = Vec::new();
        let mut push = |key: Key, mailbox: &Mailbox| match mailbox.push(chunk) {
            Pushed::Accepted => {}
            Pushed::Full => {
                mailbox.cut(slow.clone());
                gone.push(key);
            }
            Pushed::Closed => gone.push(key),
        };
        match reach {
            Reach::Members(room) | Reach::Joined(room, _) | Reach::Left(room, _) => {
                self.by_room.get(&room).into_iter().flatten().for_each(|(&key, mailbox)| push(key, mailbox));
            }
            Reach::Public(room) => {
                let all = self.by_key.iter().filter(|(_, listener)| listener.scope.covers(room));
                all.for_each(|(&key, listener)| push(key, &listener.mailbox));
            }
            Reach::User(room, user) => {
                let own = self.by_user.get(&user).into_iter().flatten();
                let own = own.filter_map(|key| self.by_key.get(key).map(|listener| (*key, listener)));
                own.filter(|(_, listener)| listener.scope.covers(room))
                    .for_each(|(key, listener)| push(key, &listener.mailbox));
            }
        }
        if let Reach::Left(_, user) = reach {
            self.follow(user, reach);
        }
        gone.into_iter().for_each(|key| self.remove(key));
    }

    /// Hands every stream something that may be left out; narrowed ones only if `narrowed` says so.
    pub(super) fn deliver_ephemeral(&self, chunk: &Chunk, narrowed: bool) {
        for listener in self.by_key.values() {
            if narrowed || listener.scope.only.is_none() {
                listener.mailbox.push_ephemeral(chunk);
            }
        }
    }

    pub(super) fn end_session(&mut self, session: SessionId, bye: &Chunk) {
        let of_session = |(key, listener): (&Key, &Listener)| (listener.scope.session == session).then_some(*key);
        // Sign-outs are rare; an index by session would cost every stream.
        let keys: Vec<Key> = self.by_key.iter().filter_map(of_session).collect();
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
        let keys: Vec<Key> = self.by_key.keys().copied().collect();
        keys.into_iter().for_each(|key| self.end(key, bye));
    }

    /// When the next stream reaches the end of its token.
    pub(super) fn next_expiry(&self) -> Option<Timestamp> {
        self.by_expiry.first().map(|&(at, _)| at)
    }

    /// Forgets streams whose connection has gone without a word.
    pub(super) fn sweep(&mut self) {
        let is_gone = |(key, listener): (&Key, &Listener)| listener.mailbox.is_closed().then_some(*key);
        let gone: Vec<Key> = self.by_key.iter().filter_map(is_gone).collect();
        gone.into_iter().for_each(|key| self.remove(key));
    }

    fn end(&mut self, key: Key, bye: &Chunk) {
        if let Some(listener) = self.by_key.get(&key) {
            listener.mailbox.end(bye.clone());
        }
        self.remove(key);
    }

    fn follow(&mut self, user: UserId, reach: Reach) {
        let (Reach::Joined(room, _) | Reach::Left(room, _)) = reach else { return };
        for key in self.by_user.get(&user).into_iter().flatten().copied().collect::<Vec<_>>() {
            let Some(listener) = self.by_key.get_mut(&key) else { continue };
            listener.scope.follow(reach);
            if listener.scope.rooms.contains(&room) {
                self.by_room.entry(room).or_default().insert(key, Arc::clone(&listener.mailbox));
            } else {
                self.remove_from_room(room, key);
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

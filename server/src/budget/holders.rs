//! Counts how much of the budget each user holds, and chooses the connections to close when it is full.
//!
//! The user who holds most loses a connection first. Either the connection that has waited longest for its peer is
//! closed, or the stream with the most bytes queued, depending on which of the two kinds holds more. A user's request
//! never closes a connection of somebody who holds less than that user.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap},
    net::IpAddr,
    sync::{
        Arc, Weak,
        atomic::{AtomicUsize, Ordering},
    },
    task::Waker,
    time::Instant,
};

use quchat_shared::UserId;

use super::{Account, Stream};
use crate::network::network;

/// Identifies a connection, or the backlog of a stream.
pub(crate) type Key = u64;

/// The user or network that bytes count towards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Holder {
    User(UserId),
    /// Unauthenticated clients, by [`network`].
    Address(IpAddr),
}

impl From<IpAddr> for Holder {
    fn from(address: IpAddr) -> Self {
        Self::Address(network(address))
    }
}

/// Every connection and stream that holds bytes.
#[derive(Default)]
pub(super) struct Holders {
    connections: HashMap<Key, Connection>,
    streams: HashMap<Key, LaggingStream>,
    /// Bytes that evicted connections have yet to free.
    leaving: usize,
}

struct Connection {
    account: Account,
    bytes: usize,
    stalled: Option<(Instant, Waker)>,
}

/// A stream that is behind.
struct LaggingStream {
    user: UserId,
    bytes: Arc<AtomicUsize>,
    stream: Weak<dyn Stream>,
}

/// A connection or stream that was chosen to be closed.
pub(super) struct Victim {
    /// Bytes that are no longer charged. 0 for a stream, whose bytes stay charged until it has dropped them.
    pub(super) bytes: usize,
    end: End,
}

enum End {
    Connection(Waker),
    Stream(Key, Weak<dyn Stream>),
}

impl Victim {
    pub(super) fn close(self) {
        match self.end {
            End::Connection(task) => task.wake(),
            End::Stream(backlog, stream) => {
                if let Some(stream) = stream.upgrade() {
                    stream.evict(backlog);
                }
            }
        }
    }
}

/// The bytes of one holder, and the connections and streams that can be closed.
#[derive(Default)]
struct Share {
    of_connections: usize,
    of_streams: usize,
    /// Sorted so that the one that has waited longest is last.
    stalled: Vec<(Reverse<Instant>, usize, Key)>,
    /// Sorted so that the one with the most bytes is last.
    behind: Vec<(usize, Key)>,
}

impl Holders {
    /// The number of streams that are behind, and the bytes that wait for them.
    pub(super) fn lagging(&self) -> (usize, usize) {
        let bytes = self.streams.values().map(|stream| stream.bytes.load(Ordering::Relaxed)).sum();
        (self.streams.len(), bytes)
    }

    pub(super) fn add(&mut self, key: Key, bytes: usize, account: &Account) {
        let new = || Connection { account: account.clone(), bytes: 0, stalled: None };
        self.connections.entry(key).or_insert_with(new).bytes += bytes;
    }

    /// Returns whether the bytes were still counted. Those of an evicted connection are not.
    pub(super) fn subtract(&mut self, key: Key, bytes: usize) -> bool {
        let Some(connection) = self.connections.get_mut(&key) else {
            self.leaving -= bytes;
            return false;
        };
        connection.bytes -= bytes;
        if connection.bytes == 0 {
            self.connections.remove(&key);
        }
        true
    }

    pub(super) fn stall(&mut self, key: Key, task: &Waker) {
        match self.connections.get_mut(&key) {
            Some(Connection { stalled: Some((_, waker)), .. }) => waker.clone_from(task),
            Some(connection) => connection.stalled = Some((Instant::now(), task.clone())),
            None => {}
        }
    }

    pub(super) fn resume(&mut self, key: Key) {
        if let Some(connection) = self.connections.get_mut(&key) {
            connection.stalled = None;
        }
    }

    pub(super) fn add_stream(&mut self, key: Key, user: UserId, bytes: Arc<AtomicUsize>, stream: Weak<dyn Stream>) {
        self.streams.insert(key, LaggingStream { user, bytes, stream });
    }

    pub(super) fn remove_stream(&mut self, key: Key) {
        self.streams.remove(&key);
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.connections.is_empty() && self.streams.is_empty()
    }

    pub(super) fn leaving(&self) -> usize {
        self.leaving
    }

    /// Removes and returns connections and streams that together hold `bytes`, or as much as can be found, to make room
    /// for `by`.
    pub(super) fn evict(&mut self, bytes: usize, by: Option<Holder>) -> Vec<Victim> {
        let mut shares = self.shares();
        let mut most: BinaryHeap<_> = shares.iter().map(|(holder, share)| (share.bytes(), *holder)).collect();
        let (mut victims, mut found) = (Vec::new(), 0);
        while found < bytes
            && let Some((held, holder)) = most.pop()
        {
            let by_bytes = by.and_then(|by| shares.get(&by)).map_or(0, Share::bytes);
            let Some(share) = shares.get_mut(&holder).filter(|_| held >= by_bytes) else { break };
            if let Some((size, victim)) = self.take(share) {
                found += size;
                victims.extend(victim);
                most.push((share.bytes(), holder));
            }
        }
        victims
    }

    fn shares(&self) -> HashMap<Holder, Share> {
        let mut shares = HashMap::<_, Share>::new();
        for (&key, connection) in &self.connections {
            let share = shares.entry(connection.account.holder()).or_default();
            share.of_connections += connection.bytes;
            share.stalled.extend(connection.stalled.as_ref().map(|(at, _)| (Reverse(*at), connection.bytes, key)));
        }
        for (&key, behind) in &self.streams {
            let (share, bytes) =
                (shares.entry(Holder::User(behind.user)).or_default(), behind.bytes.load(Ordering::Relaxed));
            share.of_streams += bytes;
            share.behind.extend((bytes > 0).then_some((bytes, key)));
        }
        for share in shares.values_mut() {
            share.stalled.sort_unstable();
            share.behind.sort_unstable();
        }
        shares
    }

    /// Removes the next connection or stream of a holder to close. Returns its size and the victim.
    fn take(&mut self, share: &mut Share) -> Option<(usize, Option<Victim>)> {
        let is_stream = share.stalled.is_empty() || share.of_streams > share.of_connections;
        if is_stream && let Some((bytes, key)) = share.behind.pop() {
            share.of_streams -= bytes;
            let behind = self.streams.remove(&key);
            return Some((bytes, behind.map(|behind| Victim { bytes: 0, end: End::Stream(key, behind.stream) })));
        }
        let (_, bytes, key) = share.stalled.pop()?;
        share.of_connections -= bytes;
        let evicted =
            self.connections.remove(&key).and_then(|connection| Some((connection.account, connection.stalled?)));
        let victim = evicted.map(|(account, (_, task))| {
            account.evict();
            self.leaving += bytes;
            Victim { bytes, end: End::Connection(task) }
        });
        Some((bytes, victim))
    }
}

impl Share {
    fn bytes(&self) -> usize {
        self.of_connections + self.of_streams
    }
}

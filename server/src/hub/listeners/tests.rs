//! The indexes find exactly the streams that the domain's rule selects, whoever joins and leaves.

use proptest::{
    collection::{btree_set, vec},
    option,
    prelude::*,
    test_runner::{Config, TestRunner},
};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::{
    budget::Budget,
    domain::room_filter::RoomFilter,
    stream::{Coding, StreamContext},
};

const USERS: u64 = 3;
const ROOMS: u64 = 3;

fn room() -> impl Strategy<Value = RoomId> {
    (1..=ROOMS).prop_map(RoomId)
}

/// The user of a stream, the rooms it is restricted to, and the rooms its user is in.
fn stream() -> impl Strategy<Value = (UserId, RoomFilter, BTreeSet<RoomId>)> {
    let rooms = || btree_set(room(), 0..=ROOMS as usize);
    ((1..=USERS).prop_map(UserId), option::of(rooms()), rooms()).prop_map(|(user, only, mut rooms)| {
        let filter = only.map_or(RoomFilter::All, RoomFilter::Only);
        rooms.retain(|&room| filter.covers(room));
        (user, filter, rooms)
    })
}

/// Somebody joins a room or leaves it, or it ends for one member or for all.
fn change() -> impl Strategy<Value = Audience> {
    (room(), (1..=USERS).prop_map(UserId)).prop_flat_map(|(room, user)| {
        prop_oneof![
            3 => Just(Audience::MembersIncluding(room, user)),
            2 => Just(Audience::MembersAndLeaver(room, user)),
            1 => Just(Audience::MemberAtEnd(room, user)),
            1 => Just(Audience::EveryoneAtEnd(room)),
        ]
    })
}

/// A writer whose reader reads nothing.
async fn writer() -> (Arc<StreamWriter>, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let reader = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (socket, _) = listener.accept().await.unwrap();
    let context =
        Arc::new(StreamContext { budget: Budget::new(1 << 30), slow_bye: Chunk::own(b"bye"), cut: Default::default() });
    (StreamWriter::new(socket, Coding::Plain, Chunk::own(b"head"), UserId(1), context), reader)
}

/// Checks that the index finds exactly the streams that see an event for this audience.
fn check(listeners: &Listeners, audience: Audience) {
    let seeing = listeners.by_key.iter().filter(|(_, listener)| listener.scope.sees(audience)).map(|(&key, _)| key);
    let found: BTreeSet<Key> = listeners.keys(audience).into_iter().collect();
    assert_eq!(found, seeing.collect(), "{audience:?}");
}

#[tokio::test]
async fn the_indexes_are_exact_whoever_joins_and_leaves() {
    let (writer, _reader) = writer().await;
    let config = Config { cases: 256, failure_persistence: None, ..Config::default() };
    let cases = (vec(stream(), 1..6), vec(change(), 0..8));
    let outcome = TestRunner::new(config).run(&cases, |(streams, changes)| {
        let mut listeners = Listeners::new(1 << 20);
        for (user, filter, rooms) in streams {
            let scope = Scope { user, session: SessionId(1), filter, rooms, other_rooms: BTreeSet::new() };
            listeners.add(scope, Timestamp::from_millis(0), Arc::clone(&writer));
        }
        for change in changes {
            listeners.deliver(change, &Chunk::own(b"."));
            if let Audience::MembersIncluding(..) = change {
                check(&listeners, change);
            }
            if let Audience::EveryoneAtEnd(room) = change {
                assert!(!listeners.by_room.contains_key(&room), "the index forgets {room}");
                assert!(listeners.by_key.values().all(|listener| !listener.scope.rooms.contains(&room)));
            }
            check(&listeners, Audience::Unfiltered);
            for room in (1..=ROOMS).map(RoomId) {
                check(&listeners, Audience::Everyone(room));
                check(&listeners, Audience::Members(room));
                for user in (1..=USERS).map(UserId) {
                    check(&listeners, Audience::User(room, user));
                    check(&listeners, Audience::OtherMembers(room, user));
                }
            }
        }
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}

//! Who is online while streams come and go here and on other servers.

use std::{path::PathBuf, sync::Arc};

use quchat_shared::{SessionId, Timestamp};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::{
    domain::room_filter::RoomFilter,
    hub::{listeners::Key, scope::Scope},
    stream::{Coding, StreamContext, StreamWriter},
};

const ALICE: UserId = UserId(1);
const BOB: UserId = UserId(2);
const LOBBY: RoomId = RoomId(7);

/// Presence, with the streams of this server.
struct Test {
    presence: Presence,
    listeners: Listeners,
    broadcasts: PacedBroadcasts,
    questions: mpsc::Receiver<Vec<Question>>,
}

impl Test {
    /// Users go offline so long after their last stream.
    fn new(offline_after: Duration) -> Self {
        let config = Config { offline_after, presence_delay: Duration::ZERO, ..Config::new(PathBuf::new()) };
        let (ask, questions) = mpsc::channel(1);
        let presence = Presence::new(&config, ask);
        Self { presence, listeners: Listeners::new(1), broadcasts: PacedBroadcasts::default(), questions }
    }

    /// Opens a stream of a member of the lobby, whose other end is returned.
    async fn listen(&mut self, user: UserId) -> (Key, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let reader = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (socket, _) = listener.accept().await.unwrap();
        let budget = Budget::new(1 << 30);
        let context = Arc::new(StreamContext { budget, slow_bye: Chunk::own(b"bye"), cut: Default::default() });
        let writer = StreamWriter::new(socket, Coding::Plain, Chunk::own(b"head"), user, context);
        let (rooms, other_rooms) = (BTreeSet::from([LOBBY]), BTreeSet::new());
        let scope = Scope { user, session: SessionId(1), filter: RoomFilter::All, rooms, other_rooms };
        let key = self.listeners.add(scope, Timestamp::from_millis(i64::MAX), writer);
        self.presence.arrive(user);
        (key, reader)
    }

    fn hang_up(&mut self, key: Key) {
        self.listeners.remove(key);
        for (user, rooms) in self.listeners.take_departed() {
            self.presence.depart(user, rooms);
        }
    }

    /// Does all that can be done now.
    fn advance(&mut self) {
        for _ in 0..4 {
            self.presence.advance(&self.listeners, &mut self.broadcasts, &Budget::new(1 << 30));
        }
    }

    /// The number of events that were told, once the lobby has been looked up as asked.
    fn told_after_a_look(&mut self, members: &[UserId]) -> usize {
        assert_eq!(self.questions.try_recv().expect("the lobby is looked up")[0].room, LOBBY);
        let count = members.len() as u64;
        let found = RoomMembers { room: LOBBY, is_shown: true, count, members: members.to_vec() };
        self.presence.looked_up(vec![found], &self.listeners);
        self.advance();
        self.broadcasts.len()
    }

    fn moved(&mut self, moved: Moved) {
        self.presence.follow_elsewhere(moved, &self.listeners);
    }

    fn comes_elsewhere(&mut self) {
        self.moved(Moved::Coming(vec![ALICE]));
        self.moved(Moved::Came(vec![(ALICE, BTreeSet::from([LOBBY]))]));
    }

    /// Whether she is online once what is due has been done.
    fn is_online(&mut self) -> bool {
        self.advance();
        self.presence.online.contains(ALICE)
    }
}

#[test]
fn a_user_with_a_stream_elsewhere_is_online_until_some_time_after_it() {
    for (offline_after, stays) in [(Duration::ZERO, false), (Duration::from_secs(600), true)] {
        let mut test = Test::new(offline_after);
        test.moved(Moved::Coming(vec![ALICE]));
        assert!(!test.is_online(), "her rooms are not known yet");
        test.comes_elsewhere();
        assert!(test.is_online());
        test.moved(Moved::Went(vec![ALICE]));
        assert_eq!(test.is_online(), stays);
    }
}

#[test]
fn whoever_moves_between_servers_in_time_stays_online() {
    let mut test = Test::new(Duration::ZERO);
    test.comes_elsewhere();
    test.moved(Moved::Went(vec![ALICE]));
    test.presence.arrive(ALICE);
    assert!(test.is_online(), "she came here");
    test.presence.depart(ALICE, BTreeSet::new());
    test.comes_elsewhere();
    assert!(test.is_online(), "she went there");
    test.presence.arrive(ALICE);
    test.presence.depart(ALICE, BTreeSet::new());
    assert!(test.is_online(), "her stream there goes on");
    assert!(test.presence.away.is_empty());
}

#[test]
fn after_a_restart_users_elsewhere_have_to_come_anew() {
    let mut test = Test::new(Duration::ZERO);
    test.comes_elsewhere();
    test.presence.restart();
    test.comes_elsewhere();
    assert!(test.is_online());
    test.presence.restart();
    assert!(!test.is_online());
}

#[tokio::test]
async fn who_came_before_the_reader_and_went_during_the_look_is_told() {
    let mut test = Test::new(Duration::from_secs(600));
    let (of_bob, _bob) = test.listen(BOB).await;
    test.presence.advance(&test.listeners, &mut test.broadcasts, &Budget::new(1 << 30)); // his rooms are found
    let _alice = test.listen(ALICE).await;
    test.presence.advance(&test.listeners, &mut test.broadcasts, &Budget::new(1 << 30)); // the lobby is asked for
    test.hang_up(of_bob);
    test.advance(); // that she came herself is nothing to tell her
    assert_eq!(test.told_after_a_look(&[ALICE, BOB]), 1);
}

#[tokio::test]
async fn who_comes_elsewhere_is_told_to_those_who_listen_here() {
    let mut test = Test::new(Duration::ZERO);
    let (_, _bob) = test.listen(BOB).await;
    test.advance();
    test.comes_elsewhere();
    test.advance();
    assert_eq!(test.told_after_a_look(&[ALICE, BOB]), 1);
    test.moved(Moved::Went(vec![ALICE]));
    test.advance();
    assert_eq!(test.broadcasts.len(), 2, "she is offline");
}

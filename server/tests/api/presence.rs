//! `presence` and `User.online`: who is there, told to those who share a room with them.

use std::{collections::BTreeSet, time::Duration};

use quchat_shared::{Event, RoomId, Seq, UserId, event::Presence};

use crate::harness::{Client, Opening, Stream, TestServer, at_once, eventually, message_of, nodes};

/// Presence is told soon, and whoever leaves is offline soon. Several nodes need a moment to tell each other.
fn quick() -> TestServer {
    TestServer::start_with(|config| {
        config.presence_delay = Duration::from_millis(20);
        config.offline_after = Duration::from_millis(if nodes() == 1 { 20 } else { 2_000 });
    })
}

/// The same, but nobody who leaves goes offline.
fn patient() -> TestServer {
    TestServer::start_with(|config| {
        config.presence_delay = Duration::from_millis(20);
        config.offline_after = Duration::from_secs(600);
    })
}

fn id(client: &Client) -> UserId {
    client.user().id
}

/// Checks whether each of them sees that the other is online. Several nodes need a moment to know.
#[track_caller]
fn see_each_other(one: &Client, other: &Client, online: bool) {
    for (who, whom) in [(one, other), (other, one)] {
        match nodes() {
            1 => assert_eq!(who.sees_online(whom), online),
            _ => eventually("they know", || (who.sees_online(whom) == online).then_some(())),
        }
    }
}

/// A stream of a user, and what it tells them of others. That they are online themselves may be in the same event.
struct Watcher {
    stream: Stream,
    user: UserId,
}

impl Watcher {
    fn new(client: &Client) -> Self {
        Self::over(client.listen(), client)
    }

    fn over(stream: Stream, client: &Client) -> Self {
        Self { stream, user: id(client) }
    }

    fn of_others(&self, mut presence: Presence) -> Option<Presence> {
        assert!(!presence.online.is_empty() || !presence.offline.is_empty(), "an event says something");
        presence.online.retain(|user| *user != self.user);
        presence.offline.retain(|user| *user != self.user);
        (!presence.online.is_empty() || !presence.offline.is_empty()).then_some(presence)
    }

    /// The next `presence`.
    #[track_caller]
    fn next(&mut self) -> Presence {
        loop {
            let received = self.stream.next_of_any_kind();
            let received = received.unwrap_or_else(|| panic!("the stream ended:\n{}", self.stream.text()));
            if let Event::Presence(presence) = received.event
                && let Some(presence) = self.of_others(presence)
            {
                return presence;
            }
        }
    }

    /// The next `presence` in this room.
    #[track_caller]
    fn next_in(&mut self, room: RoomId) -> Presence {
        loop {
            let presence = self.next();
            if presence.room_id == room {
                return presence;
            }
        }
    }

    /// Every `presence` up to this message.
    fn all_until(&mut self, room: RoomId, seq: Seq) -> Vec<Presence> {
        let mut all = Vec::new();
        loop {
            match self.stream.next_of_any_kind().expect("the stream continues").event {
                Event::Presence(presence) => all.extend(self.of_others(presence)),
                event if message_of(&event) == Some((room, seq)) => return all,
                _ => {}
            }
        }
    }
}

fn online(room: RoomId, users: &[&Client]) -> Presence {
    Presence { room_id: room, online: users.iter().map(|user| id(user)).collect(), offline: Vec::new() }
}

fn offline(room: RoomId, users: &[&Client]) -> Presence {
    Presence { room_id: room, online: Vec::new(), offline: users.iter().map(|user| id(user)).collect() }
}

#[test]
fn those_who_share_a_room_learn_who_comes_and_goes() {
    let server = quick();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let room = alice.create_room("lobby");
    bob.join(room);
    let mut stream = Watcher::new(&alice);
    assert!(!alice.sees_online(&bob));
    for _ in 0..2 {
        let of_bob = bob.listen();
        assert_eq!(stream.next(), online(room, &[&bob]));
        see_each_other(&alice, &bob, true);
        drop(of_bob);
        assert_eq!(stream.next(), offline(room, &[&bob]));
        assert!(!alice.sees_online(&bob));
    }
    let text = stream.stream.text();
    let block = text.split("\n\n").find(|block| block.contains("event: presence")).unwrap();
    assert!(!block.contains("id: "), "{block}");
}

#[test]
fn a_short_absence_shows_nothing() {
    let server = patient();
    let (alice, bob, carol) = (server.user("alice"), server.user("bob"), server.user("carol"));
    let room = alice.create_room("lobby");
    bob.join(room);
    carol.join(room);
    let mut stream = Watcher::new(&alice);
    let first = bob.listen();
    assert_eq!(stream.next(), online(room, &[&bob]));
    drop(first);
    for _ in 0..10 {
        drop(bob.listen());
    }
    assert!(alice.sees_online(&bob), "he still counts as online");
    let _of_carol = carol.listen();
    assert_eq!(stream.next(), online(room, &[&carol]), "and nothing was said in between");
}

#[test]
fn a_user_is_online_while_any_of_their_streams_is_open() {
    let server = quick();
    let (alice, bob, carol) = (server.user("alice"), server.user("bob"), server.user("carol"));
    let (room, elsewhere) = (alice.create_room("lobby"), bob.create_private_room("elsewhere"));
    bob.join(room);
    carol.join(room);
    let mut stream = Watcher::new(&alice);
    let narrowed = Opening { query: &format!("?room={elsewhere}"), ..Opening::default() };
    let (_, narrowed) = narrowed.open(&server.sign_in("bob"));
    assert_eq!(stream.next(), online(room, &[&bob]), "a narrowed stream counts in every room");
    let wide = bob.listen();
    drop(narrowed);
    let of_carol = carol.listen();
    assert_eq!(stream.next(), online(room, &[&carol]));
    drop(of_carol);
    assert_eq!(stream.next(), offline(room, &[&carol]), "and not bob, who went before her");
    drop(wide);
    assert_eq!(stream.next(), offline(room, &[&bob]));
}

#[test]
fn a_narrowed_stream_hears_of_its_rooms_only() {
    let server = patient();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let (one, two) = (alice.create_room("one"), alice.create_room("two"));
    bob.join(one);
    bob.join(two);
    let (_, narrowed) = Opening { query: &format!("?room={two}"), ..Opening::default() }.open(&alice);
    let (mut narrowed, mut wide) = (Watcher::over(narrowed, &alice), Watcher::new(&alice));
    let _of_bob = bob.listen();
    let mut rooms = [wide.next(), wide.next()].map(|presence| presence.room_id);
    rooms.sort_unstable();
    assert_eq!(rooms, [one, two]);
    alice.send_message(two, "fence");
    assert_eq!(narrowed.all_until(two, Seq(1)), [online(two, &[&bob])]);
}

#[test]
fn changes_of_a_moment_come_as_one_event() {
    let server = TestServer::start_with(|config| config.presence_delay = Duration::from_secs(2));
    let (alice, bob, carol) = (server.user("alice"), server.user("bob"), server.user("carol"));
    let room = alice.create_room("lobby");
    bob.join(room);
    carol.join(room);
    let mut stream = Watcher::new(&alice);
    let _streams = [bob.listen(), carol.listen()];
    let first = stream.next();
    assert!(first.online.contains(&id(&bob)) && first.online.contains(&id(&carol)), "{first:?}");
}

/// A stream of alice's that is busy with a long replay until it is read on.
fn replaying(alice: &Client, bob: &Client, room: RoomId) -> Watcher {
    let start = alice.rooms().cursor.0;
    for _ in 0..200 {
        bob.send_message(room, &"x".repeat(4000));
    }
    let opening = Opening { last_event_id: Some(&start), receive_buffer: Some(4096), ..Opening::default() };
    Watcher::over(opening.open(alice).1, alice)
}

#[test]
fn what_is_told_during_a_replay_is_told_again_at_its_end() {
    let server = quick();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let room = alice.create_room("lobby");
    bob.join(room);
    let mut slow = replaying(&alice, &bob, room);
    assert!(!alice.sees_online(&bob));
    let mut live = Watcher::new(&alice);
    let _of_bob = bob.listen();
    assert_eq!(live.next(), online(room, &[&bob]));
    assert_eq!(slow.next(), online(room, &[&bob]));
}

#[test]
fn what_nobody_hears_during_a_replay_is_told_at_its_end() {
    let server = quick();
    let (alice, bob, carol) = (server.user("alice"), server.user("bob"), server.user("carol"));
    let (room, den) = (alice.create_room("lobby"), carol.create_room("den"));
    bob.join(room);
    bob.join(den);
    let mut slow = replaying(&alice, &bob, room);
    assert!(!alice.sees_online(&bob));
    let mut of_carol = Watcher::new(&carol);
    let _of_bob = bob.listen();
    assert_eq!(of_carol.next(), online(den, &[&bob]), "nobody listens in the lobby");
    assert_eq!(slow.next(), online(room, &[&bob]));
}

#[test]
fn what_nobody_heard_is_told_at_the_end_of_a_replay_even_if_others_heard_more_since_then() {
    let server = quick();
    let (alice, bob, carol) = (server.user("alice"), server.user("bob"), server.user("carol"));
    let dave = server.register("dave");
    let (room, den) = (alice.create_room("lobby"), carol.create_room("den"));
    bob.join(room);
    dave.join(room);
    bob.join(den);
    let mut slow = replaying(&alice, &bob, room);
    assert!(!alice.sees_online(&bob));
    let mut of_carol = Watcher::new(&carol);
    let mut of_bob = Watcher::new(&bob);
    assert_eq!(of_carol.next(), online(den, &[&bob]), "nobody listens in the lobby");
    let _of_dave = dave.listen();
    assert_eq!(of_bob.next_in(room), online(room, &[&dave]));
    let mut told = BTreeSet::new();
    while !told.is_superset(&BTreeSet::from([id(&bob), id(&dave)])) {
        told.extend(slow.next().online);
    }
}

#[test]
fn strangers_learn_nothing_of_each_other() {
    let server = quick();
    let (alice, bob, carol) = (server.user("alice"), server.user("bob"), server.user("carol"));
    let dave = server.register("dave");
    let (lobby, den) = (alice.create_room("lobby"), carol.create_room("den"));
    bob.join(lobby);
    dave.join(den);
    let (mut of_alice, mut of_carol) = (Watcher::new(&alice), Watcher::new(&carol));
    let _of_bob = bob.listen();
    assert_eq!(of_alice.next(), online(lobby, &[&bob]));
    assert!(!carol.sees_online(&bob) && !bob.sees_online(&carol));
    let _of_dave = dave.listen();
    assert_eq!(of_carol.next(), online(den, &[&dave]), "and nothing of the room she only sees");
    alice.send_message(lobby, "fence");
    assert_eq!(of_alice.all_until(lobby, Seq(1)), []);
}

#[test]
fn a_member_who_joins_or_leaves_is_online_as_long_as_they_are_in() {
    let server = quick();
    let (alice, bob, carol) = (server.user("alice"), server.user("bob"), server.user("carol"));
    let room = alice.create_room("lobby");
    carol.join(room);
    let (mut stream, of_bob) = (Watcher::new(&alice), bob.listen());
    assert!(!alice.sees_online(&bob));
    bob.join(room);
    see_each_other(&alice, &bob, true); // a client reads it after joining
    stream.stream.until(|event| matches!(event, Event::MemberJoined(joined) if joined.user.id == id(&bob)));
    assert_eq!(stream.next(), online(room, &[&bob]));
    bob.leave(room);
    assert!(!alice.sees_online(&bob) && !bob.sees_online(&alice));
    drop(of_bob);
    let _of_carol = carol.listen();
    assert_eq!(stream.next(), online(room, &[&carol]), "that bob left says that he is gone");
}

#[test]
fn a_user_who_comes_and_goes_all_the_time_is_told_of_once() {
    let server = patient();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let room = alice.create_room("lobby");
    bob.join(room);
    let mut stream = Watcher::new(&alice);
    for _ in 0..50 {
        drop(bob.listen());
    }
    let _of_bob = bob.listen(); // the server may not have noticed the others
    assert_eq!(stream.next(), online(room, &[&bob]));
    alice.send_message(room, "fence");
    assert_eq!(stream.all_until(room, Seq(1)), []);
}

#[test]
fn signing_out_takes_a_user_offline() {
    let server = quick();
    let (alice, bob) = (server.user("alice"), server.sign_in("bob"));
    let room = alice.create_room("lobby");
    bob.join(room);
    let mut stream = Watcher::new(&alice);
    let _of_bob = bob.listen();
    assert_eq!(stream.next(), online(room, &[&bob]));
    bob.sign_out();
    assert_eq!(stream.next(), offline(room, &[&bob]));
}

#[test]
fn a_room_of_more_than_two_hundred_members_shows_nobody() {
    let server = quick();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let room = alice.create_room("lobby");
    bob.join(room);
    let crowd: Vec<Client> = at_once(9, |n| {
        let members = (0..22).map(|i| server.register(&format!("member-{n}-{i}")));
        members.inspect(|member| drop(member.join(room))).collect::<Vec<_>>()
    })
    .concat();
    assert_eq!(crowd.len(), 198, "with alice and bob there are 200");
    let small = alice.create_room("small");
    bob.join(small);
    crowd[0].join(small);
    let mut stream = Watcher::new(&alice);
    let of_bob = bob.listen();
    assert_eq!(stream.next_in(room), online(room, &[&bob]));

    let last = server.user("carol");
    last.join(room);
    assert_eq!(stream.next_in(room), offline(room, &[&bob]), "the 201st member takes everybody offline");
    let _of_others = [crowd[0].listen(), crowd[1].listen()];
    drop(of_bob);
    while !stream.next_in(small).offline.contains(&id(&bob)) {} // a small room still shows it
    assert!(alice.sees_online(&crowd[0]) && !alice.sees_online(&crowd[1]));
    last.leave(room);
    assert_eq!(stream.next_in(room), online(room, &[&crowd[0], &crowd[1]]), "with 200 members it begins anew");
    assert!(alice.sees_online(&crowd[1]));
}

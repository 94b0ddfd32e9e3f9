//! Who is online, who is typing and where something happens is told on every node.

use super::*;

#[test]
fn activity_in_a_room_is_told_on_the_other_node() {
    needs_postgres!();
    let server = two();
    let (alice, carol) = (on_both(&server, "alice"), on_both(&server, "carol"));
    let room = alice[0].create_room("lobby");
    let mut stream = carol[1].listen();
    alice[0].count_to(room, 3);
    let sign = RoomActivity { id: room, last_seq: Seq(3) };
    until_any(&mut stream, |event| matches!(event, Event::Activity(activity) if activity.rooms.contains(&sign)));
}

#[test]
fn typing_is_told_on_the_other_node() {
    needs_postgres!();
    let server = two();
    let (alice, bob) = (on_both(&server, "alice"), on_both(&server, "bob"));
    let room = alice[0].create_room("lobby");
    bob[0].join(room);
    let mut stream = bob[1].listen();
    alice[0].try_notify_typing(room).expect(204);
    let typing = Typing { room_id: room, user_id: id(&alice[0]) };
    until_any(&mut stream, |event| *event == Event::Typing(typing.clone()));
}

#[test]
fn presence_is_told_on_the_other_node() {
    needs_postgres!();
    let server = two();
    let [alice, bob, carol] = ["alice", "bob", "carol"].map(|name| on_both(&server, name));
    let room = alice[0].create_room("lobby");
    bob[0].join(room);
    carol[0].join(room);
    let mut stream = alice[0].listen();
    let mut hears = |user: &Client, is_online: bool| {
        let told = |presence: &Presence| match is_online {
            true => presence.online.contains(&id(user)),
            false => presence.offline.contains(&id(user)),
        };
        until_any(&mut stream, |event| match event {
            Event::Presence(presence) => {
                assert!(told(presence) || !presence.offline.contains(&id(&bob[0])), "he is still there: {presence:?}");
                presence.room_id == room && told(presence)
            }
            _ => false,
        });
    };
    let on_second = bob[1].listen();
    hears(&bob[0], true);
    for alice in &alice {
        eventually("both nodes know that he is online", || alice.sees_online(&bob[0]).then_some(()));
    }
    let on_first = bob[0].listen();
    drop(on_second);
    let of_carol = carol[1].listen();
    hears(&carol[0], true);
    drop(of_carol);
    hears(&carol[0], false);
    drop(on_first);
    hears(&bob[0], false);
    for alice in &alice {
        eventually("both nodes know that he is gone", || (!alice.sees_online(&bob[0])).then_some(()));
    }
}

#[test]
fn typing_never_follows_a_message_that_was_sent_to_the_other_node() {
    needs_postgres!();
    let server = two();
    let (alice, bob) = (on_both(&server, "alice"), on_both(&server, "bob"));
    let room = alice[0].create_room("lobby");
    bob[0].join(room);
    let mut streams = bob.each_ref().map(Client::listen);
    for n in 1..=20 {
        server.clock.advance(Duration::from_secs(3));
        alice[0].try_notify_typing(room).expect(204);
        alice[1].send_message(room, "x");
        alice[0].send_message(room, "y");
        for stream in &mut streams {
            until_any(stream, |event| message_of(event) == Some((room, Seq(2 * n - 1))));
            until_any(stream, |event| {
                assert_ne!(event.name(), "typing");
                message_of(event) == Some((room, Seq(2 * n)))
            });
        }
    }
}

#[test]
fn who_joins_and_leaves_rooms_while_on_the_other_node_is_online_where_they_are() {
    needs_postgres!();
    let server = two();
    let (alice, bob) = (on_both(&server, "alice"), on_both(&server, "bob"));
    let rooms = ["one", "two"].map(|name| alice[0].create_room(name));
    bob[1].join(rooms[0]);
    let (mut stream, of_bob) = (alice[0].listen(), bob[1].listen());
    let mut is_told = |room: RoomId, is_online: bool| {
        until_any(&mut stream, |event| {
            let Event::Presence(presence) = event else { return false };
            let users = if is_online { &presence.online } else { &presence.offline };
            presence.room_id == room && users.contains(&id(&bob[0]))
        });
    };
    is_told(rooms[0], true);
    bob[0].join(rooms[1]);
    is_told(rooms[1], true);
    bob[1].leave(rooms[0]);
    drop(of_bob);
    is_told(rooms[1], false);
}

/// Two nodes, bob with a stream on the first and alice with one on the second, who knows that he is online. Then the first
/// node is gone, and the second one has noticed.
fn without_the_first_node(offline_after: Duration) -> (TestServer, Client, Stream, Client, RoomId) {
    let mut server = TestServer::start_nodes(2, prepared::data_dir(), Clock::system(), |config| {
        config.presence_delay = Duration::from_millis(20);
        config.offline_after = offline_after;
    });
    let (alice, bob) = (on_both(&server, "alice"), on_both(&server, "bob"));
    let room = alice[0].create_room("lobby");
    bob[0].join(room);
    let (mut stream, of_bob) = (alice[1].listen(), bob[0].listen());
    until_any(&mut stream, |event| matches!(event, Event::Presence(told) if told.online.contains(&id(&bob[0]))));
    server.stop_node(0);
    drop(of_bob);
    let database = server.data_dir.database();
    eventually("the rows of the first node are gone", || {
        (database.number("SELECT count(DISTINCT node_id) FROM online") == 1).then_some(())
    });
    let [_, alice] = alice;
    let [_, bob] = bob;
    (server, alice, stream, bob, room)
}

#[test]
fn whoever_comes_to_another_node_in_time_after_theirs_has_ended_stays_online() {
    needs_postgres!();
    let (_server, alice, mut stream, bob, room) = without_the_first_node(Duration::from_secs(600));
    assert!(alice.sees_online(&bob));
    let _of_bob = bob.listen();
    // What is gathered for 20 ms has been told once somebody else, who comes later, has.
    let carol = Client::sign_in(bob.address, "carol");
    carol.join(room);
    let _of_carol = carol.listen();
    until_any(&mut stream, |event| {
        let Event::Presence(told) = event else { return false };
        assert!(![&told.online, &told.offline].iter().any(|users| users.contains(&id(&bob))), "{told:?}");
        told.online.contains(&id(&carol))
    });
    assert!(alice.sees_online(&bob));
}

#[test]
fn whoever_does_not_come_back_after_their_node_has_ended_goes_offline() {
    needs_postgres!();
    let (_server, alice, mut stream, bob, _room) = without_the_first_node(Duration::from_millis(20));
    until_any(&mut stream, |event| matches!(event, Event::Presence(told) if told.offline.contains(&id(&bob))));
    assert!(!alice.sees_online(&bob));
}

#[test]
fn who_is_online_outlives_the_connections_by_which_nodes_tell_each_other() {
    const CUT: &str = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    needs_postgres!();
    let server = TestServer::start_nodes(2, prepared::data_dir(), Clock::system(), |config| {
        config.presence_delay = Duration::from_millis(20);
        config.offline_after = Duration::from_secs(3);
    });
    let [alice, bob, carol] = ["alice", "bob", "carol"].map(|name| on_both(&server, name));
    let room = alice[0].create_room("lobby");
    [&bob, &carol].iter().for_each(|member| drop(member[0].join(room)));
    let (mut stream, of_bob) = (alice[1].listen(), bob[0].listen());
    let mut next = || loop {
        if let Event::Presence(mut told) = stream.next_of_any_kind().expect("the stream continues").event {
            told.online.retain(|user| *user != id(&alice[1])); // her own coming
            if !told.online.is_empty() || !told.offline.is_empty() {
                return (told.online, told.offline);
            }
        }
    };
    assert_eq!(next(), (vec![id(&bob[1])], vec![]));
    server.data_dir.database().change(CUT);
    let _of_carol = carol[0].listen();
    assert_eq!(next(), (vec![id(&carol[1])], vec![]), "and nothing of bob, who stays");
    drop(of_bob);
    assert_eq!(next(), (vec![], vec![id(&bob[1])]));
}

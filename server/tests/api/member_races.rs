//! Concurrent changes of members: rights are read in the transaction that uses them.

use quchat_shared::{Event, room::Role};

use crate::harness::{TestServer, at_once};

#[test]
fn two_owners_who_demote_each_other_leave_one_owner() {
    let server = TestServer::start();
    let owners = ["bob", "carol"].map(|name| server.user(name)); // no admin: rights come from roles alone
    for round in 0..10 {
        let room = owners[0].create_room(&format!("lobby {round}"));
        owners[0].add_member(room, &owners[1]);
        owners[0].set_role(room, &owners[1], "owner");
        let statuses = at_once(2, |i| owners[i].try_set_role(room, &owners[1 - i], "member").status);
        assert!(statuses.contains(&200) && statuses.contains(&403), "{statuses:?}");
        let roles = owners.iter().map(|owner| owner.room(room).member.unwrap().role);
        assert_eq!(roles.filter(|role| *role == Role::Owner).count(), 1);
    }
}

#[test]
fn two_owners_who_step_down_at_once_leave_one_owner() {
    let server = TestServer::start();
    let owners = ["bob", "carol"].map(|name| server.user(name));
    for round in 0..10 {
        let room = owners[0].create_room(&format!("lobby {round}"));
        owners[0].add_member(room, &owners[1]);
        owners[0].set_role(room, &owners[1], "owner");
        let statuses = at_once(2, |i| owners[i].try_set_role(room, &owners[i], "member").status);
        assert!(statuses.contains(&200) && statuses.contains(&409), "{statuses:?}");
    }
}

#[test]
fn a_ban_while_the_user_posts_lets_nothing_in_after_it() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    for round in 0..5 {
        let room = alice.create_room(&format!("lobby {round}"));
        let mut stream = alice.listen();
        let outcomes = at_once(3, |i| match i {
            0 => {
                alice.ban(room, &bob);
                Vec::new()
            }
            _ => (0..20).map(|n| bob.try_send_message(room, &format!("{i}/{n}")).status).collect(),
        });
        for statuses in &outcomes {
            assert!(statuses.iter().all(|status| matches!(status, 201 | 403)), "{statuses:?}");
            assert!(statuses.is_sorted(), "once refused, always refused: {statuses:?}");
        }
        let sent = outcomes.iter().flatten().filter(|status| **status == 201).count();
        assert!(bob.room(room).banned && bob.room(room).member.is_none());
        assert_eq!(alice.history(room).len(), sent);
        alice.send_message(room, "fence");
        let received = stream.until(|event| matches!(event, Event::MessageCreated(e) if e.message.text == "fence"));
        let left = received.iter().position(|received| received.event.name() == "member.left");
        let before_fence = left.map_or(0, |left| left + 1);
        assert_eq!(received.len(), before_fence + 1, "nothing but the fence comes after the ban");
    }
}

#[test]
fn a_user_who_is_added_by_many_at_once_joins_once() {
    let server = TestServer::start();
    let clients = ["alice", "bob", "carol"].map(|name| server.user(name));
    let room = clients[0].create_private_room("plans");
    clients[0].add_member(room, &clients[1]);
    let mut stream = clients[2].listen();
    let mut statuses = at_once(6, |i| clients[i % 2].try_add_member(room, &clients[2]).status);
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 200, 200, 200, 200, 201]);
    let seq = clients[0].send_message(room, "fence").seq;
    assert_eq!(stream.until_message(room, seq).len(), 2);
}

#[test]
fn a_limit_holds_for_users_who_are_added_at_once() {
    let server = TestServer::start_with(|config| config.max_private_rooms_per_user = 3);
    let (alice, bob, carol) = (server.user("alice"), server.user("bob"), server.user("carol"));
    let rooms: Vec<_> =
        (0..3).flat_map(|n| [&alice, &bob].map(|c| (c, c.create_private_room(&format!("{n}"))))).collect();
    let statuses = at_once(6, |i| rooms[i].0.try_add_member(rooms[i].1, &carol).status);
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 3, "{statuses:?}");
    assert_eq!(carol.rooms().rooms.len(), 3);
}

#[test]
fn a_member_who_is_removed_by_two_at_once_leaves_once() {
    let server = TestServer::start();
    let (alice, bob, carol) = (server.user("alice"), server.user("bob"), server.user("carol"));
    let room = bob.create_room("lobby");
    carol.join(room);
    let mut stream = bob.listen();
    at_once(2, |i| [&alice, &bob][i].remove_member(room, &carol));
    let seq = bob.send_message(room, "fence").seq;
    assert_eq!(stream.until_message(room, seq).len(), 2);
}

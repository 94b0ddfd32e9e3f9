//! `/v1/rooms/{room}/bans`: keeping users out of a room.

use quchat_shared::{Event, RoomId, Seq, api::Bans};
use serde_json::json;

use crate::harness::{Client, Opening, Stream, TestServer, keys};

fn names(bans: &Bans) -> Vec<&str> {
    bans.bans.iter().map(|ban| &*ban.user.name).collect()
}

/// The names of the events up to a message of `fence`, which everybody is in.
fn until(stream: &mut Stream, fence: RoomId, seq: u64) -> Vec<&'static str> {
    let received = stream.until_message(fence, Seq(seq));
    received[..received.len() - 1].iter().map(|received| received.event.name()).collect()
}

#[test]
fn a_banned_member_of_a_public_room_sees_it_and_nothing_in_it() {
    let server = TestServer::start();
    let (admin, bob, carol) = (server.user("alice"), server.user("bob"), server.user("carol"));
    let (room, fence) = (bob.create_room("lobby"), bob.create_room("fence"));
    carol.join(room);
    carol.join(fence);
    let before = carol.rooms().cursor.0;
    let mut narrowed = Opening { query: &format!("?room={room}&room={fence}"), ..Opening::default() }.open(&carol).1;
    let (mut live, mut bobs) = (carol.listen(), bob.listen());
    bob.ban_because(room, &carol, "spam");
    bob.send_message(room, "without carol");
    bob.send_message(fence, "fence");

    for stream in [&mut live, &mut narrowed, &mut carol.resume(&before)] {
        let Event::MemberLeft(left) = stream.next().event else { panic!("carol was put out") };
        assert_eq!((left.user.name.as_str(), left.banned), ("carol", true));
        assert_eq!(left.by.map(|by| by.name).as_deref(), Some("bob"));
        let Event::BanUpdated(ban) = stream.next().event else { panic!("and is banned") };
        assert_eq!((ban.room_id, ban.banned), (room, true));
        assert_eq!(until(stream, fence, 1), [""; 0], "the room stops at once");
    }
    assert_eq!(until(&mut bobs, fence, 1), ["member.left", "message.created"], "ban.updated is for carol alone");

    let seen = carol.get(&format!("/v1/rooms/{room}")).expect(200).value();
    assert_eq!((&seen["banned"], &seen["member"], &seen["last_seq"]), (&json!(true), &json!(null), &json!(1)));
    let listed = carol.rooms().rooms.into_iter().find(|listed| listed.info.id == room).unwrap();
    assert!(listed.banned && listed.last_message.is_none());
    assert_eq!(bob.get(&format!("/v1/rooms/{room}")).value().get("banned"), None, "only the banned are told");
    let base = format!("/v1/rooms/{room}");
    for answer in [
        carol.request("PUT", &format!("{base}/members/me"), None),
        carol.try_add_member(room, &carol),
        carol.try_send_message(room, "hello?"),
        carol.get(&format!("{base}/messages")),
        carol.get(&format!("{base}/members")),
        carol.get(&format!("/v1/events?room={room}")),
        carol.try_mark_read(room, 1),
        carol.try_set_notify(room, "all"),
    ] {
        answer.problem(403, "forbidden");
    }
    carol.leave(room); // already out
    admin.join(room);
    let bans = bob.get(&format!("{base}/bans")).expect(200).value();
    assert_eq!(keys(&bans), ["bans"]);
    assert_eq!(keys(&bans["bans"][0]), ["by", "created_at", "reason", "user"]);
    assert_eq!(bans["bans"][0]["user"], json!({"id": carol.user().id, "name": "carol"}));
    assert_eq!((&bans["bans"][0]["by"]["name"], &bans["bans"][0]["reason"]), (&json!("bob"), &json!("spam")));
}

#[test]
fn a_lifted_ban_lets_the_user_join_again() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let (room, fence) = (alice.create_room("lobby"), alice.create_room("fence"));
    bob.join(room);
    bob.join(fence);
    alice.ban(room, &bob);
    let mut stream = bob.listen();
    alice.unban(room, &bob);
    alice.unban(room, &bob);
    let Event::BanUpdated(ban) = stream.next().event else { panic!("bob hears of it") };
    assert_eq!((ban.room_id, ban.banned), (room, false));
    let seen = bob.room(room);
    assert!(!seen.banned && seen.member.is_none(), "not a member then");
    alice.send_message(fence, "fence");
    assert_eq!(until(&mut stream, fence, 1), [""; 0], "a second lifting is no event");
    bob.join(room);
    assert_eq!(names(&alice.bans(room, "")), [""; 0]);
}

#[test]
fn a_second_ban_changes_nothing() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let (room, fence) = (alice.create_room("lobby"), alice.create_room("fence"));
    bob.join(fence);
    let mut stream = bob.listen();
    alice.ban_because(room, &bob, "first");
    alice.ban_because(room, &bob, "second");
    alice.ban(room, &bob);
    alice.send_message(fence, "fence");
    assert_eq!(until(&mut stream, fence, 1), ["ban.updated"], "bob was no member");
    assert_eq!(alice.bans(room, "").bans[0].reason.as_deref(), Some("first"));
}

#[test]
fn the_log_keeps_the_newest_ban_alone() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let (room, fence) = (alice.create_room("lobby"), alice.create_room("fence"));
    bob.join(fence);
    let before = bob.rooms().cursor.0;
    for _ in 0..3 {
        alice.ban(room, &bob);
        alice.unban(room, &bob);
    }
    alice.send_message(fence, "fence");
    assert_eq!(until(&mut bob.resume(&before), fence, 1), ["ban.updated"]);
}

#[test]
fn a_ban_from_a_private_room_is_a_leaving_and_nothing_else() {
    let server = TestServer::start();
    let (alice, bob, carol) = (server.user("alice"), server.user("bob"), server.user("carol"));
    let (room, fence) = (alice.create_private_room("plans"), alice.create_room("fence"));
    alice.add_member(room, &bob);
    bob.join(fence);
    carol.join(fence);
    let before = bob.rooms().cursor.0;
    let (mut bobs, mut carols) = (bob.listen(), carol.listen());
    alice.ban(room, &bob);
    alice.ban(room, &carol); // a stranger
    alice.send_message(room, "between us");
    alice.send_message(fence, "fence");
    assert_eq!(until(&mut bobs, fence, 1), ["member.left"]);
    assert_eq!(until(&mut bob.resume(&before), fence, 1), ["member.left"]);
    assert_eq!(until(&mut carols, fence, 1), [""; 0]);
    for client in [&bob, &carol] {
        client.get(&format!("/v1/rooms/{room}")).problem(404, "not_found");
        assert!(client.rooms().rooms.iter().all(|listed| listed.info.id != room));
        alice.try_add_member(room, client).problem(403, "forbidden");
    }
    assert_eq!(names(&alice.bans(room, "")), ["bob", "carol"]);
}

#[test]
fn events_of_the_public_room_itself_go_on_for_the_banned() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let fence = alice.create_room("fence");
    bob.join(fence);
    let before = bob.rooms().cursor.0;
    let room = alice.create_room("lobby");
    alice.ban(room, &bob);
    alice.send_message(room, "unheard");
    alice.send_message(fence, "fence");
    assert_eq!(until(&mut bob.resume(&before), fence, 1), ["room.created", "ban.updated"]);
}

#[test]
fn who_may_ban_whom() {
    let server = TestServer::start();
    let [admin, owner, carol] = ["alice", "bob", "carol"].map(|name| server.user(name));
    let [moderator, second, member] = ["dave", "eve", "frank"].map(|name| server.register(name));
    let room = owner.create_room("lobby");
    for client in [&carol, &moderator, &second, &member] {
        client.join(room);
    }
    owner.set_role(room, &carol, "owner");
    owner.set_role(room, &moderator, "moderator");
    owner.set_role(room, &second, "moderator");
    let refused = |who: &Client, whom: &Client| drop(who.try_ban(room, whom).problem(403, "forbidden"));
    for whom in [&second, &owner, &admin, &member] {
        refused(&member, whom);
    }
    for whom in [&second, &owner, &admin, &moderator] {
        refused(&moderator, whom);
    }
    for whom in [&carol, &admin, &owner] {
        refused(&owner, whom);
    }
    refused(&admin, &admin);
    member.get(&format!("/v1/rooms/{room}/bans")).problem(403, "forbidden");
    member.try_unban(room, &second).problem(403, "forbidden");
    moderator.ban(room, &member);
    owner.ban(room, &second);
    admin.ban(room, &carol);
    moderator.unban(room, &carol);
    assert_eq!(names(&moderator.bans(room, "")), ["eve", "frank"]);
    admin.ban(room, &owner);
    assert_eq!(json!(moderator.room(room).member.unwrap().role), "owner", "a moderator inherits the room");
}

#[test]
fn an_admin_cannot_be_banned_from_a_private_room_either() {
    let server = TestServer::start();
    let (admin, bob) = (server.user("alice"), server.user("bob"));
    let room = bob.create_private_room("plans");
    bob.try_ban(room, &admin).problem(403, "forbidden");
    bob.add_member(room, &admin);
    bob.try_ban(room, &admin).problem(403, "forbidden");
    assert!(admin.room(room).member.is_some());
}

#[test]
fn the_reason_of_a_ban_is_one_line_and_may_be_missing() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let room = alice.create_room("lobby");
    let target = format!("/v1/rooms/{room}/bans/{}", bob.user().id);
    let long = "x".repeat(257);
    for reason in ["a\nb", "a\u{202e}b", "\u{200b}", &long] {
        alice.put(&target, &json!({"reason": reason})).refuses("reason");
    }
    alice.put(&target, &json!({"reason": 5})).refuses("reason");
    alice.put(&target, &json!([])).problem(400, "bad_request");
    alice
        .try_send("PUT", &target, "text/plain", Some(b"spam".to_vec()))
        .unwrap()
        .problem(415, "unsupported_media_type");
    assert_eq!(names(&alice.bans(room, "")), [""; 0]);
    let reason = |body: Option<&str>| {
        let body = body.map(|body| body.as_bytes().to_vec());
        alice.try_send("PUT", &target, "application/json", body).unwrap().expect(204);
        let reason = alice.bans(room, "").bans[0].reason.clone();
        alice.unban(room, &bob);
        reason
    };
    for without in [None, Some(""), Some(" \n"), Some("{}"), Some(r#"{"reason":null}"#), Some(r#"{"reason":"  "}"#)] {
        assert_eq!(reason(without), None, "{without:?}");
    }
    assert_eq!(reason(Some(r#"{"reason":" spam "}"#)).as_deref(), Some("spam"));
    let plain = format!("PUT {target} HTTP/1.1\r\n{}Accept: */*\r\n\r\n", alice.head_lines());
    let mut connection = alice.connect();
    connection.send(plain);
    assert_eq!(connection.answer().status, 204, "as curl -X PUT sends it");
}

#[test]
fn whom_nobody_knows_cannot_be_banned() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let room = alice.create_room("lobby");
    alice.request("PUT", &format!("/v1/rooms/{room}/bans/4711"), None).problem(404, "not_found");
    alice.delete(&format!("/v1/rooms/{room}/bans/4711")).expect(204);
    for method in ["PUT", "DELETE"] {
        alice.request(method, &format!("/v1/rooms/4711/bans/{}", bob.user().id), None).problem(404, "not_found");
        alice.request(method, &format!("/v1/rooms/{room}/bans/bob"), None).problem(400, "bad_request");
    }
    alice.get("/v1/rooms/4711/bans").problem(404, "not_found");
}

#[test]
fn bans_are_listed_by_name_page_by_page() {
    let server = TestServer::start();
    let (alice, bob, carol) = (server.user("alice"), server.user("bob"), server.user("carol"));
    let room = alice.create_room("lobby");
    let dave = server.register("Dave");
    for client in [&dave, &carol, &bob] {
        alice.ban(room, client);
    }
    let first = alice.bans(room, "?limit=2");
    assert_eq!(names(&first), ["bob", "carol"]);
    let rest = alice.bans(room, &format!("?limit=2&after={}", first.next.unwrap()));
    assert_eq!((names(&rest), &rest.next), (vec!["Dave"], &None));
    alice.get(&format!("/v1/rooms/{room}/bans?limit=0")).refuses("limit");
}

#[test]
fn a_ban_outlives_a_restart() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let room = alice.create_room("lobby");
    alice.ban(room, &bob);
    let server = server.restart(|_| {});
    let bob = bob.at(server.address);
    assert!(bob.room(room).banned);
    bob.try_send_message(room, "hello?").problem(403, "forbidden");
}

#[test]
fn a_banned_user_is_not_mentioned() {
    let server = TestServer::start();
    let (alice, bob) = (server.user("alice"), server.user("bob"));
    let room = alice.create_room("lobby");
    alice.ban(room, &bob);
    assert_eq!(alice.send_message(room, "@bob is gone").mentions, []);
    alice.unban(room, &bob);
    assert_eq!(alice.send_message(room, "@bob may come back").mentions, [bob.user().id]);
}
